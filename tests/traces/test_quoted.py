from hypothesis import given
from hypothesis import strategies as st

from farthing.segment import SegmentKind
from farthing.traces.quoted import quoted
from farthing.traces.source import Line


def test_a_segment_tells_where_its_content_stands() -> None:
    line = Line(1_000, b'{"role": "user", "content": "Hi."}')
    segment = quoted(SegmentKind.USER, "user", b'"Hi."', line)
    assert (segment.offset, segment.length, segment.size) == (1_028, 5, 5)


def test_beginnings_that_are_alike_are_told_apart() -> None:
    first, second = b"x" * 100 + b"1", b"x" * 100 + b"2"
    segment = quoted(SegmentKind.USER, "user", second, Line(0, first + b" " + second))
    assert segment.offset == len(first) + 1


def test_what_does_not_stand_in_the_line_has_no_place() -> None:
    assert quoted(SegmentKind.USER, "user", b"absent", Line(5, b"something else")).offset == -1


def test_the_name_of_a_tool_counts_in_its_call_alone() -> None:
    line = Line(0, b'{"a": 1}')
    call = quoted(SegmentKind.TOOL_CALL, "assistant", b'{"a": 1}', line, name="read")
    other = quoted(SegmentKind.TOOL_CALL, "assistant", b'{"a": 1}', line, name="grep")
    result = quoted(SegmentKind.TOOL_RESULT, "user", b'{"a": 1}', line, name="read")
    assert (call.size, call.length) == (12, 8)
    assert call.digest != other.digest
    assert result.size == 8


@given(st.binary(max_size=80), st.binary(max_size=200), st.binary(max_size=80))
def test_a_place_always_holds_the_content(before: bytes, content: bytes, after: bytes) -> None:
    line = Line(7, before + content + after)
    segment = quoted(SegmentKind.USER, "user", content, line)
    start = segment.offset - line.offset
    assert line.data[start : start + segment.length] == content
