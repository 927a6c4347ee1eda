from farthing.prefix import Prefix, links
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.traces.tree import Exchange, Place, Said, Tree


def said(text: str, *, result: bool = False, asks: bool = False) -> Said:
    return Said([segment(text)], result, asks)


def segment(text: str) -> Segment:
    kind = SegmentKind.USER
    return Segment(kind, "user", text, digest_block(kind, "user", text.encode()), len(text))


def names(prefix: Prefix | None) -> list[str]:
    return [link.segment.name for link in links(prefix)]


class Scene:
    """A tree and the words to grow it with; every record is called as its text."""

    def __init__(self) -> None:
        self.tree = Tree()

    def place(self, record: str) -> Place:
        place = self.tree.find(record)
        assert place is not None
        return place

    def user(self, text: str, *, after: str | None) -> None:
        place = self.tree.root() if after is None else self.place(after)
        self.tree.say(text, place, said(text, asks=True), heard="")

    def result(self, text: str, *, after: str) -> None:
        self.tree.say(text, self.place(after), said(text, result=True), heard="")

    def answer(self, *blocks: str, after: str) -> Exchange:
        exchange = self.tree.request(self.place(after))
        for block in blocks:
            exchange.answer.append(segment(block))
            self.tree.put(block, Place(exchange, 0))
        return exchange


def test_a_request_holds_everything_on_the_way_to_the_root() -> None:
    scene = Scene()
    scene.user("q1", after=None)
    first = scene.answer("a1", after="q1")
    scene.user("q2", after="a1")
    second = scene.answer("a2", after="q2")
    assert names(first.before) == ["q1"]
    assert names(second.before) == ["q1", "a1", "q2"]
    assert (first.turn, second.turn) == (1, 2)


def test_requests_share_the_links_of_their_common_context() -> None:
    scene = Scene()
    scene.user("q1", after=None)
    first = scene.answer("a1", after="q1")
    scene.user("q2", after="a1")
    second = scene.answer("a2", after="q2")
    assert links(second.before)[0] is first.before


def test_results_of_parallel_calls_are_all_sent_whichever_the_next_record_names() -> None:
    for parent in ("r1", "r2"):
        scene = Scene()
        scene.user("q", after=None)
        scene.answer("call1", "call2", after="q")
        scene.result("r1", after="call1")
        scene.result("r2", after="call2")
        assert names(scene.answer("done", after=parent).before) == ["q", "call1", "call2", "r1", "r2"]


def test_a_second_question_behind_the_same_answer_opens_a_branch() -> None:
    scene = Scene()
    scene.user("q", after=None)
    scene.answer("call", after="q")
    scene.result("r", after="call")
    scene.user("left", after="r")
    left = scene.answer("a-left", after="left")
    scene.user("right", after="r")
    right = scene.answer("a-right", after="right")
    assert names(left.before) == ["q", "call", "r", "left"]
    assert names(right.before) == ["q", "call", "r", "right"]
    assert (left.turn, right.turn) == (2, 2)


def test_a_branch_counts_the_questions_that_it_keeps() -> None:
    scene = Scene()
    scene.user("q", after=None)
    scene.answer("left", after="q")
    scene.user("also", after="q")
    assert scene.answer("right", after="also").turn == 2


def test_a_question_that_was_taken_back_is_not_sent() -> None:
    scene = Scene()
    scene.user("q", after=None)
    scene.answer("a", after="q")
    scene.user("no", after="a")
    scene.user("yes", after="a")
    assert names(scene.answer("b", after="yes").before) == ["q", "a", "yes"]


def test_a_branch_keeps_the_results_that_its_answer_waits_for() -> None:
    scene = Scene()
    scene.user("q", after=None)
    scene.answer("call1", "call2", after="q")
    scene.result("r1", after="call1")
    scene.result("r2", after="call2")
    scene.user("left", after="r2")
    scene.answer("a-left", after="left")
    scene.user("right", after="r1")
    assert names(scene.answer("a-right", after="right").before) == [
        "q",
        "call1",
        "call2",
        "r1",
        "r2",
        "right",
    ]


def test_a_repeated_request_has_the_same_context() -> None:
    scene = Scene()
    scene.user("q", after=None)
    first = scene.answer("cut", after="q")
    again = scene.answer("whole", after="q")
    assert again.before is first.before


def test_messages_that_a_compaction_keeps_stand_behind_its_summary() -> None:
    scene = Scene()
    scene.user("q1", after=None)
    scene.answer("a1", after="q1")
    scene.user("q2", after="a1")
    scene.answer("a2", "a2'", after="q2")
    place = scene.tree.say("summary", scene.tree.root(turn=2), said("summary"), heard="")
    scene.tree.graft(["q2", "a2", "a2'", "never written"], place)
    scene.user("q3", after="a2'")
    last = scene.answer("a3", after="q3")
    assert names(last.before) == ["summary", "q2", "a2", "a2'", "q3"]
    assert last.turn == 3
