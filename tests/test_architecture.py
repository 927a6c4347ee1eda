"""The rules that hold the source tree together, read from the syntax of every module.

Imports point down, none go round in a circle, and the pure half touches nothing but its arguments. A rule is
a table, a breach is a sentence that ends in the way out. The checks take source text, so that the last part
of this file can show each of them failing.
"""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "farthing"
TESTS = ROOT / "tests"

# Each part may import its neighbours on the same line and everything below.
LAYERS = (
    ("__main__", "cli"),
    ("gateway", "transport", "emulator"),
    ("ingest", "store", "telemetry", "config"),
    ("report",),
    ("analysis",),
    ("exchange", "call"),
    ("engine",),
    ("traces",),
    ("wire", "prices"),
    ("step", "span", "session", "lineage", "signature", "tokens", "edit"),
    ("usage", "prefix", "segment"),
    ("money",),
    ("errors",),
    ("farthing",),  # the package itself: its version, and nothing to import
)
HEIGHT = {part: -depth for depth, parts in enumerate(LAYERS) for part in parts}
EDGE = frozenset(part for parts in LAYERS[:3] for part in parts)

NEVER = {
    ("emulator", "engine"): "it is a second, independent implementation of the providers' rules",
    ("engine", "wire"): "the engine knows no wire format",
    ("engine", "traces"): "the engine knows no trace format",
}

