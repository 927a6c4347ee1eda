from collections.abc import Iterator

import msgspec

from farthing.segment import SegmentKind
from farthing.wire.message import BlockMemo
from farthing.wire.scan import Block, Scan
from farthing.wire.turns import take_turns

TURNS = b'["greeting", "ask", "more"]'


def blocks(raw: bytes, /, *, opening: bool) -> Iterator[Block]:
    words = msgspec.json.decode(raw, type=str)
    is_task = opening and words == "ask"
    yield Block(raw, SegmentKind.TASK if is_task else SegmentKind.USER, "user", words.encode())


def kinds(memo: BlockMemo, *, first_user: bool) -> list[SegmentKind]:
    scan = Scan(TURNS, memo=memo)
    turns = msgspec.json.decode(TURNS, type=list[msgspec.Raw])
    take_turns(scan, turns, "test", blocks, first_user=first_user)
    return [segment.kind for segment in scan.segments]


def test_the_first_user_text_is_the_task_and_what_was_remembered_does_not_change_that() -> None:
    memo = BlockMemo()
    user, task = SegmentKind.USER, SegmentKind.TASK
    assert kinds(memo, first_user=True) == [user, task, user]
    assert kinds(memo, first_user=False) == [user, user, user]
    assert kinds(memo, first_user=True) == [user, task, user]
