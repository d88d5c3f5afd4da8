"""Every word that the local exchange has for a request about an order, through real clients: classified as told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.wire import PLACES, WAYS, Place, Seat, Wire
from tradewind.clients.outcomes import Throttled
from tradewind.exchange import Permission
from tradewind.gateway.faults import REASONS
from tradewind.market import Accepted, Outcome, Rejected, RejectKind, Unknown

K = RejectKind
# What each reason of a fault is, as an answer to an order, at Binance Spot, USD-M and Bitget; None is unknown.
TOLD: dict[str, tuple[RejectKind | None, RejectKind | None, RejectKind | None]] = {
    "unexpected": (None, None, None),
    "timeout": (None, None, None),
    "busy": (None, None, None),
    "unavailable": (None, None, None),
    "overloaded": (None, None, None),
    "duplicate_order": (K.DUPLICATE, K.DUPLICATE, K.DUPLICATE),
    "unknown_order": (None, None, None),
    "no_such_order": (None, None, None),
    "insufficient_balance": (K.BALANCE, K.BALANCE, K.BALANCE),
    "lot_size": (K.FILTER, K.FILTER, K.FILTER),
    "min_notional": (K.FILTER, K.FILTER, K.FILTER),
    "reduce_only": (None, K.REDUCE_ONLY, K.REDUCE_ONLY),  # spot's -2022 is of cancel-replace
    "would_trigger": (K.WOULD_TRIGGER, K.WOULD_TRIGGER, K.WOULD_TRIGGER),
    "would_take": (K.WOULD_TAKE, K.WOULD_TAKE, K.WOULD_TAKE),
    "wrong_service": (None, K.OTHER, K.OTHER),
    "position_side": (None, K.POSITION_MODE, K.POSITION_MODE),
    "mode_refused": (None, K.POSITION_MODE, K.POSITION_MODE),
    "rate_limited": (K.LIMIT, K.LIMIT, K.LIMIT),
    "too_many_orders": (K.LIMIT, K.LIMIT, K.LIMIT),
    "banned": (K.LIMIT, K.LIMIT, K.LIMIT),
    "bad_key": (K.AUTH, K.AUTH, K.AUTH),
    "key_gone": (K.AUTH, K.AUTH, K.AUTH),
    "wrong_address": (K.AUTH, K.AUTH, K.AUTH),
    "wrong_environment": (K.AUTH, K.AUTH, K.AUTH),
    "clock_skew": (K.CLOCK, K.CLOCK, K.CLOCK),
    "market_closed": (K.NOT_TRADING, K.NOT_TRADING, K.NOT_TRADING),
    "maintenance": (K.MAINTENANCE, K.MAINTENANCE, K.MAINTENANCE),
    "retired": (None, None, K.OTHER),
    "no_listen_key": (None, None, None),
}
VENUES = ("Binance Spot", "Binance USD-M", "Bitget")


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    found = Wire(tmp_path_factory.mktemp("wire"))
    yield found
    found.stop()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=PLACES, ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def seat(wire: Wire, place: Place, way: str) -> Iterator[Seat]:
    found = wire.seat(place, way)
    yield found
    found.leave_nothing()


@pytest.fixture
def fresh(wire: Wire, place: Place, way: str) -> Iterator[Seat]:
    """An account of the test's own, which it may spoil."""
    found = wire.new_seat(place, way)
    yield found
    found.leave_nothing()
    wire.run(found.client.close())


def kind_of(outcome: Outcome) -> RejectKind | None:
    assert not isinstance(outcome, Accepted)
    return outcome.kind if isinstance(outcome, Rejected) else None


def test_every_reason_of_a_fault_is_told() -> None:
    assert set(TOLD) == set(REASONS)


@pytest.mark.parametrize("reason", TOLD)
@pytest.mark.fault("E16")
def test_an_order_that_is_answered_with_a_reason(wire: Wire, seat: Seat, reason: str) -> None:
    with wire.fault("refuse", reason=reason, match={"kind": "place"}, retry_after=7) as rule:
        outcome = seat.place_order(name := seat.new_id())
    assert rule.fired == 1
    assert kind_of(outcome) is TOLD[reason][VENUES.index(seat.place.table)]
    assert seat.ledger(name) == []
    if isinstance(outcome, Throttled):
        assert outcome.retry_after_seconds == 7


@pytest.mark.parametrize("reason", TOLD)
@pytest.mark.fault("E16")
def test_a_cancel_and_a_query_that_are_answered_with_a_reason(wire: Wire, seat: Seat, reason: str) -> None:
    told = TOLD[reason][VENUES.index(seat.place.table)]
    wanted = K.NOT_FOUND if reason in ("unknown_order", "no_such_order") else told
    for kind, ask in (("cancel", seat.cancel), ("query", seat.query)):
        with wire.fault("refuse", reason=reason, match={"kind": kind}) as rule:
            assert kind_of(ask("some-id")) is wanted
        assert rule.fired == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 500, 502, 503, 504, 520])
