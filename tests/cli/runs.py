"""Runs the command line as a user does, in a process of its own with an empty home."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Run(NamedTuple):
    """What came of it."""

    code: int
    out: str
    err: str


def farthing(*arguments: str, home: Path, stdin: bytes = b"", **environment: str) -> Run:
    """Run `farthing ARGUMENTS`; it finds no cache and no sessions but what lies under `home`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "farthing", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "FARTHING_CACHE_DIR": str(home / "cache"),
            **environment,
        },
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())
