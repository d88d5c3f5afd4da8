"""The button: what it cancels and closes, what it never touches, and what it leaves written down."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.accounting import ScriptedAccount
from tests.trading.ordering import OWNED, PERP, SPOT, Fault, Resting, VirtualClock
from tradewind.market import Accepted, Command, Fill, Kind, OrderId, Outcome, Rejected, RejectKind
from tradewind.trading.panic.closing import Who
from tradewind.trading.panic.estate import Estate, Holding, less
from tradewind.trading.panic.panic import ExitCode, Panic
from tradewind.trading.panic.panic_record import (
    PanicRecord,
    after_panic,
    mark_joined,
    panic_files,
    panic_records,
)
from tradewind.trading.panic.traded import complete, fills_of
from tradewind.trading.terms.account_venue import AccountReading, Balance
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import ReportStatus

D = Decimal
WHO = Who("testnet", "main")


@dataclass
class Market(ScriptedAccount):
    """Market orders fill at once; some coins may be locked by others."""

    refusals: list[Rejected] = field(default_factory=list)
    locked: Decimal = Decimal(0)

    def _accept(self, intent: Intent) -> Outcome:
        if self.refusals:
            return self.refusals.pop(0)
        outcome = super()._accept(intent)
        if isinstance(outcome, Accepted):
            self.fill(self.orders[intent.client_id], abs(intent.lots))
        return outcome

    async def account(self) -> AccountReading:
        reading = await super().account()
        total = reading.balances["BTC"].total
        balances = {**reading.balances, "BTC": Balance(total - self.locked, total)}
        positions = reading.positions if self.kind is Kind.PERPETUAL else {}
        return AccountReading(reading.at, balances, positions)

    def rest(self, name: OrderId, symbol: str, lots: int) -> None:
        intent = Intent(0, name, symbol, lots, False, "", "")
        self.orders[name] = Resting(intent, f"r{name}", self.clock.now)

    def resting(self) -> list[OrderId]:
        return [name for name, order in self.orders.items() if order.status is ReportStatus.OPEN]

    def sent(self) -> list[int]:
        """Lots of the orders that arrived, in order."""
        names = [name for what, _, name in self.requests if what == "send" and name in self.orders]
        return [self.orders[name].intent.lots for name in names]


def estate(symbol: str, owned: str | None, baseline: Decimal = OWNED, price: int = 100) -> Estate:
    instrument = SPOT if symbol == SPOT.symbol else PERP
    holdings = None if owned is None else {symbol: Holding(D(owned), baseline, D(price))}
    return Estate((symbol,), {symbol: instrument}, holdings, trouble="" if holdings else "it is gone")


def press(
    folder: Path,
    known: Estate,
    prepare: Callable[[Market], None] = lambda _: None,
    *,
    venue: Market | None = None,
    everything: bool = False,
) -> tuple[ExitCode, PanicRecord, Market]:
    """Press it once, on a clock that runs through all its waits."""

    async def run() -> tuple[ExitCode, PanicRecord, Market]:
        kind = Kind.SPOT if known.symbols == (SPOT.symbol,) else Kind.PERPETUAL
        market = venue or Market(VirtualClock(), kind=kind)
        clock = market.clock
        prepare(market)
        record = PanicRecord.begin(folder, clock.now_ms(), "run")
        panic = Panic(market, clock, known, WHO, record, everything=everything)
        task = asyncio.ensure_future(panic.run())
        await clock.advance(140)
        return task.result(), record, market

    return asyncio.run(run())


def bought(quantity: str) -> Callable[[Market], None]:
    def prepare(market: Market) -> None:
        market.moved[SPOT.symbol] = D(quantity)

    return prepare


@pytest.mark.fault("A11")
@pytest.mark.parametrize(("owned", "lots"), [("0.5", -50), ("-0.5", 50)])
def test_long_and_short_are_closed_reduce_only(tmp_path: Path, owned: str, lots: int) -> None:
    def prepare(market: Market) -> None:
        market.moved[PERP.symbol] = D(owned) - OWNED

    code, record, market = press(tmp_path, estate(PERP.symbol, owned, D(0)), prepare)
    assert code is ExitCode.FLAT
    assert market.sent() == [lots]
    assert all(order.intent.reduce_only for order in market.orders.values())
    assert [fill.lots for fill in record.fills] == [lots]
    assert (record.flat, record.residue, record.dust) == (True, [], [])


@pytest.mark.fault("A11")
def test_on_spot_only_what_the_run_bought_is_sold_in_chunks(tmp_path: Path) -> None:
    def prepare(market: Market) -> None:
        market.moved[SPOT.symbol] = D("1200.05")  # bought, and the fee of it taken off
        market.rest("twndAAAABBBBCCCCDDDD", SPOT.symbol, 3)
        market.rest("by_hand", SPOT.symbol, 5)

    code, record, market = press(tmp_path, estate(SPOT.symbol, "1200.05"), prepare)
    assert code is ExitCode.FLAT
    assert market.sent() == [-5_000, -5_000, -2_000]
    assert market.resting() == ["by_hand"]
    assert sum(fill.quantity for fill in record.fills) == -1_200


@pytest.mark.fault("A11")
def test_the_whole_account_is_closed_when_it_is_asked_for(tmp_path: Path) -> None:
    def prepare(market: Market) -> None:
        market.rest("by_hand", SPOT.symbol, 5)

    code, _, market = press(tmp_path, estate(SPOT.symbol, "0"), prepare, everything=True)
    assert code is ExitCode.FLAT
    assert market.resting() == []
    assert market.sent() == [-37]


@pytest.mark.fault("A11")
def test_a_second_press_sells_nothing_more(tmp_path: Path) -> None:
    known = estate(SPOT.symbol, "10")
    code, first, market = press(tmp_path, known, bought("10"))
    assert code is ExitCode.FLAT
    market.moved[SPOT.symbol] += D(7)  # the user brings coins of his own meanwhile

    async def traded() -> list[Fill]:
        task = asyncio.ensure_future(fills_of(market, first, known.last_trade_at))
        await market.clock.advance(1)
        return task.result()

    assert asyncio.run(traded()) == first.fills
    code, second, _ = press(tmp_path, less(known, first.fills), venue=market)
    assert code is ExitCode.FLAT
    assert second.orders == {}
    assert len(panic_files(tmp_path)) == 2


@pytest.mark.fault("A11")
@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.LOST, Fault.LATE, Fault.BROKEN])
def test_an_order_that_may_be_there_is_not_sent_again(tmp_path: Path, fault: Fault) -> None:
    def prepare(market: Market) -> None:
        market.moved[SPOT.symbol] = D(10)
        market.fault = fault

    code, record, market = press(tmp_path, estate(SPOT.symbol, "10"), prepare)
    assert code is ExitCode.FLAT
    assert market.sent()[-1] == -100
    assert sum(fill.quantity for fill in record.fills) == -10


@pytest.mark.fault("A11")
def test_dust_is_told_and_left(tmp_path: Path) -> None:
    def prepare(market: Market) -> None:
        market.moved[SPOT.symbol] = D("0.1")
        market.refusals = [Rejected("-1013", "Filter failure: NOTIONAL", RejectKind.FILTER)] * 9

    code, record, _ = press(tmp_path, estate(SPOT.symbol, "0.1", price=10), prepare)
    assert code is ExitCode.FLAT
    assert record.dust == ["BTC/USDT: 0.1 BTC is less than the venue trades: it stays"]


@pytest.mark.fault("A11")
def test_what_others_orders_lock_is_residue(tmp_path: Path) -> None:
    def prepare(market: Market) -> None:
        market.moved[SPOT.symbol] = D(10)
        market.locked = D("11.7")

    code, record, market = press(tmp_path, estate(SPOT.symbol, "10"), prepare)
    assert code is ExitCode.NOT_FLAT
    assert "8.0 BTC is locked by orders that are not the run's" in record.residue[0]
    assert market.sent() == [-20]


@pytest.mark.fault("A11")
def test_a_venue_that_limits_or_is_down_for_a_while_is_waited_for(tmp_path: Path) -> None:
    def prepare(market: Market) -> None:
        market.moved[SPOT.symbol] = D(10)
        market.refusals = [Rejected("-1003", "Too many requests", RejectKind.LIMIT)] * 4
        market.down = True
        market._spawn(back(market))

    async def back(market: Market) -> None:
        await market.clock.sleep(40)
        market.down = False

    code, record, _ = press(tmp_path, estate(SPOT.symbol, "10"), prepare)
    assert code is ExitCode.FLAT
    assert sum(fill.quantity for fill in record.fills) == -10


@pytest.mark.fault("A11")
def test_a_venue_that_never_answers_is_told_apart_from_one_that_is_not_flat(tmp_path: Path) -> None:
    def prepare(market: Market) -> None:
        market.down = True

    code, record, _ = press(tmp_path, estate(SPOT.symbol, "10"), prepare)
    assert code is ExitCode.UNREACHABLE
    assert "no route to the venue" in record.residue[-1]


@pytest.mark.fault("A12")
def test_without_a_journal_positions_are_closed_and_coins_are_told_of(tmp_path: Path) -> None:
    code, _, market = press(tmp_path, estate(PERP.symbol, None))
    assert code is ExitCode.FLAT
    assert market.sent() == [-370]
    code, record, market = press(tmp_path, estate(SPOT.symbol, None))
    assert code is ExitCode.NOT_FLAT
    assert "the journal cannot be read (it is gone)" in record.residue[0]
    assert market.sent() == []


def test_what_it_did_joins_the_journal_once(tmp_path: Path) -> None:
    _, record, _ = press(tmp_path, estate(SPOT.symbol, "10"), bought("10"))
    (path,) = panic_files(tmp_path)
    halt, fill = panic_records(path)
    assert isinstance(halt, Command)
    assert isinstance(fill, Fill)
    assert (halt.kind.value, fill.quantity, fill.reason.name) == ("halt", D("-10.0"), "CLOSE_OUT")
    assert PanicRecord.read(path).orders == record.orders
    assert json.loads(path.read_text())["steps"][-1]["what"] == "end"
    mark_joined(path)
    assert panic_files(tmp_path) == []


def test_the_status_after_a_panic_says_what_is_left(tmp_path: Path) -> None:
    shown = {SPOT.symbol: "10.0"}
    assert after_panic(tmp_path, shown) is None
    code, _, _ = press(tmp_path / "flat", estate(SPOT.symbol, "10"), bought("10"))
    told = after_panic(tmp_path / "flat", shown)
    assert told is not None
    assert (code, told["positions"], told["risk"]) == (ExitCode.FLAT, {SPOT.symbol: "0"}, "halted")
    assert (told["risk_reason"], told["orders"]) == ("a panic closed everything", [])

    def lock(market: Market) -> None:
        market.moved[SPOT.symbol], market.locked = D(10), D("11.7")

    press(tmp_path / "left", estate(SPOT.symbol, "10"), lock)
    told = after_panic(tmp_path / "left", shown)
    assert told is not None
    assert told["positions"] == {SPOT.symbol: "8.0"}
    assert "a panic left something" in told["risk_reason"]
    assert "orders" not in told
    record = PanicRecord.begin(tmp_path / "now", 1, "run")
    record.step(1, "press")
    told = after_panic(tmp_path / "now", shown)
    assert told is not None
    assert (told["positions"], told["risk_reason"]) == (shown, f"a panic is at work (process {os.getpid()})")


def test_what_an_interrupted_press_traded_is_fetched_later(tmp_path: Path) -> None:
    _, record, market = press(tmp_path, estate(SPOT.symbol, "10"), bought("10"))
    fills, record.fills, record.code = record.fills, [], None
    record.save()  # as it stood when the process was killed
    found = PanicRecord.read(record.path)

    async def later() -> None:
        task = asyncio.ensure_future(complete(market, found, 0))
        await market.clock.advance(1)
        task.result()

    asyncio.run(later())
    assert PanicRecord.read(record.path).fills == fills
