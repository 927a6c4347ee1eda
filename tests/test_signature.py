import pytest
from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Chains
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.signature import MIXED, SCHEMA, TEXT, Signatures, Size, answered, form, shape, size_of
from farthing.span import Span
from farthing.step import Step

_OWN = (SegmentKind.ASSISTANT, SegmentKind.REASONING, SegmentKind.TOOL_CALL)


def block(kind: SegmentKind, text: str = "", name: str = "") -> Segment:
    role = "assistant" if kind in _OWN else "system" if kind is SegmentKind.SYSTEM else "user"
    role = "" if kind is SegmentKind.TOOLS else role
    content = f"{name} {text}".encode()
    return Segment(kind, role, name, digest_block(kind, role, content), len(content))


def tool(name: str) -> Segment:
    return block(SegmentKind.TOOLS, name=name)


SYSTEM, TASK = block(SegmentKind.SYSTEM, "be brief"), block(SegmentKind.TASK, "mend it")
SAID, USER = block(SegmentKind.ASSISTANT, "well"), block(SegmentKind.USER, "go on")
READ, WRITE = block(SegmentKind.TOOL_CALL, "x", "Read"), block(SegmentKind.TOOL_CALL, "y", "Write")
GOT, WROTE = block(SegmentKind.TOOL_RESULT, "x", "Read"), block(SegmentKind.TOOL_RESULT, "y", "Write")
PICTURE, SUMMARY = block(SegmentKind.MEDIA), block(SegmentKind.SUMMARY)


@pytest.mark.parametrize(
    ("context", "answers"),
    [
        ([SYSTEM, TASK], "task"),
        ([SYSTEM, TASK, USER], "task"),
        ([SYSTEM, TASK, SAID, USER], "user"),
        ([SYSTEM, TASK, SAID, PICTURE], "user"),
        ([SYSTEM, SUMMARY], "user"),
        ([SYSTEM, TASK, READ, GOT], "tool_result:Read"),
        ([SYSTEM, TASK, READ, READ, GOT, GOT], "tool_result:Read"),
        ([SYSTEM, TASK, READ, WRITE, GOT, WROTE], MIXED),
        ([SYSTEM, TASK, READ, GOT, USER], MIXED),
        ([SYSTEM], ""),
        ([], ""),
    ],
)
def test_a_step_answers_the_newest_message(context: list[Segment], answers: str) -> None:
    assert answered(Chains().of(context)) == answers


def test_the_set_of_tools_tells_steps_apart_and_their_order_does_not() -> None:
    signatures = Signatures()
    both = signatures.of(_step([tool("Read"), tool("Write"), SYSTEM, TASK]))
    turned = signatures.of(_step([tool("Write"), tool("Read"), SYSTEM, TASK]))
    fewer = signatures.of(_step([tool("Read"), SYSTEM, TASK]))
    assert both == turned
    assert both != fewer
    assert len(both.tools) == 8


def test_a_step_without_tools_or_context_says_so() -> None:
    signatures = Signatures()
    assert signatures.of(_step([SYSTEM, TASK])).tools == ""
    assert signatures.of(Step(model="m", agent_label="helper", output_schema=True)) == (
        "helper",
        "",
        "",
        True,
    )


@given(st.lists(st.sampled_from([SYSTEM, TASK, SAID, USER, READ, GOT, tool("Read"), tool("Write")])))
def test_what_was_met_before_is_remembered_right(context: list[Segment]) -> None:
    chains, signatures = Chains(), Signatures()
    for length in range(1, len(context) + 1):
        step = Step(model="m", prefix=chains.of(context[:length]))
        assert signatures.of(step) == Signatures().of(step)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([SAID], TEXT),
        ([READ], "tool_call:Read"),
        ([READ, READ], "tool_call:Read"),
        ([block(SegmentKind.REASONING), READ], "tool_call:Read"),
        ([READ, WRITE], MIXED),
        ([SAID, READ], MIXED),
        ([block(SegmentKind.REASONING)], ""),
        ([], ""),
    ],
)
def test_a_shape_has_the_form_of_what_came_out(output: list[Segment], expected: str) -> None:
    assert form(Span(step=Step(model="m"), output=tuple(output))) == expected


def test_an_answer_that_must_follow_a_schema_has_that_form() -> None:
    span = Span(step=Step(model="m", output_schema=True), output=(SAID,))
    assert shape(span, output_tokens=100) == (SCHEMA, Size.SMALL)


@pytest.mark.parametrize(
    ("tokens", "size"),
    [(0, Size.TINY), (64, Size.TINY), (65, Size.SMALL), (257, Size.MEDIUM), (1_025, Size.LARGE)],
)
def test_sizes_are_classes(tokens: int, size: Size) -> None:
    assert size_of(tokens) is size


def _step(context: list[Segment]) -> Step:
    return Step(model="m", prefix=Chains().of(context))
