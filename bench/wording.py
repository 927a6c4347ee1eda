"""Plausible text for made traces: prose, source code, logs and JSON, each from its own pool of lines.

Text decides what a profiler pays: escaped quotes and newlines, multi-byte letters (in 1.7 % of words) and
repetition (for compressors). Random bytes have none of these. Pools are made once; a text is a draw of
whole lines, so that gigabytes are written at the speed of the disk and each text still differs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

_POOL_LINES = 8_000
_FOREIGN_SHARE = 0.017


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_WORDS = _listed("""
    the a of to and in that is it for on with as was at by this from be are not or have which but they
    one all there when if will more out about up into than them can only other new some time these two
    may then do first any now such like our over even most made after also did many before must through
    where much your way well down should because each just those too little state good very make still
    own see work long get here between both being under never same another know while last might us old
    off come since against go right used take request response queue worker retry timeout payload header
    cursor shard index replica commit branch merge review deploy rollback incident alert metric span
    trace token prefix cache budget session agent tool schema field column migration account invoice
    customer refund order shipment supplier warehouse ledger balance tariff region currency receipt
    parser lexer buffer socket stream channel thread process signal mutex handle pointer closure iterator
    generator failing expected actual missing invalid stale duplicate partial pending ready healthy
    degraded unreachable investigate reproduce confirm isolate patch verify document measure compare
    explain propose simplify remove rename
""")
_FOREIGN = _listed("größe naïve café façade señal Überprüfung žádost 処理 接続 ошибка “quoted” → ✓ ≤")
_NOUNS = _listed(
    "order invoice session cursor token ledger shard worker payload header budget span account tool"
)
_VERBS = _listed(
    "load parse merge check flush encode select resolve append verify group reserve settle expire"
)
_TYPES = _listed("int str bytes float bool None list[str] dict[str,int] frozenset[bytes]")
_LEVELS = _listed("DEBUG INFO INFO INFO WARNING ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Pools of lines; each method returns about `size` characters, drawn with the caller's randomness."""

    sentences: tuple[str, ...]
    source_lines: tuple[str, ...]
    log_lines: tuple[str, ...]
    records: tuple[str, ...]

    def prose(self, random: Random, size: int) -> str:
        return " ".join(_draw(random, self.sentences, size))

    def source(self, random: Random, size: int) -> str:
        return "\n".join(_draw(random, self.source_lines, size))

    def listing(self, random: Random, size: int) -> str:
        """Return source with line numbers, as coding agents read files."""
        lines = _draw(random, self.source_lines, size * 5 // 6)
        first = random.randrange(1, 900)
        return "\n".join(f"{number:6d}→{line}" for number, line in enumerate(lines, first))

    def log(self, random: Random, size: int) -> str:
        return "\n".join(_draw(random, self.log_lines, size))

    def json_rows(self, random: Random, size: int) -> str:
        return "[" + ",\n ".join(_draw(random, self.records, size)) + "]"

    def tool_output(self, random: Random, size: int) -> str:
        kinds = (self.source, self.listing, self.log, self.json_rows, self.prose)
        return random.choice(kinds)(random, size)


@cache
def wording(seed: str) -> Wording:
    """Return the pools that belong to `seed`; equal seeds give equal pools."""
    random = Random(f"wording {seed}")
    return Wording(
        sentences=_pool(random, _sentence),
        source_lines=_pool(random, _source_line),
        log_lines=_pool(random, _log_line),
        records=_pool(random, _record),
    )


def _draw(random: Random, pool: tuple[str, ...], size: int) -> list[str]:
    typical = sum(map(len, pool[:100])) // 100 + 1
    return random.choices(pool, k=max(1, round(size / typical)))


def _pool(random: Random, line: Callable[[Random], str]) -> tuple[str, ...]:
    return tuple(line(random) for _ in range(_POOL_LINES))


def _words(random: Random, count: int) -> str:
    drawn = random.choices(_WORDS, k=count)
    return " ".join(random.choice(_FOREIGN) if random.random() < _FOREIGN_SHARE else word for word in drawn)


def _sentence(random: Random) -> str:
    return _words(random, random.randrange(6, 22)).capitalize() + random.choice((".", ".", ".", ":", "?\n\n"))


def _source_line(random: Random) -> str:
    verb, noun, other, kind = map(random.choice, (_VERBS, _NOUNS, _NOUNS, _TYPES))
    number = random.randrange(1_000)
    shapes = (
        f"def {verb}_{noun}_{number}({other}: {kind}, *, limit: int = {number}) -> {kind}:",
        f'    """{_words(random, 9).capitalize()}."""',
        f'    if {other}.{noun} is None or {other}["{noun}_id"] > {number}:',
        f'        raise {noun.title()}Error(f"{verb} failed: {{{other}!r}}")  # {_words(random, 4)}',
        f"    {noun} = self._{verb}({other}, key=lambda row: row[{number % 9}])",
        f"        return {{'{noun}': {other}, '{verb}_at': now() - {number}.5}}",
        f"    for {noun} in {verb}_{other}s({number}):",
        "",
    )
    return random.choice(shapes)


def _log_line(random: Random) -> str:
    verb, noun = random.choice(_VERBS), random.choice(_NOUNS)
    clock = f"2026-10-{random.randrange(1, 29):02d}T{random.randrange(24):02d}:{random.randrange(60):02d}:07Z"
    where = f"[{noun}-{random.randrange(64)}] src/{noun}/{verb}.py:{random.randrange(1, 900)}"
    return f"{clock} {random.choice(_LEVELS)} {where} {_words(random, 8)} in {random.randrange(9_000)}ms"


def _record(random: Random) -> str:
    noun = random.choice(_NOUNS)
    row = {
        "id": f"{noun}_{random.randrange(10**8):08d}",
        "status": random.choice(("open", "settled", "expired")),
        "amount": random.randrange(10**6) / 100,
        "tags": random.sample(_NOUNS, 2),
        "note": _words(random, 6),
        "owner": {"name": random.choice(_WORDS).title(), "active": random.random() < 0.5, "parent": None},
    }
    return json.dumps(row, ensure_ascii=False)