# What the pure half may import from outside: a closed list, since what is forbidden could never be listed.
PURE_MODULES = frozenset(
    {"__future__", "abc", "array", "base64", "binascii", "bisect", "collections", "contextlib", "copy"}
    | {"dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "graphlib"}
    | {"hashlib", "heapq", "html", "itertools", "keyword", "math", "msgspec", "numbers", "operator", "re"}
    | {"statistics", "string", "struct", "textwrap", "types", "typing", "unicodedata", "urllib.parse"}
    | {"xxhash", "zlib"}
)
PURE_NAMES = {
    "ast": {"literal_eval"},  # it parses a text, and runs none of it
    "pathlib": {"PurePath", "PurePosixPath", "PureWindowsPath"},
    "random": {"Random"},  # with a seed it is a function of its seed
    "sys": {"intern", "maxsize"},
}
# The first asks where a buffer of ours lies; the second parses a text, and is imported late.
PURE_HERE = {("farthing.wire.buffer", "ctypes"), ("farthing.traces.cassette", "yaml")}
IMPURE_BUILTINS = {"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__", "globals"}
CLOCKS = {"now", "utcnow", "today"}

HEAVY = ("genai_prices", "httpx2", "isal", "numpy", "pyarrow", "pydantic", "yaml", "zstandard")

# Tests of the whole, which mirror no single module.
GUARDS = {
    "test_architecture",
    "test_docs",
    "test_requirements",
    "test_agreement",
    "test_three_doors",
    "test_truth_self",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def part_of(module: str) -> str:
    """Return the room or noun that a module of ours lies in."""
    return module.removeprefix("farthing.").split(".")[0]


PURE = [module for module in MODULES if part_of(module) not in EDGE]


def imports(tree: ast.AST, *, package: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, module, name) of every import, those inside functions included; `name` may be empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            yield from ((node.lineno, module, alias.name) for alias in node.names)


def own_imports(source: str, module: str, known: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """Yield (line, module of ours) for every import of this package; a room's module counts, not the room."""
    package = module if getattr(known.get(module), "name", "") == "__init__.py" else module.rpartition(".")[0]
    for line, target, name in imports(ast.parse(source), package=package):
        if target.split(".")[0] == "farthing":
            inner = f"{target}.{name}"
            yield line, inner if inner in known else target


def layer_breaches(source: str, module: str, known: Mapping[str, object]) -> list[str]:
    own = part_of(module)
    if own not in HEIGHT:
        return [f"{module} lies in no layer; give `{own}` its line in LAYERS and in ARCHITECTURE.md"]
    return [
        f"{module}:{line} imports {target}: {reason}"
        for line, target in own_imports(source, module, known)
        if (reason := why_not(own, part_of(target)))
    ]


def why_not(own: str, other: str) -> str:
    """Return why one part may not import another, or "" where it may."""
    if (own, other) in NEVER:
        return NEVER[own, other]
    if other not in HEIGHT:
        return f"`{other}` lies in no layer; give it its line in LAYERS"
    return "imports point down; move what is shared below both" if HEIGHT[other] > HEIGHT[own] else ""


def purity_breaches(source: str, module: str) -> list[str]:
    tree = ast.parse(source)
    found = [*impure_imports(tree, module), *(breach for node in ast.walk(tree) for breach in impure(node))]
    return [f"{module}:{line} {fact}" for line, fact in sorted(found)]


def impure_imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    for line, target, name in imports(tree, package=module):
        top = target.split(".")[0]
        anything = top == "farthing" or not PURE_MODULES.isdisjoint({top, target})
        allowed = anything or (module, target) in PURE_HERE
        if not allowed and name not in PURE_NAMES.get(target, ()):
            yield line, f"imports {name or target} from outside the pure half; let a door fetch it"


def impure(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Name(id=name, ctx=ast.Load()) if name in IMPURE_BUILTINS:
            yield node.lineno, f"uses {name}; return a value and let the edge act"
        case ast.Call(func=ast.Attribute(attr=clock, value=owner)) if clock in CLOCKS and is_calendar(owner):
            yield node.lineno, f"reads the clock by {clock}(); take an argument called `now`"
        case ast.Call(func=ast.Name(id="Random"), args=[]):
            yield node.lineno, "draws a seed from the system; pass one"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            yield node.lineno, "waits; waiting belongs to the edge"
        case ast.Global():
            yield node.lineno, "changes global state; return the new value"
        case _:
            pass


def is_calendar(owner: ast.expr) -> bool:
    return isinstance(owner, ast.Name | ast.Attribute) and ast.unparse(owner).split(".")[-1] in {
        "date",
        "datetime",
    }


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one import circle in order, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def needs_a_test(source: str) -> bool:
    """Tell whether a module does something; one that only declares shapes is tested through its users."""
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return any(not isinstance(each, ast.Expr) for function in functions for each in function.body)


def home_of(test: Path) -> Path:
    """Return the folder whose modules a folder of tests mirrors."""
    room = test.parent.relative_to(TESTS)
    return ROOT / room if room.parts[:1] == ("bench",) else SOURCE / room


def mirrors(test: str, modules: Iterable[str]) -> bool:
    """Tell whether a test's name names a module: `test_x` and `test_x_aspect` both mirror `x`."""
    subject = test.removeprefix("test_")
    return any(subject == module or subject.startswith(f"{module}_") for module in modules)


# The tree as it stands.


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    assert layer_breaches(MODULES[module].read_text(), module, MODULES) == []


@pytest.mark.parametrize("module", PURE)
def test_the_pure_half_touches_nothing(module: str) -> None:
    assert purity_breaches(MODULES[module].read_text(), module) == []


def test_imports_go_round_in_no_circle() -> None:
    graph = {
        module: {target for _, target in own_imports(path.read_text(), module, MODULES)} - {module}
        for module, path in MODULES.items()
    }
    assert circle(graph) == []


def test_every_test_mirrors_a_module() -> None:
    tests = [path for path in TESTS.rglob("test_*.py") if path.stem not in GUARDS]
    strays = [
        path for path in tests if not mirrors(path.stem, (part.stem for part in home_of(path).glob("*")))
    ]
    assert [str(path.relative_to(ROOT)) for path in strays] == []


def test_every_pure_module_that_does_something_has_a_test() -> None:
    active = [MODULES[module] for module in PURE if needs_a_test(MODULES[module].read_text())]
    homes = {path: TESTS / path.relative_to(SOURCE).parent / f"test_{path.stem}.py" for path in active}
    assert [str(home.relative_to(ROOT)) for home in homes.values() if not home.exists()] == []


# What importing does, seen from outside by the interpreter's own audit events.

WATCH = """
import sys
LOUD = ("_thread.", "http.", "os.", "shutil.", "socket.", "sqlite3.", "subprocess.", "tempfile.", "urllib.")
QUIET = {"os.listdir", "os.scandir"}  # how the import system looks for modules
CODE = (".py", ".pyc", ".so", ".pyd")

def hear(event, arguments):
    touched = event == "open" and not str(arguments[0]).endswith(CODE)
    if touched or (event.startswith(LOUD) and event not in QUIET):
        print(event, arguments, file=sys.stderr)
"""


def complaints(code: str) -> str:
    """Run code in a fresh interpreter and return what it wrote to standard error."""
    command = [sys.executable, "-B", "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def heard_importing(modules: list[str]) -> str:
    return complaints(
        WATCH + "\n".join(["sys.addaudithook(hear)", *(f"import {module}" for module in modules)])
    )


def heavy_after(code: str) -> list[str]:
    ask = f"\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    return complaints(code + ask).split()


def test_importing_the_pure_half_does_nothing() -> None:
    assert heard_importing(PURE) == ""


def test_importing_the_pure_half_loads_nothing_heavy() -> None:
    assert heavy_after("\n".join(f"import {module}" for module in PURE)) == []


@pytest.mark.skipif("farthing.cli" not in MODULES, reason="the command line is not built yet")
def test_help_loads_nothing_heavy() -> None:
    ask_for_help = """
import sys
from farthing.cli import main
sys.argv = ["farthing", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    assert heavy_after(ask_for_help) == []


# The checks themselves, on code that breaks the rules.

KNOWN = dict.fromkeys(["farthing.cli", "farthing.engine.decide", "farthing.money", "farthing.wire.sse"])


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("farthing.money", "from farthing.usage import Usage"),
        ("farthing.money", "import farthing.usage"),
        ("farthing.money", "def late():\n    from farthing.cli import main"),
        ("farthing.money", "from farthing import cli"),
        ("farthing.money", "from . import cli"),
        ("farthing.wire.sse", "from ..engine.decide import decide"),
        ("farthing.engine.decide", "from farthing.wire.sse import events"),
        ("farthing.engine.decide", "from farthing.traces.atif import read"),
        ("farthing.emulator.books", "from farthing.engine.decide import decide"),
        ("farthing.report.html", "from farthing.ingest import walk"),
        ("farthing.helpers", ""),
        ("farthing.cli", "from farthing.helpers import anything"),
    ],
)
def test_an_import_that_points_up_is_found(module: str, source: str) -> None:
    assert len(layer_breaches(source, module, KNOWN)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("farthing.cli", "from farthing.engine.decide import decide"),
        ("farthing.engine.decide", "from farthing.engine.policy import Policy\nimport farthing.money"),
        ("farthing.span", "from farthing.step import Step"),
        ("farthing.wire.sse", "from .. import money\nimport msgspec"),
        ("farthing.cli", "from farthing import __version__"),
    ],
)
def test_an_import_that_points_down_passes(module: str, source: str) -> None:
    assert layer_breaches(source, module, KNOWN) == []


@pytest.mark.parametrize(
    "source",
    [
        *(
            "import os",
            "import os.path",
            "from io import BytesIO",
            "import time",
            "import logging",
            "import socket",
        ),
        *(
            "from pathlib import Path",
            "import pathlib",
            "import asyncio",
            "import threading",
            "import secrets",
        ),
        *("import subprocess", "from random import randint", "import random", "from os import environ"),
        *(
            "import genai_prices",
            "import urllib.request",
            "from sys import argv",
            "def f():\n    import sqlite3",
        ),
        *("open('x')", "print('x')", "write = open", "eval('1')", "__import__('os')"),
        *("datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "Random()"),
        *("async def f(): ...", "def f():\n    global state"),
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert len(purity_breaches(source, "farthing.engine.decide")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from pathlib import PurePosixPath\nfrom random import Random\nRandom(7)",
        "from datetime import UTC, datetime\ndef later(now: datetime) -> datetime: return now",
        "import urllib.parse\nfrom collections.abc import Iterator\nfrom farthing.money import Money",
        "view.now\nsession.open = True\nbook.open()",
    ],
)
def test_what_is_pure_passes(source: str) -> None:
    assert purity_breaches(source, "farthing.engine.decide") == []


def test_a_circle_is_found() -> None:
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


def test_a_noisy_import_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = "open({0!r}, 'w').close()\n__import__('socket').socket().close()\n"
    (tmp_path / "noisy.py").write_text(noisy.format(str(tmp_path / "trace.txt")))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    heard = heard_importing(["noisy"])
    assert "trace.txt" in heard
    assert "socket" in heard


def test_a_heavy_import_is_seen() -> None:
    assert "yaml" in heavy_after("import yaml")


def test_a_test_of_nothing_is_found() -> None:
    assert not mirrors("test_utils", ["money", "util"])
    assert mirrors("test_money", ["money"])
    assert mirrors("test_money_rounding", ["money"])
    assert home_of(TESTS / "engine" / "test_decide.py") == SOURCE / "engine"
    assert home_of(TESTS / "bench" / "test_corpora.py") == ROOT / "bench"


def test_shapes_alone_need_no_test() -> None:
    assert not needs_a_test("class Step(Struct):\n    model: str")
    assert needs_a_test("class Step(Struct):\n    def tokens(self) -> int:\n        return 1")
