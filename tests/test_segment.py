"""The digest rule: same tokens for the model, same digest; another role or kind, another one."""

from farthing.segment import Level, Segment, SegmentKind, digest_block


def test_role_and_kind_are_part_of_the_digest() -> None:
    digests = {
        digest_block(SegmentKind.USER, "user", b'"hi"'),
        digest_block(SegmentKind.TASK, "user", b'"hi"'),
        digest_block(SegmentKind.ASSISTANT, "assistant", b'"hi"'),
        digest_block(SegmentKind.ASSISTANT, "user", b'"hi"'),
    }
    assert len(digests) == 4


def test_levels_follow_the_order_in_which_providers_render() -> None:
    levels = [
        Segment(kind, "", "", b"", 0).level
        for kind in (SegmentKind.TOOLS, SegmentKind.SYSTEM, SegmentKind.TASK, SegmentKind.TOOL_RESULT)
    ]
    assert levels == [Level.TOOLS, Level.SYSTEM, Level.MESSAGES, Level.MESSAGES]
