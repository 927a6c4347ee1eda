"""Lineage: which session a request belongs to when nobody says."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from farthing import lineage
from farthing.lineage import Continuation, Lineage, Placed, opening
from farthing.prefix import Chains, Prefix
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.step import Step

if TYPE_CHECKING:
    from _typeshed import TraceFunction

ROLES = {
    "tool": (SegmentKind.TOOLS, ""),
    "sys": (SegmentKind.SYSTEM, "system"),
    "task": (SegmentKind.TASK, "user"),
    "user": (SegmentKind.USER, "user"),
    "call": (SegmentKind.TOOL_CALL, "assistant"),
    "said": (SegmentKind.ASSISTANT, "assistant"),
    "got": (SegmentKind.TOOL_RESULT, "user"),
}


def segment(word: str) -> Segment:
    """`word` is its kind, a dash and anything: "task-a", "call-1"."""
    kind, role = ROLES[word.partition("-")[0]]
    return Segment(kind, role, "", digest_block(kind, role, word.encode()), len(word))


def chain(words: str) -> Prefix:
    prefix = Chains().of(segment(word) for word in words.split())
    assert prefix is not None
    return prefix


def place(machine: Lineage, words: str, account: str = "") -> Placed:
    return machine.place(Step(model="m", account=account, prefix=chain(words)))


def placed(requests: Sequence[str]) -> list[tuple[str, Continuation]]:
    machine = Lineage()
    found = [place(machine, words) for words in requests]
    names = {name: f"s{number}" for number, name in enumerate(dict.fromkeys(p.session for p in found), 1)}
    return [(names[p.session], p.continues) for p in found]


class TestSessions:
    def test_a_growing_history_is_one_session(self) -> None:
        assert placed(["sys task", "sys task call-1 got-1", "sys task call-1 got-1 call-2 got-2"]) == [
            ("s1", Continuation.STARTED),
            ("s1", Continuation.GREW),
            ("s1", Continuation.GREW),
        ]

    def test_two_tasks_under_one_system_prompt_are_two_sessions(self) -> None:
        assert [
            name for name, _ in placed(["sys task-a", "sys task-b", "sys task-a call-1", "sys task-b call-1"])
        ] == [
            "s1",
            "s2",
            "s1",
            "s2",
        ]

    def test_a_shared_reminder_before_the_task_does_not_join_sessions(self) -> None:
        requests = [
            "sys task user-a",
            "sys task user-a call-1 got-1",
            "sys task user-b",
            "sys task user-b call-1 got-1",
        ]
        assert [name for name, _ in placed(requests)] == ["s1", "s1", "s2", "s2"]

    def test_a_second_user_message_before_any_answer_stays_in_the_session(self) -> None:
        assert placed(["sys task", "sys task user-more", "sys task user-more said-1 user-2"])[1:] == [
            ("s1", Continuation.GREW),
            ("s1", Continuation.GREW),
        ]

    def test_the_same_request_again_is_a_retry(self) -> None:
        assert placed(["sys task", "sys task"])[1] == ("s1", Continuation.REPEATED)
        assert placed(["sys task call-1 got-1", "sys task call-1 got-1"])[1] == ("s1", Continuation.REPEATED)

    def test_a_replaced_last_exchange_stays_in_the_session(self) -> None:
        requests = [
            "sys task",
            "sys task call-1 got-1",
            "sys task call-1 got-1 call-2 got-2",
            "sys task call-1 got-1 call-x got-x",
        ]
        assert placed(requests)[3] == ("s1", Continuation.REPLACED)

    def test_going_back_to_an_ancestor_stays_in_the_session(self) -> None:
        requests = [
            "sys task",
            "sys task call-1 got-1",
            "sys task call-1 got-1 call-2 got-2",
            "sys task call-1 got-1",
        ]
        assert placed(requests)[3] == ("s1", Continuation.REPLACED)

    def test_a_sliding_window_that_keeps_the_task_stays_in_the_session(self) -> None:
        requests = ["sys task", "sys task call-1 got-1 call-2 got-2", "sys task call-2 got-2 call-3 got-3"]
        assert placed(requests)[2] == ("s1", Continuation.REWROTE)

    def test_a_volatile_system_prompt_stays_in_the_session(self) -> None:
        requests = ["sys-9:00 task", "sys-9:01 task call-1 got-1", "sys-9:02 task call-1 got-1 call-2 got-2"]
        assert [name for name, _ in placed(requests)] == ["s1", "s1", "s1"]

    def test_volatile_runs_of_one_task_are_told_apart_by_their_length(self) -> None:
        long = "task call-1 got-1 call-2 got-2"
        requests = [
            "sys-1 task",
            f"sys-2 {long}",
            "sys-3 task",
            f"sys-4 {long} call-3 got-3",
            "sys-5 task call-x got-x",
        ]
        assert [name for name, _ in placed(requests)] == ["s1", "s1", "s2", "s1", "s2"]

    def test_a_log_that_begins_in_mid_session(self) -> None:
        assert placed(["sys task call-1 got-1", "sys task call-1 got-1 call-2 got-2"]) == [
            ("s1", Continuation.STARTED),
            ("s1", Continuation.GREW),
        ]


class TestReruns:
    def test_the_task_alone_after_the_session_moved_on_is_a_new_run(self) -> None:
        machine = Lineage()
        first = place(machine, "sys task")
        place(machine, "sys task call-1 got-1")
        rerun = place(machine, "sys task")
        assert rerun.session != first.session
        assert rerun.continues is Continuation.STARTED
        assert rerun.task_key == first.task_key

    def test_a_rerun_that_repeats_the_first_run_word_by_word_keeps_its_steps(self) -> None:
        steps = ["sys task", "sys task call-1 got-1", "sys task call-1 got-1 call-2 got-2"]
        assert [name for name, _ in placed([*steps, *steps])] == ["s1"] * 3 + ["s2"] * 3

    def test_runs_that_part_are_told_apart(self) -> None:
        requests = [
            "task",
            "task call-1 got-1",
            "task",
            "task call-x got-x",
            "task call-1 got-1 call-2 got-2",
            "task call-x got-x call-y got-y",
        ]
        assert [name for name, _ in placed(requests)] == ["s1", "s1", "s2", "s2", "s1", "s2"]


class TestAccounts:
    def test_lineage_never_crosses_accounts(self) -> None:
        machine = Lineage()
        ours = place(machine, "sys task", "ours")
        theirs = place(machine, "sys task call-1 got-1", "theirs")
        assert theirs.session != ours.session
        assert theirs.task_key != ours.task_key
        assert theirs.continues is Continuation.STARTED


class TestAgents:
    def test_an_announced_sub_agent_is_inside_its_parent(self) -> None:
        machine = Lineage()
        parent = place(machine, "sys task")
        machine.expect(account="", session=parent.session, task=segment("task-sub").digest)
        agent = place(machine, "sys-sub task-sub")
        later = place(machine, "sys-sub task-sub call-1 got-1")
        assert (agent.session, agent.continues) == (parent.session, Continuation.DELEGATED)
        assert agent.agent
        assert (later.session, later.agent) == (agent.session, agent.agent)

    def test_an_announcement_is_heard_in_its_own_account_only(self) -> None:
        machine = Lineage()
        machine.expect(account="theirs", session="s", task=segment("task-sub").digest)
        assert place(machine, "sys task-sub", "ours").continues is Continuation.STARTED


class TestOpening:
    def test_it_is_the_users_first_turn(self) -> None:
        assert [link.depth for link in opening(chain("tool sys task user said user-2"))] == [3, 4]

    def test_a_conversation_that_the_assistant_opens_has_its_first_message(self) -> None:
        assert [link.depth for link in opening(chain("sys said user"))] == [2]

    def test_a_context_without_messages_has_its_last_link(self) -> None:
        assert [link.depth for link in opening(chain("tool sys"))] == [2]


contexts = st.lists(st.sampled_from(["call-1", "got-1", "said-1", "user-1", "user-2"]), max_size=5).map(
    lambda tail: " ".join(["sys", "task", *tail])
)
traffic = st.lists(st.tuples(st.sampled_from(["a", "b"]), contexts), max_size=30)


@given(traffic)
def test_accounts_mixed_are_placed_as_each_alone(requests: list[tuple[str, str]]) -> None:
    mixed = Lineage()
    together = [(account, place(mixed, words, account)) for account, words in requests]
    for account in ("a", "b"):
        alone = Lineage()
        expected = [place(alone, words, account) for name, words in requests if name == account]
        assert [placed for name, placed in together if name == account] == expected


@given(traffic)
def test_a_replay_places_every_step_alike(requests: list[tuple[str, str]]) -> None:
    once, again = Lineage(), Lineage()
    assert [place(once, words, account) for account, words in requests] == [
        place(again, words, account) for account, words in requests
    ]


@given(traffic)
def test_a_session_has_one_task_key_and_one_account(requests: list[tuple[str, str]]) -> None:
    machine = Lineage()
    keys: dict[str, tuple[str, bytes]] = {}
    for account, words in requests:
        found = place(machine, words, account)
        assert keys.setdefault(found.session, (account, found.task_key)) == (account, found.task_key)


def test_the_cost_of_a_session_is_linear_in_its_length() -> None:
    once, twice = lines_run(steps=200), lines_run(steps=400)
    assert twice < 2.1 * once


def lines_run(steps: int) -> int:
    """Return how many lines of lineage.py run for a session whose every second step replaces an exchange."""
    chains, machine, ran = Chains(), Lineage(), 0
    prefix = chains.of(map(segment, ["sys", "task"]))
    requests = []
    for number in range(steps):
        requests.append(
            Step(
                model="m",
                prefix=chains.of(map(segment, [f"call-x{number}", f"got-x{number}"]), parent=prefix),
            )
        )
        prefix = chains.of(map(segment, [f"call-{number}", f"got-{number}"]), parent=prefix)
        requests.append(Step(model="m", prefix=prefix))
    code = str(Path(lineage.__file__))

    def count(frame: FrameType, event: str, _: object) -> "TraceFunction | None":
        nonlocal ran
        ran += event == "line"
        return count if frame.f_code.co_filename == code else None

    before = sys.gettrace()
    sys.settrace(count)
    try:
        for step in requests:
            machine.place(step)
    finally:
        sys.settrace(before)
    assert ran > steps
    return ran
