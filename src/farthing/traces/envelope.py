"""What a call's URL and headers tell: who sold it, on whose account, in which session.

Credentials end here. An account is a digest of one, so that caches and histories of two keys are kept
apart; no header goes further.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import unquote

import msgspec
from msgspec import Struct

from farthing.wire.message import Request
from farthing.wire.recognise import WireFormat

Headers = Mapping[str, str]
"""Header names in lower case."""

_HEADERS = msgspec.json.Decoder(dict[str, object] | list[dict[str, object] | tuple[object, object]])
_HOST = re.compile(r"[a-z]+://(?:[^/@]*@)?([^/:?#]+)", re.IGNORECASE)
_MODEL = re.compile(
    r"/(?:models|model|deployments|engines)/(.+?)(?:/(?:invoke|converse|chat)\b|:[a-z]+$|$)", re.IGNORECASE
)
_SESSION_HEADERS = ("x-claude-code-session-id", "session_id", "session-id", "x-session-id")
_CREDENTIAL_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
# Of a signature, which is new for each request, the key that signs.
_SIGNED_BY = re.compile(r"AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)")
# One prompt_cache_key may serve many sessions; only an id such as Codex' stands for one.
_UNIQUE = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

# The end of the host's name, and the provider's id in genai-prices (its `api_pattern`s, 2026-10). A host that
# is not listed (a gateway, a proxy of one's own) sells nothing: its models are priced by their names.
_SELLERS = (
    ("api.anthropic.com", "anthropic"),
    ("api.openai.com", "openai"),
    ("openai.azure.com", "azure"),
    ("azure-api.net", "azure"),
    ("cognitiveservices.azure.com", "azure"),
    ("services.ai.azure.com", "azure"),
    ("amazonaws.com", "aws"),
    ("api.aws", "aws"),
    ("googleapis.com", "google"),
    ("api.cerebras.ai", "cerebras"),
    ("api.cohere.ai", "cohere"),
    ("api.cohere.com", "cohere"),
    ("databricks.com", "databricks"),
    ("azuredatabricks.net", "databricks"),
    ("api.deepseek.com", "deepseek"),
    ("api.fireworks.ai", "fireworks"),
    ("api.githubcopilot.com", "github-copilot"),
    ("api.groq.com", "groq"),
    ("api.minimax.io", "minimax"),
    ("api.mistral.ai", "mistral"),
    ("api.moonshot.ai", "moonshotai"),
    ("api.moonshot.cn", "moonshotai"),
    ("openrouter.ai", "openrouter"),
    ("api.perplexity.ai", "perplexity"),
    ("api.together.xyz", "together"),
    ("api.x.ai", "x-ai"),
    ("api.z.ai", "zai"),
    ("open.bigmodel.cn", "zhipuai"),
)
# Who is meant where no host is recorded: formats that mostly their inventor's models speak.
_INVENTORS = {
    WireFormat.ANTHROPIC: "anthropic",
    WireFormat.OPENAI_RESPONSES: "openai",
    WireFormat.GEMINI: "google",
    WireFormat.BEDROCK_CONVERSE: "aws",
    WireFormat.BEDROCK_INVOKE: "aws",
    WireFormat.COHERE: "cohere",
}


@lru_cache(maxsize=1_000)
def seller(url: str, wire: WireFormat) -> str:
    """Return the seller of a call to `url`, "" where that is not known."""
    host = _HOST.match(url)
    if host is None:
        return _INVENTORS.get(wire, "")
    return next((name for end, name in _SELLERS if f".{host[1]}".lower().endswith(f".{end}")), "")


def model_in(url: str) -> str:
    """Return the model that a path names, "" where it names none; of an ARN, its last part."""
    found = _MODEL.search(unquote(url.partition("?")[0]))
    return found[1].rpartition("/")[2] if found else ""


class Envelope(Struct, frozen=True):
    """What the headers of a request tell: a digest of the credential, and the session. "" is not recorded."""

    account: str = ""
    session: str = ""


def envelope(asked: Headers) -> Envelope:
    """Return what the headers of a request tell."""
    session = next((asked[name] for name in _SESSION_HEADERS if name in asked), "")
    return Envelope(_account(asked), session)


def session_in(request: Request) -> str:
    """Return the session that a body names, "" where it names none."""
    field, value = request.session_hint or ("", "")
    if field == "previous_response_id" or (field == "prompt_cache_key" and not _UNIQUE.search(value)):
        return ""
    return value


def headers(pairs: Iterable[tuple[str, object]]) -> Headers:
    """Return headers as this room uses them; of several values the first."""
    return {name.lower(): _first(value) for name, value in pairs}


def json_headers(raw: bytes) -> Headers:
    """Return headers from JSON: an object, or a list of pairs or of `{name, value}`."""
    try:
        told = _HEADERS.decode(raw)
    except msgspec.DecodeError:
        return {}
    if isinstance(told, dict):
        return headers(told.items())
    pairs = [(pair.get("name"), pair.get("value")) if isinstance(pair, dict) else pair[:2] for pair in told]
    return headers((name, value) for name, value in pairs if isinstance(name, str))


def _account(asked: Headers) -> str:
    credential = next((asked[name] for name in _CREDENTIAL_HEADERS if name in asked), "")
    if not credential:
        return ""
    signed = _SIGNED_BY.match(credential)
    return blake2b((signed[1] if signed else credential).encode(), digest_size=8).hexdigest()


def _first(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else str(value)
