"""Whose a call is: sessions and agents from the spans around it."""

from msgspec.structs import replace

from farthing.span import Output, Span
from farthing.traces.counts import Counts
from farthing.traces.source import Dropped
from farthing.traces.span_places import items_of
from farthing.traces.span_tree import Observed, SpanTree
from tests.traces.sums import spans_of
from tests.traces.test_span_tree import ROLLUPS, agent, counts, model, other


def placed(*spans: Observed) -> list[Span]:
    tree = SpanTree()
    for span in spans:
        tree.add(span)
    return spans_of(items_of(tree))


def whose(*spans: Observed) -> list[tuple[str, str, str]]:
    return [(span.step.session, span.step.agent, span.step.agent_label) for span in placed(*spans)]


def named(span: Observed, session: str) -> Observed:
    return replace(span, session=session)


def call(name: str, parent: str = "", began: int = 1) -> Observed:
    return model(name, parent, counts(began + 10, began + 10), began=began, ended=began + 1)


def test_the_nearest_name_is_the_session_and_then_any_of_the_trace() -> None:
    root = named(other("root"), "outer")
    assert whose(root, named(call("x", "root"), "own")) == [("own", "", "")]
    assert whose(root, call("x", "root")) == [("outer", "", "")]
    assert whose(named(other("elsewhere"), "s"), call("x", "gone")) == [("s", "", "")]


def test_without_a_name_a_trace_is_a_session_and_a_lone_call_is_lineages() -> None:
    assert whose(other("root"), call("x", "root")) == [("t", "", "")]
    assert whose(call("x")) == [("t", "", "")]  # no context: lineage could not place it
    assert whose(model("x", told=counts(5), context=True)) == [("", "", "")]


def test_an_agent_inside_an_agent_is_a_sub_agent_of_the_outermost_session() -> None:
    spans = (
        named(agent("boss"), "s"),
        call("x", "boss", 1),
        other("tool", "boss"),
        named(agent("helper", "tool"), "its-own"),
        call("y", "helper", 2),
        call("z", "boss", 3),
    )
    assert whose(*spans) == [("s", "", ""), ("s", "helper", "helper"), ("s", "", "")]


def test_a_wrapper_around_the_main_agent_makes_it_no_sub_agent() -> None:
    workflow, main = agent("workflow"), agent("main", "workflow")
    assert whose(workflow, main, call("x", "main")) == [("t", "", "")]


def test_agents_that_take_turns_are_told_apart_by_name() -> None:
    writer, critic, again = (
        agent("writer", "root"),
        agent("critic", "root"),
        replace(agent("w2", "root"), name="writer"),
    )
    spans = (
        other("root"),
        writer,
        call("x", "writer", 1),
        critic,
        call("y", "critic", 2),
        again,
        call("z", "w2", 3),
    )
    assert whose(*spans) == [("t", "", ""), ("t", "critic", "critic"), ("t", "", "")]


def test_an_agent_that_calls_itself_is_a_sub_agent() -> None:
    inner = replace(agent("again", "boss"), name="boss")
    assert whose(agent("boss"), call("x", "boss", 1), inner, call("y", "again", 2)) == [
        ("t", "", ""),
        ("t", "again", "boss"),
    ]


def test_a_call_outside_any_agent_is_the_sessions_own() -> None:
    spans = (other("root"), call("title", "root", 1), agent("boss", "root"), call("x", "boss", 2))
    assert whose(*spans) == [("t", "", ""), ("t", "", "")]


def test_labels_of_all_spans_around_are_the_calls() -> None:
    root = replace(other("root"), labels=(("user", "ada"), ("plan", "free")))
    (span,) = placed(root, replace(call("x", "root"), labels=(("plan", "pro"),)))
    assert span.attributes == (("plan", "pro"), ("user", "ada"))


def test_charges_ids_and_rules_are_filled_in() -> None:
    told = counts(10, 5)
    (span,) = placed(replace(model("x", told=told), model="answered", tier="flex"))
    assert [(charge.model, charge.tier, charge.usage.input_tokens) for charge in span.charges] == [
        ("answered", "flex", 10)
    ]
    assert (span.response_id, span.usage_recorded, span.output_count) == ("t/x", True, Output.FINAL)
    assert span.usage_rule
    (bare,) = placed(model("x", response="r"))
    assert (bare.response_id, bare.usage_recorded, bare.output_count) == ("r", False, Output.MISSING)


def test_all_calls_of_the_file_decide_what_a_count_includes() -> None:
    def cached(name: str, given: int, read: int, began: int) -> Observed:
        told = Counts(
            producer=counts(1).producer, input_tokens=given, cache_read_input_tokens=read, output_tokens=began
        )
        return model(name, told=told, began=began)

    spans = placed(cached("x", 100, 80, 1), cached("y", 10, 900, 2))
    assert [span.charges[0].usage.uncached_input_tokens for span in spans] == [100, 10]


def test_what_was_left_out_is_told_last() -> None:
    tree = SpanTree()
    for span in (agent("a", told=counts(5)), call("x", "a")):
        tree.add(span)
    assert list(items_of(tree))[-1] == Dropped(ROLLUPS, 1)
