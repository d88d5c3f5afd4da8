"""Bots on unmodified ccxt.pro, with streams, stops, cancels and post-only orders: each scenario really meets them.

That it did is read from the control panel's own list of rules and results, and where a scenario only turns
something at the venue (a clock, a candle, a balance), from what the bot wrote when it came upon it.
"""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.exchange.worlds import PERP, SPOT, START, D, flat, market
from tradewind.gateway.crash_test import CrashTest, Fault, Run, crash_test
from tradewind.gateway.crash_test.judge import Terms
from tradewind.gateway.scenario import Scenario

BOTS = Path(__file__).parent / "bots"
TOGETHER = 3  # runs at a time: they wait more than they work
MOST = Terms(D(15))  # both bots mean to hold 0.1 at a price of 100


@dataclass(frozen=True)
class Met:
    """How a scenario shows that it was met: rules that fired (by number), results of commands, words of the bot."""

    name: str
    rules: tuple[int, ...] = ()
    result: tuple[str, str] | None = None  # a command and what of its result must not be empty
    said: str = ""
    word: str = ""  # another one for the bot
    only: str = ""  # spot or perpetual


FOLLOWED = (
    Met("M1", (0,), said="silent: candles"),
    Met("M2", (0,), ("lines/close", "closed"), "stream of candles ended"),
    Met("M3", (0, 1)),
    Met("M4", (0, 1)),
    Met("M5", said="revised: "),
    Met("M6", (0,)),
    Met("M7", (0, 1, 2)),
    Met("M8", tuple(range(10)), said="no bar: "),
    Met("M9", tuple(range(6)), said="no bar: "),
    Met("M11", (0,), ("lines/close", "closed"), "silent: candles"),
    Met("M12", (), ("lines/close", "closed"), "stream of orders ended", only="spot"),
    Met("M12", (0,), ("lines/expire_keys", "expired"), "the stream of orders missed", only="perpetual"),
    Met("O12", said="in part: ", word="400"),
    Met("O13", (0,), ("lines/close", "closed")),
    Met("O14", (0,)),
    Met("O15", (0,)),
    Met("O16", (0,)),
    Met("O17", (0,)),
    Met("E5", said="clock measured again"),
    Met("E6", said="clock measured again"),
    Met("E13", (0, 2, 3), said="no answer: PENDING_REVIEW"),
    Met("E17", (0, 1)),
    Met("A7", (0, 1)),
    Met("A15", said="looked again, holding 0"),
)
GUARDED = (
    Met("O18", (0,), said="markets loaded again, least 1000"),
    Met("O21", (0,), only="perpetual"),
    Met("O22", (0,), said="out at the market", only="spot"),
    Met("O22", (1,), said="out at the market", only="perpetual"),
    Met("O23", (0,), said="buy limit refused", only="spot"),
    Met("O23", (1,), said="buy limit refused", only="perpetual"),
    Met("O24", (), ("orders/cancel", "cancelled"), "no stop for", word="50", only="spot"),
    Met("O24", (), ("orders/cancel", "conditional"), "no stop for", word="50", only="perpetual"),
    Met("O25", said="out at the market"),
    Met("O26", (1,), said="one service does not know", only="perpetual"),
    Met("A5", (0, 1), said="set leverage refused", only="perpetual"),
)


def of_kind(rows: tuple[Met, ...], symbol: str) -> list[Met]:
    kind = "perpetual" if symbol == PERP else "spot"
    return [row for row in rows if row.only in ("", kind)]


async def through(
    bot: str, habit: str, symbol: str, rows: list[Met], folder: Path, seconds: float
) -> list[Run]:
    turns = asyncio.Semaphore(TOGETHER)

    async def one(row: Met) -> Run:
        async with turns:
            [run] = await crash_test(
                CrashTest(
                    command=(
                        sys.executable,
                        str(BOTS / f"{bot}.py"),
                        habit,
                        *([row.word] if row.word else []),
                    ),
                    scenarios=(Scenario.named(row.name),),
                    markets=[market(flat(2000), (SPOT, PERP))],
                    start_ms=START + 3_600_000,
                    seconds=seconds,
                    settle_seconds=2.0,
                    speed=60.0,
                    symbol=symbol,
                    terms=Terms() if row.name == "O12" else MOST,
                    logs=folder,
                )
            )
            return run

    return await asyncio.gather(*(one(row) for row in rows))


def all_met(bot: str, symbol: str, rows: list[Met], folder: Path, seconds: float) -> None:
    runs = asyncio.run(through(bot, "good", symbol, rows, folder, seconds))
    for row, run in zip(rows, runs, strict=True):
        said = (folder / f"{row.name}.log").read_text()
        for number in row.rules:
            assert run.faults[number]["fired"] > 0, (row.name, number, said[-2000:])
        if row.result is not None:
            command, name = row.result
            assert any(s["result"][name] for s in run.steps_done if s["do"] == command), (
                row.name,
                said[-2000:],
            )
        assert re.search(re.escape(row.said), said), (row.name, said[-2000:])
        assert run.steps_failed == [], row.name
        assert run.code is None, (row.name, run.last_words)
        assert run.verdict == "passed", (row.name, run.judgement.findings)
        assert {f.fault for f in run.judgement.findings} <= {Fault.LEFT_OPEN}, row.name


def test_a_bot_that_follows_streams_meets_dead_lines_and_broken_prices(tmp_path: Path) -> None:
    rows = [row for row in of_kind(FOLLOWED, SPOT) if row.name in ("M1", "M8", "E13")]
    all_met("following", SPOT, rows, tmp_path, 16.0)


@pytest.mark.slow
@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_all_that_streams_can_tell_reaches_a_bot_that_follows_them(symbol: str, tmp_path: Path) -> None:
    all_met("following", symbol, of_kind(FOLLOWED, symbol), tmp_path, 18.0)


@pytest.mark.slow
@pytest.mark.parametrize("symbol", [SPOT, PERP])
def test_all_that_befalls_stops_and_waiting_orders_reaches_a_bot_that_has_them(
    symbol: str, tmp_path: Path
) -> None:
    all_met("guarding", symbol, of_kind(GUARDED, symbol), tmp_path, 18.0)


CAUGHT = (
    ("following", "trusts_prices", SPOT, "M8"),
    ("following", "trusts_prices", PERP, "M8"),
    ("following", "believes_balance", SPOT, "A7"),
    ("following", "believes_balance", SPOT, "E17"),
    ("guarding", "never_lets_go", PERP, "O21"),
    ("guarding", "never_lets_go", PERP, "O23"),
    ("guarding", "never_lets_go", SPOT, "O23"),
)


@pytest.mark.parametrize(
    ("bot", "habit", "symbol", "name"),
    [row if row[3] == "A7" else pytest.param(*row, marks=pytest.mark.slow) for row in CAUGHT],
)
def test_a_bot_that_trusts_what_it_should_not_is_caught(
    bot: str, habit: str, symbol: str, name: str, tmp_path: Path
) -> None:
    [run] = asyncio.run(through(bot, habit, symbol, [Met(name)], tmp_path, 9.0))
    assert sum(rule["fired"] for rule in run.faults) > 0
    assert run.verdict == "failed"
    assert Fault.OVER_LIMIT in {finding.fault for finding in run.judgement.findings}
