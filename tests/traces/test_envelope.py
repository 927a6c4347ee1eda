import pytest

from farthing.traces.envelope import envelope, headers, json_headers, model_in, seller, session_in
from farthing.wire.message import Request
from farthing.wire.recognise import WireFormat

CHAT = WireFormat.OPENAI_CHAT
UNIQUE = "019e94a9-35d3-7472-b4f2-5484dd891d8f"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1/chat/completions", "openai"),
        ("https://api.anthropic.com:443/v1/messages", "anthropic"),
        ("https://name.openai.azure.com/openai/deployments/a/chat/completions", "azure"),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/model/a/invoke", "aws"),
        ("https://us-central1-aiplatform.googleapis.com/v1/a", "google"),
        ("https://user:word@api.groq.com/openai/v1/chat/completions", "groq"),
        ("HTTPS://API.MISTRAL.AI/v1", "mistral"),
        ("https://notapi.openai.com.example.com/", ""),
        ("https://evilapi.openai.com/", ""),
        ("http://localhost:8000/v1/chat/completions", ""),
    ],
)
def test_the_host_is_the_seller(url: str, expected: str) -> None:
    assert seller(url, CHAT) == expected


def test_without_a_host_the_formats_inventor_is_meant() -> None:
    assert seller("/v1/messages", WireFormat.ANTHROPIC) == "anthropic"
    assert seller("", WireFormat.GEMINI) == "google"
    assert seller("", CHAT) == ""  # spoken by everyone


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse", "gemini-3-flash"),
        ("/model/anthropic.claude-v2%3A1/invoke", "anthropic.claude-v2:1"),
        ("/model/us.amazon.nova-lite-v1%3A0/converse-stream", "us.amazon.nova-lite-v1:0"),
        ("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fa1/converse", "a1"),
        ("/openai/deployments/gpt-4.1/chat/completions?api-version=1", "gpt-4.1"),
        ("/v1/publishers/anthropic/models/claude-opus-4-8:rawPredict", "claude-opus-4-8"),
        ("/v1/chat/completions", ""),
        ("", ""),
    ],
)
def test_the_path_may_name_the_model(path: str, expected: str) -> None:
    assert model_in(path) == expected


def test_credentials_become_digests() -> None:
    one, other = envelope({"x-api-key": "sk-1"}), envelope({"x-api-key": "sk-2"})

    assert len(one.account) == 16
    assert one.account != other.account
    assert one == envelope({"x-api-key": "sk-1"})
    assert envelope({}).account == ""


def test_a_signature_stands_for_the_key_that_signs() -> None:
    signed = "AWS4-HMAC-SHA256 Credential=AKIA1/2026{}/us-east-1/bedrock/aws4_request, Signature={}"

    assert envelope({"authorization": signed.format("0101", "aa")}) == envelope(
        {"authorization": signed.format("0202", "bb")}
    )


@pytest.mark.parametrize("name", ["x-claude-code-session-id", "session_id", "session-id", "x-session-id"])
def test_clients_name_sessions_in_headers(name: str) -> None:
    assert envelope({name: "s"}).session == "s"


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (None, ""),
        (("metadata.user_id", "s"), "s"),
        (("conversation", "conv_1"), "conv_1"),
        (("previous_response_id", "resp_1"), ""),
        (("prompt_cache_key", "my-app-v1"), ""),
        (
            ("prompt_cache_key", "019e94a9-35d3-7472-b4f2-5484dd891d8f"),
            "019e94a9-35d3-7472-b4f2-5484dd891d8f",
        ),
    ],
)
def test_bodies_name_sessions_too(hint: tuple[str, str] | None, expected: str) -> None:
    assert session_in(Request(model="m", segments=(), session_hint=hint)) == expected


@pytest.mark.parametrize(
    "given",
    [b'{"Date": "x"}', b'{"date": ["x", "y"]}', b'[{"name": "DATE", "value": "x"}]', b'[["date", "x"]]'],
)
def test_headers_come_in_several_writings(given: bytes) -> None:
    assert json_headers(given) == {"date": "x"}


@pytest.mark.parametrize("given", [b"", b"3", b"null", b'"a"', b"[3]"])
def test_odd_headers_are_none(given: bytes) -> None:
    assert json_headers(given) == {}


def test_values_are_text() -> None:
    assert headers([("A", 3), ("B", []), ("C", ["c"])]) == {"a": "3", "b": "", "c": "c"}
