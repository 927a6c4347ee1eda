"""What the figures say, in sentences: the same words in the terminal and on the page."""

from decimal import Decimal

from farthing.analysis import advice
from farthing.analysis.break_cause import Cause
from farthing.analysis.breaks import Site
from farthing.analysis.profile import (
    BreakRow,
    ErrorRow,
    Growth,
    ModelRow,
    PositionRow,
    Profile,
    Projection,
    SignatureRow,
)
from farthing.report import parts
from farthing.report.verdict import at_least, has_cost, part_of
from farthing.report.words import Amount, cause, count, percent, piece, rough_usd, tokens, usd
from farthing.segment import SegmentKind

_FEW_SESSIONS = 20  # so few that the dearest 5% of them are one
_MANY_SESSIONS = 100  # so many that the dearest 1% of them are one at least

LEVERS = (
    "The spend that each finding addresses. The amounts overlap, so they do not add up; what a change would "
    "save is for a replay to say."
)
BLOCKS = "What a single piece of context cost, over all the calls that sent it."
LOOPS = "The same call with the same arguments and the same result, three times or more in one session."


def resent(profile: Profile) -> str:
    """Say how much of the input had been sent before, and what sending it again cost; "" if none had."""
    again = profile.resent
    if not again.share or not again.tokens:
        return ""
    told = f"{percent(again.share)} of all input had been sent before"
    if again.cost_share is None or not has_cost(profile):
        return f"{told}."
    return f"{told}; sending it again cost {usd(again.cost_usd)} ({percent(again.cost_share)} of the bill)."


def per_day(found: Projection) -> str:
    """Return "200 sessions a day"."""
    rate = found.sessions_per_day or 0.0
    shown = f"{rate:,.0f}" if rate >= 10 or rate == round(rate) else f"{rate:.2g}"
    return f"{shown} session{'' if shown == '1' else 's'} a day"


def limits(found: Projection) -> str:
    """Say what the traffic asks of rate limits."""
    rate = found.tokens_per_minute
    if rate is None:
        return ""
    peak = f"Tokens a minute at the peak, taken as {rate.peak_factor} × the mean"
    fresh, all_input = tokens(rate.input), tokens(rate.input_with_reads)
    needed = f"{fresh} of input that is not read from the cache ({all_input} with what is)"
    return (
        f"{peak}: {needed} and {tokens(rate.output)} of output. Compare them with the limits of your "
        "account; Anthropic does not count cache reads, OpenAI does."
    )


def input_by_class(profile: Profile) -> str:
    """Say how many tokens of input were billed as what."""
    totals = profile.totals
    told = (
        (totals.cache_read_input_tokens, "read from the cache"),
        (totals.cache_creation_5m_input_tokens, "written to it for 5 min"),
        (totals.cache_creation_1h_input_tokens, "written for an hour"),
        (totals.cache_creation_other_input_tokens, "written, for how long is not recorded"),
        (totals.uncached_input_tokens, "at the plain price"),
    )
    shown = ", ".join(f"{tokens(number)} {what}" for number, what in told if number)
    return f"{tokens(parts.input_tokens(totals))} tokens: {shown}" if shown else "no tokens"


def capital(text: str) -> str:
    """Return a text that begins a sentence."""
    return f"{text[:1].upper()}{text[1:]}"


def between(low: Amount | None, high: Amount | None) -> str:
    """Return an interval, "" where it is not known."""
    return "" if low is None or high is None else f"{rough_usd(low)} to {rough_usd(high)}"


def growth(found: Growth) -> str:
    """Say how cost grows: what twice the steps cost, how sure that is, and whether it is in proportion."""
    if found.exponent is None:
        return "no session is long enough to tell how cost grows"
    what = "cost" if found.basis == "cost" else "take, in tokens,"
    told = f"twice the steps {what} {2**found.exponent:.1f} × as much"
    if found.low is None or found.high is None:
        few = f"{count(found.sessions, 'session')}, too few for an interval"
        return f"{told} (exponent {found.exponent:.2f}; {few})"
    sure = f"95% interval {found.low:.2f} to {found.high:.2f}, {count(found.sessions, 'session')}"
    return f"{told} (exponent {found.exponent:.2f}, {sure}): {_in_proportion(found.low, found.high)}"


