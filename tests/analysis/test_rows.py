import pytest

from farthing.analysis import rows
from farthing.analysis.account import Account
from farthing.analysis.profile import SegmentRow
from farthing.analysis.session import analyse
from farthing.money import format_usd, parse_usd
from farthing.segment import SegmentKind
from farthing.usage import Usage
from tests.analysis.scenes import BIG, BIG_RATES, FREE, PRICES, SMALL, Scene, block, usage

TOOL = block('{"name": "mcp__git__log"}' * 9, SegmentKind.TOOLS, "mcp__git__log")
TASK = block("t" * 200, SegmentKind.TASK)
CALL = block('{"path": "."}', SegmentKind.TOOL_CALL, "mcp__git__log")
RESULT = block("r" * 900, SegmentKind.TOOL_RESULT, "mcp__git__log")


@pytest.fixture(scope="module")
def account() -> Account:
    scene = Scene()
    scene.call([TOOL, TASK], usage(plain=120, out=60), output=[CALL], attributes=(("user", "ada"),))
    scene.call([TOOL, TASK, CALL, RESULT], usage(read=120, plain=350, out=9))
    scene.call([TOOL, TASK, CALL, RESULT], usage(plain=470), model=SMALL)
    scene.call([TASK], usage(plain=80), model=FREE)
    scene.call(None, Usage(server_tools=(("web_search", 2),), output_tokens=1))
    made = Account()
    made.add(analyse(scene.session(), PRICES, by=["user"]))
    return made


def row(found: tuple[SegmentRow, ...], kind: str, form: str, name: str = "") -> SegmentRow:
    (only,) = [each for each in found if (each.kind, each.form, each.name) == (kind, form, name)]
    return only


def test_segments_tell_new_from_re_sent_and_output_by_its_form(account: Account) -> None:
    found = rows.segments(account.parts)
    result = row(found, "tool_result", "tool_result", "mcp__git__log")
    assert result.blocks == 1
    assert result.resent_tokens > 0
    assert result.uncached_input_tokens == result.new_tokens + result.resent_tokens
    call = row(found, "output", "tool_call", "mcp__git__log")
    assert (call.output_tokens, call.cost_usd) == (60, format_usd(60 * BIG_RATES.output))
    assert row(found, "output", "output", "not recorded").output_tokens == 10
    fee = row(found, "output", "output", "fee: web_search")
    assert (fee.blocks, fee.new_tokens, fee.output_tokens, fee.cost_usd) == (2, 0, 0, "0.02")
    assert sum(each.share or 0 for each in found) == pytest.approx(1)
    costs = [parse_usd(each.cost_usd) for each in found]
    assert costs == sorted(costs, reverse=True)


def test_models_without_a_price_say_why(account: Account) -> None:
    found = {each.model: each for each in rows.models(account.parts, account.models, account.unpriced)}
    assert set(found) == {BIG, SMALL, FREE}
    assert found[FREE].cost_usd == "0"
    assert (found[FREE].unpriced_steps, found[FREE].uncached_input_tokens) == (1, 80)
    assert FREE in found[FREE].unpriced
    assert found[BIG].unpriced == ""
    assert found[BIG].steps == 3


def test_a_tool_costs_its_schema_its_calls_and_its_results(account: Account) -> None:
    (tool,) = rows.tools(account.parts)
    assert (tool.tool, tool.server, tool.calls, tool.results) == ("mcp__git__log", "git", 1, 1)
    schema, calls, results = map(parse_usd, (tool.schema_usd, tool.calls_usd, tool.results_usd))
    assert parse_usd(tool.cost_usd) == schema + calls + results
    assert schema > 0
    assert calls > 60 * BIG_RATES.output


@pytest.mark.parametrize(
    ("tool", "server"),
    [("mcp__git__log", "git"), ("Bash", ""), ("mcp__git", ""), ("my__own__tool", ""), ("mcp____x", "")],
)
def test_servers_of_tools(tool: str, server: str) -> None:
    assert rows.mcp_server(tool) == server


def test_groups_share_the_spend_of_their_dimension(account: Account) -> None:
    found = rows.groups(account.groups)
    assert {each.label for each in found} == {"ada", "(none)"}
    assert sum(each.share or 0 for each in found) == pytest.approx(1)


def test_the_dearest_blocks_say_where_they_stand(account: Account) -> None:
    found = rows.blocks(account.dearest)
    assert found
    assert parse_usd(found[0].cost_usd) >= parse_usd(found[-1].cost_usd) > 0
    assert found[0].sent_tokens >= found[0].tokens