def test_a_page_says_nothing_whatever_its_status(wire: Wire, seat: Seat, status: int) -> None:
    for at, orders in (("before", 0), ("after", 1)):
        with wire.fault("html", at=at, status=status, match={"kind": "place"}):
            assert isinstance(seat.place_order(name := seat.new_id()), Unknown)
        assert len(seat.ledger(name)) == orders


@pytest.mark.parametrize("status", [418, 429])
def test_a_page_that_turns_away_is_a_limit(wire: Wire, seat: Seat, status: int) -> None:
    with wire.fault("html", status=status, match={"kind": "place"}):
        outcome = seat.place_order(name := seat.new_id())
    assert isinstance(outcome, Throttled)
    assert (outcome.kind, outcome.retry_after_seconds, outcome.banned_until_ms) == (K.LIMIT, None, None)
    assert seat.ledger(name) == []


@pytest.mark.parametrize("code", ["-9999", "99999", "", "0x1", "00000"])
def test_a_code_that_nobody_knows_says_nothing(wire: Wire, seat: Seat, code: str) -> None:
    for status in (400, 500):
        with wire.fault("refuse", status=status, code=code, message="?", match={"kind": "place"}):
            assert isinstance(seat.place_order(seat.new_id()), Unknown)


def test_a_life_without_faults(seat: Seat) -> None:
    name = seat.new_id()
    placed = seat.place_order(name)
    assert placed == Accepted(seat.ledger(name)[0])
    assert seat.query(name) == placed
    assert kind_of(seat.place_order(name)) is K.DUPLICATE
    assert seat.cancel(name) == placed
    assert kind_of(seat.cancel(name)) is K.NOT_FOUND
    assert kind_of(seat.query("never-placed")) is K.NOT_FOUND
    assert len(seat.ledger(name)) == 1


RAW = {"binance": ("quantity", "price"), "bitget": ("size", "price")}


def test_what_does_not_fit_the_filters(seat: Seat) -> None:
    quantity, price = ("qty" if seat.place.unified else RAW[seat.place.house][0]), "price"
    for changes in (
        {quantity: "0.00000001"},
        {quantity: "0.0123456789"},
        {quantity: "99999999"},
        {price: "60000.123456"},
        {
            "amount": seat.client.market(seat.place.symbol)["limits"]["amount"]["min"] or 0.00001,
            "factor": 0.9,
        },
    ):
        outcome = seat.place_order(name := seat.new_id(), **changes)
        if seat.ledger(name):  # the smallest amount is enough in some markets
            assert isinstance(outcome, Accepted)
        else:
            assert kind_of(outcome) in (K.FILTER, K.BALANCE), (changes, outcome)


def test_more_than_the_account_has(seat: Seat) -> None:
    outcome = seat.place_order(name := seat.new_id(), amount=90.0)
    assert (kind_of(outcome), seat.ledger(name)) == (K.BALANCE, [])


def test_a_post_only_order_that_would_trade(seat: Seat) -> None:
    outcome = seat.place_order(name := seat.new_id(), factor=1.01, postOnly=True)
    if isinstance(outcome, Accepted):  # Bitget may take it and cancel it
        assert seat.ledger(name) == [outcome.venue_id]
    else:
        assert (kind_of(outcome), seat.ledger(name)) == (K.WOULD_TAKE, [])


def test_a_stop_that_would_trigger(seat: Seat) -> None:
    if seat.place.house == "bitget":
        pytest.skip("Bitget's plan orders trigger from whichever side the price comes")
    stop = {"stopLossPrice": seat.price(1.1), "side": "sell"}
    outcome = seat.place_order(name := seat.new_id(), "market" if seat.place.is_swap else "limit", **stop)
    assert kind_of(outcome) in ((K.WOULD_TRIGGER,) if seat.place.is_swap else (K.WOULD_TRIGGER, K.BALANCE))
    assert seat.ledger(name) == []


def test_a_stop_that_rests(seat: Seat) -> None:
    if not seat.place.is_swap:
        pytest.skip("there is nothing to sell")
    seat.place_order(seat.new_id(), "market")
    stop = {"stopLossPrice": seat.price(0.8), "side": "sell", "reduceOnly": True}
    outcome = seat.place_order(name := seat.new_id(), "market", **stop)
    assert isinstance(outcome, Accepted)
    assert seat.ledger(name) == [outcome.venue_id]


def test_reducing_what_is_not_there(fresh: Seat) -> None:
    if not fresh.place.is_swap:
        pytest.skip("spot has no positions")
    outcome = fresh.place_order(name := fresh.new_id(), "market", reduceOnly=True)
    assert (kind_of(outcome), fresh.ledger(name)) == (K.REDUCE_ONLY, [])


