"""A file is known by the first reader that claims it, or refused with what mends it."""

import sys
from pathlib import Path

import pytest

from farthing.errors import RecordError
from farthing.ingest.formats import READERS, installed, recognise, stamp
from farthing.traces.source import Match, Sample

TOYS = "tests.ingest.readers"


def sample(head: bytes, name: str = "file") -> Sample:
    return Sample(name, head, whole=True)


def test_every_module_with_a_format_is_found_surest_first() -> None:
    assert [known.name for known in installed(TOYS)] == ["toy", "whole"]


def test_our_own_formats_have_names_of_their_own() -> None:
    names = [known.name for known in installed(READERS)]
    assert len(names) == len(set(names))
    assert "claude-code" in names


def test_a_file_is_known_by_how_it_begins() -> None:
    known, match = recognise(sample(b'{"toy":1}'), TOYS)
    assert (known.name, match) == ("toy", Match.LEAD)
    assert recognise(sample(b"", "a.member"), TOYS)[1] is Match.MEMBER


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"# Notes", "not a trace format known here; "),
        (b"\x89PNG\r\n\0\0\0", "binary content that is no trace known here; "),
        ('{"toy":1}'.encode("utf-16"), "UTF-16 text; make it UTF-8 (iconv -f UTF-16 -t UTF-8)"),
        ('{"toy":1}'.encode("utf-16-be"), "UTF-16 text; "),
        ('[{"toy":1}'.encode("utf-16-le"), "UTF-16 text; "),
    ],
)
def test_what_no_reader_knows_is_refused_with_a_way_out(head: bytes, said: str) -> None:
    with pytest.raises(RecordError) as caught:
        recognise(sample(head), TOYS)
    assert str(caught.value).startswith(said)


def test_no_format_claims_what_is_none() -> None:
    for head in (
        b"# Notes",
        b"%PDF-1.7",
        b'{"name": "a", "version": "1.0"}',
        b"a,b\n1,2\n",
        b"{",
        b"[]",
        b"{}",
        b"null",
    ):
        with pytest.raises(RecordError):
            recognise(sample(head, "notes.json"), READERS)


def test_the_stamp_changes_with_the_code_of_the_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stamp(TOYS) != stamp(READERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    stamps = []
    for version in ("1", "2"):
        package = tmp_path / "changing"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(f'"""Version {version}."""\n')
        sys.modules.pop("changing", None)
        stamp.cache_clear()
        stamps.append(stamp("changing"))
    assert stamps[0] != stamps[1]
