"""`tradewind doctor` against the local exchange: what it lets pass, what it refuses, with which code and remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.live_runs import LiveRun, live_run
from tests.venues.remote.seats import PLACES, Place
from tradewind.cli.live.asked import AskedRun
from tradewind.cli.live.examining import examined
from tradewind.exchange import Permission
from tradewind.market import Order, OrderType
from tradewind.trading.terms.order_states import client_id
from tradewind.trading.watching.findings import Finding, Grade, Verdict, verdict_of

SPOT, USDM = PLACES[0], PLACES[1]
Story = Callable[["Patient"], Awaitable[None]]


class Patient:
    """What is going to run, and the exchange around it."""

    def __init__(self, run: LiveRun, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run, self.seat = run, run.seat
        for kind, value in zip(("KEY", "SECRET"), run.keys):
            monkeypatch.setenv(f"TRADEWIND_BINANCE_LOCAL_{kind}", value)

    async def look(self, **changes: Any) -> dict[str, Finding]:
        values: dict[str, Any] = {
            "mode": "testnet",
            "agent": "buy_and_hold",
            "home": self.run.home,
            "name": "next",
            "venue": self.seat.place.venue,
            "symbols": (self.seat.symbol,),
            "timeframe": "1m",
            "allocation": 5_000.0,
            "at": self.seat.local.url,
        }
        return await examined(AskedRun(**values | changes))

    def let_key(self, permissions: frozenset[Permission]) -> None:
        treasury = self.seat.exchange.treasury
        treasury.add_key(replace(treasury.keys[self.run.keys[0]], permissions=permissions))

    async def refused(self, check: str, verdict: Verdict, **changes: Any) -> Finding:
        """The only check that fails."""
        found = await self.look(**changes)
        failed = [name for name, one in found.items() if one.grade is Grade.FAIL]
        assert failed == [check], found
        assert verdict_of(found.values()) is verdict
        assert found[check].remedy
        return found[check]


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def play(story: Story, place: Place = SPOT, **account: Any) -> None:
        async def alone() -> None:
            async with live_run(tmp_path, place, **account) as run:
                await story(Patient(run, monkeypatch))

        asyncio.run(alone())

    return play


@pytest.mark.parametrize("place", [SPOT, USDM], ids=str)
def test_a_healthy_run_is_ready(patient: Callable[..., None], place: Place) -> None:
    async def story(one: Patient) -> None:
        found = await one.look()
        grades = {name: finding.grade for name, finding in found.items() if finding.grade is not Grade.PASS}
        assert grades.pop("margin", Grade.WARN) is Grade.WARN  # the start sets it
        assert grades == {"evidence": Grade.WARN}, found
        for name in (
            "lock",
            "neighbours",
            "journal",
            "disk",
            "model",
            "clock",
            "key",
            "account",
            "symbols",
            "orders",
            "candles",
        ):
            assert name in found

    patient(story, place)


@pytest.mark.fault("E4")
def test_keys_that_can_withdraw_or_cannot_trade_or_are_gone(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        rights = frozenset({Permission.READ, Permission.TRADE, Permission.FUTURES})
        one.let_key(rights | {Permission.WITHDRAW})
        assert "can withdraw" in (await one.refused("key", Verdict.REFUSED)).text
        one.let_key(frozenset({Permission.READ}))
        assert "cannot trade" in (await one.refused("key", Verdict.REFUSED)).text
        one.let_key(rights | {Permission.TRANSFER})
        found = await one.look()
        assert (found["key"].grade, verdict_of(found.values())) == (Grade.WARN, Verdict.WARNINGS)
        found = await one.look(mode="live")  # the same where real money goes
        assert (found["key"].grade, found["key"].verdict) == (Grade.FAIL, Verdict.REFUSED)
        assert "can transfer money" in found["key"].text
        one.let_key(rights)
        assert (await one.look(mode="live"))["key"].grade is Grade.PASS
        del one.seat.exchange.treasury.keys[one.run.keys[0]]
        found = await one.look()
        assert verdict_of(found.values()) is Verdict.REFUSED
        assert any("the venue refuses this key" in finding.text for finding in found.values())

    patient(story)


@pytest.mark.fault("E15")
def test_a_key_of_another_environment_is_named(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        one.seat.fault("refuse", reason="wrong_environment", match={"kind": "balance"})
        finding = await one.refused("account", Verdict.REFUSED)
        assert "the venue refuses this key" in finding.text
        assert "keys of live, testnet and demo are different ones" in finding.remedy

    patient(story)


def test_nobody_answers_and_no_keys(patient: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(one: Patient) -> None:
        found = await one.look(at="http://127.0.0.1:9")
        assert verdict_of(found.values()) is Verdict.UNREACHABLE
        assert found["lock"].grade is Grade.PASS
        monkeypatch.delenv("TRADEWIND_BINANCE_LOCAL_KEY")
        monkeypatch.delenv("TRADEWIND_BINANCE_LOCAL_SECRET")
        finding = await one.refused("keys", Verdict.BAD_CONFIGURATION)
        assert "TRADEWIND_BINANCE_LOCAL_KEY" in finding.text

    patient(story)


def test_the_run_that_has_an_order_is_named(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        model = one.seat.resting()
        name, symbol = client_id("testnet", one.seat.name, one.seat.symbol, 1), one.seat.symbol
        order = Order(name, symbol, model.lots, type=OrderType.LIMIT, price=model.price)
        await one.run.manager.submit([order], "d1")
        finding = await one.refused("orders", Verdict.REFUSED)
        assert f"1 order of run first open in its symbols: {name}" in finding.text
        assert "tradewind panic first" in finding.remedy

    patient(story)


def test_what_others_have_in_the_runs_symbols(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        order = one.seat.resting(client_id="by_hand")
        await one.seat.venue.send(order)
        assert "by_hand" in (await one.refused("orders", Verdict.REFUSED)).text
        await one.seat.venue.cancel(order, "")
        await one.seat.venue.send(one.seat.resting(client_id="twndAAAABBBBCCCCDDDD"))
        finding = await one.refused("orders", Verdict.REFUSED)
        assert "1 order of a run of this program that is not here open" in finding.text
        one.seat.exchange.cancel_all(one.seat.name)
        await one.seat.venue.send(one.seat.intent("0.1"))
        assert f"{one.seat.symbol} 0.1" in (await one.refused("positions", Verdict.REFUSED)).text

    patient(story, USDM)


def test_hedge_mode_is_refused(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        assert "hedge mode" in (await one.refused("margin", Verdict.REFUSED)).text

    patient(story, USDM, hedge=True)


@pytest.mark.fault("C5")
def test_too_much_and_too_little_money(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        finding = await one.refused("account", Verdict.BAD_CONFIGURATION, allocation=200_000.0)
        assert "has 100000" in finding.text
        finding = await one.refused("symbols", Verdict.BAD_CONFIGURATION, allocation=0.5)
        assert "below the smallest order" in finding.text

    patient(story)


@pytest.mark.fault("P3")
def test_a_damaged_journal(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        journal = one.run.folder.journal
        one.run.journal.close()
        journal.write_bytes(journal.read_bytes()[:9000])
        finding = await one.refused("journal", Verdict.REFUSED, name="first")
        assert "damaged" in finding.text
        assert "restore" in finding.remedy

    patient(story)


@pytest.mark.fault("M14")
def test_a_symbol_that_is_listed_for_too_short(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        finding = await one.refused("candles", Verdict.REFUSED, agent="moving_average_cross", timeframe="1h")
        assert "candles are needed to warm up" in finding.text

    patient(story)


@pytest.mark.fault("E8")
def test_a_symbol_that_does_not_trade(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        one.seat.exchange.control.halt(one.seat.symbol)
        found = await one.look()
        assert found["symbols"].verdict is Verdict.REFUSED

    patient(story)


def test_the_command_prints_a_table_and_json(patient: Callable[..., None]) -> None:
    async def story(one: Patient) -> None:
        words = ("doctor", "buy_and_hold", "--venue", "binance", "-s", one.seat.symbol, "-t", "1m")
        words += ("--capital", "5000", "--at", one.seat.local.url)
        said = await one.run.command(*words)
        assert said.code == 1, said
        assert "Ready, with warnings." in said.out
        said = await one.run.command(*words, "--json")
        assert (said.code, said.json["verdict"]) == (1, "warnings")
        assert said.json["checks"]["key"]["grade"] == "pass"

    patient(story)