def test_a_mode_that_is_not_the_accounts(wire: Wire, place: Place, way: str) -> None:
    if not place.is_swap:
        pytest.skip("spot has no positions")
    seat = wire.new_seat(place, way, hedge=True)
    try:
        outcome = seat.place_order(name := seat.new_id())
        assert (kind_of(outcome), seat.ledger(name)) == (K.POSITION_MODE, [])
    finally:
        wire.run(seat.client.close())


def test_a_market_that_is_halted(seat: Seat) -> None:
    market, price = seat.place.symbol, seat.price(0.9)
    seat.exchange.control.halt(market)
    try:
        outcome = seat.ask(
            lambda: seat.client.create_order(
                market, "limit", "buy", 0.01, price, {"clientOrderId": "halted-1"}
            )
        )
    finally:
        seat.exchange.control.resume(market)
    assert (kind_of(outcome), seat.ledger("halted-1")) == (K.NOT_TRADING, [])


def test_a_venue_in_maintenance(wire: Wire, seat: Seat) -> None:
    price = seat.price(0.9)
    wire.local.faults.set_maintenance(seat.place.house, True)
    try:
        outcome = seat.ask(lambda: seat.client.create_order(seat.place.symbol, "limit", "buy", 0.01, price))
    finally:
        wire.local.faults.set_maintenance(seat.place.house, False)
    assert kind_of(outcome) is K.MAINTENANCE


def test_wrong_keys(wire: Wire, fresh: Seat) -> None:
    client, price = fresh.client, fresh.price(0.9)
    secret, key = client.secret, client.apiKey

    def placed() -> Outcome:
        named = {"clientOrderId": "wrong"}
        return fresh.ask(lambda: client.create_order(fresh.place.symbol, "limit", "buy", 0.01, price, named))

    client.secret = "x" * 64
    assert kind_of(placed()) is K.AUTH
    client.secret, client.apiKey = secret, "k" * 64
    assert kind_of(placed()) is K.AUTH
    client.apiKey = ""
    assert kind_of(placed()) is K.AUTH
    client.apiKey = key
    wire.run(client.fetch_balance())  # from now on ccxt takes -2015 for a ban
    control = fresh.exchange.control
    control.revoke_key(key)
    assert kind_of(placed()) is K.AUTH
    control.add_key(fresh.account, "reader", secret, frozenset({Permission.READ}), client.password)
    client.apiKey = "reader"
    assert kind_of(placed()) is K.AUTH
    control.revoke_key("reader")
    assert fresh.ledger("wrong") == []


@pytest.mark.parametrize("off_ms", [120_000, -120_000])
@pytest.mark.fault("E5")
def test_a_wrong_clock(fresh: Seat, off_ms: int) -> None:
    price = fresh.price(0.9)
    fresh.client.options["timeDifference"] = off_ms
    outcome = fresh.ask(
        lambda: fresh.client.create_order(
            fresh.place.symbol, "limit", "buy", 0.01, price, {"clientOrderId": "late"}
        )
    )
    assert (kind_of(outcome), fresh.ledger("late")) == (K.CLOCK, [])


def test_a_ban_says_until_when(wire: Wire, seat: Seat) -> None:
    name = seat.new_id()
    price = seat.price(0.9)
    with wire.fault("ban", seconds=90, match={"kind": "place"}):
        named: dict[str, Any] = {"clientOrderId": name}
        outcome = seat.ask(
            lambda: seat.client.create_order(seat.place.symbol, "limit", "buy", 0.01, price, named)
        )
        now = wire.local.houses[0].wire.now_ms()
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after_seconds is not None
    assert 85 <= outcome.retry_after_seconds <= 90
    if seat.place.house == "binance":
        assert outcome.banned_until_ms is not None
        assert 85_000 <= outcome.banned_until_ms - now <= 90_000
    assert seat.ledger(name) == []


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_limits_of_the_venue_itself(tmp_path: Path, place: Place) -> None:
    wire = Wire(tmp_path, limits=1.0, tls=False)
    try:
        seat = wire.new_seat(place, "address")
        price = seat.price(0.9)
        seat.client.enableRateLimit = False
        names = [f"many-{number}" for number in range(310 if place.house == "binance" else 40)]

        def order(name: str) -> Any:
            amount = 0.001 if place.is_swap else 0.0005
            named = {"clientOrderId": name}
            return seat.client.create_order(place.symbol, "limit", "buy", amount, price, named)

        found = wire.run(asyncio.gather(*(seat.outcome(lambda n=n: order(n), client_id=n) for n in names)))
        wire.run(seat.client.close())
        turned_away = [one for one in found if isinstance(one, Throttled)]
        assert turned_away
        assert {one.kind for one in found if isinstance(one, Rejected)} == {K.LIMIT}
        if place.house == "binance":
            assert all(one.retry_after_seconds for one in turned_away if one.code == "-1015")
        for name, one in zip(names, found, strict=True):
            assert seat.ledger(name) == ([one.venue_id] if isinstance(one, Accepted) else [])
    finally:
        wire.stop()
