"""Recorded calls put to the cache model: as requests on a clock, and with what the record leaves out.

What a call finds warm may come from something that no source shows. Two such things are told by the call
itself, and the cache is brought to where it stood before the call is judged: calls whose answers are
sent back but which are not recorded, and a system prompt or tool schemas that are not (see `weighed`).
"""

from collections.abc import Iterator

from msgspec import Struct
from xxhash import xxh3_128_digest

from farthing.analysis.births import Change, births, primary
from farthing.analysis.weighed import Weighed, weigh
from farthing.engine.cache_rules import CacheRules, Placement, rules_for
from farthing.engine.prefix_cache import Marker, PrefixCache, Request, Scope
from farthing.prefix import Prefix
from farthing.session import Session
from farthing.span import Span
from farthing.usage import Charge, Usage

# Between the calls of a source without times: short enough that nothing expires by itself.
_STEP_NS = 10_000_000_000


class CachedCall(Struct, frozen=True, kw_only=True):
    """One call that may use a cache; `step` counts the session's calls from 1, `at_ns` is real or made up."""

    session: str
    step: int
    at_ns: int
    is_timed: bool
    span: Span
    charge: Charge
    change: Change
    weighed: Weighed
    rules: CacheRules

    @property
    def usage(self) -> Usage:
        return self.charge.usage

    @property
    def marked_tokens(self) -> int:
        return self.usage.cache_read_input_tokens + self.usage.cache_creation_input_tokens

    @property
    def head_tokens(self) -> int:
        """What stands at or in front of the first marker."""
        return (self.weighed.markers[0].link.tokens_end or 0) if self.weighed.markers else 0

    @property
    def is_inferred(self) -> bool:
        """Whether what was warm before this call shows in the call alone.

        So it is where an unrecorded level is new: at a path's first call, and where calls are missing,
        since which tools those had is not recorded either.
        """
        return self.weighed.head is not None and (self.change.previous < 0 or bool(self.weighed.unseen))


def cached_calls(session: Session) -> Iterator[CachedCall]:
    """Yield the calls that may use a cache: with markers, or of a provider that needs none."""
    changes = births(session)
    steps = zip(session.spans, changes, weigh(session, changes), strict=True)
    for number, (span, change, weighed) in enumerate(steps):
        charge = primary(span)
        if weighed is None or charge is None:
            continue
        rules = rules_for(span.step.provider, charge.model)
        if weighed.markers or rules.placement is Placement.BLOCKS:
            at_ns = span.step.at_ns
            yield CachedCall(
                session=session.id,
                step=number + 1,
                at_ns=number * _STEP_NS if at_ns is None else at_ns,
                is_timed=at_ns is not None,
                span=span,
                charge=charge,
                change=change,
                weighed=weighed,
                rules=rules,
            )


def request_of(call: CachedCall, *, late_ns: int = 0) -> Request:
    """Return the call as the cache sees it, `late_ns` later than its instant.

    Where no first token is recorded, what it wrote is usable at once.
    """
    began_ns = max(call.span.first_token_ns or 0, call.at_ns)
    return Request(
        scope=_scope(call),
        prefix=call.weighed.prefix,
        input_tokens=call.usage.input_tokens,
        at_ns=call.at_ns + late_ns,
        began_ns=began_ns + late_ns,
        markers=call.weighed.markers,
    )


def prepare(cache: PrefixCache, call: CachedCall, request: Request) -> None:
    """Bring the cache to where it stood before the call."""
    weighed, read = call.weighed, call.usage.cache_read_input_tokens
    if call.is_inferred:
        _warm(cache, request, weighed.prefix, read)
        return
    for context in weighed.unseen:
        _send(cache, request, context)
    if weighed.head is not None:
        _warm(cache, request, weighed.head, read)


def _warm(cache: PrefixCache, request: Request, link: Prefix | None, read: int) -> None:
    """Let as much of the chain up to `link` be warm as was read of it."""
    while link is not None and (link.tokens_end or 0) > read:
        link = link.parent
    if link is not None:
        _send(cache, request, link)


def _send(cache: PrefixCache, request: Request, context: Prefix) -> None:
    """Send an unrecorded call just before `request`: marked as that one is, and at its own end."""
    markers = [marker for marker in request.markers if marker.link.depth < context.depth]
    if request.markers:
        markers.append(Marker(context, request.markers[-1].ttl_s))
    sent = Request(
        scope=request.scope,
        prefix=context,
        input_tokens=context.tokens_end or 0,
        at_ns=request.at_ns,
        began_ns=request.at_ns,
        markers=markers,
    )
    cache.record(sent, cache.split(sent))


def _scope(call: CachedCall) -> Scope:
    """Return what the call's cache is bound to.

    A speed is a cache of its own; the other parameters are those of the messages (Anthropic, prompt caching
    page, 2026-08-21: `tool_choice`, images, thinking and effort lose the messages).
    """
    step = call.span.step
    parameters = dict(step.parameters)
    owner = f"{step.provider}\0{step.account}\0{call.charge.model}\0{parameters.pop('speed', '')}"
    front = xxh3_128_digest(owner.encode())
    return Scope(front, front, xxh3_128_digest(front + repr(sorted(parameters.items())).encode()))
