"""Spend by what a step is for: signatures with their counts, models, and the shape of what came out.

A step whose answer is always a short call to the same tool, or always follows a schema, asks little
judgement of a model. That is evidence from structure alone, and a hint, not a verdict: whether a
cheaper model comes to the same answers is for a paired test to say.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from farthing.analysis.births import primary
from farthing.analysis.charges import Priced
from farthing.session import Session
from farthing.signature import SCHEMA, Signature, Signatures, form
from farthing.span import Output

# Medians come from a histogram whose buckets keep five significant bits: at most 1 in 16 too low.
_BITS = 5

_FEWEST_CALLS = 10
_SHORT_TOKENS = 256
_ALWAYS = 0.95
_CALL = "tool_call:"
_CHEAP_OUTPUT_RATE = (
    4_000_000  # picodollars a token: below 4 USD per million tokens routing has little to win
)


class Key(NamedTuple):
    signature: Signature
    model: str


class Use(Struct, frozen=True):
    """The calls of one signature to one model.

    `sizes` is a histogram of output tokens, as far as their counts are final, `forms` one of shapes.
    `cost_picousd` leaves `unpriced` calls out; `output_rate` is the dearest that was met.
    """

    calls: int
    cost_picousd: int
    unpriced: int
    output_rate: int
    sizes: Mapping[int, int]
    forms: Mapping[str, int]


class Row(Struct, frozen=True, kw_only=True):
    """A signature for the report. `form` is the most frequent shape, with its share of the calls.

    `hint` says why these steps look mechanical; "" where they do not, or where the model is not the
    strongest of the traces.
    """

    signature: Signature
    model: str
    calls: int
    cost_picousd: int
    unpriced: int
    median_output_tokens: int
    form: str
    form_share: float
    tool_share: float
    hint: str


Uses = Mapping[Key, Use]


def uses(session: Session, bills: Sequence[tuple[Priced, ...]]) -> Uses:
    """Return what the session spent by signature and model; `bills` stand beside its spans."""
    signatures, drafts = Signatures(), dict[Key, _Draft]()
    for span, bill in zip(session.spans, bills, strict=True):
        own = primary(span)
        if own is None:
            continue
        key = Key(signatures.of(span.step), own.model)
        draft = drafts.get(key)
        if draft is None:
            draft = drafts[key] = _Draft()
        draft.add(bill, form(span))
        if span.output_count is Output.FINAL:
            draft.measure(own.usage.output_tokens)
    return {key: draft.use() for key, draft in drafts.items()}


def merged(parts: Iterable[Uses]) -> Uses:
    """Return the sums over parts of a corpus; their order does not matter."""
    together: dict[Key, _Draft] = {}
    for part in parts:
        for key, use in part.items():
            together.setdefault(key, _Draft()).take(use)
    return {key: draft.use() for key, draft in together.items()}


def rows(found: Uses) -> tuple[Row, ...]:
    """Return the signatures, dearest first; hints are for the model with the dearest output among them."""
    strongest = max((use.output_rate for use in found.values()), default=0)
    anyway = _usual_tools(found)
    ordered = sorted(found.items(), key=lambda item: (-item[1].cost_picousd, -item[1].calls, item[0]))
    return tuple(_row(key, use, anyway if use.output_rate == strongest else None) for key, use in ordered)


def _usual_tools(found: Uses) -> frozenset[tuple[str, str]]:
    """Return the (agent, form) of tools that make up half or more of an agent's calls to tools.

    That a step calls such a tool says nothing about the step: `bash` may be all that an agent has.
    """
    calls: Counter[tuple[str, str]] = Counter()
    of_agent: Counter[str] = Counter()
    for key, use in found.items():
        agent = key.signature.agent_label
        for name, count in use.forms.items():
            if name.startswith(_CALL):
                calls[agent, name] += count
                of_agent[agent] += count
    return frozenset(each for each, count in calls.items() if 2 * count >= of_agent[each[0]])


class _Draft:
    def __init__(self) -> None:
        self._calls = self._cost_picousd = self._unpriced = self._output_rate = 0
        self._sizes: Counter[int] = Counter()
        self._forms: Counter[str] = Counter()

    def add(self, bill: Sequence[Priced], came_out: str) -> None:
        self._calls += 1
        unpriced = 0
        for line in bill:
            self._cost_picousd += line.cost_picousd
            if line.rates is not None:
                self._output_rate = max(self._output_rate, line.rates.output)
            if line.cost is None:
                unpriced = 1
        self._unpriced += unpriced
        self._forms[came_out] += 1

    def measure(self, output_tokens: int) -> None:
        self._sizes[_bucket(output_tokens)] += 1

    def take(self, use: Use) -> None:
        self._calls += use.calls
        self._cost_picousd += use.cost_picousd
        self._unpriced += use.unpriced
        self._output_rate = max(self._output_rate, use.output_rate)
        self._sizes.update(use.sizes)
        self._forms.update(use.forms)

    def use(self) -> Use:
        return Use(
            self._calls, self._cost_picousd, self._unpriced, self._output_rate, self._sizes, self._forms
        )


def _row(key: Key, use: Use, anyway: frozenset[tuple[str, str]] | None) -> Row:
    """Return one row. `anyway` are the tools whose calls are no evidence; None where no hint is wanted."""
    usual = max(use.forms, key=lambda name: (use.forms[name], name))
    in_tools = sum(count for name, count in use.forms.items() if name.startswith(_CALL))
    median, share = _median(use.sizes), use.forms[usual] / use.calls
    is_told = anyway is not None and (key.signature.agent_label, usual) not in anyway
    return Row(
        signature=key.signature,
        model=key.model,
        calls=use.calls,
        cost_picousd=use.cost_picousd,
        unpriced=use.unpriced,
        median_output_tokens=median,
        form=usual,
        form_share=share,
        tool_share=in_tools / use.calls,
        hint=_hint(use, usual, share, median) if is_told else "",
    )


def _hint(use: Use, usual: str, share: float, median: int) -> str:
    is_bound = usual == SCHEMA or usual.startswith(_CALL)
    is_enough = sum(use.sizes.values()) >= _FEWEST_CALLS and use.output_rate >= _CHEAP_OUTPUT_RATE
    if not (is_bound and is_enough and share >= _ALWAYS and median <= _SHORT_TOKENS):
        return ""
    tool = usual.removeprefix(_CALL)
    always = "answers bound by a schema" if usual == SCHEMA else f"calls to {tool} and nothing else"
    return f"{share:.0%} are {always}, {median} tokens in the median"


def _bucket(tokens: int) -> int:
    """Return the lower end of the bucket of a count."""
    shift = max(tokens.bit_length() - _BITS, 0)
    return tokens >> shift << shift


def _median(sizes: Mapping[int, int]) -> int:
    seen, all_of_them = 0, sum(sizes.values())
    for size in sorted(sizes):
        seen += sizes[size]
        if 2 * seen >= all_of_them:
            return size
    return 0
