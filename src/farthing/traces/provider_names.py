"""Who sold a call, from the many names that instrumentations and gateways give a provider.

The answer is the provider's id in genai-prices, "" where the name tells no seller: such a call is priced by
its model's name.
"""

# How a name begins in lower case, and whom it means. OpenTelemetry: `aws.bedrock`, `gcp.vertex_ai`,
# `azure.ai.openai`; OpenLLMetry: `az.ai.openai`; AI SDK: `openai.responses`, `amazon-bedrock`; pydantic-ai:
# `google-gla`; LiteLLM: `vertex_ai`, `fireworks_ai`; LangSmith: `amazon_bedrock`, `google_genai`.
_BEGINNINGS = (
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("claude", "anthropic"),
    ("aws", "aws"),
    ("amazon", "aws"),
    ("bedrock", "aws"),
    ("az", "azure"),
    ("gcp", "google"),
    ("google", "google"),
    ("gemini", "google"),
    ("vertex", "google"),
    ("mistral", "mistral"),
    ("groq", "groq"),
    ("deepseek", "deepseek"),
    ("cohere", "cohere"),
    ("x_ai", "x-ai"),
    ("x-ai", "x-ai"),
    ("xai", "x-ai"),
    ("openrouter", "openrouter"),
    ("fireworks", "fireworks"),
    ("together", "together"),
    ("perplexity", "perplexity"),
    ("moonshot", "moonshotai"),
    ("cerebras", "cerebras"),
    ("minimax", "minimax"),
    ("databricks", "databricks"),
    ("zai", "zai"),
    ("z_ai", "zai"),
)
# What speaks OpenAI's API is named after it more often than not; these hosts say who it was.
_HOSTS = (
    ("azure.com", "azure"),
    ("azure-api.net", "azure"),
    ("openrouter.ai", "openrouter"),
    ("groq.com", "groq"),
    ("deepseek.com", "deepseek"),
    ("x.ai", "x-ai"),
    ("z.ai", "zai"),
    ("together.xyz", "together"),
    ("fireworks.ai", "fireworks"),
    ("mistral.ai", "mistral"),
    ("moonshot.ai", "moonshotai"),
    ("perplexity.ai", "perplexity"),
    ("cerebras.ai", "cerebras"),
    ("googleapis.com", "google"),
    ("amazonaws.com", "aws"),
)


def provider_named(name: str, *, host: str = "") -> str:
    """Return the id of the provider that a trace names; `host`, where given, knows better than the name."""
    sold_by = next((seller for end, seller in _HOSTS if f".{host}".endswith(f".{end}")), "")
    return sold_by or next((known for start, known in _BEGINNINGS if name.lower().startswith(start)), "")
