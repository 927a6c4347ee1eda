import msgspec
import pytest

from farthing.segment import SegmentKind
from farthing.traces.claude_code_record import BLOCKS, RECORDS, SIGNS, Block, Kept

TEXT = SegmentKind.USER


def block(json: bytes) -> Block:
    return BLOCKS.decode(b"[" + json + b"]")[0]


@pytest.mark.parametrize(
    ("json", "kind", "said"),
    [
        (b'{"type": "text", "text": "Hi."}', TEXT, b'"Hi."'),
        (
            b'{"type": "tool_use", "id": "t", "name": "Read", "input": {"a": 1}}',
            SegmentKind.TOOL_CALL,
            b'{"a": 1}',
        ),
        (b'{"type": "server_tool_use", "id": "t", "input": {}}', SegmentKind.TOOL_CALL, b"{}"),
        (b'{"type": "tool_result", "tool_use_id": "t", "content": "ok"}', SegmentKind.TOOL_RESULT, b'"ok"'),
        (b'{"type": "web_search_tool_result", "content": [1]}', SegmentKind.TOOL_RESULT, b"[1]"),
        (b'{"type": "thinking", "thinking": "Hm.", "signature": "sig"}', SegmentKind.REASONING, b'"Hm."'),
        (b'{"type": "thinking", "thinking": "", "signature": "sig"}', SegmentKind.REASONING, b'"sig"'),
        (b'{"type": "redacted_thinking", "data": "xyz"}', SegmentKind.REASONING, b'"xyz"'),
        (b'{"type": "image", "source": {"data": "AA"}}', SegmentKind.MEDIA, b'{"data": "AA"}'),
        (b'{"type": "new in 2031", "text": "?"}', TEXT, b'"?"'),
    ],
)
def test_a_block_says_what_the_model_sees(json: bytes, kind: SegmentKind, said: bytes) -> None:
    assert block(json).kind(TEXT) is kind
    assert bytes(block(json).said) == said


def test_a_record_may_lack_everything() -> None:
    record = RECORDS.decode(b'{"parentUuid": null, "isMeta": null, "unheard": {"of": 1}}')
    assert (record.type, record.parent_uuid, record.message) == ("", None, None)
    assert RECORDS.decode(b"{}").parent_uuid is msgspec.UNSET


def test_what_was_kept_is_the_fullest_list() -> None:
    assert Kept(head_uuid="a", tail_uuid="c").records == ("a", "c")
    assert Kept(head_uuid="a", tail_uuid="c", uuids=("a", "c")).records == ("a", "c")
    assert Kept(uuids=("a", "c"), all_uuids=("a", "b", "c")).records == ("a", "b", "c")


@pytest.mark.parametrize(
    ("json", "ours"),
    [
        (b'{"type": "user", "sessionId": "s", "parentUuid": null}', True),
        (b'{"type": "queue-operation", "sessionId": "s"}', True),
        (b'{"type": "summary", "summary": "S", "leafUuid": "u"}', True),
        (b'{"type": "system", "subtype": "init", "session_id": "s"}', True),
        (b'{"type": "assistant", "session_id": "s", "parent_tool_use_id": null}', True),
        (b'{"type": "summary", "summary": "S"}', False),
        (b'{"type": "user", "sessionId": "s"}', False),
        (b'{"type": "user", "parentUuid": null}', False),
        (b'{"type": "user", "sessionId": "s", "parentUuid": null, "message": {"parts": []}}', False),
        (b"{}", False),
    ],
)
def test_the_signs_of_our_records(json: bytes, ours: bool) -> None:
    assert SIGNS.decode(json).is_ours is ours
