"""Scenarios: what a file may say, when its steps happen, and that all bundled ones can happen."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.worlds import MINUTE, PERP, SPOT, buy
from tests.gateway.faulty import faulty
from tradewind.exchange import OrderType
from tradewind.gateway.scenario import Scenario, ScenarioRun, bundled
from tradewind.market import ConfigError

NAMES = {"venue": "binance", "account": "me", "symbol": SPOT}
ROWS = [
    *(f"O{n}" for n in (*range(1, 9), *range(10, 19), *range(20, 27))),
    *(f"M{n}" for n in (*range(1, 10), 11, 12)),
    *(f"E{n}" for n in (*range(1, 9), 13, 17)),
    *(f"A{n}" for n in (2, 3, 4, 5, 7, 15)),
]


def test_there_is_a_scenario_for_every_row_that_a_server_can_inflict() -> None:
    assert set(ROWS) <= set(bundled())
    assert bundled()[:5] == ["A2", "A3", "A4", "A5", "A7"]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", bundled())
async def test_every_step_of_a_bundled_scenario_can_be_done(name: str) -> None:
    scenario = Scenario.named(name)
    assert scenario.row
    assert scenario.title
    assert scenario.expect
    async with faulty() as here:
        exchange = here.house.exchange
        exchange.place("me", buy(OrderType.MARKET, "1", symbol=PERP))
        exchange.place("me", buy(OrderType.LIMIT, "1", "50", symbol=PERP))
        kills: list[int] = []
        run = ScenarioRun(scenario, here.api, NAMES | {"symbol": PERP}, lambda: kills.append(1))
        run._clock = here.api.desk.clock
        for step in scenario.steps:
            run._take(step)
        assert run.failed == []
        assert len(here.faults.rules) == sum(1 for step in scenario.steps if step.fault is not None)
        assert len(kills) == sum(1 for step in scenario.steps if step.kill)
        assert all(rule.match.venue == "binance" for rule in here.faults.rules)


@pytest.mark.asyncio
async def test_steps_happen_at_their_time() -> None:
    text = """
        [[step]]
        fault = { do = "drop", match = { symbol = "$symbol" } }
        [[step]]
        after_orders = 2
        do = "listings/halt"
        with = { symbol = "$symbol" }
        [[step]]
        after_market = "5m"
        do = "listings/resume"
        with = { symbol = "$symbol" }
        [[step]]
        after_seconds = 0.3
        do = "accounts/deposit"
        with = { account = "$account", asset = "BTC", amount = 5 }
        [[step]]
        after_seconds = 0.3
        do = "positions/liquidate"
        with = { account = "$account", symbol = "$symbol" }
    """
    async with faulty() as here:
        exchange = here.house.exchange
        async with ScenarioRun(Scenario.parse(text, "mine"), here.api, NAMES) as run:
            assert [(rule.name, rule.match.symbol) for rule in here.faults.rules] == [("mine", "BTCUSDT")]
            exchange.place("me", buy(OrderType.MARKET, "1"))
            await asyncio.sleep(0.05)
            assert exchange.listings[SPOT].status == "trading"
            exchange.place("me", buy(OrderType.MARKET, "1"))
            await asyncio.sleep(0.01)
            assert exchange.listings[SPOT].status == "halted"
            await here.control.step(5 * MINUTE)
            await asyncio.sleep(0.05)
            assert exchange.listings[SPOT].status == "trading"
            before = exchange.account("me").spot["BTC"].free
            await asyncio.sleep(0.4)
            assert exchange.account("me").spot["BTC"].free == before + 5
            assert [step["do"] for step in run.done] == [
                "listings/halt",
                "listings/resume",
                "accounts/deposit",
            ]
            assert run.failed == ["positions/liquidate: me has no both position in BTC/USDT"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "needs step"),
        ("step = 1", "has no steps"),
        ("step = [", "no TOML"),
        ("[[step]]\n", "exactly one of fault, do and kill"),
        ('[[step]]\ndo = "listings/hlt"', "did you mean listings/halt"),
        ('[[step]]\ndo = "state"\nkill = true', "exactly one"),
        ("[[step]]\nkill = true\nafter_seconds = 1\nafter_orders = 1", "give one"),
        ('[[step]]\nkill = true\nafter_market = "soon"', "expected such as 5m"),
        ("[[step]]\nkill = true\nafter_seconds = -1", "expected a number"),
        ("[[step]]\nkill = true\nafter_second = 1", "did you mean after_seconds"),
        ('[[step]]\nfault = { do = "drp" }', "did you mean drop"),
        ('[[step]]\nfault = { do = "drop", wen = 1 }', "did you mean when"),
        ('tittle = "x"\n[[step]]\nkill = true', "did you mean title"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)) as caught:
        Scenario.parse(text, "mine")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (
            'do = "listings/halt"\nwith = { symbl = "$symbol" }',
            "listings/halt needs symbol, which is missing: did",
        ),
        (
            'do = "listings/halt"\nwith = { symbol = "$symbol", venu = "x" }',
            "knows no venu: did you mean venue?",
        ),
        ('do = "listings/halt"\nwith = { symbol = "$symbl" }', "there is no $symbl: did you mean $symbol?"),
        (
            'do = "listings/halt"\nwith = { symbol = "B", venue = "binanec" }',
            "'binanec': did you mean binance?",
        ),
        ('do = "clock"\nwith = { skew_mss = 4 }', "clock knows no skew_mss: did you mean skew_ms?"),
        ('do = "clock"\nwith = { skew_ms = "4" }', "skew_ms of clock is '4', expected a whole number"),
        ('do = "clock"', "clock takes one of speed"),
        (
            'do = "listings/change"\nwith = { symbol = "B", filters = { min_notionl = "5" } }',
            "filters of listings/change knows no min_notionl: did you mean min_notional?",
        ),
        (
            'do = "candles/revise"\nwith = { symbol = "B", close = "y2" }',
            "close is 'y2', expected a number, or",
        ),
        ("kill = true\nwith = { a = 1 }", "with, which belongs to do"),
        (
            'fault = { do = "drop", match = { kind = "plce" } }',
            "match.kind of a request is 'plce': did you mean place",
        ),
        (
            'fault = { do = "silence", match = { kind = "candles" } }',
            "match.kind of a frame is 'candles': did you mean candle?",
        ),
        (
            'fault = { do = "drop", match = { venue = "bitgt" } }',
            "match.venue is 'bitgt': did you mean bitget?",
        ),
        ('fault = { do = "drop", match = { dialect = "binance-usd" } }', "did you mean binance-usdm?"),
        ('fault = { do = "refuse", reason = "bannd" }', "there is no reason 'bannd': did you mean banned?"),
        ('fault = { do = "alter", candle = { clos = 1 } }', "a candle has no 'clos': did you mean close?"),
    ],
)
def test_a_slip_in_a_step_is_refused_before_anything_runs(step: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[[step]]\nkill = true\n[[step]]\n{step}")
    with pytest.raises(ConfigError, match=re.escape(sentence)) as caught:
        Scenario.read(path)
    assert str(caught.value).startswith(f"step 2 of {path}")
    assert "\n" not in str(caught.value)


def test_a_scenario_is_found_by_row_or_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[[step]]\nkill = true\n")
    assert Scenario.named(str(path)).steps[0].kill
    with pytest.raises(ConfigError, match="did you mean O9"):
        Scenario.named("O99")
    with pytest.raises(ConfigError, match="there is no scenario"):
        Scenario.named(str(tmp_path / "none.toml"))


def test_placeholders_reach_into_every_value() -> None:
    from tradewind.gateway.scenario import _filled

    value: Any = {"a": ["$symbol", {"b": "x-$venue"}], "c": 5}
    assert _filled(value, NAMES) == {"a": [SPOT, {"b": "x-binance"}], "c": 5}
