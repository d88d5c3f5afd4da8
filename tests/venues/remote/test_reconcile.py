"""The reconciler at the local exchange, through the real client: what other hands, the venue and its faults do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.live_runs import CAPITAL
from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM, Place, Seat, exchange_now, seated
from tradewind.market import CashFlow, CashFlowKind, Clock, Fill, FillReason, Kind, Order
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.comparing.account_check import NewEpoch
from tradewind.trading.comparing.reconcile import Reconciler
from tradewind.trading.journal.journal import Journal
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.terms.account_venue import MarginMode, MarginSettings, PositionMode
from tradewind.trading.terms.order_records import OrderAlarm
from tradewind.trading.terms.order_states import Alarm, client_id

D = Decimal
WANTED = MarginSettings(3.0, MarginMode.ISOLATED, PositionMode.ONE_WAY)


class HurriedClock:
    """The wire's time, but waiting is skipped over: what waits wakes at once, later."""

    def __init__(self, wire: Clock) -> None:
        self._wire, self._skipped = wire, 0.0

    def now_ms(self) -> int:
        return self._wire.now_ms() + round(self._skipped * 1000)

    async def sleep(self, seconds: float) -> None:
        self._skipped += seconds
        await asyncio.sleep(0.01)


class Run:
    """Books, manager and reconciler of one account; its own engine is a wallet."""

    def __init__(self, seat: Seat, path: Path, **settings: Any) -> None:
        self.seat, self.clock = seat, HurriedClock(seat.clock)
        self.wallet, self.fills, self.flows = CAPITAL, list[Fill](), list[CashFlow]()
        self.alarms: list[OrderAlarm] = []
        self.journal = Journal.create(path, {"mode": "testnet"})
        self._settings, self._orders = settings, 0

    async def start(self) -> None:
        seat = self.seat
        listed = await seat.venue.instruments([seat.symbol])
        ledger = OrderLedger(listed.values())
        self.manager = OrderManager(
            self.journal, ledger, seat.venue, seat.clock, self._take_fill, self.alarms.append
        )
        wanted = {}
        if seat.place.kind is Kind.PERPETUAL:
            await seat.venue.set_margin(seat.symbol, 3.0, MarginMode.ISOLATED)
            wanted = {seat.symbol: WANTED}
        self.reconciler = Reconciler(
            self.manager,
            seat.venue,
            self.clock,
            lambda: self.wallet,
            self.flows.append,
            wanted=wanted,
            **self._settings,
        )
        await self.manager.start()  # the gate would be over at once: its minute is skipped
        assert await self.reconciler.look(everything=True)
        assert self.alarms == []

    def _take_fill(self, fill: Fill) -> None:
        """Roughly: what a spot account pays. The tests watch positions, not cents."""
        self.fills.append(fill)
        if self.seat.place.kind is Kind.SPOT:
            self.wallet -= float(fill.quantity * fill.price)

    async def buy(self, quantity: str) -> None:
        self._orders += 1
        ledger, symbol = self.manager.ledger, self.seat.symbol
        lots = int(D(quantity) / ledger.instruments[symbol].lot)
        name = client_id("testnet", self.seat.name, symbol, self._orders)
        now = self.seat.clock.now_ms()
        await self.manager.submit([Order(name, symbol, lots, decided_at=now)], f"d{self._orders}")
        for _ in range(100):
            await self.manager.refresh()
            if ledger.orders[name].done:
                break
            await asyncio.sleep(0.05)
        assert ledger.orders[name].done
        assert await self.reconciler.look(everything=True)
        self.clock._skipped += 60  # nothing lags any more

    async def look(self) -> list[Alarm]:
        await self.reconciler.look(everything=True)
        return [alarm.alarm for alarm in self.alarms]

    def refused(self) -> str:
        ledger, symbol = self.manager.ledger, self.seat.symbol
        order = Order("x", symbol, 10, decided_at=self.seat.clock.now_ms() + 86_400_000 * 2)
        return ledger.objection(order, paused=self.manager.paused.get(symbol, ""))

    async def close(self) -> None:
        await self.manager.close()
        self.journal.close()


Story = Callable[[Run], Awaitable[None]]


def play(tmp_path: Path, place: Place, story: Story, **settings: Any) -> None:
    async def alone() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            run = Run(seat, tmp_path / "run.sqlite", **settings)
            await run.start()
            try:
                await story(run)
            finally:
                await run.close()

    run_virtually(alone())


