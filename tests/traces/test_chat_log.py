"""A chat log knows the context of every answer, and the turn of the user that it answers."""

from farthing.prefix import links
from farthing.segment import Segment, SegmentKind, digest_block
from farthing.traces.chat_log import ChatLog, moved


def test_the_context_of_an_answer_is_all_that_was_said_before() -> None:
    log = ChatLog()
    log.hear(b'{"role": "system", "content": "s"}')
    log.hear(b'{"role": "user", "content": "task"}')
    first = log.answer(b'{"role": "assistant", "content": "a"}')
    log.hear(b'{"role": "user", "content": "more"}')
    second = log.answer(b'{"role": "assistant", "content": "b"}')
    kinds = [link.segment.kind for link in links(second.prefix)]
    assert kinds == [SegmentKind.SYSTEM, SegmentKind.TASK, SegmentKind.ASSISTANT, SegmentKind.USER]
    assert (first.turn, second.turn) == (1, 2)
    assert links(second.prefix)[1] is first.prefix


def test_what_is_put_in_front_opens_every_context() -> None:
    log = ChatLog()
    kind = SegmentKind.SYSTEM
    log.put_in_front(Segment(kind, "system", "", digest_block(kind, "system", b"s"), 1))
    assert [link.segment.kind for link in links(log.answer(b'{"role": "assistant"}').prefix)] == [kind]


def test_moved_segments_keep_all_but_their_place() -> None:
    kind = SegmentKind.USER
    segment = Segment(kind, "user", "", digest_block(kind, "user", b"u"), 1, 5, 6)
    (found,) = moved((segment,), offset=50, length=60)
    assert (found.offset, found.length, found.digest) == (50, 60, segment.digest)