def _in_proportion(low: float, high: float) -> str:
    if low > 1:
        return "faster than in proportion"
    return "slower than in proportion" if high < 1 else "in proportion, as far as these sessions tell"


def position(row: PositionRow) -> str:
    """Return "7", "11 to 13" or "3,163 on"."""
    if row.to_step is None:
        return f"{row.from_step:,} on"
    return f"{row.from_step:,}" if row.to_step == row.from_step else f"{row.from_step:,} to {row.to_step:,}"


def breaks(profile: Profile) -> str:
    """Say how often a prefix broke, and what all breaks cost together."""
    broken = [row for row in profile.break_causes if row.is_break]
    if not broken:
        return "No prefix broke: what had been cached and was sent again was read from the cache."
    number, lost = sum(row.count for row in broken), sum(row.lost_tokens for row in broken)
    told = f"{count(number, 'time')} a call did not read from the cache what had been there:"
    if not has_cost(profile):
        return f"{told} {tokens(lost)} tokens were processed again."
    cost = sum((Decimal(row.cost_usd) for row in broken), Decimal(0))
    share = percent(part_of(cost, profile))
    above = f"{usd(cost)} above the price of reading them ({share} of the bill)"
    return f"{told} {tokens(lost)} tokens were paid again, for {above}."


def broken(row: BreakRow) -> str:
    """Say what happened, where in the context, and what stands there."""
    start = f"token {row.position_tokens:,}" if row.position_tokens else "the first token"
    what = piece(row.segment_kind, row.segment_name)
    return f"{capital(row.detail)}. From {start} on, at {what}"


def quoted(excerpt: str) -> str:
    """Return a quotation of what a trace says; "" of ""."""
    return f"“{excerpt}”" if excerpt else ""


def mend(name: str, profile: Profile) -> str:
    """Return how the dearest break of a cause is mended; "" where no break of it is among the dearest."""
    for row in profile.breaks:
        if row.cause == name:
            site = Site(Cause(row.cause), SegmentKind(row.segment_kind), row.segment_name)
            return advice.mend(site)
    return ""


def answered(row: SignatureRow) -> str:
    """Return what a step answers, in words."""
    if row.answers.startswith("tool_result:"):
        return f"a result of {row.answers.removeprefix('tool_result:')}"
    words = {
        "task": "the first message",
        "user": "a user message",
        "mixed": "several things",
        "": "(not recorded)",
    }
    return words.get(row.answers, row.answers)


def given(row: SignatureRow) -> str:
    """Return what mostly comes out of a step, in words."""
    if row.output.startswith("tool_call:"):
        return f"a call of {row.output.removeprefix('tool_call:')}"
    words = {"text": "text", "schema": "a fixed form", "mixed": "text and calls", "": "(not recorded)"}
    return words.get(row.output, row.output)


def error(row: ErrorRow) -> str:
    """Say how far an estimate was off where the truth is known."""
    if not row.measured or row.p50 is None or row.p90 is None:
        return f"{row.estimate}: estimated; how well could not be measured on these traces"
    within = f"half are within {percent(row.p50)}, 9 in 10 within {percent(row.p90)}"
    return f"{row.estimate}: {within}, measured on {row.measured:,} with a known count"


def bill(profile: Profile) -> str:
    """Say what all calls cost, and what they would with estimates for what is missing."""
    totals = profile.totals
    if not has_cost(profile):
        return "not known" if totals.unpriced_steps or totals.unrecorded_steps else "nothing"
    told = f"{at_least(profile)}{usd(totals.cost_usd)}"
    if Decimal(totals.cost_with_estimates_usd) == Decimal(totals.cost_usd):
        return told
    return f"{told}; {usd(totals.cost_with_estimates_usd)} with estimates for answers without a final count"


