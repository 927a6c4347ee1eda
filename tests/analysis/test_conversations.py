from itertools import pairwise

from hypothesis import given

from farthing.analysis.conversations import Conversations
from farthing.segment import Segment, SegmentKind
from farthing.session import Session
from tests.analysis.scenes import Scene, block, sessions, usage

SYSTEM = block("You are an agent.", SegmentKind.SYSTEM)
TASK = block("Mend the build.", SegmentKind.TASK)
TITLE = block("Write a title for this.", SegmentKind.TASK)
ANSWER = block("I will look.", SegmentKind.ASSISTANT)
RESULT = block("It is broken in many places.", SegmentKind.TOOL_RESULT, "Bash")


def placed(*contexts: list[Segment] | None, agents: str = "") -> list[int]:
    scene, conversations = Scene(), Conversations()
    names = agents or " " * len(contexts)
    return [
        conversations.place(scene.call(context, usage(plain=1), agent=agent.strip())).conversation
        for context, agent in zip(contexts, names, strict=True)
    ]


def test_a_growing_context_is_one_conversation() -> None:
    assert placed([SYSTEM, TASK], [SYSTEM, TASK, ANSWER, RESULT], [SYSTEM, TASK, ANSWER, RESULT]) == [0, 0, 0]


def test_a_side_call_with_the_same_system_prompt_is_a_conversation_of_its_own() -> None:
    grown = [SYSTEM, TASK, ANSWER]
    assert placed([SYSTEM, TASK], [SYSTEM, TITLE], grown, [SYSTEM, TITLE, ANSWER]) == [0, 1, 0, 1]


def test_going_back_and_taking_another_way_stays_in_the_conversation() -> None:
    assert placed([SYSTEM, TASK, ANSWER, RESULT], [SYSTEM, TASK, RESULT]) == [0, 0]


def test_history_behind_a_changed_front_stays_in_the_conversation() -> None:
    other = block("You are an agent. It is 10:32.", SegmentKind.SYSTEM)
    assert placed([SYSTEM, TASK, ANSWER], [other, TASK, ANSWER, RESULT]) == [0, 0]


def test_a_window_that_slides_stays_in_the_conversation() -> None:
    long = block("x" * 500, SegmentKind.TOOL_RESULT)
    assert placed([SYSTEM, TASK, ANSWER, long], [SYSTEM, ANSWER, long, RESULT]) == [0, 0]


def test_a_summary_goes_on_with_the_latest_conversation() -> None:
    summary = block("So far we looked.", SegmentKind.SUMMARY)
    assert placed([SYSTEM, TASK, ANSWER], [SYSTEM, summary]) == [0, 0]


def test_agents_never_share_a_conversation() -> None:
    assert placed([SYSTEM, TASK], [SYSTEM, TASK], [SYSTEM, TASK], agents=" a ") == [0, 1, 0]


def test_a_call_without_content_goes_on_with_the_latest_conversation() -> None:
    assert placed(None, None, [SYSTEM, TASK], None) == [0, 0, 1, 1]


@given(sessions())
def test_what_is_new_stands_right_behind_what_was_met(session: Session) -> None:
    conversations = Conversations()
    for span in session.spans:
        found = conversations.place(span)
        chain = [*([found.met] if found.met else []), *found.new]
        assert not span.step.prefix or chain[-1].digest == span.step.prefix.digest
        for before, after in pairwise(chain):
            assert after.parent is not None
            assert after.parent.digest == before.digest
