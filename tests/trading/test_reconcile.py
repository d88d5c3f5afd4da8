"""Each way in which books and venue may differ: what trades on, what stops, and what is written down."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trading.accounting import WALLET, WANTED, Office, Scenario
from tests.trading.ordering import OWNED, PERP, SPOT, START_MS, Fault, Resting, settle
from tradewind.market import (
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    ConfigError,
    Fill,
    FillReason,
    VenueUnavailable,
)
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.comparing.account_check import NewEpoch
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.account_venue import AccountReading, Balance
from tradewind.trading.terms.discrepancy import Discrepancy, Epoch, Policy, Settled
from tradewind.trading.terms.order_states import Alarm, Intent
from tradewind.trading.terms.order_venue import Trade

D = Decimal


def play(tmp_path: Path, scenario: Scenario, **settings: Any) -> Office:
    """Run a scenario at a reconciled desk; the journal alone then gives the same books."""

    async def run() -> Office:
        office = Office(tmp_path / "run.sqlite", **settings)
        await office.open()
        await office.clock.advance(1)
        await office.reconcile()
        await scenario(office)
        await office.end()
        ledger = office.manager.ledger
        again = OrderLedger.of(office.journal, ledger.instruments.values())
        assert again.state_hash() == ledger.state_hash()
        assert again.halted == ledger.halted
        assert again.flows == ledger.flows
        await office.close()
        assert not office.wrong
        return office

    return asyncio.run(run())


def test_the_gate_compares_before_anything_trades_and_rates_are_as_told(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        assert office.reconciler.passes == 1
        began = office.clock.now
        await office.clock.advance(121)
        idle = [at for at in office.venue.times("orders") if at > began]
        assert len(idle) == 2 * 2  # two symbols, every 60 s
        assert 3 <= len([at for at in office.venue.times("account") if at > began]) <= 4
        order = office.order(SPOT.symbol, 10)
        office.submit(order)
        await office.clock.advance(61)
        began = office.clock.now
        await office.clock.advance(60)
        busy = [at for at in office.venue.times("orders") if at > began]
        assert 2 * 5 <= len(busy) <= 2 * 6
        assert office.venue.most_at_once == 1
        assert office.told() == []

    play(tmp_path, scenario)


def test_the_gate_refuses_after_a_minute_with_the_reason(tmp_path: Path) -> None:
    async def run() -> None:
        office = Office(tmp_path / "run.sqlite")
        await office.open()
        await office.clock.advance(1)
        office.venue.down = True
        gate = asyncio.ensure_future(office.make_reconciler().gate())
        await office.clock.advance(59)
        assert not gate.done()
        await office.clock.advance(3)
        with pytest.raises(VenueUnavailable, match=r"within 60 s \(no route to the venue\): nothing trades"):
            gate.result()
        await office.close()

    asyncio.run(run())


@pytest.mark.fault("A2")
@pytest.mark.parametrize("symbol", [SPOT.symbol, PERP.symbol])
def test_less_than_the_run_owns_halts_its_symbol_alone_with_both_numbers(tmp_path: Path, symbol: str) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(symbol, 20)
        await office.clock.advance(20)
        office.venue.moved[symbol] = D("-4.5")
        await office.clock.advance(40)
        ledger = office.manager.ledger
        (found,) = office.discrepancies()
        assert found == Discrepancy(
            found.at, symbol, ledger.expected_holding(symbol), found.found, Settled.HALTED
        )
        assert found.expected - found.found == D("4.5")
        (alarm,) = office.alarms
        assert (alarm.alarm, alarm.symbol) == (Alarm.DISCREPANCY, symbol)
        assert f"{found.expected:f}" in alarm.text
        assert f"{found.found:f}" in alarm.text
        assert ledger.halted == {symbol}
        other = PERP.symbol if symbol == SPOT.symbol else SPOT.symbol
        assert office.refused(other) == ""
        await office.clock.advance(300)
        assert len(office.discrepancies()) == 1  # told once

    play(tmp_path, scenario)


@pytest.mark.fault("A2")
def test_rearmed_without_a_cure_it_halts_again(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 20)
        office.venue.moved[PERP.symbol] = D("-0.1")
        await office.clock.advance(60)
        office.manager.write(Command(CommandKind.REARM, office.clock.now_ms()))
        assert office.manager.ledger.halted == set()
        await office.clock.advance(60)
        assert office.told() == [Alarm.DISCREPANCY] * 2
        office.venue.moved.clear()
        office.manager.write(Command(CommandKind.REARM, office.clock.now_ms()))
        await office.clock.advance(60)
        assert office.refused(PERP.symbol) == ""

    play(tmp_path, scenario)


@pytest.mark.fault("A2")
def test_the_users_own_coins_come_and_go(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(SPOT.symbol, 20)
        await office.clock.advance(20)
        for moved in (D(5), D("-3.7")):  # a deposit, then all that was the user's
            office.venue.moved[SPOT.symbol] = moved
            await office.clock.advance(60)
            assert office.manager.ledger.baselines[SPOT.symbol].quantity == OWNED + moved
        office.venue.cash = D(10_000)  # what is above the allocation
        await office.clock.advance(60)
        assert [d.settled for d in office.discrepancies()] == [Settled.NOT_OURS] * 2
        assert office.alarms == []
        assert office.refused(SPOT.symbol) == ""

    play(tmp_path, scenario)


@pytest.mark.fault("A2")
def test_money_of_the_run_that_went_halts_all(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.cash = D(8_000)
        await office.clock.advance(60)
        (found,) = office.discrepancies()
        assert (found.expected, found.found) == (D("10000.0"), D(8_000))
        assert office.manager.ledger.halted == {SPOT.symbol, PERP.symbol}
        assert office.flows == []

    play(tmp_path, scenario)


@pytest.mark.fault("A2")
def test_adopted_money_is_an_adjustment_once(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.cash = D(8_000)
        await office.clock.advance(200)
        (flow,) = office.flows
        assert (flow.kind, flow.amount) == (CashFlowKind.ADJUSTMENT, D("-2000.0"))
        assert office.wallet == WALLET - 2_000
        assert office.told() == [Alarm.ADJUSTED]
        assert office.refused(SPOT.symbol) == ""

    play(tmp_path, scenario, policy=Policy.ADOPT)


@pytest.mark.fault("A2")
@pytest.mark.parametrize(
    ("symbol", "gone", "lots"), [(SPOT.symbol, D("-4.75"), -11), (PERP.symbol, D("-0.2"), -20)]
)
def test_an_adopted_position_is_a_fill_that_nobody_ordered(
    tmp_path: Path, symbol: str, gone: Decimal, lots: int
) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(symbol, 20)
        await office.clock.advance(20)
        office.venue.moved[symbol] = gone
        await office.clock.advance(60)
        fill = office.delivered[-1]
        assert (fill.lots, fill.price, fill.reason) == (lots, D(100), FillReason.CLOSE_OUT)
        assert office.manager.ledger.positions[symbol] == 20 + lots
        assert office.refused(symbol) == ""
        await office.clock.advance(120)
        assert len(office.delivered) == 2

    play(tmp_path, scenario, policy=Policy.ADOPT)


@pytest.mark.fault("A2")
def test_orders_of_others_halt_their_symbols(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        by_hand = Intent(START_MS, "web_order", PERP.symbol, 5, False, "", "")
        office.venue.orders["web_order"] = Resting(by_hand, "v99", office.clock.now)
        await office.clock.advance(61)
        assert office.manager.ledger.halted == {PERP.symbol}
        office.venue.orders["other"] = Resting(replace(by_hand, symbol=SPOT.symbol), "v100", office.clock.now)
        await office.clock.advance(61)
        assert set(office.told()) == {Alarm.FOREIGN}
        assert office.manager.ledger.halted == {PERP.symbol, SPOT.symbol}

    play(tmp_path, scenario)


@pytest.mark.fault("A1")
@pytest.mark.fault("A2")
def test_another_instance_that_trades_is_noticed_within_half_a_minute(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        at = office.clock.now_ms()
        theirs = Fill("x1", "twndANOTHERHOST00000", at, PERP.symbol, 5, D("0.05"), D(100), D(0), "USDT")
        office.venue.told.append(Trade(theirs, "v55"))  # and the stream says nothing
        await office.clock.advance(34)
        assert Alarm.FOREIGN in office.told()
        assert PERP.symbol in office.manager.ledger.halted
        office.venue.told.pop()

    play(tmp_path, scenario)


@pytest.mark.fault("A3")
def test_a_liquidation_is_booked_and_shuts_the_symbol_until_the_next_day(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        at = office.clock.now_ms()
        taken = Fill(
            "liq1", "", at, PERP.symbol, -10, D("-0.1"), D(90), D("0.1"), "USDT", FillReason.LIQUIDATION
        )
        office.venue.told.append(Trade(taken, "v77"))
        await office.clock.advance(45)
        assert office.delivered[-1] == taken
        assert office.manager.ledger.positions[PERP.symbol] == 0
        assert office.told() == [Alarm.LIQUIDATED]
        office.manager.write(Command(CommandKind.REARM, office.clock.now_ms()))
        ledger = office.manager.ledger
        order = office.order(PERP.symbol, 5)
        day = 86_400_000
        assert "liquidated on this day" in ledger.objection(replace(order, decided_at=at))
        assert ledger.objection(replace(order, decided_at=(at // day + 1) * day)) == ""
        assert ledger.objection(replace(order, symbol=SPOT.symbol, decided_at=at)) == ""

    play(tmp_path, scenario)


@pytest.mark.fault("A4")
def test_funding_is_booked_once_by_its_id(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        flow = CashFlow("f1", office.clock.now_ms(), CashFlowKind.FUNDING, D("-1.5"), PERP.symbol)
        office.venue.flows.append(flow)
        office.venue.cash -= D("1.5")
        await office.clock.advance(65)
        office.reconciler.take_flow(flow)  # told again, by the stream
        assert office.flows == [flow]
        assert office.wallet == WALLET - 1.5
        assert office.alarms == []

    office = play(tmp_path, scenario)
    with Journal.open(office.path) as journal:
        assert [r for _, r in journal.records() if isinstance(r, CashFlow)] == office.flows


@pytest.mark.fault("A5")
def test_changed_settings_stop_entries_with_an_instruction_until_they_are_right(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.settings = replace(WANTED, leverage=20.0)
        office.reconciler.reconnected()
        await office.clock.advance(3)
        assert "leverage is 20.0, expected 3.0: set it back" in office.refused(PERP.symbol)
        assert office.refused(SPOT.symbol) == ""
        office.venue.settings = WANTED
        await office.clock.advance(301)
        assert office.refused(PERP.symbol) == ""
        assert office.told() == [Alarm.SETTINGS]

    play(tmp_path, scenario)


def zero(reading: AccountReading) -> AccountReading:
    return replace(reading, balances=dict.fromkeys(reading.balances, Balance(D(0), D(0))))


def without_coins(reading: AccountReading) -> AccountReading:
    return replace(reading, balances={}, positions={})


@pytest.mark.fault("A7")
@pytest.mark.parametrize("lie", [zero, without_coins])
def test_one_bad_reading_stops_entries_at_once_and_nothing_else(tmp_path: Path, lie: Any) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(SPOT.symbol, 10)
        await office.clock.advance(20)
        sent = len(office.venue.requests)
        office.venue.lies.append(lie)
        for _ in range(400):
            await office.clock.advance(0.1)
            if not office.venue.lies:
                break
        assert "read again" in office.refused(PERP.symbol)
        await office.clock.advance(5)
        assert office.refused(PERP.symbol) == ""
        assert office.told() == [Alarm.GLITCH]
        assert [r for r in office.venue.requests[sent:] if r[0] != "query"] == []

    play(tmp_path, scenario)


@pytest.mark.fault("A6")
def test_a_negative_balance_halts_all(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.cash = D(-12)
        await office.clock.advance(60)
        assert office.told() == [Alarm.UNSUPPORTED]
        assert "-12" in office.alarms[0].text
        assert office.manager.ledger.halted == {SPOT.symbol, PERP.symbol}

    play(tmp_path, scenario)


@pytest.mark.fault("A6")
def test_an_account_that_is_not_supported_is_refused_at_the_gate_and_halts_later(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.refusal = "this is a portfolio margin account: use a plain one"
        await office.clock.advance(60)
        assert office.told() == [Alarm.UNSUPPORTED]

    play(tmp_path, scenario)

    async def refused() -> None:
        office = Office(tmp_path / "other.sqlite")
        await office.open()
        await office.clock.advance(1)
        office.venue.refusal = "this is a portfolio margin account: use a plain one"
        with pytest.raises(ConfigError, match="portfolio margin"):
            await office.reconcile()
        await office.close()

    asyncio.run(refused())


@pytest.mark.fault("A15")
def test_a_reset_of_the_testnet_is_a_new_epoch_and_no_loss(tmp_path: Path) -> None:
    async def run() -> None:
        office = Office(tmp_path / "run.sqlite", resets=True)
        await office.open()
        await office.clock.advance(1)
        await office.reconcile()
        await office.buy(PERP.symbol, 10)
        await office.clock.advance(20)
        office.venue.told.clear()
        office.venue.orders.clear()
        await office.clock.advance(60)
        with pytest.raises(NewEpoch, match="the testnet was reset"):
            office.running.result()
        office._tasks.remove(office.running)
        ledger = OrderLedger.of(office.journal, office.manager.ledger.instruments.values())
        assert office.told() == [Alarm.RESET]
        assert ledger.positions == {SPOT.symbol: 0, PERP.symbol: 0}
        assert (ledger.baselines, ledger.orders, ledger.halted) == ({}, {}, set())
        assert office.flows == []
        assert any(isinstance(record, Epoch) for _, record in office.journal.records())
        await office.crash()  # the next start goes on in the same journal
        await office.clock.advance(1)
        await office.reconcile()
        assert await office.buy(PERP.symbol, 3) in office.manager.ledger.orders
        await office.end()
        await office.close()

    asyncio.run(run())


def test_without_resets_the_same_is_a_halt(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        office.venue.told.clear()
        await office.clock.advance(60)
        assert office.told() == [Alarm.DISCREPANCY]

    play(tmp_path, scenario)


@pytest.mark.fault("E8")
def test_a_symbol_that_is_gone_takes_no_entries_and_comes_back(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        listed = office.venue.listed.pop(PERP.symbol)
        await office.clock.advance(301)
        assert "listed no more: no entries" in office.refused(PERP.symbol)
        assert office.refused(SPOT.symbol) == ""
        office.venue.listed[PERP.symbol] = listed
        await office.clock.advance(301)
        assert office.refused(PERP.symbol) == ""
        assert office.told() == [Alarm.MARKET_GONE]

    play(tmp_path, scenario)


@pytest.mark.fault("E9")
def test_another_lot_or_coin_halts_the_symbol(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.listed[PERP.symbol] = replace(PERP, lot=D("0.1"))
        office.venue.listed[SPOT.symbol] = replace(SPOT, base="XBT")
        await office.clock.advance(301)
        assert office.told() == [Alarm.MARKET_CHANGED] * 2
        assert office.manager.ledger.halted == {PERP.symbol, SPOT.symbol}

    play(tmp_path, scenario)


@pytest.mark.fault("O18")
def test_another_tick_or_minimum_is_learnt_while_it_trades(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        changed = replace(PERP, tick=D("0.1"), min_notional=D(20))
        office.venue.listed[PERP.symbol] = changed
        await office.clock.advance(301)
        assert office.rules == [changed]
        assert office.manager.ledger.instruments[PERP.symbol] == changed
        assert office.refused(PERP.symbol) == ""

    play(tmp_path, scenario)


@pytest.mark.fault("E17")
def test_a_reading_older_than_the_last_is_ignored(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        before = await read(office)
        await office.clock.advance(40)
        await office.buy(PERP.symbol, 10)
        office.venue.lies += [lambda _: before] * 3
        await office.clock.advance(60)
        assert office.venue.lies == []
        assert office.alarms == []
        assert office.refused(PERP.symbol) == ""

    play(tmp_path, scenario)


@pytest.mark.fault("E17")
def test_a_venue_that_lags_behind_a_fill_stops_entries_and_does_not_halt(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        before = office.venue.told[:]
        office.venue.told.clear()  # shown as of before, with the time of now
        office.reconciler.reconnected()
        await office.clock.advance(8)
        assert "read again" in office.refused(PERP.symbol)
        office.venue.told += before
        await office.clock.advance(20)
        assert office.refused(PERP.symbol) == ""
        assert Alarm.DISCREPANCY not in office.told()

    play(tmp_path, scenario)


async def read(office: Office) -> AccountReading:
    task = office.work(office.venue.account())
    await office.clock.advance(1)
    return task.result()


@pytest.mark.fault("E7")
def test_maintenance_pauses_entries_and_is_looked_at_rarely_until_a_fresh_pass(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.down = True
        await office.clock.advance(120)
        assert "does not answer" in office.refused(SPOT.symbol)
        assert office.told() == [Alarm.UNREACHABLE]
        asked, passes = len(office.venue.asked), office.reconciler.passes
        await office.clock.advance(300)
        assert len(office.venue.asked) - asked <= 6
        assert office.reconciler.passes == passes
        office.venue.down = False
        await office.clock.advance(65)
        assert office.reconciler.passes == passes + 1
        assert office.refused(SPOT.symbol) == ""
        assert office.told() == [Alarm.UNREACHABLE]

    play(tmp_path, scenario)


def test_an_order_that_the_venue_lists_no_more_is_asked_about(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.telling.drop = True
        order = office.order(SPOT.symbol, 10)
        office.submit(order)
        await office.clock.advance(1)
        office.venue.fill(office.venue.orders[order.id], 10)  # nobody tells
        await office.clock.advance(15)
        assert office.state(order).done
        assert office.manager.ledger.positions[SPOT.symbol] == 10
        assert office.alarms == []

    play(tmp_path, scenario)


def test_what_is_in_doubt_is_not_compared(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        order = office.order(PERP.symbol, -10, reduce_only=True)
        office.venue.fault = Fault.LOST
        office.submit(order)
        await office.clock.advance(2)
        office.venue.moved[PERP.symbol] = D("0.07")
        await office.clock.advance(40)
        assert Alarm.DISCREPANCY not in office.told()
        assert office.state(order).in_doubt
        office.venue.moved.clear()
        await office.clock.advance(200)
        await settle()

    play(tmp_path, scenario)


@pytest.mark.fault("E3")
@pytest.mark.fault("E4")
def test_a_refused_key_stops_entries_and_after_five_minutes_halts(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.venue.shut = True
        await office.clock.advance(40)
        assert "refuses this key" in office.refused(SPOT.symbol)
        assert office.told() == []
        office.venue.shut = False  # a ban that ended
        await office.clock.advance(70)
        assert office.refused(SPOT.symbol) == ""
        office.venue.shut = True
        asked = len(office.venue.times("account"))
        await office.clock.advance(420)
        assert Alarm.ACCESS_REFUSED in office.told()
        assert office.manager.ledger.halted == {SPOT.symbol, PERP.symbol}
        assert len(office.venue.times("account")) - asked <= 9  # once a minute

    play(tmp_path, scenario)


def test_records_bear_market_time(tmp_path: Path) -> None:
    class Elsewhen:
        def now_ms(self) -> int:
            return 42

        async def sleep(self, seconds: float) -> None:
            raise AssertionError("nothing waits for market time")

    async def scenario(office: Office) -> None:
        await office.buy(PERP.symbol, 10)
        await office.clock.advance(20)
        office.venue.moved[PERP.symbol] = D(-1)
        await office.clock.advance(60)

    office = play(tmp_path, scenario, stamps=Elsewhen())
    with Journal.open(office.path) as journal:
        assert [r.at for _, r in journal.records() if isinstance(r, Discrepancy)] == [42]