def at_this_rate(profile: Profile) -> str:
    """Say what a month costs at the rate of the traces; "" where another rate was asked for."""
    found = profile.projection
    if found.basis != "observed" or found.per_month_usd is None:
        return ""
    low, high = found.per_month_low_usd, found.per_month_high_usd
    interval = f" (95% interval {between(low, high)})" if between(low, high) else ""
    return f"{rough_usd(found.per_month_usd)} a month{interval}, at {per_day(found)} as in these traces"


def session_costs(profile: Profile) -> str:
    """Say what sessions cost, from the middle to the dearest."""
    each = profile.per_session
    if profile.totals.sessions == 1:
        return usd(each.mean_usd)
    spread = f"median {usd(each.p50_usd)}, p90 {usd(each.p90_usd)}, p99 {usd(each.p99_usd)}"
    return f"{usd(each.mean_usd)} on average; {spread}, the dearest {usd(each.max_usd)}"


def success(profile: Profile) -> str:
    """Say what a successful session costs; "" where no outcome is known."""
    each = profile.per_session
    if each.per_success_usd is None:
        return ""
    ended = f"{each.successes:,} of {count(each.outcomes, 'session')} with a known outcome succeeded"
    return f"{usd(each.per_success_usd)}, with what the others cost: {ended}"


def calls(profile: Profile) -> str:
    """Say how many calls in how many sessions were read."""
    return f"{count(profile.totals.steps, 'call')} in {count(profile.totals.sessions, 'session')}"


def days(profile: Profile) -> str:
    """Return the days on which the sessions began; "" where no time is recorded."""
    known = sorted({session.started[:10] for session in profile.sessions if session.started})
    if not known:
        return ""
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


def tail(profile: Profile) -> str:
    """Say how much of the cost the dearest sessions have; "" where no price is known."""
    found, sessions = profile.tail, profile.totals.sessions
    if found.top1_share is None or found.top5_share is None:
        return ""
    if sessions <= _FEW_SESSIONS:
        return f"The dearest session has {percent(found.top1_share)} of the cost."
    told = f"The dearest 5% of the sessions have {percent(found.top5_share)} of the cost"
    return (
        f"{told}, the dearest 1% {percent(found.top1_share)}." if sessions >= _MANY_SESSIONS else f"{told}."
    )


def dearest_sessions(profile: Profile) -> str:
    """Return the title over the sessions that matter most."""
    return "The dearest sessions" if has_cost(profile) else "The largest sessions"


def no_breaks(profile: Profile) -> str:
    """Say what looks like a broken prefix and is none; "" if nothing does."""
    rows = [row for row in profile.break_causes if not row.is_break]
    if not rows:
        return ""
    told = "; ".join(f"{cause(row.cause)} {row.count:,} ×" for row in rows)
    lost = sum(row.lost_tokens for row in rows)
    return f"No broken prefixes, though they look it: {told} ({tokens(lost)} tokens)."


def trivial(profile: Profile) -> str:
    """Say whether any step looks mechanical by its structure."""
    found = [row for row in profile.signatures if row.hint]
    if not found:
        return "None of these steps looks mechanical by its structure alone."
    cost = sum((Decimal(row.cost_usd) for row in found), Decimal(0))
    told = f"{count(sum(row.steps for row in found), 'call')} of the strongest model look mechanical"
    return f"{told}: {usd(cost)} ({percent(part_of(cost, profile))} of the bill)." if cost else f"{told}."


def why_unpriced(row: ModelRow) -> str:
    """Say why calls of a model have no price; "" where all have one."""
    if not row.unpriced_steps:
        return ""
    whose = "" if row.unpriced_steps >= row.steps else f"{count(row.unpriced_steps, 'call')}: "
    return f"{whose}{row.unpriced}; --prices FILE adds a price"
