"""Texts are found again where they stand, in one line, without secrets."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from farthing.ingest.excerpt import Place, difference, excerpt, excerpts, read_places
from farthing.segment import Segment, SegmentKind

SECRET = "sk-" + "ant-api03-" + "Zx9" * 12


def segment(content: bytes, part: bytes, source: int = 1) -> Segment:
    return Segment(SegmentKind.USER, "user", "", b"", len(part), content.index(part), len(part), source)


def pack(name: str, content: bytes) -> bytes:
    if name == "gz":
        return gzip.compress(content, mtime=0)
    return zstandard.compress(content) if name == "zst" else content


@pytest.fixture(params=["plain", "gz", "zst"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    return tmp_path / "trace", str(request.param)


def test_a_text_is_found_in_any_file(packed: tuple[Path, str]) -> None:
    path, how = packed
    filler = json.dumps({"noise": [f"word {n}" for n in range(60_000)]}).encode()
    content = filler + b'{"text":"first"}' + filler + b'{"text":"second"}'
    path.write_bytes(pack(how, content))
    wanted = [
        segment(content, b'{"text":"second"}'),
        segment(content, b'"first"'),
        segment(content, b'"word 7"'),
    ]
    assert excerpts({1: str(path)}, wanted, 80) == ["second", "first", "word 7"]


def test_places_may_overlap_and_repeat(packed: tuple[Path, str]) -> None:
    path, how = packed
    content = bytes(range(256)) * 3_000
    path.write_bytes(pack(how, content))
    places = [
        Place(1, 700_000, 50),
        Place(1, 10, 600_000),
        Place(1, 10, 5),
        Place(1, 500_000, 5),
        Place(1, 10, 5),
    ]
    assert read_places({1: str(path)}, places) == [content[p.offset : p.offset + p.length] for p in places]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (
            rb'{"type":"text","text":"a \"b\"\n\tc \u00e9 \ud83d\ude00 d","cache_control":{}}',
            'a "b" c é 😀 d',
        ),
        (rb'"half \ud83d a character"', "half � a character"),
        (rb'{"a":{"b":[1,2]}}', '{"a":{"b":[1,2]}}'),
        (b"plain: [yaml, 1]", "plain: [yaml, 1]"),
        (rb'"{\"role\":\"user\",\"text\":\"x\\ny\"}"', '{"role":"user","text":"x y"}'),
        (b"esc \x1b[31mred\x1b[0m \xe2\x80\xae turned", "esc [31mred [0m turned"),
        (b"broken \xff\xfe bytes", "broken �� bytes"),
        (f'"key {SECRET} end"'.encode(), "key [secret] end"),
        (b"", ""),
    ],
)
def test_it_is_shown_as_a_person_would_say_it(tmp_path: Path, content: bytes, shown: str) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"#" + content)
    segment = Segment(SegmentKind.USER, "user", "", b"", len(content), 1, len(content), 1)
    assert excerpt({1: str(path)}, segment, 80) == shown


def test_a_long_text_is_cut_and_no_secret_with_it(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    content = f'"{"word " * 12}{SECRET} and {"more " * 900}"'.encode()
    path.write_bytes(content)
    for limit in range(20, 110):
        shown = excerpt({1: str(path)}, segment(content, content), limit)
        assert len(shown) <= limit
        assert "sk-" not in shown
        assert shown.endswith("…")


def test_a_difference_is_shown_from_shortly_before(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    head = "You are an agent. " * 30
    left, right = (json.dumps(f"{head}Today is {day}. Be brief.").encode() for day in ("Monday", "Tuesday"))
    path.write_bytes(left + right)
    content = left + right
    shown = difference({1: str(path)}, segment(content, left), segment(content, right), 60)
    assert shown == (
        "… are an agent. Today is Monday. Be brief.",
        "… are an agent. Today is Tuesday. Be brief.",
    )


def test_a_difference_inside_a_secret_shows_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    left, right = (f'"the key {SECRET}{end} is new"'.encode() for end in ("abcd", "efgh"))
    path.write_bytes(left + right)
    content = left + right
    assert difference({1: str(path)}, segment(content, left), segment(content, right), 60) == (
        "…[secret] is new",
        "…[secret] is new",
    )


def test_what_cannot_be_found_is_empty(tmp_path: Path) -> None:
    short = tmp_path / "short.zst"
    short.write_bytes(zstandard.compress(b"abc" * 9_000)[:-4])
    lost = Segment(SegmentKind.USER, "user", "", b"", 5, 5, 5, 3)
    unknown = Segment(SegmentKind.USER, "user", "", b"", 5)
    beyond = Segment(SegmentKind.USER, "user", "", b"", 5, 10**9, 5, 2)
    assert excerpts({1: str(tmp_path / "gone"), 2: str(short)}, [lost, unknown, beyond], 9) == ["", "", ""]
