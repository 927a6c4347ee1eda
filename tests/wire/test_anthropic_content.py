import json

from farthing.step import Breakpoint
from farthing.wire import anthropic
from tests.wire.anthropic_scene import CALL, HOUR, IMAGE, MARKER, RESULT, digests, one_message, parse, shape


def test_a_string_and_a_list_of_one_text_are_alike() -> None:
    text = {"type": "text", "text": "Zürich\n"}
    listed = {"system": [text], "messages": [{"role": "user", "content": [text]}]}
    plain = {"system": "Zürich\n", "messages": [{"role": "user", "content": "Zürich\n"}]}
    assert digests(parse(listed)) == digests(parse(plain))
    spelt = json.dumps(plain, ensure_ascii=False).encode()
    assert digests(anthropic.parse(spelt)) == digests(parse(plain))
    results = [{**RESULT, "content": content} for content in ("ok", [{"type": "text", "text": "ok"}])]
    assert len({digest for one in results for digest in digests(one_message(one))}) == 1


def test_a_marker_inside_a_result_stands_behind_the_result() -> None:
    inner = [{"type": "text", "text": "a", **HOUR}, {"type": "text", "text": "b"}]
    request = one_message({**RESULT, "content": inner}, {"type": "text", "text": "x"})
    assert request.breakpoints == (Breakpoint(1, 3_600),)
    plain = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert digests(request)[0] == digests(one_message({**RESULT, "content": plain}))[0]


def test_pictures_in_a_result_are_blocks_of_their_own() -> None:
    """Their bytes say nothing of their tokens, so they must not weigh as the result's text."""
    seen = {**RESULT, "content": [{"type": "text", "text": "see"}, IMAGE], **MARKER}
    messages = [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [seen]}]
    body = json.dumps({"messages": messages}).encode()
    request = anthropic.parse(body)
    assert shape(request.segments)[1:] == [("tool_result", "user", "read"), ("media", "user", "read")]
    assert request.breakpoints == (Breakpoint(3, 300),)
    assert request.places is not None
    assert json.loads(body[slice(*request.places[2])]) == IMAGE


def test_the_line_that_claude_code_bills_by_is_not_seen_by_the_model() -> None:
    def prompt(line: str) -> list[bytes]:
        return digests(parse({"system": [{"type": "text", "text": line}], "messages": []}))

    header = "x-anthropic-billing-header: cc_version=2.1.146; cch="
    assert prompt(f"{header}5a;") == prompt(f"{header}6f;") == prompt("")
    assert prompt(f'{header}5a;\nYou are "C".\n') == prompt('You are "C".\n')
    assert prompt(f"Say {header}5a;") != prompt(f"Say {header}6f;")
