"""A session is one piece of work by one agent and its sub-agents: what ingest hands to the analysis.

It holds real calls only: copies of a call are dropped before, and what was dropped is counted
elsewhere. All analysis is a pure function of one session with a mergeable result, so that a
corpus may be split between any number of workers at session borders.
"""

from msgspec import Struct

from farthing.span import Span


class Session(Struct, frozen=True, kw_only=True):
    """One session's calls, oldest first (in the order of the source where no time is recorded).

    `id` is unique within a run. `named` is false where lineage found the session and no source
    named it. `success` and `score` are the outcome, None and "" where nobody recorded one; `score`
    is decimal text. `sources` are the numbers of the sources it was read from.
    """

    id: str
    spans: tuple[Span, ...]
    named: bool = True
    success: bool | None = None
    score: str = ""
    sources: tuple[int, ...] = ()
