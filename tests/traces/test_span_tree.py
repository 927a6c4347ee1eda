"""Which spans of a tree are calls. A script of spans in, calls and counts of what was left out."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from farthing.prefix import extend
from farthing.segment import Segment, SegmentKind
from farthing.span import Output, Span
from farthing.step import Step
from farthing.traces.counts import Billed, Counts, Producer, written
from farthing.traces.source import Dropped
from farthing.traces.span_tree import Call, Kind, Observed, SpanTree
from farthing.usage import Charge, Usage

SOMEBODY = Producer("s", "", "", "m")
CONTEXT = extend(None, Segment(SegmentKind.TASK, "user", "", b"d", 1))
RETOLD = "spans of calls that another span tells as well"
ROLLUPS = "spans that repeat the usage of the calls inside them"
UNTOLD = "calls without usage, counted in the sum that their parent tells"
COPIES = "spans that stand twice (trace and span id)"


def counts(given: int, produced: int = 1, **more: int) -> Counts:
    return Counts(
        producer=SOMEBODY,
        input_tokens=given,
        output_tokens=produced,
        cache_writes=written(total=more.get("wrote", 0)),
    )


def model(name: str, parent: str = "", told: Counts | Billed | None = None, **more: object) -> Observed:
    """Return a model span; `response` is its id, `context` whether it has one."""
    began, ended = more.pop("began", 1), more.pop("ended", 2)
    response, context = more.pop("response", ""), more.pop("context", False)
    assert isinstance(began, int)
    assert isinstance(ended, int)
    assert isinstance(response, str)
    step = Step(model="m", at_ns=began, prefix=CONTEXT if context else None)
    span = Span(step=step, ended_ns=ended, response_id=response, output_count=Output.FINAL)
    seen = Observed(trace="t", id=name, parent=parent, kind=Kind.MODEL, call=span, told=told, model="m")
    return replace(seen, **more)


def agent(name: str, parent: str = "", told: Counts | None = None) -> Observed:
    return replace(model(name, parent, told), kind=Kind.AGENT, name=name)


def other(name: str, parent: str = "") -> Observed:
    return Observed(trace="t", id=name, parent=parent)


def told(*spans: Observed) -> tuple[list[Call], list[Dropped]]:
    tree = SpanTree()
    for span in spans:
        tree.add(span)
    return tree.calls(), list(tree.dropped())


def ids(calls: list[Call]) -> list[str]:
    return [call.seen.id for call in calls]


def test_a_wrapper_of_many_calls_repeats_their_sum_in_any_order() -> None:
    spans = (
        agent("a", told=counts(30)),
        other("chain", "a"),
        model("x", "chain", counts(10)),
        model("y", "a", counts(20)),
    )
    for order in permutations(spans):
        calls, dropped = told(*order)
        assert sorted(ids(calls)) == ["x", "y"]
        assert dropped == [Dropped(ROLLUPS, 1)]


def test_a_model_span_in_a_model_span_is_one_call_with_the_best_of_both() -> None:
    outer = model("outer", told=counts(10, 5), context=True)
    inner = model("inner", "outer", Billed((Charge(model="m", usage=Usage(output_tokens=5)),)), response="r")
    (call,), dropped = told(inner, outer)
    assert call.seen.id == "outer"
    assert isinstance(call.seen.told, Billed)
    assert (call.span.response_id, call.span.step.prefix) == ("r", CONTEXT)
    assert dropped == [Dropped(RETOLD, 1)]


def test_a_model_span_with_another_output_is_another_call() -> None:
    calls, dropped = told(model("outer", told=counts(14, 43)), model("inner", "outer", counts(62, 85)))
    assert (ids(calls), dropped) == (["inner"], [Dropped(ROLLUPS, 1)])


def test_a_sum_over_uncounted_calls_is_counted_once() -> None:
    calls, dropped = told(agent("a", told=counts(30)), model("x", "a"), model("y", "a"))
    assert (ids(calls), dropped) == (["a"], [Dropped(UNTOLD, 2)])


def test_an_uncounted_call_inside_a_counted_one_is_the_same() -> None:
    calls, _ = told(model("outer", told=counts(10, 5)), model("inner", "outer", context=True))
    assert ids(calls) == ["outer"] or calls[0].seen.told == counts(10, 5)
    assert len(calls) == 1


def test_uncounted_calls_beside_counted_ones_stay() -> None:
    calls, dropped = told(agent("a", told=counts(30)), model("x", "a", counts(10)), model("y", "a"))
    assert (sorted(ids(calls)), dropped) == (["x", "y"], [Dropped(ROLLUPS, 1)])


def test_an_agent_without_calls_inside_is_one_only_if_it_counts() -> None:
    assert ids(told(agent("a", told=counts(5)))[0]) == ["a"]
    assert told(agent("a"), other("b"))[0] == []


def test_one_response_is_one_call_wherever_it_is_told() -> None:
    first = model("x", "p", counts(10, 5, wrote=4), response="r")
    second = model("y", "q", counts(10, 5), response="r", trace="u", context=True)
    (call,), dropped = told(first, second)
    assert call.seen.told == first.told
    assert call.span.step.prefix is CONTEXT
    assert dropped == [Dropped(RETOLD, 1)]


def test_two_instrumentations_in_two_traces_tell_one_call() -> None:
    outer = model("x", told=counts(10, 5), began=1, ended=9, instrumentation="a", context=True)
    inner = model("y", told=counts(10, 5), began=2, ended=8, instrumentation="b", trace="u")
    assert len(told(outer, inner)[0]) == 1
    apart = (
        replace(inner, instrumentation="a"),
        model("y", told=counts(10, 5), began=2, ended=10, instrumentation="b", trace="u"),
        model("y", told=counts(10, 6), began=2, ended=8, instrumentation="b", trace="u"),
        replace(inner, model="another"),
        replace(inner, told=None),
    )
    for inner_call in apart:
        assert len(told(outer, inner_call)[0]) == 2


def test_two_answers_are_two_calls_however_alike() -> None:
    one = model("x", told=counts(10, 5), began=1, ended=9, instrumentation="a", response="r1")
    two = model("y", told=counts(10, 5), began=2, ended=8, instrumentation="b", response="r2", trace="u")
    assert len(told(one, two)[0]) == 2


def test_a_copy_of_a_span_is_left_out_and_counts_are_not_lost() -> None:
    bare = model("x")
    calls, dropped = told(model("x", told=counts(5)), bare, bare)
    assert [call.seen.told for call in calls] == [counts(5)]
    assert dropped == [Dropped(COPIES, 2)]
    assert len(told(model("x", told=counts(5)), model("x", told=counts(5), trace="u"))[0]) == 2


def test_a_circle_of_parents_loses_no_call() -> None:
    calls, _ = told(model("x", "y", counts(5)), model("y", "x", counts(6)), model("self", "self", counts(7)))
    assert sorted(ids(calls)) == ["self", "x", "y"]


def test_a_parent_that_is_not_in_the_file_is_none() -> None:
    assert ids(told(model("x", "gone", counts(5)))[0]) == ["x"]


def test_calls_come_oldest_first() -> None:
    calls, _ = told(model("late", told=counts(1), began=9), model("early", told=counts(2), began=3))
    assert ids(calls) == ["early", "late"]


def test_a_trace_may_be_named_from_outside() -> None:
    tree = SpanTree()
    tree.add(model("x", told=counts(5)))
    tree.add(replace(model("y", told=counts(5)), session="own"))
    tree.name({"t": "named", "u": "another"})
    assert {seen.id: seen.session for seen in tree.spans.values()} == {"x": "named", "y": "own"}


@given(
    parents=st.lists(st.integers(0, 20), min_size=1, max_size=12),
    kinds=st.lists(st.sampled_from(list(Kind)), min_size=12, max_size=12),
    counted=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_no_two_calls_lie_inside_each_other_and_no_leaf_is_lost(
    parents: list[int], kinds: list[Kind], counted: list[bool]
) -> None:
    """Against the rule in its plainest form, on trees of any shape: counted leaves are calls."""
    spans: dict[str, Observed] = {}
    for number, above in enumerate(parents):
        parent = f"s{above % number}" if number and above % 3 else ""
        told_by = counts(number + 1, number + 1) if counted[number] else None
        seen = replace(model(f"s{number}", parent, told_by), kind=kinds[number])
        is_bare = kinds[number] is not Kind.MODEL and told_by is None
        spans[seen.id] = replace(seen, call=None) if is_bare else seen
    calls = set(ids(told(*spans.values())[0]))

    def ancestors(name: str) -> set[str]:
        found: set[str] = set()
        above = spans[name].parent
        while above:
            found.add(above)
            above = spans[above].parent
        return found

    inside: dict[str, set[str]] = {name: set() for name in spans}
    for name in spans:
        for outer in ancestors(name):
            inside[outer].add(name)
    assert all(not (ancestors(name) & calls) for name in calls)
    for name, seen in spans.items():
        is_counted_leaf = seen.told is not None and not any(spans[below].call for below in inside[name])
        assert not is_counted_leaf or name in calls
