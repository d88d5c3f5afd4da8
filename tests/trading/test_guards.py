"""Each guard refuses with its sentence, at its limit; what only shrinks a position is not held up."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.ordering import PERP, SPOT, START_MS
from tests.trading.standing import ToldQuotes, ToldStanding
from tradewind.market import Bar, Command, CommandKind, ConfigError, Fill, Order, OrderType, Snapshot
from tradewind.market.clock import ManualClock
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.risk.guards import Guards
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.account_venue import AccountReading, VenuePosition
from tradewind.trading.terms.order_records import Risk
from tradewind.trading.terms.order_states import Happening, Intent, OrderEvent
from tradewind.trading.terms.quotes import Quote

BUY = Order("b", PERP.symbol, 100)  # 1 ETH at 100
SELL = Order("s", PERP.symbol, -100, reduce_only=True)


class Place:
    """Guards over empty books, with quotes of this moment at 100."""

    def __init__(self, largest: Callable[[str], int | None] = lambda symbol: None, **settings: Any) -> None:
        self.clock = ManualClock(START_MS)
        self.ledger = OrderLedger((SPOT, PERP))
        self.quotes, self.standing = ToldQuotes(), ToldStanding(self.ledger.positions)
        self.latch = Latch(self.clock, lambda record: None)
        instruments = {i.symbol: i for i in (SPOT, PERP)}
        self.guards = Guards(
            GuardSettings(**settings),
            instruments,
            self.standing,
            self.ledger,
            self.quotes,
            self.clock,
            self.latch,
            model_slippage=0.001,
            largest=largest,
        )
        self.quote(100.0)

    def quote(self, price: float, **more: float) -> None:
        for symbol in (SPOT.symbol, PERP.symbol):
            self.quotes.tell(symbol, self.clock.now_ms(), price, **more)

    def hold(self, lots: int) -> None:
        self.ledger.positions[PERP.symbol] = lots

    def says(self, order: Order, closed_ago: float = 0.0) -> str:
        close = self.clock.now_ms() - round(closed_ago * 1000)
        passed, denied = self.guards.review([order], close)
        assert len(passed) + len(denied) == 1
        return denied[0].text if denied else ""


def test_a_sound_order_passes() -> None:
    assert Place().says(BUY) == ""


@pytest.mark.fault("M4")
def test_m2_m4_a_decision_that_comes_late_is_skipped() -> None:
    place = Place()
    assert place.says(BUY, closed_ago=30.0) == ""
    assert place.says(BUY, closed_ago=30.5) == "the bar closed 30.5 s ago, the most is 30 s: skipped"
    place.hold(100)
    assert place.says(SELL, closed_ago=500.0) == ""


def test_stale_or_missing_quotes_hold_up_entries_only() -> None:
    place = Place()
    place.clock.advance(61)
    assert "61.0 s old: it is stale" in place.says(BUY)
    place.hold(100)
    assert place.says(SELL) == ""
    place.quotes.quotes.clear()
    place.hold(0)
    assert place.says(BUY) == f"there is no quote of {PERP.symbol} yet"


@pytest.mark.parametrize(
    ("book", "last", "says"),
    [
        (11, 0, f"the book of {PERP.symbol} is 11.0 s old: it is stale"),
        (61, 0, f"the book of {PERP.symbol} is 61.0 s old: it is stale"),
        (10, 11, ""),
        (None, 11, f"the last trade of {PERP.symbol} is 11.0 s old: it is stale"),
        (None, 10, ""),
        (None, None, f"there is no quote of {PERP.symbol} yet"),
    ],
)
def test_the_age_is_that_of_the_price_that_the_order_meets_however_fresh_the_mark(
    book: int | None, last: int | None, says: str
) -> None:
    place = Place(max_data_age_seconds=10.0)
    now = place.clock.now_ms()
    book_at, last_at = (0 if age is None else now - age * 1000 for age in (book, last))
    quote = Quote(PERP.symbol, 100.0, 100.0, 100.0, 100.0, book_at, last_at, now).fresh(now)
    place.quotes.quotes[PERP.symbol] = quote
    assert place.says(BUY) == says
    place.hold(100)
    assert place.says(SELL) == ""


def test_orders_per_minute() -> None:
    place = Place(max_orders_per_minute=2)
    passed, denied = place.guards.review([replace(BUY, id=i) for i in "abc"], START_MS)
    assert len(passed) == 2
    assert denied[0].text == "2 orders sent within a minute, the most is 2"
    for order in passed:
        place.guards.note_sent(order)
    assert "within a minute" in place.says(BUY)
    place.clock.advance(60)
    place.quote(100.0)
    assert place.says(BUY) == ""


@pytest.mark.fault("M8")
@pytest.mark.parametrize("mark", [1000.0, 10.0, 0.0, -5.0, 1e308, math.inf])
def test_m8_a_price_that_cannot_be_holds_up_entries(mark: float) -> None:
    place = Place()
    place.quote(100.0, mark=mark)
    assert place.says(BUY) != ""


def test_a_limit_far_from_the_market_is_refused_also_where_it_closes() -> None:
    place = Place()
    place.hold(100)
    limit = replace(SELL, type=OrderType.LIMIT, price=Decimal(94))
    assert place.says(limit) == f"prices of {PERP.symbol} are 94, 100: more than 5% apart"
    assert place.says(replace(limit, price=Decimal(96))) == ""


@pytest.mark.fault("O19")
def test_o19_what_rounds_to_nothing_or_is_too_small_is_denied_here() -> None:
    place = Place()
    assert "rounds to nothing" in place.says(replace(BUY, lots=0))
    assert "below the minimum of 5: the venue would refuse it" in place.says(replace(BUY, lots=1))
    place.hold(1)
    assert place.says(replace(SELL, lots=-1)) == ""  # a perpetual closes below its minimum
    place.ledger.positions[SPOT.symbol] = 1
    place.quote(1.0)
    assert "stays as dust" in place.says(Order("d", SPOT.symbol, -1))


@pytest.mark.fault("O19")
def test_o19_no_position_grows_beyond_what_one_order_could_close() -> None:
    place = Place(largest=lambda symbol: 150)
    assert place.says(BUY) == ""
    assert "160 lots of ETH/USDT:USDT would be held" in place.says(replace(BUY, lots=160))
    place.hold(100)
    assert "at most 150 in one order" in place.says(replace(BUY, lots=60))
    assert place.says(replace(BUY, lots=-150)) == ""
    place.hold(400)
    assert place.says(replace(SELL, lots=-400)) == ""  # what closes is split, not refused


def test_absolute_caps() -> None:
    assert "the most is 99" in Place(max_drawdown=None, max_order_notional=99.0).says(BUY)
    place = Place(max_drawdown=None, max_leverage=2.0)
    place.standing.equity = 50.0
    assert place.says(BUY) == ""
    place.standing.equity = 49.0
    assert place.says(BUY) == "exposure could come to 100.00 on an equity of 49.00, the most is 2 times"
    place.standing.equity = math.nan
    assert "exposure could come" in place.says(BUY)


def test_g1_the_leverage_counts_what_rests_and_what_goes_with_it() -> None:
    place = Place(max_drawdown=None, max_leverage=2.0)
    place.standing.equity = 120.0
    hashed = place.ledger.state_hash()
    place.ledger.apply(Intent(START_MS, "rests", PERP.symbol, 100, False, "d", hashed))
    assert place.says(BUY) == ""
    passed, denied = place.guards.review([BUY, replace(BUY, id="c")], START_MS)
    assert [o.id for o in passed] == ["b"]
    assert "exposure could come to 300.00" in denied[0].text


def test_g1_lots_that_fees_took_are_no_exposure() -> None:
    """The ledger counts what was bought and sold, and on spot a fee in base is neither."""
    place = Place(max_drawdown=None, max_leverage=1.0)
    place.standing.equity = 150.0
    place.standing.positions = {SPOT.symbol: 0, PERP.symbol: 0}
    place.ledger.positions[SPOT.symbol] = 500
    assert place.says(BUY) == ""


def test_unknown_orders_anywhere() -> None:
    place = Place(max_unknown_orders=0)
    place.ledger.apply(Intent(START_MS, "x", SPOT.symbol, 1, False, "d", place.ledger.state_hash()))
    place.ledger.apply(OrderEvent(START_MS, "x", Happening.DOUBTED))
    assert place.says(BUY) == "1 order in doubt: 0 may be"


@pytest.mark.fault("E5")
def test_drift_and_failing_requests() -> None:
    place = Place(window=4)
    place.guards.note_drift(-1.5)
    assert place.says(BUY) == "the venue's clock is -1.50 s from ours"
    place.guards.note_drift(0.5)
    for good in (True, False, False, False):
        place.guards.note_answer(good=good)
    assert place.says(BUY) == "3 of the last 4 requests failed"
    place.guards.note_answer(good=True)
    place.guards.note_answer(good=True)
    assert place.says(BUY) == ""


def test_slippage_worse_than_the_model_only_lets_positions_shrink() -> None:
    place = Place(window=2)
    for i, price in enumerate(("100.7", "100.9")):
        place.guards.note_sent(replace(BUY, id=f"o{i}"))
        one = Fill(f"t{i}", f"o{i}", 0, PERP.symbol, 100, Decimal(1), Decimal(price), Decimal(0), "USDT")
        place.guards.note_fill(one)
    assert "cost 0.70% more than the model says" in place.says(BUY)
    place.clock.advance(1.0)
    place.guards.watch()
    assert place.latch.state is Risk.REDUCING
    place.latch.apply(Command(CommandKind.REARM, 1, "seen"))
    place.clock.advance(5.0)
    place.guards.watch()
    assert place.latch.state is Risk.ACTIVE


@pytest.mark.fault("A7")
def test_a7_one_bad_reading_blocks_entries_and_flattens_nothing() -> None:
    place = Place(max_daily_loss=500.0)
    place.hold(100)
    place.standing.equity = 0.0
    assert place.says(BUY) == "the loss of the day is 10000.00, the most is 500"
    place.clock.advance(5)
    place.guards.watch()  # the same quote again is no second reading
    assert place.latch.state is Risk.ACTIVE
    place.standing.equity = 10_000.0
    place.quote(100.0)
    place.guards.watch()
    assert place.says(BUY) == ""
    place.standing.equity = 0.0
    place.guards.watch()
    place.clock.advance(0.5)
    place.quote(100.0)
    place.guards.watch()
    assert place.latch.state is Risk.ACTIVE
    place.clock.advance(0.5)
    place.quote(100.0)
    place.guards.watch()
    assert (place.latch.state, place.latch.reason) == (
        Risk.FLATTENING,
        "the loss of the day is 10000.00, the most is 500",
    )


def test_losses_in_a_row_halt() -> None:
    place = Place(max_losses_in_a_row=3)
    place.standing.losing_streak = 3
    place.guards.watch()
    place.clock.advance(1)
    place.guards.watch()
    assert place.latch.state is Risk.HALTED


@pytest.mark.parametrize(
    ("position", "then"),
    [
        (VenuePosition(PERP.symbol, Decimal(1), margin_ratio=0.8), Risk.FLATTENING),
        (
            VenuePosition(PERP.symbol, Decimal(1), mark=Decimal(100), liquidation=Decimal(96)),
            Risk.REDUCING,
        ),
    ],
)
def test_near_liquidation(position: VenuePosition, then: Risk) -> None:
    place = Place()
    for _ in range(2):
        assert place.latch.state is Risk.ACTIVE
        place.guards.note_reading(AccountReading(place.clock.now_ms(), {}, {PERP.symbol: position}))
        place.guards.watch()
        place.guards.watch()
        place.clock.advance(1)
    assert place.latch.state is then


@pytest.mark.fault("A4")
def test_a4_funding_that_spikes_gates_entries() -> None:
    place = Place()
    place.quote(100.0, funding_rate=-0.004)
    assert place.says(BUY) == f"funding of {PERP.symbol} is -0.400%, the most is 0.300%"
    place.hold(100)
    assert place.says(SELL) == ""
    place.hold(0)
    place.quote(100.0, funding_rate=0.003)
    assert place.says(BUY) == ""


@pytest.mark.fault("A4")
def test_a4_where_the_next_rate_is_not_told_the_last_one_counts() -> None:
    place = Place()
    for rate, says in ((0.004, f"funding of {PERP.symbol} is 0.400%, the most is 0.300%"), (0.0001, "")):
        bar = Bar(0, 1, 1.0, 1.0, 1.0, 1.0, 0.0, funding_rate=rate)
        place.guards.note_snapshot([SPOT.symbol, PERP.symbol], Snapshot(0, 1, (None, bar)))
        assert place.says(BUY) == says


@pytest.mark.fault("M7")
def test_m7_too_many_missing_bars_hold_up_entries_of_that_symbol() -> None:
    place = Place(max_masked_bars=2)
    bar = Bar(0, 1, 1.0, 1.0, 1.0, 1.0, 0.0)
    for _ in range(3):
        place.guards.note_snapshot([SPOT.symbol, PERP.symbol], Snapshot(0, 1, (bar, None)))
    assert place.says(BUY) == f"3 of the last 3 bars of {PERP.symbol} are missing"
    assert place.says(Order("x", SPOT.symbol, 10)) == ""


def test_a8_what_is_halted_only_shrinks() -> None:
    place = Place()
    place.hold(100)
    place.latch.tighten(Risk.HALTED, "the loss of the day")
    assert place.says(SELL) == ""
    assert "re-arm it" in place.says(BUY)
    assert "re-arm it" in place.says(replace(SELL, lots=-101))  # it would turn the position over


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("price_band", 5, "did you mean 0.05"),
        ("max_daily_loss", -1.0, "expected a positive number"),
        ("window", 0, "not negative"),
    ],
)
def test_settings_say_what_is_wrong(setting: str, value: float, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        GuardSettings(**{setting: value})  # type: ignore[arg-type]
