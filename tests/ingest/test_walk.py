"""Paths become files once each, in order, and every other thing becomes one line."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from farthing.ingest.walk import Walk, local_stores, walk


def tree(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("{}")


def walked(*paths: Path | str, spool: Path = Path("/nowhere"), stdin: bytes = b"") -> Walk:
    return walk([str(path) for path in paths], spool=spool, standard_input=BytesIO(stdin))


def names(found: Walk, top: Path) -> list[str]:
    return [str(Path(file.name).relative_to(top)) for file in found.files]


def lines(found: Walk) -> list[tuple[str, str]]:
    return [(Path(skipped.where).name, skipped.reason) for skipped in found.skipped]


def test_folders_are_walked_in_order(tmp_path: Path) -> None:
    tree(tmp_path, "b/2", "a/c/1", "a/b", "z", ".claude/x.jsonl")
    found = walked(tmp_path)
    assert names(found, tmp_path) == [".claude/x.jsonl", "a/b", "a/c/1", "b/2", "z"]
    assert found.skipped == ()
    assert found.files[0].size == 2


def test_each_file_is_read_once(tmp_path: Path) -> None:
    tree(tmp_path, "a/1", "b/2")
    (tmp_path / "a/same").hardlink_to(tmp_path / "a/1")
    (tmp_path / "a/too").symlink_to(tmp_path / "b/2")
    assert len(walked(tmp_path, tmp_path / "a", tmp_path / "a/1").files) == 2


def test_folders_without_traces_by_convention_are_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "1", ".git/config", "web/node_modules/x/y.json", "cache/CACHEDIR.TAG", "cache/part")
    assert names(walked(tmp_path), tmp_path) == ["1"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    tree(tmp_path, "a/b/1")
    (tmp_path / "a/b/up").symlink_to(tmp_path / "a")
    found = walked(tmp_path)
    assert names(found, tmp_path) == ["a/b/1"]
    assert lines(found) == [("up", "is a link to a folder that is read already, perhaps a loop; remove it")]


def test_a_link_that_leads_to_itself_or_nowhere(tmp_path: Path) -> None:
    tree(tmp_path, "1")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "gone").symlink_to("nowhere")
    found = walked(tmp_path)
    assert names(found, tmp_path) == ["1"]
    assert lines(found) == [
        ("gone", "is a link to nothing; remove it"),
        ("self", "is a link to nothing; remove it"),
    ]


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    tree(tmp_path, "1")
    found = walked(tmp_path / "gone", tmp_path / "1")
    assert lines(found) == [("gone", "cannot be read: no such file or directory; check the path")]
    assert names(found, tmp_path) == ["1"]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user without rights: root may read anything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_without_permission(tmp_path: Path) -> None:
    tree(tmp_path, "closed/1", "open/2")
    for folder in [tmp_path, *list(tmp_path.parents)[:3]]:  # one more under xdist
        folder.chmod(0o755)
    (tmp_path / "closed").chmod(0)
    with as_nobody():
        found = walked(tmp_path)
    (tmp_path / "closed").chmod(0o755)
    assert names(found, tmp_path) == ["open/2"]
    assert [(where, reason.split(";")[0]) for where, reason in lines(found)] == [
        ("closed", "cannot be read: permission denied")
    ]


def test_sockets_pipes_and_devices_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path, "1")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path is limited to 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        found = walked(tmp_path, "/dev/null")
    assert names(found, tmp_path) == ["1"]
    assert {where for where, _ in lines(found)} == {"pipe", "socket", "null"}


def test_empty_files(tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    assert lines(walked(tmp_path)) == [("none", "is empty; leave it out")]


def test_standard_input_is_spooled(tmp_path: Path) -> None:
    found = walked("-", spool=tmp_path, stdin=b"{}\n" * 999)
    [file] = found.files
    assert (file.name, file.size, file.spooled) == ("-", 2_997, True)
    assert Path(file.path).read_bytes() == b"{}\n" * 999
    assert lines(walked("-", spool=tmp_path)) == [("-", "is empty; leave it out")]


def test_a_pipe_that_the_user_names_is_spooled(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"{}")
    os.close(writer)
    [file] = walked(f"/dev/fd/{reader}", spool=tmp_path).files
    os.close(reader)
    assert Path(file.path).read_bytes() == b"{}"


def test_a_name_that_is_not_utf_8_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jsonl")).write_text("{}")
    [file] = walked(tmp_path).files
    assert file.name.endswith("caf\\xe9.jsonl")
    assert Path(file.path).read_text() == "{}"


def stores(home: Path, **environment: str) -> Sequence[str]:
    return [str(Path(store).relative_to(home)) for store in local_stores(home, environment)]


class TestLocalStores:
    def test_only_what_exists(self, tmp_path: Path) -> None:
        assert stores(tmp_path) == []

    def test_every_agent(self, tmp_path: Path) -> None:
        tree(tmp_path, ".claude/projects/p/1", ".config/claude/projects/p/1", ".codex/sessions/2026/1")
        tree(tmp_path, ".codex/archived_sessions/1", ".gemini/tmp/1/chats/1", ".pi/agent/sessions/1")
        tree(tmp_path, ".local/share/opencode/storage/message/1", ".local/share/opencode/log/1")
        assert stores(tmp_path) == [
            *(".claude/projects", ".config/claude/projects"),
            *(".codex/sessions", ".codex/archived_sessions"),
            *(".gemini/tmp", ".local/share/opencode/storage", ".pi"),
        ]

    def test_a_database_repeats_the_folder_of_json(self, tmp_path: Path) -> None:
        tree(tmp_path, ".local/share/opencode/storage/message/1", ".local/share/opencode/opencode.db")
        assert stores(tmp_path) == [".local/share/opencode/opencode.db"]

    def test_folders_that_the_environment_names(self, tmp_path: Path) -> None:
        tree(tmp_path, "one/projects/1", "two/projects/1", "codex/sessions/1", "data/opencode/opencode.db")
        tree(tmp_path, ".claude/projects/not-this")
        assert stores(
            tmp_path,
            CLAUDE_CONFIG_DIR=f"{tmp_path}/one, {tmp_path}/two",
            CODEX_HOME=f"{tmp_path}/codex",
            XDG_DATA_HOME=f"{tmp_path}/data",
        ) == ["one/projects", "two/projects", "codex/sessions", "data/opencode/opencode.db"]
