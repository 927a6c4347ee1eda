"""How each cause of a broken prefix is mended, and the lever that does it: data, in words for people."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Site, Tally
from farthing.segment import SegmentKind

_NAMED_MOST = 3


class Kind(StrEnum):
    """The five things that farthing can do about spend."""

    CACHING = "caching"
    ORDER = "order"
    ROUTING = "routing"
    BUDGET = "budget"
    DIAL = "dial"


class Advice(Struct, frozen=True):
    """What a cause of breaks is called, which lever it belongs to, and how it is mended."""

    kind: Kind
    finding: str
    mend: str


ADVICE: Mapping[Cause, Advice] = {
    Cause.VOLATILE_TEXT: Advice(
        Kind.ORDER,
        "text that changes by itself breaks the prefix",
        "move the changing value out of {where}, behind the last message, or leave it out",
    ),
    Cause.SYSTEM_CHANGED: Advice(
        Kind.ORDER,
        "the system prompt changes within a session",
        "keep the system prompt as it was and say what is new in a message behind the history",
    ),
    Cause.TOOLS_REORDERED: Advice(
        Kind.ORDER,
        "the tools are sent in another order",
        "sort the tools by name before each request",
    ),
    Cause.TOOLS_CHANGED: Advice(
        Kind.ORDER,
        "the list of tools changes within a session",
        "offer the same tools from the first step on ({where}) and refuse those that may not be used yet",
    ),
    Cause.HISTORY_EDITED: Advice(
        Kind.ORDER,
        "messages that were sent are edited or left out",
        "leave {where} as sent; where history must be cut, cut much of it at once and seldom",
    ),
    Cause.COMPACTION: Advice(
        Kind.ORDER,
        "history gives way to a summary",
        "compact at the end of a task, and keep tools and system prompt in front of the summary",
    ),
    Cause.PARAMETERS_CHANGED: Advice(
        Kind.ORDER,
        "a parameter that the cache depends on changes within a session",
        "keep thinking, tool choice, effort, speed and images as they are until the session ends",
    ),
    Cause.MODEL_CHANGED: Advice(
        Kind.ROUTING,
        "the model changes within a session and finds a cold prefix",
        "switch models where a session or sub-agent starts, or at a compaction",
    ),
    Cause.IDLE_GAP: Advice(
        Kind.CACHING,
        "sessions pause longer than their cache lives",
        "mark the stable front for an hour where pauses are usual, or keep it alive",
    ),
    Cause.BELOW_MINIMUM: Advice(
        Kind.CACHING,
        "the marked prefix is too short to be cached",
        "set the marker further back, or accept plain input and drop the marker",
    ),
    Cause.EVICTED: Advice(
        Kind.CACHING,
        "the provider lost what it had cached",
        "send a session's calls with one cache key, so that they reach one machine, and not in bursts",
    ),
    Cause.UNKNOWN: Advice(
        Kind.CACHING,
        "warm prefixes were not read, and the traces do not show why",
        "record whole requests with their times; raw bodies show the first byte that differs",
    ),
    Cause.RETRIED: Advice(
        Kind.CACHING,
        "the last exchange is replaced or moved, and what was cached behind it is lost",
        "set one cache marker on an earlier message, so that a replaced tail loses no more than itself",
    ),
    Cause.PARALLEL: Advice(
        Kind.CACHING,
        "calls with one prefix start together and each writes it",
        "let one call begin to answer before the others are sent",
    ),
    Cause.OUT_OF_REACH: Advice(
        Kind.CACHING,
        "cache markers stand too far from what was cached before",
        "set a marker every 15 positions or so in long turns",
    ),
}


THINKING_DROPPED = Advice(
    Kind.CACHING,
    "the model drops the thinking of earlier turns when a user speaks, and the prefix ends there",
    "choose a model that keeps its thinking (Opus from 4.5, Sonnet from 4.6), or think less in long turns",
)


def advice(site: Site) -> Advice | None:
    """Return the advice for breaks of this kind; None for one that needs no mending."""
    if (site.cause, site.kind) == (Cause.HISTORY_EDITED, SegmentKind.REASONING):
        return THINKING_DROPPED
    return ADVICE.get(site.cause)


def mend(site: Site) -> str:
    """Return how breaks of this kind are mended; "" for a cause that needs no mending."""
    found = advice(site)
    return found.mend.format(where=_place(site)) if found else ""


def places(sites: Mapping[Site, Tally]) -> str:
    """Name the places where most was lost."""
    dearest = sorted(sites, key=lambda site: (-sites[site].cost_picousd, site))
    return ", ".join(dict.fromkeys(_place(site) for site in dearest[:_NAMED_MOST]))


def _place(site: Site) -> str:
    match site.kind:
        case SegmentKind.TOOLS:
            return f"the tool {site.name}" if site.name else "the tools"
        case SegmentKind.SYSTEM:
            return "the system prompt"
        case SegmentKind.TASK:
            return "the first message"
        case SegmentKind.TOOL_CALL | SegmentKind.TOOL_RESULT if site.name:
            return f"the {site.kind.replace('_', ' ')}s of {site.name}"
        case SegmentKind.REMAINDER:
            return "what the source does not record"
        case kind:
            return f"{kind.replace('_', ' ')} blocks"
