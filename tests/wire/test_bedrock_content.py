from collections.abc import Mapping

from farthing.step import Breakpoint
from farthing.wire.message import BlockMemo, Request
from tests.wire.bedrock_scene import CACHE_HOUR, CACHE_POINT, CALL, IMAGE, digests, parse, shape


def test_cache_points_that_move_leave_the_digests_alone() -> None:
    memo = BlockMemo()
    steps = [
        parse({"messages": [{"role": "user", "content": [{"text": "Do."}, *points]}]}, memo)
        for points in ([], [CACHE_POINT], [CACHE_HOUR])
    ]
    assert len({tuple(digests(step)) for step in steps}) == 1
    assert [step.breakpoints for step in steps] == [(), (Breakpoint(1, 300),), (Breakpoint(1, 3_600),)]


def test_a_result_of_one_text_is_that_text_and_pictures_stand_apart() -> None:
    def result(*content: Mapping[str, object]) -> Request:
        told = {"toolResult": {"toolUseId": "call_1", "content": list(content)}}
        return parse(
            {"messages": [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [told]}]}
        )

    assert shape(result({"text": "see"}, IMAGE).segments)[1:] == [
        ("tool_result", "user", "read"),
        ("media", "user", "read"),
    ]
    assert shape(result({"json": {"a": 1}}).segments)[1:] == [("tool_result", "user", "read")]
    assert result({"text": "see"}).segments[1].size < len('{"text":"see"}') + len("call_1")
