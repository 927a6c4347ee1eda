import pytest

from farthing.traces.provider_names import provider_named


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("openai", "openai"),
        ("openai.responses", "openai"),
        ("Anthropic", "anthropic"),
        ("anthropic.messages", "anthropic"),
        ("aws.bedrock", "aws"),
        ("amazon-bedrock", "aws"),
        ("amazon_bedrock", "aws"),
        ("az.ai.openai", "azure"),
        ("azure.ai.inference", "azure"),
        ("azure_ai", "azure"),
        ("gcp.vertex_ai", "google"),
        ("google-gla", "google"),
        ("vertex_ai", "google"),
        ("mistral_ai", "mistral"),
        ("x_ai", "x-ai"),
        ("xai", "x-ai"),
        ("fireworks_ai", "fireworks"),
        ("together_ai", "together"),
        ("moonshot", "moonshotai"),
        ("strands-agents", ""),
        ("langchain", ""),
        ("", ""),
    ],
)
def test_names_of_many_spellings(name: str, provider: str) -> None:
    assert provider_named(name) == provider


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("openrouter.ai", "openrouter"),
        ("my-team.openai.azure.com", "azure"),
        ("api.x.ai", "x-ai"),
        ("127.0.0.1", "openai"),
        ("notopenrouter.ai", "openai"),
        ("", "openai"),
    ],
)
def test_a_host_knows_better_than_the_name_of_the_api(host: str, provider: str) -> None:
    assert provider_named("openai", host=host) == provider