@pytest.fixture(params=[BINANCE_SPOT, BINANCE_USDM], ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.mark.fault("A1")
@pytest.mark.fault("A2")
def test_trades_of_other_hands_halt_the_symbol(tmp_path: Path, place: Place) -> None:
    async def story(run: Run) -> None:
        await run.buy("0.2")
        assert await run.look() == []
        await run.seat.venue.send(run.seat.intent("-0.1"))  # another instance, or the user
        assert Alarm.FOREIGN in await run.look()
        assert run.seat.symbol in run.manager.ledger.halted

    play(tmp_path, place, story)


@pytest.mark.fault("A2")
def test_withdrawals_of_the_users_own_are_ignored_and_of_the_runs_are_not(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        control, name = run.seat.exchange.control, run.seat.name
        await run.buy("0.2")
        control.withdraw(name, "USDT", D(50_000))
        control.deposit(name, "BTC", D("0.3"))
        assert await run.look() == []
        control.withdraw(name, "BTC", D("0.3"))
        assert await run.look() == []
        assert run.refused() == ""
        control.withdraw(name, "BTC", D("0.05"))
        assert await run.look() == [Alarm.DISCREPANCY]
        assert run.alarms[0].text.startswith("BTC/USDT: the journal says 0.199")

    play(tmp_path, BINANCE_SPOT, story)


@pytest.mark.fault("A3")
def test_deleveraging_and_liquidation_are_booked(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        control, name, symbol = run.seat.exchange.control, run.seat.name, run.seat.symbol
        await run.buy("0.2")
        control.liquidate(name, symbol)
        told = await run.look()
        assert set(told) == {Alarm.LIQUIDATED}
        assert run.fills[-1].reason is FillReason.LIQUIDATION
        assert run.manager.ledger.positions[symbol] == 0
        assert "halted" in run.refused()

    play(tmp_path, BINANCE_USDM, story)


@pytest.mark.fault("A4")
def test_funding_is_booked_once(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        await run.buy("0.2")
        now = run.seat.clock.now_ms()
        flow = CashFlow("told-by-stream", now, CashFlowKind.FUNDING, D("-1"), run.seat.symbol)
        run.reconciler.take_flow(flow)
        run.reconciler.take_flow(replace(flow))
        await run.look()
        assert run.flows == [flow]

    play(tmp_path, BINANCE_USDM, story)


@pytest.mark.fault("A5")
def test_leverage_changed_by_hand_stops_entries(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        seat = run.seat
        await seat.venue.set_margin(seat.symbol, 10.0, MarginMode.ISOLATED)
        assert await run.look() == [Alarm.SETTINGS]
        assert "leverage is 10.0, expected 3.0" in run.refused()
        await seat.venue.set_margin(seat.symbol, 3.0, MarginMode.ISOLATED)
        await run.look()
        assert run.refused() == ""

    play(tmp_path, BINANCE_USDM, story)


@pytest.mark.fault("A7")
def test_a_balance_that_is_told_as_zero_once(tmp_path: Path, place: Place) -> None:
    async def story(run: Run) -> None:
        await run.buy("0.2")
        seat = run.seat
        scale = {"balances.*.free": 0, "balances.*.locked": 0, "assets.*.walletBalance": 0, "*.balance": 0}
        seat.fault("alter", match={"kind": "balance"}, scale=scale, when={"times": 1})
        assert await run.look() == [Alarm.GLITCH]
        assert run.refused() == ""
        assert run.manager.ledger.halted == set()

    play(tmp_path, place, story)


@pytest.mark.fault("A15")
def test_a_wiped_testnet_is_a_new_epoch(tmp_path: Path) -> None:
    async def story(run: Run) -> None:
        await run.buy("0.2")
        run.seat.exchange.control.wipe(run.seat.name, {"USDT": D(100_000)})
        with pytest.raises(NewEpoch, match="the testnet was reset"):
            await run.look()
        assert [alarm.alarm for alarm in run.alarms if alarm.alarm is not Alarm.VANISHED] == [Alarm.RESET]
        assert run.manager.ledger.positions[run.seat.symbol] == 0
        assert run.flows == []

    play(tmp_path, BINANCE_SPOT, story, resets=True)


@pytest.mark.fault("E7")
def test_maintenance_is_waited_out(tmp_path: Path, place: Place) -> None:
    async def story(run: Run) -> None:
        faults = run.seat.local.faults
        faults.set_maintenance("binance", True)
        for _ in range(3):
            assert not await run.reconciler.look(everything=True)
        assert await run.look() == [Alarm.UNREACHABLE]
        assert "does not answer" in run.refused()
        faults.set_maintenance("binance", False)
        for _ in range(20):
            if await run.reconciler.look():
                break
            await asyncio.sleep(0.5)
        assert run.refused() == ""

    play(tmp_path, place, story)


@pytest.mark.fault("E8")
def test_a_halted_symbol_takes_no_entries_until_it_trades_again(tmp_path: Path, place: Place) -> None:
    async def story(run: Run) -> None:
        control = run.seat.exchange.control
        control.halt(run.seat.symbol)
        assert await run.look() == [Alarm.MARKET_GONE]
        assert "no entries" in run.refused()
        control.resume(run.seat.symbol)
        await run.look()
        assert run.refused() == ""

    play(tmp_path, place, story)


@pytest.mark.fault("E4")
def test_a_revoked_key_halts_after_five_minutes(tmp_path: Path, place: Place) -> None:
    async def story(run: Run) -> None:
        keys = run.seat.exchange.treasury.keys
        del keys[run.seat.venue.client.apiKey]
        await run.look()
        assert "refuses this key" in run.refused()
        run.clock._skipped += 301
        assert Alarm.ACCESS_REFUSED in await run.look()

    play(tmp_path, place, story)
