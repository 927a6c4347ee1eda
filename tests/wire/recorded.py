"""Recorded exchanges as bytes, for the tests of wire formats: the loading, and the truth's view of each.

What an answer bills is read by `tests.truth`, which knows nothing of the package under test.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
import zstandard

from farthing.usage import Charge
from farthing.wire.message import Response
from tests.truth import Charge as TrueCharge
from tests.truth.exchanges import Exchange, records
from tests.truth.replies import Reply

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
COPIED = Path(__file__).parents[1] / "data"
CASSETTES = ("pydantic-ai-cassettes", "openllmetry-cassettes", "otel-python-contrib-cassettes")

Bill = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One exchange, its bodies decompressed. A body that its recorder had parsed is JSON again."""

    source: str
    method: str
    url: str
    request: bytes
    status: int
    body: bytes

    @property
    def records(self) -> list[Any]:
        """The JSON values of the answer, or of its events."""
        exchange = Exchange(
            method=self.method, url=self.url, request=None, status=self.status, headers={}, body=self.body
        )
        return records(exchange)


def exchanged(corpus: Path) -> Iterator[Pair]:
    """Yield every exchange of a folder of cassettes or of harness recordings."""
    for path in sorted(corpus.rglob("*.yaml")):
        for raw in yaml.load(path.read_text(encoding="utf-8"), LOADER)["interactions"]:
            yield _pair(path.name, raw["request"] | {"url": raw["request"]["uri"]}, raw["response"])
    for path in sorted(corpus.rglob("*.json.zst")):
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
        for raw in json.loads(plain)["exchanges"]:
            yield _pair(path.name, raw["request"], raw["response"])


def _pair(source: str, request: Any, response: Any) -> Pair:
    status = response["status"]
    return Pair(
        source=source,
        method=request["method"],
        url=request["url"],
        request=_body(request),
        status=status if isinstance(status, int) else status["code"],
        body=_body(response),
    )


def _body(message: Any) -> bytes:
    if "parsed_body" in message:
        return json.dumps(message["parsed_body"]).encode()
    body = message.get("body") or b""
    if isinstance(body, dict):
        body = body.get("string") if "string" in body else body.get("value")
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw


def of_line(line: bytes) -> bytes:
    """Return one line of a fixture of chunks as the event that it was."""
    return b"data: " + line + b"\n\n"


def as_stream(chunks: Path) -> bytes:
    """Return a fixture of chunks, one a line, as the stream that it was."""
    return b"".join(of_line(line) for line in chunks.read_bytes().splitlines())


def billed(response: Response) -> list[Bill]:
    """Return what we read: uncached, read, written and output tokens of each line of the bill."""
    return [_bill(charge) for charge in response.charges]


def truly_billed(reply: Reply) -> list[Bill]:
    """Return what the truth read."""
    return [_true_bill(charge) for charge in reply.charges]


def _bill(charge: Charge) -> Bill:
    usage = charge.usage
    return (
        usage.uncached_input_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
        usage.output_tokens,
    )


def _true_bill(charge: TrueCharge) -> Bill:
    written = charge.write_5m + charge.write_1h + charge.write_other
    return charge.uncached, charge.read, written, charge.output


def split(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Return the stream in pieces, cut at the given places."""
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]
