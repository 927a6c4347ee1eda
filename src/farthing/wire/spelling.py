"""What is digested of a block: its words in one spelling, whatever way a client wrote the JSON.

Providers parse what they are sent, so whitespace and escapes do not reach the cache; key order does.
"""

import msgspec

_STRING_OPENS = ord('"')
_NESTED = ("content", "source")
_STRING = msgspec.json.Decoder(str)


def is_string(raw: bytes) -> bool:
    """Whether a checked JSON value is a string."""
    return len(raw) > 0 and memoryview(raw)[0] == _STRING_OPENS


def text(value: str) -> bytes:
    """Return the content of a block of plain text: the inside of its JSON string, in one spelling."""
    return msgspec.json.encode(value)[1:-1]


def text_of(raw: bytes) -> bytes:
    """Return what `text` does of a JSON string.

    Who sends other letters as they are escapes only what must be, so that is the spelling already
    and need not be decoded; who sends none may have escaped them.
    """
    sent = bytes(raw)
    return text(_STRING.decode(sent)) if sent.isascii() else sent[1:-1]


def respelt(raw: bytes) -> bytes:
    """Return JSON without whitespace and in one spelling, keys in the order sent: arguments of a tool."""
    try:
        return msgspec.json.encode(msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return bytes(raw)


def compact(raw: bytes, *, without: str = "") -> bytes:
    """Return the content of any other block: respelt, and less what providers treat as absent.

    That is `without`, a marker on the block or on blocks in its `content` or `source`; and null
    members. A `content` of one text block is that text.
    """
    try:
        tree: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return bytes(raw)
    return msgspec.json.encode(_stripped(tree, without))


def _stripped(tree: object, marker: str) -> object:
    if isinstance(tree, list):
        blocks = [_stripped(block, marker) for block in tree]
        return _only_text(blocks) if len(blocks) == 1 else blocks
    if not isinstance(tree, dict):
        return tree
    return {
        key: _stripped(value, marker) if key in _NESTED else value
        for key, value in tree.items()
        if key != marker and value is not None
    }


def _only_text(blocks: list[object]) -> object:
    match blocks:
        case [{"text": str(text), **others}] if not others or others == {"type": "text"}:
            return text
    return blocks
