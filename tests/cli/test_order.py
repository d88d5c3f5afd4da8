"""`tradewind order` against a run at the local exchange: at work in another process, and not at work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.cli.test_run_live import Home, ended, home_at, protected
from tests.venues.remote.seats import BINANCE_BOTH, BITGET_SPOT, Place
from tradewind.market import Command, CommandKind, Fill
from tradewind.trading.terms.order_states import Intent


def by_hand(home: Home) -> list[Intent]:
    return [r for r in home.records() if isinstance(r, Intent) and r.by_hand]


@pytest.mark.parametrize("place", [BINANCE_BOTH, pytest.param(BITGET_SPOT, marks=pytest.mark.slow)], ids=str)
def test_a_person_sells_and_buys_for_a_run_at_work_and_one_that_is_not(tmp_path: Path, place: Place) -> None:
    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            process = await home.run("testnet", place)
            await home.until(process, protected)
            held = home.held(place)
            wrong = await home.say("order", "sell", place.symbol, "0.0000000001", "one")
            assert wrong.code == 2, wrong
            assert "no whole number of lots" in wrong.err
            much = await home.say("order", "sell", place.symbol, "5", "one")
            assert much.code == 4, much
            assert "closes no more than that" in much.out
            sold = await home.say("order", "sell", place.symbol, "0.01", "one")
            assert sold.code == 0, sold
            assert "filled, 0.01 at" in sold.out
            await home.until(process, protected)
            assert float(held - home.held(place)) == pytest.approx(0.01, abs=1e-5)
            assert home.resting(place) == 1  # the stop of the rest
            assert (await home.say("stop", "one")).code == 0
            assert (await ended(process)).code == 0

            again = await home.say("order", "sell", place.symbol, "0.02", "one", "--json")
            assert again.code == 0, again
            assert again.json["answer"] == "filled"
            assert float(held - home.held(place)) == pytest.approx(0.03, abs=1e-5)
            assert home.resting(place) == 1
            assert home.folder().process is None
            assert [i.lots < 0 for i in by_hand(home)] == [True, True]
            asked = [r for r in home.records() if isinstance(r, Command) and r.kind is CommandKind.ORDER]
            assert len(asked) == 3  # that which was denied, too
            names = {i.client_id for i in by_hand(home)}
            assert {r.order_id for r in home.records() if isinstance(r, Fill)} >= names
            replayed = await home.say("replay", str(home.folder().journal))
            assert replayed.code == 0, replayed

            second = await home.run("testnet", place)  # the books go on
            await home.until(second, lambda s: protected(s) and s["decisions"] >= 1)
            assert (await home.say("stop", "one")).code == 0
            assert (await ended(second)).code == 0
            assert (await home.say("reconcile", "one")).code == 0

    asyncio.run(story())


def test_a_run_of_paper_takes_no_order_by_hand(tmp_path: Path) -> None:
    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            home.folder().describe({"mode": "paper", "symbols": [BINANCE_BOTH.symbol]})
            said = await home.say("order", "buy", BINANCE_BOTH.symbol, "0.01", "one")
            assert said.code == 2
            assert "trades on paper" in said.err

    asyncio.run(story())
