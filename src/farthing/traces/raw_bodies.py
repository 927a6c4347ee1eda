"""Claude Code's raw bodies (`OTEL_LOG_RAW_API_BODIES=file:DIR`): a file a request, and a file an answer.

    <uuid>.request.json            what was asked
    <request id>.response.json     the answered message, of the same call or of another

The names do not say which answer belongs to which request, so contexts do: the next request of a
conversation sends the request before it and its answer again. What is left over (the last call of a
conversation has no next) is matched by model and size. Nothing is dated; the order follows
`cc_prev_req`, where requests name the one before, and else the length of the context. The files of a
folder are read together, with the first of them; blocks have no place, because they stand in others.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from farthing.errors import RecordError, WireError
from farthing.prefix import Chains, Prefix, links
from farthing.segment import SegmentKind
from farthing.traces.bodies import Body, request_of, response_of
from farthing.traces.exchange import Exchanges, Facts
from farthing.traces.source import Format, Item, Match, Sample, Skipped, Source
from farthing.wire.message import Request, Response
from farthing.wire.recognise import WireFormat, of_request, of_response
from farthing.wire.scan import PLACE_UNKNOWN

_REQUEST, _RESPONSE = ".request.json", ".response.json"
_DATE = re.compile(r"-\d{8}$")
_FACTS = Facts(offset=PLACE_UNKNOWN)
_BEFORE = re.compile(rb"x-anthropic-billing-header:[^\"\\]*cc_prev_req=(req_[0-9A-Za-z_-]+)")


def recognise(sample: Sample) -> Match:
    """The first request of a folder leads; without requests, the first answer does."""
    own = sample.name.rpartition("/")[2]
    if not own.endswith((_REQUEST, _RESPONSE)) or not sample.head.lstrip().startswith(b"{"):
        return Match.NO
    names = {own, *sample.neighbours}
    requests = [name for name in names if name.endswith(_REQUEST)]
    first = min(requests or [name for name in names if name.endswith(_RESPONSE)])
    return Match.LEAD if own == first else Match.MEMBER


def read(source: Source) -> Iterator[Item]:
    """Yield the calls of a folder: conversation by conversation, then answers to nothing that is there."""
    folder = _Folder()
    own = source.name.rpartition("/")[2]
    for name in sorted({own, *source.neighbours()}):
        if name.endswith((_REQUEST, _RESPONSE)):
            try:
                folder.take(name, source if name == own else source.beside(name))
            except (RecordError, WireError) as error:
                yield Skipped(0 if name == own else PLACE_UNKNOWN, f"{name}: {error}")
    yield from folder.calls()


class _Asked(Struct):
    """A request. `before` is the id of the request before it in its conversation, as far as it says."""

    wire: WireFormat
    request: Request
    tip: Prefix | None
    before: str
    size: int


class _Folder:
    """Collects the bodies of a folder and matches them. A machine without I/O."""

    def __init__(self) -> None:
        self._exchanges = Exchanges()
        self._chains = Chains()
        self._asked: dict[str, _Asked] = {}
        self._answered: dict[str, Response] = {}

    def take(self, name: str, file: Source | None) -> None:
        """Add one file. Raises WireError or RecordError where it cannot be read as what its name says."""
        body = b"" if file is None else file.document()
        if not body.lstrip().startswith(b"{"):
            raise WireError("holds no JSON object")
        if name.endswith(_RESPONSE):
            told = of_response(body)
            wire = told if isinstance(told, WireFormat) else WireFormat.ANTHROPIC
            self._answered[name.removesuffix(_RESPONSE)] = response_of(wire, body)
            return
        told = of_request(body)
        wire = told if isinstance(told, WireFormat) else WireFormat.ANTHROPIC
        request = request_of(wire, Body(body), self._exchanges.memo)
        before = _BEFORE.search(body)
        self._asked[name.removesuffix(_REQUEST)] = _Asked(
            wire=wire,
            request=request,
            tip=self._chains.of(request.segments),
            before=before[1].decode() if before else "",
            size=len(body),
        )

    def calls(self) -> Iterator[Item]:
        """Yield what the files come to."""
        matched = _by_context(self._asked, self._answered)
        matched |= _by_size(self._asked, self._answered, matched)
        for name in _in_order(self._asked, matched):
            asked, response = self._asked[name], self._answered.get(matched.get(name, ""))
            yield from self._exchanges.join(_FACTS, asked.wire, asked.request, response)
        for name in sorted(self._answered.keys() - set(matched.values())):
            response = self._answered[name]
            request = Request(model=response.model, segments=())
            yield from self._exchanges.join(_FACTS, WireFormat.ANTHROPIC, request, response)
        yield from self._exchanges.rest()


def _by_context(asked: Mapping[str, _Asked], answered: Mapping[str, Response]) -> dict[str, str]:
    """Return the answer of each request whose conversation goes on: there it stands behind the request."""
    waiting: dict[bytes, list[str]] = defaultdict(list)
    for name, response in answered.items():
        for said in response.output:
            if said.kind is not SegmentKind.REASONING:
                waiting[said.digest].append(name)
                break
    behind = _behind(one.tip for one in asked.values())
    matched: dict[str, str] = {}
    for name, one in asked.items():
        told = (waiting[digest] for digest in behind.get(one.tip.digest if one.tip else b"", ()))
        if candidates := next(filter(None, told), None):
            matched[name] = candidates.pop(0)
    return matched


def _behind(tips: Iterable[Prefix | None]) -> Mapping[bytes, set[bytes]]:
    """Return the blocks that were seen behind each context; thoughts, which are cut out, are none."""
    behind: dict[bytes, set[bytes]] = defaultdict(set)
    seen: set[bytes] = set()
    for tip in tips:
        before: Prefix | None = None
        for link in links(tip):
            if link.segment.kind is SegmentKind.REASONING:
                continue
            if before is not None and link.digest not in seen:
                behind[before.digest].add(link.segment.digest)
            seen.add(link.digest)
            before = link
    return behind


def _by_size(
    asked: Mapping[str, _Asked], answered: Mapping[str, Response], matched: Mapping[str, str]
) -> dict[str, str]:
    """Return answers for the requests that are left: of each model the larger input for the larger body."""
    requests, answers = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for name in asked.keys() - matched.keys():
        requests[_undated(asked[name].request.model)].append(name)
    for name in answered.keys() - set(matched.values()):
        answers[_undated(answered[name].model)].append(name)
    found: dict[str, str] = {}
    for model, names in requests.items():
        names.sort(key=lambda name: (-asked[name].size, name))
        sized = sorted(answers[model], key=lambda name: (-_input_tokens(answered[name]), name))
        found |= zip(names, sized, strict=False)
    return found


def _undated(model: str) -> str:
    """Return a model's name without its date, which an answer adds."""
    return _DATE.sub("", model)


def _input_tokens(response: Response) -> int:
    return sum(charge.usage.input_tokens for charge in response.charges)


def _in_order(asked: Mapping[str, _Asked], matched: Mapping[str, str]) -> Iterator[str]:
    """Yield the requests so that each comes behind the one that it says was before it."""
    owner = {answer: name for name, answer in matched.items()}
    after: dict[str, list[str]] = defaultdict(list)
    for name in sorted(
        asked, key=lambda name: (asked[name].request.session_hint or (), asked[name].size, name)
    ):
        after[owner.get(asked[name].before, "")].append(name)
    waiting = [""]
    while waiting:
        name = waiting.pop()
        if name:
            yield name
        waiting += reversed(after.pop(name, ()))
    yield from (name for names in after.values() for name in names)  # a circle has no beginning


FORMAT = Format(
    name="raw-bodies",
    title="Claude Code's raw request and response bodies",
    recognise=recognise,
    read=read,
    priority=20,
)
