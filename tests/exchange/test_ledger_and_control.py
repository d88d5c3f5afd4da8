"""The ledger, the venue's commands, the clocks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exchange.worlds import (
    MINUTE,
    PERP,
    SPOT,
    START,
    D,
    assert_sound,
    buy,
    exchange,
    flat,
    moving,
    sell,
)
from tradewind.exchange import Exchange, MarketClock, OrderStatus, OrderType, Permission, Refusal, Refused
from tradewind.exchange.ledger import FillRow, Ledger, OrderRow, TransferRow, read_spilled
from tradewind.market import ConfigError, DataError, ManualClock

MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT


def test_the_ledger_tells_the_whole_life_of_an_order() -> None:
    world = exchange(flat(5))
    start = len(world.ledger)
    world.place("a", buy(MARKET, "1", client_id="mine"))
    rows = list(world.ledger.rows(start))
    assert [type(r) for r in rows] == [OrderRow, TransferRow, FillRow, OrderRow]
    assert [r.seq for r in rows] == list(range(start + 1, start + 5))
    assert [(r.execution, r.status) for r in rows if isinstance(r, OrderRow)] == [
        ("new", "new"),
        ("trade", "filled"),
    ]
    assert {r.client_id for r in rows if not isinstance(r, TransferRow)} == {"mine"}


def test_rows_that_leave_memory_are_read_from_their_file(tmp_path: Path) -> None:
    spill = tmp_path / "ledger.jsonl"
    bounded = exchange(flat(5), (SPOT, PERP), ledger_limit=40, ledger_spill=spill)
    nameless = exchange(flat(5), (SPOT, PERP), ledger_limit=40)
    whole = exchange(flat(5), (SPOT, PERP))
    for world in (bounded, nameless, whole):
        for i in range(60):
            world.place("a", (sell if i % 2 else buy)(MARKET, "1", symbol=(SPOT, PERP)[i % 3 == 0]))
    rows = list(whole.ledger.rows())
    for world in (bounded, nameless):
        assert len(list(world.ledger.held())) <= 40
        assert len(world.ledger) == len(rows)
        assert world.ledger.books() == whole.ledger.books()
        for since in (0, 1, 100, len(rows) - 41, len(rows) - 3, len(rows), len(rows) + 9):
            assert list(world.ledger.rows(since)) == rows[since:]
        assert_sound(world)
    assert [*read_spilled(spill), *bounded.ledger.held()] == list(bounded.ledger.rows())


def test_a_page_of_rows_ends_where_the_ledger_did_when_it_was_asked(tmp_path: Path) -> None:
    world = exchange(flat(5), ledger_limit=40)
    for _ in range(20):
        world.place("a", buy(MARKET, "1"))
    count, page = len(world.ledger), world.ledger.rows()
    begun = [next(page)]
    for _ in range(20):
        world.place("a", buy(MARKET, "1"))
    assert [row.seq for row in [*begun, *page]] == list(range(1, count + 1))


def test_a_restored_ledger_goes_on_in_its_file(tmp_path: Path) -> None:
    spill = tmp_path / "ledger.jsonl"

    def fresh(accounts: bool) -> Exchange:
        return exchange(flat(5), accounts=accounts, ledger_limit=40, ledger_spill=spill)

    world = fresh(True)
    for _ in range(20):
        world.place("a", buy(MARKET, "1"))
    kept, rows = world.snapshot(), list(world.ledger.rows())
    for _ in range(20):
        world.place("a", buy(MARKET, "1"))  # all this is lost with the process
    again = fresh(False)
    again.restore(kept)
    assert list(again.ledger.rows()) == rows
    for _ in range(20):
        again.place("a", sell(MARKET, "1"))
    told = list(again.ledger.rows())
    assert told[: len(rows)] == rows
    assert [row.seq for row in told] == list(range(1, len(again.ledger) + 1))
    assert_sound(again)
    spill.write_bytes(spill.read_bytes()[:100])
    with pytest.raises(DataError, match="has 100 bytes of the ledger"):
        fresh(False).restore(kept)


def test_two_kept_orders_are_the_newest() -> None:
    world = exchange(flat(5), keep_orders=2)
    orders = [world.place("a", buy(MARKET, "0.1", client_id=f"o{i}")) for i in range(4)]
    assert world.records.orders("a", SPOT) == orders[2:]
    assert [t.order_id for t in world.records.trades("a", SPOT)] == [o.id for o in orders[2:]]
    with pytest.raises(Refused) as caught:
        world.records.find("a", SPOT, client_id="o0")
    assert caught.value.reason is Refusal.UNKNOWN_ORDER


def test_orders_and_trades_are_found_by_time_id_and_number() -> None:
    world = exchange(flat(5))
    for i in range(5):
        world.place("a", buy(MARKET, "0.1"))
        world.advance(START + (i + 1) * 1000)
    ids = [o.id for o in world.records.orders("a", SPOT)]
    assert [o.id for o in world.records.orders("a", SPOT, limit=2)] == ids[-2:]
    assert [o.id for o in world.records.orders("a", SPOT, from_id=ids[1], limit=2)] == ids[1:3]
    assert [o.id for o in world.records.orders("a", start_ms=START + 2000, limit=9)] == ids[2:]
    assert [o.id for o in world.records.orders("a", end_ms=START + 1000)] == ids[:2]
    assert [t.order_id for t in world.records.trades("a", SPOT, order_id=ids[3])] == [ids[3]]


def test_a_balance_changed_from_outside_is_told_and_booked() -> None:
    world = exchange(flat(5))
    seen: list = []
    world.subscribe(seen.append)
    world.control.adjust("a", "BTC", D("-3"))
    assert world.account("a").spot["BTC"].free == 7
    assert [(e.cause, e.balances[0].change) for e in seen] == [("adjustment", -3)]
    world.place("a", sell(LIMIT, "6", "101"))
    with pytest.raises(Refused) as caught:
        world.control.withdraw("a", "BTC", D("1.5"))
    assert caught.value.reason is Refusal.INSUFFICIENT_BALANCE
    assert_sound(world)


def test_a_wiped_account_starts_anew() -> None:
    world = exchange(flat(5, volume=1e4), (SPOT, PERP))
    world.place("a", buy(LIMIT, "1", "99"))
    world.place("a", buy(MARKET, "5", symbol=PERP))
    world.control.wipe("a", {"USDT": D(777)})
    account = world.account("a")
    assert {k: b.free + b.locked for k, b in account.spot.items() if b.free + b.locked} == {"USDT": 777}
    assert not any(account.futures.values())
    assert not world.positions.all("a")
    assert world.records.orders("a") == []
    assert_sound(world)


def test_a_delisting_closes_positions_at_the_mark() -> None:
    world = exchange(flat(5, volume=1e4), (PERP,))
    world.place("a", buy(MARKET, "5", symbol=PERP))
    resting = world.place("a", buy(LIMIT, "5", "90", symbol=PERP))
    world.control.delist(PERP)
    assert resting.status is OrderStatus.CANCELED
    assert not world.positions.all("a")
    assert_sound(world)


def test_a_forced_fill_of_a_reducing_order_ends_with_the_position() -> None:
    world = exchange(flat(5), (PERP,))
    world.place("a", buy(OrderType.MARKET, "3", symbol=PERP))
    request = sell(OrderType.LIMIT, "5", "120", symbol=PERP, reduce_only=True)
    order = world.place("a", request)
    world.control.fill("a", PERP, order.id, quantity=D(5))
    assert (order.filled, order.status, world.open_orders("a")) == (D(3), OrderStatus.EXPIRED, [])
    assert [p.quantity for p in world.positions.all("a") if p.quantity] == []
    assert_sound(world)


def test_keys_belong_to_accounts() -> None:
    world = exchange(flat(5))
    key = world.control.add_key("a", "k", "hush", frozenset({Permission.READ}))
    assert world.treasury.keys["k"] is key
    assert "hush" not in repr(key)
    world.control.revoke_key("k")
    assert not world.treasury.keys
    with pytest.raises(Refused) as caught:
        world.control.add_key("nobody", "k", "s")
    assert caught.value.reason is Refusal.UNKNOWN_ACCOUNT


def test_closed_candles_come_once_and_forming_ones_last() -> None:
    world = exchange(moving(20))
    seen: list = []
    world.subscribe(lambda e: seen.append(e.candle))
    world.watch(SPOT, "candle:1m")
    world.watch(SPOT, "candle:5m")
    for _ in range(61):
        world.advance(world.now_ms + 10_000)
    closed = [c for c in seen if c.closed]
    assert [c.open_time for c in closed if c.interval == "1m"] == [START + i * MINUTE for i in range(10)]
    assert [c.open_time for c in closed if c.interval == "5m"] == [START, START + 5 * MINUTE]
    for candle in closed:
        assert world.tape.candle(SPOT, candle.interval, candle.open_time) == candle
    assert seen[-1].open_time == START + 10 * MINUTE
    world.unwatch(SPOT, "candle:1m")
    world.unwatch(SPOT, "candle:5m")
    count = len(seen)
    world.advance(START + 15 * MINUTE)
    assert len(seen) == count


def test_public_trades_come_in_order_and_are_those_of_the_tape() -> None:
    world = exchange(moving(5))
    seen: list = []
    world.subscribe(lambda e: seen.append(e.trade))
    world.watch(SPOT, "trade")
    world.advance(START + 2 * MINUTE)
    assert seen == world.tape.trades_from(SPOT, seen[0].id, 1000)


def test_a_snapshot_belongs_to_its_markets_and_a_fresh_exchange(tmp_path: Path) -> None:
    world = exchange(flat(5))
    path = tmp_path / "exchange.json"
    world.save(path)
    with pytest.raises(DataError, match="in use"):
        world.restore(path.read_bytes())
    with pytest.raises(DataError, match="seed 7"):
        exchange(flat(5), accounts=False, seed=8).restore(path.read_bytes())
    with pytest.raises(DataError, match="expected"):
        exchange(flat(5), (PERP,), accounts=False).restore(path.read_bytes())
    with pytest.raises(DataError, match="JSON"):
        exchange(flat(5), accounts=False).restore(b"{")
    other = exchange(flat(5), accounts=False)
    other.restore(path.read_bytes())
    assert other.account("a").spot["USDT"].free == 10_000


def test_market_time_follows_the_wire_at_its_speed() -> None:
    wire = ManualClock(1000)
    clock = MarketClock(START, 600, wire)
    wire.advance(1)
    assert clock.now_ms() == START + 600_000
    clock.set_speed(0)
    wire.advance(50)
    assert clock.now_ms() == START + 600_000
    assert clock.step(5) == clock.now_ms() == START + 600_005
    with pytest.raises(ConfigError):
        clock.step_to(START)
    clock.set_speed(1)
    wire.advance(2)
    assert clock.now_ms() == START + 602_005


def test_an_empty_ledger_has_empty_books() -> None:
    books = Ledger().books()
    assert (books.balances, books.positions) == ({}, {})
