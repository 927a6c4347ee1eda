"""ccusage, the peer on Claude Code stores: found or installed, then asked for its totals without network.

The npm package `ccusage` is a launcher around one native program a platform, each an optional dependency. The
native program is run directly: the launcher would add Node's start-up to its time.
"""

import json
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Run, run
from bench.truth import Truth

VERSION = "20.0.24"


class UnavailableError(Exception):
    """ccusage cannot be had on this machine; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ccusage:
    """The native program, and an empty home so that it reads no store but the given one."""

    program: Path
    home: Path

    def daily(self, store: Path) -> Run:
        command = [str(self.program), "claude", "daily", "--json", "--offline"]
        return run(command, environment={"HOME": str(self.home), "CLAUDE_CONFIG_DIR": str(store)})


def ccusage(folder: Path, progress: Callable[[str], None]) -> Ccusage:
    """Return ccusage as npm installed it under `folder`, now or earlier. Raises UnavailableError."""
    package = f"@ccusage/ccusage-{platform.system().lower()}-{_machine()}"
    program = folder / "node_modules" / package / "bin" / "ccusage"
    if not program.exists():
        progress(f"npm install ccusage@{VERSION}")
        _install(folder)
    if not program.exists():
        raise UnavailableError(f"npm has no {package} {VERSION} here")
    program.chmod(0o755)  # npm leaves it unexecutable; the launcher mends that at its first start
    home = folder / "empty-home"
    home.mkdir(exist_ok=True)
    return Ccusage(program=program, home=home)


def differences(truth: Truth, run: Run) -> list[str]:
    """Return where ccusage's own totals are not those of the corpus; its cost is a float, so to the cent."""
    told = json.loads(run.output)["totals"]
    known = truth.totals
    written = int(known["cache_creation_5m_input_tokens"]) + int(known["cache_creation_1h_input_tokens"])
    expected = {
        "inputTokens": known["uncached_input_tokens"],
        "cacheReadTokens": known["cache_read_input_tokens"],
        "cacheCreationTokens": written,
        "outputTokens": known["output_tokens"],
        "totalCost": round(float(known["cost_usd"]), 2),
    }
    told["totalCost"] = round(told["totalCost"], 2)
    return [
        f"ccusage {name}: {told[name]} instead of {value}"
        for name, value in expected.items()
        if told[name] != value
    ]


def _install(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise UnavailableError("npm is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--prefix", str(folder), "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
    command = ["npm", "install", *options, f"ccusage@{VERSION}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UnavailableError(
            f"npm install ccusage@{VERSION} failed: {done.stderr.strip().splitlines()[-1]}"
        )


def _machine() -> str:
    return {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine()
    )
