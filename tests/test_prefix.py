"""Prefix chains: shared links, equal digests for equal context, linear cost."""

from hypothesis import given
from hypothesis import strategies as st

from farthing.prefix import Chains, Prefix, extend, links, shared
from farthing.segment import Segment, SegmentKind, digest_block

words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=12)


def segment(text: str, kind: SegmentKind = SegmentKind.USER) -> Segment:
    content = text.encode()
    return Segment(kind, "user", "", digest_block(kind, "user", content), len(content))


def chain(texts: list[str]) -> Prefix | None:
    prefix = None
    for text in texts:
        prefix = extend(prefix, segment(text))
    return prefix


@given(words, words)
def test_digests_are_equal_exactly_when_the_contexts_are(left: list[str], right: list[str]) -> None:
    one, two = chain(left), chain(right)
    same = (one and one.digest) == (two and two.digest)
    assert same == (left == right)


@given(words, words)
def test_shared_is_the_longest_common_start(left: list[str], right: list[str]) -> None:
    common = 0
    while common < min(len(left), len(right)) and left[common] == right[common]:
        common += 1
    found = shared(chain(left), chain(right))
    assert (0 if found is None else found.depth) == common


@given(words, words)
def test_interned_chains_share_their_links(left: list[str], right: list[str]) -> None:
    chains = Chains()
    one = chains.of(map(segment, left))
    two = chains.of(map(segment, right))
    found = shared(one, two)
    plain = shared(chain(left), chain(right))
    assert (found and found.digest) == (plain and plain.digest)
    assert [link.segment for link in links(one)] == [segment(text) for text in left]


@given(st.lists(words, max_size=8), st.integers(0, 2))
def test_a_whole_context_gives_the_links_of_its_blocks(contexts: list[list[str]], repeated: int) -> None:
    chains, plain = Chains(), Chains()
    for texts in contexts * (1 + repeated):
        context = tuple(map(segment, texts))
        whole, one_by_one = chains.of_whole(context), plain.of(context)
        assert [link.digest for link in links(whole)] == [link.digest for link in links(one_by_one)]
        assert whole is chains.of(context)


def test_more_conversations_than_are_held_whole_still_share_their_links() -> None:
    chains = Chains()
    talks = [(segment("system"), segment(str(number))) for number in range(1_000)]
    first = [chains.of_whole(talk) for talk in talks]
    later = [chains.of_whole((*talk, segment("more"))) for talk in talks]
    assert [link and link.parent for link in later] == first


def test_links_stop_above_what_is_known() -> None:
    prefix = chain(["a", "b", "c"])
    assert [link.depth for link in links(prefix, above=1)] == [2, 3]
    assert links(None) == []


def test_a_run_of_tool_calls_is_one_look_back_position_and_so_is_a_run_of_results() -> None:
    kinds = [
        SegmentKind.TASK,
        SegmentKind.TOOL_CALL,
        SegmentKind.TOOL_CALL,
        SegmentKind.TOOL_RESULT,
        SegmentKind.TOOL_RESULT,
        SegmentKind.USER,
        SegmentKind.USER,
    ]
    prefix = None
    slots = []
    for number, kind in enumerate(kinds):
        prefix = extend(prefix, segment(str(number), kind))
        slots.append(prefix.slot)
    assert slots == [1, 2, 2, 3, 3, 4, 5]


def test_a_very_long_chain_is_built_and_let_go_without_recursion() -> None:
    prefix = chain(["x"] * 200_000)
    assert prefix is not None
    assert prefix.depth == 200_000
