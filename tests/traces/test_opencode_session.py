import json

from farthing.prefix import Chains, links
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.span import Span
from farthing.traces.opencode_record import INFOS, PARTS, Session
from farthing.traces.opencode_session import SessionLog
from farthing.traces.source import Line


class Scene:
    def __init__(self) -> None:
        self.log = SessionLog(Chains(), Session(id="s"))
        self.parts = 0

    def message(self, key: str, role: str, **info: object) -> None:
        self.log.message(INFOS.decode(json.dumps({"id": key, "role": role} | info)))

    def part(self, message: str, kind: str, **fields: object) -> Span | None:
        self.parts += 1
        told = json.dumps({"id": f"p{self.parts}", "messageID": message, "type": kind} | fields).encode()
        return self.log.part(PARTS.decode(told), Line(0, told))

    def finish(self, message: str) -> Span:
        span = self.part(message, "step-finish", tokens={"input": 1})
        assert span is not None
        return span


def kinds(span: Span) -> list[str]:
    return [link.segment.kind.value for link in links(span.step.prefix)]


def system(words: str) -> Segment:
    kind = SegmentKind.SYSTEM
    return Segment(kind, "system", "", digest_block(kind, "system", words.encode()), len(words))


def test_a_part_counts_as_it_was_last_told() -> None:
    scene = Scene()
    scene.message("u", "user")
    scene.part("u", "text", text="Ask.")
    scene.message("a", "assistant")
    scene.part("a", "text", text="", id="t")
    scene.part("a", "text", text="Answered.", id="t")
    assert [segment.length for segment in scene.finish("a").output] == [len('"Answered."')]


def test_another_system_prompt_changes_the_front_alone() -> None:
    scene = Scene()
    scene.log.head([system("one")])
    scene.message("u", "user")
    scene.part("u", "text", text="Ask.")
    scene.message("a", "assistant")
    first = scene.finish("a")
    scene.log.head([system("one")])
    same = scene.finish("a")
    scene.log.head([system("two")])
    other = scene.finish("a")
    assert first.step.prefix is same.step.prefix
    assert kinds(other) == kinds(first) == ["system", "task"]
    assert other.step.prefix is not first.step.prefix


def test_a_step_without_counts_is_no_call() -> None:
    scene = Scene()
    scene.message("a", "assistant")
    assert scene.part("a", "step-finish") is None


def test_turns_are_the_users_messages() -> None:
    scene = Scene()
    for key in ("u1", "u1", "u2"):
        scene.message(key, "user")
    scene.message("a", "assistant")
    assert scene.finish("a").step.turn == 2
