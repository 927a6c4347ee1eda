"""How wide text is on a screen, in cells: a Chinese character takes two; and how it is cut to a width."""

from unicodedata import combining, east_asian_width


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def clip(text: str, width: int) -> str:
    """Return text of at most `width` cells, the end left out."""
    if cells(text) <= width:
        return text
    kept = ""
    for each in text:
        if cells(kept + each) > width - 1:
            break
        kept += each
    return f"{kept.rstrip()}…"


def clip_middle(text: str, width: int) -> str:
    """Return at most `width` cells, the middle left out: ids and paths are told apart by both ends."""
    if cells(text) <= width:
        return text
    tail = clip(text[::-1], (width + 1) // 2)[::-1]
    return clip(text, width - cells(tail) + 1)[:-1] + tail
