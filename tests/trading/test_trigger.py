"""What the local guard of stops takes for the price, at the limits of what it trusts."""

from __future__ import annotations

import math

import pytest

from tests.trading.standing import ToldQuotes
from tradewind.market import ManualClock
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.acting.trigger import TriggerPrice
from tradewind.trading.terms.quotes import Quote

SYMBOL = "BTC/USDT:USDT"
NOW = 1_000_000
FRESH, STALE = NOW - 60_000, NOW - 60_001
NAN = math.nan


def seen(kind: Trigger, quote: Quote) -> float:
    return TriggerPrice(kind, ToldQuotes({SYMBOL: quote}), ManualClock(NOW)).price(SYMBOL)


def quote(
    *,
    book: float = 96.0,
    last: float = 96.5,
    mark: float = 100.0,
    ages: tuple[int, int, int] = (NOW, NOW, NOW),
) -> Quote:
    return Quote(SYMBOL, book, book, last, mark, *ages)


@pytest.mark.parametrize(
    ("ages", "price"),
    [
        ((NOW, NOW, FRESH), 100.0),
        ((NOW, NOW, STALE), 96.5),
        ((NOW, FRESH, STALE), 96.5),
        ((NOW, STALE, STALE), 96.0),
        ((FRESH, STALE, STALE), 96.0),
        ((STALE, STALE, STALE), NAN),
        ((STALE, NOW, STALE), 96.5),
    ],
)
def test_each_price_counts_for_a_minute_and_then_the_next_one_does(
    ages: tuple[int, int, int], price: float
) -> None:
    assert seen(Trigger.MARK, quote(ages=ages)) == pytest.approx(price, nan_ok=True)


@pytest.mark.parametrize("kind", Trigger)
@pytest.mark.parametrize(("last", "fires"), [(95.01, True), (94.99, False), (104.99, True), (105.01, False)])
def test_a_last_price_five_per_cent_from_the_book_is_a_spike(kind: Trigger, last: float, fires: bool) -> None:
    told = quote(book=100.0, last=last, mark=NAN)
    assert math.isnan(seen(kind, told)) is not fires


def test_a_stop_is_reached_by_the_book_when_the_mark_died_an_hour_ago() -> None:
    told = quote(book=96.0, last=96.0, mark=100.5, ages=(NOW, NOW, NOW - 3_600_000))
    watched = TriggerPrice(Trigger.MARK, ToldQuotes({SYMBOL: told}), ManualClock(NOW))
    assert watched.reached(SYMBOL, long=True, level=97.0)
    assert not watched.reached(SYMBOL, long=False, level=97.0)
