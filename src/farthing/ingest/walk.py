"""Paths become files: folders are walked, standard input is spooled, and nothing is read yet.

What cannot be a trace (a dangling link, a socket, a folder without permission, an empty file) gives one
line for the report and the walk goes on. Every folder and file is visited once, however many links
lead to it. Left out without a word are folders that hold no traces by convention: version control,
installed packages, and caches that say so by a CACHEDIR.TAG (ours does).
"""

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

STANDARD_INPUT = "-"

_LEFT_OUT = frozenset({".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules"})
_CACHE_TAG = "CACHEDIR.TAG"
_COPY_BLOCK = 1024 * 1024
_SPECIAL = "is a socket, pipe or device; give files, folders or - for standard input"


class Found(Struct, frozen=True):
    """A file to read: `name` is for people, `path` where its bytes are, absolute (a copy if `spooled`)."""

    name: str
    path: str
    size: int
    mtime_ns: int
    spooled: bool = False


class SkippedAt(Struct, frozen=True):
    """Something that was not read: where, and why and what mends it, in one line."""

    where: str
    reason: str


class Walk(Struct, frozen=True):
    """What the paths lead to: files sorted by name, and what is none."""

    files: tuple[Found, ...]
    skipped: tuple[SkippedAt, ...]


def walk(paths: Sequence[str], *, spool: Path, standard_input: BinaryIO) -> Walk:
    """Return the files under `paths`; pipes among them, and `-`, are copied into the folder `spool` first."""
    walker = _Walker(spool, standard_input)
    for path in paths:
        walker.given(path)
    return Walk(tuple(sorted(walker.files, key=lambda file: file.name)), tuple(walker.skipped))


def local_stores(home: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the folders and files in which coding agents of this machine keep their sessions.

    Claude Code (CLAUDE_CONFIG_DIR may list several), Codex, Gemini CLI, opencode and pi, as read from
    their sources in 2026-11. opencode moved from a folder of JSON to a database that repeats it.
    """
    settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share")
    named = [
        Path(part.strip()) for part in environment.get("CLAUDE_CONFIG_DIR", "").split(",") if part.strip()
    ]
    codex = Path(environment.get("CODEX_HOME") or home / ".codex")
    databases = sorted((data / "opencode").glob("opencode*.db"))
    stores = [
        *(claude / "projects" for claude in named or [home / ".claude", settings / "claude"]),
        *(codex / "sessions", codex / "archived_sessions"),
        home / ".gemini/tmp",
        *(databases or [data / "opencode/storage"]),
        home / ".pi",
    ]
    return [str(store) for store in stores if store.exists()]


class _Walker:
    """Collects files and lines; knows by device and inode what it has seen."""

    def __init__(self, spool: Path, standard_input: BinaryIO) -> None:
        self.files: list[Found] = []
        self.skipped: list[SkippedAt] = []
        self._spool, self._standard_input = spool, standard_input
        self._seen: set[int] = set()
        self._prefix, self._top = "", ""  # the path that is walked, as it was given and as it is

    def given(self, path: str) -> None:
        """Take a path as the user gave it: here, and only here, pipes are read."""
        try:
            if path == STANDARD_INPUT:
                self._copy(path, self._standard_input)
            elif stat.S_ISFIFO(Path(path).stat().st_mode):
                with Path(path).open("rb") as pipe:
                    self._copy(path, pipe)
            else:
                self._prefix, self._top = path, str(Path(path).absolute())
                if self._take(self._top, Path(path).stat(), linked=False):
                    self._tree(self._top)
        except OSError as error:
            self._skip(path, _why(error))

    def _copy(self, name: str, stream: BinaryIO) -> None:
        """Copy a stream to a file of its own, so that it can be read in any order and twice."""
        copy = self._spool / f"stream-{len(self.files)}"
        with copy.open("wb") as file:
            shutil.copyfileobj(stream, file, _COPY_BLOCK)
        self._file(Found(name, str(copy), copy.stat().st_size, 0, spooled=True))

    def _tree(self, top: str) -> None:
        """Walk a folder and all below it; without recursion, since the depth is not ours to choose."""
        waiting = [top]
        while waiting:
            inside = self._entries(waiting.pop())
            folders = [entry.path for entry in inside if self._takes_folder(entry)]
            waiting += reversed(folders)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self._skip(folder, _why(error))
            return []
        return [] if any(entry.name == _CACHE_TAG for entry in entries) else entries

    def _takes_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            about = entry.stat()
        except OSError as error:
            self._skip(entry.path, "is a link to nothing; remove it" if entry.is_symlink() else _why(error))
            return False
        return entry.name not in _LEFT_OUT and self._take(entry.path, about, linked=entry.is_symlink())

    def _take(self, path: str, about: os.stat_result, *, linked: bool) -> bool:
        """Note a file that is new. Return whether this is a folder, a new one, which the caller must walk."""
        identity = about.st_dev << 64 | about.st_ino
        is_new = identity not in self._seen
        self._seen.add(identity)
        if stat.S_ISDIR(about.st_mode):
            if linked and not is_new:
                self._skip(path, "is a link to a folder that is read already, perhaps a loop; remove it")
            return is_new
        if not stat.S_ISREG(about.st_mode):
            self._skip(path, _SPECIAL)
        elif is_new:
            self._file(Found(self._name(path), path, about.st_size, about.st_mtime_ns))
        return False

    def _file(self, file: Found) -> None:
        if file.size:
            self.files.append(file)
        else:
            self._skip(file.name, "is empty; leave it out")

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append(SkippedAt(self._name(path), reason))

    def _name(self, path: str) -> str:
        """Return a path as the user would write it, and as every output can: odd bytes are spelled out."""
        if path.startswith(self._top):
            path = self._prefix + path[len(self._top) :]
        return os.fsencode(path).decode("utf-8", "backslashreplace")


def _why(error: OSError) -> str:
    mend = {
        FileNotFoundError: "check the path",
        PermissionError: "give yourself the right to read it (chmod u+rX), or call as its owner",
    }.get(type(error), "leave it out")
    return f"cannot be read: {(error.strerror or str(error)).lower()}; {mend}"
