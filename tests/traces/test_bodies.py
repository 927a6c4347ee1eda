import gzip
import json
import zlib

import msgspec
import pytest

from farthing.errors import WireError
from farthing.traces.bodies import (
    Body,
    created,
    json_body,
    meaning,
    prompted,
    request_of,
    response_of,
    unpacked,
)
from farthing.wire.message import BlockMemo
from farthing.wire.recognise import NotACall, WireFormat
from farthing.wire.scan import PLACE_UNKNOWN
from tests.traces.recordings import calls

CALL = calls("pi-stream-tool")[0]
STREAM = CALL.stream.encode()
EVENTS = [json.loads(line[5:]) for line in CALL.stream.splitlines() if line.startswith("data:")]


def test_a_stream_a_list_of_its_events_and_the_whole_message_are_one_answer() -> None:
    named = [{"event": event["type"], "data": event} for event in EVENTS]
    quoted = [{"data": json.dumps(event)} for event in EVENTS]
    texts = [f"data: {json.dumps(event)}\n\n" for event in EVENTS]
    streamed = response_of(WireFormat.ANTHROPIC, STREAM)

    for events in (EVENTS, named, quoted, texts):
        told = response_of(WireFormat.ANTHROPIC, json.dumps(events, indent=1).encode())
        assert (told.response_id, told.charges, told.finish) == (
            streamed.response_id,
            streamed.charges,
            streamed.finish,
        )
        assert [segment.digest for segment in told.output] == [segment.digest for segment in streamed.output]
    whole = response_of(WireFormat.ANTHROPIC, json.dumps(CALL.message).encode())
    assert whole.charges == streamed.charges


def test_answers_have_no_place() -> None:
    body = b'{"choices": [{"message": {"role": "assistant", "content": "ho"}}]}'

    assert [segment.offset for segment in response_of(WireFormat.OPENAI_CHAT, body).output] == [PLACE_UNKNOWN]


def test_the_url_tells_first_then_the_answer_then_the_request() -> None:
    request = json.dumps(CALL.request).encode()

    assert meaning("https://a.b/v1/chat/completions", request, STREAM) is WireFormat.OPENAI_CHAT
    assert meaning("https://a.b/v1/messages/count_tokens", request, STREAM) is NotACall.COUNT
    assert meaning("", b"", STREAM) is WireFormat.ANTHROPIC
    assert meaning("", request, b"") is WireFormat.ANTHROPIC
    assert meaning("https://a.b", b"", b"") is None


def test_models_on_bedrock_without_a_known_format_have_a_name() -> None:
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-text-express-v1/invoke"
    asked = Body(b'{"inputText": "hi", "textGenerationConfig": {}}')
    counts = {"x-amzn-bedrock-input-token-count": "3", "x-amzn-bedrock-output-token-count": "4"}

    assert (
        request_of(WireFormat.BEDROCK_INVOKE, asked, BlockMemo(), url=url).model
        == "amazon.titan-text-express-v1"
    )
    told = response_of(WireFormat.BEDROCK_INVOKE, b'{"results": []}', url=url, headers=counts)
    assert told.charges[0].usage.output_tokens == 4
    with pytest.raises(WireError):
        request_of(WireFormat.BEDROCK_CONVERSE, asked, BlockMemo(), url=url)


def test_a_legacy_completion_has_a_model_and_no_history() -> None:
    assert prompted(b'{"model": "m", "prompt": "p"}').model == "m"
    assert prompted(b'{"prompt": "p"}').model == ""


@pytest.mark.parametrize("packed", [gzip.compress(b"abc", mtime=0), zlib.compress(b"abc"), b"abc"])
def test_bodies_are_unpacked_by_their_own_first_bytes(packed: bytes) -> None:
    assert unpacked(packed) == b"abc"


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_what_nothing_here_can_unpack_says_how_to_mend_it(encoding: str) -> None:
    headers = {"content-encoding": encoding}

    with pytest.raises(WireError, match=f"compressed with {encoding}; record it decompressed"):
        unpacked(b"\x0b\x02\x80abc\x03", headers)
    for plain in (b'{"a": "\xc3\xa4"}', b"data: \xc3\xa4", b"ascii"):
        assert unpacked(plain, headers) == plain


def test_a_damaged_compression_is_an_error() -> None:
    with pytest.raises(WireError, match="damaged"):
        unpacked(b"\x1f\x8b\x08junk")


def test_a_body_in_a_document_keeps_its_place_unless_it_is_quoted() -> None:
    class Document(msgspec.Struct):
        plain: msgspec.Raw
        quoted: msgspec.Raw
        none: msgspec.Raw

    document = b'{"plain": {"a": 1}, "quoted": "{\\"a\\": 1}", "none": null}'
    found = msgspec.json.decode(document, type=Document)

    assert json_body(found.plain, document, base=100) == Body(b'{"a": 1}', 110)
    assert json_body(found.quoted, document) == Body(b'{"a": 1}', PLACE_UNKNOWN)
    assert json_body(found.none, document) == Body(b"")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"created": 1764000000}', 1_764_000_000),
        (b'data: {"id": "a", "created_at": 1764000000.5}', 1_764_000_000.5),
        (b'{"created": 1764000000123}', 1_764_000_000.123),
        (b'{"createTime": "2025-11-24T16:00:00Z"}', 1_764_000_000),
        (b'{"created": "2025-11-24T16:00:00Z"}', 1_764_000_000),
        (b'{"content": "\\"created\\": 1764000000"}', None),
        (b'{"created": 5}', None),
        (b"", None),
    ],
)
def test_an_answer_may_say_when_it_was_made(body: bytes, expected: float | None) -> None:
    assert created(body) == (None if expected is None else round(expected * 1e6) * 1_000)
