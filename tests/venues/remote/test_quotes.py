"""The newest prices from the streams of both venues, over real sockets, and by REST where those are silent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.exchange_here import NOW, opened
from tests.promises.virtual_time import wire_clock
from tests.venues.remote.feeds import PLACES, Place, QuickClock, over_sockets
from tradewind.clients import connect
from tradewind.gateway.compose import LocalExchange
from tradewind.gateway.faults.rules import Rule, rule_of
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.acting.trigger import TriggerPrice
from tradewind.venues.remote.quotes import LiveQuotes, QuoteSettings

PRICES = ({"kind": "ticker"}, {"kind": "mark"})


@dataclass
class Quoting:
    exchange: LocalExchange
    quotes: LiveQuotes
    house: str
    spot: bool
    clock: QuickClock
    alarms: list[str]

    async def until(self, true: Callable[[], Any]) -> None:
        """Market time goes on until it is true."""
        for _ in range(400):
            if true():
                return
            self.exchange.clock.step(500)
            await asyncio.sleep(0.02)
        raise AssertionError(f"never: {self.quotes.counters}")

    def fault(self, do: str, **settings: Any) -> Rule:
        return self.exchange.faults.add(rule_of({"do": do} | settings))

    def whole(self) -> bool:
        """Every price of every symbol is known."""
        for symbol in self.quotes.symbols:
            quote = self.quotes.newest(symbol)
            if quote is None or any(p != p for p in (quote.bid, quote.ask, quote.last)):
                return False
            if not self.spot and quote.mark != quote.mark:
                return False
        return True


@asynccontextmanager
async def quoting(folder: Path, place: Place, **settings: Any) -> AsyncIterator[Quoting]:
    wire = wire_clock()
    async with opened(folder, tls=False, limits=0.0, start_ms=NOW + 2_000, wire=wire) as exchange:
        client = connect(place[0], "local", at=exchange.url, market_time=exchange.clock, wire_time=wire)
        clock, alarms = QuickClock(), list[str]()
        quotes = LiveQuotes(client, place[1], clock, QuoteSettings(**settings), alarms.append)
        await quotes.start()
        house = "bitget" if place[0] == "bitget" else "binance"
        try:
            yield Quoting(exchange, quotes, house, ":" not in place[1][0], clock, alarms)
        finally:
            await quotes.close()
            await client.close()


@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_quotes_are_what_the_exchange_shows(tmp_path: Path, place: Place) -> None:
    async with quoting(tmp_path, place, fallback_seconds=1e6) as here:
        await here.until(here.whole)
        tape = here.exchange.house(here.house).exchange.tape

        def as_shown() -> bool:
            for symbol in place[1]:
                quote, ticker = here.quotes.newest(symbol), tape.ticker(symbol)
                assert quote is not None
                if (quote.bid, quote.ask, quote.last) != tuple(
                    map(float, (ticker.bid, ticker.ask, ticker.last))
                ):
                    return False
                mark = math.nan if here.spot else float(tape.premium(symbol).mark)
                if quote.mark != mark and not (quote.mark != quote.mark and here.spot):
                    return False
            return True

        for _ in range(200):  # time stands: what is told catches up with what is
            if as_shown():
                break
            await asyncio.sleep(0.02)
        assert as_shown(), [(here.quotes.newest(s), tape.ticker(s)) for s in place[1]]
        assert here.quotes.counters.by_rest == 0


@pytest.mark.fault("E12")
@pytest.mark.parametrize("place", PLACES, ids=str)
@over_sockets
async def test_rest_stands_in_while_streams_are_silent_and_lines_are_dialled_again(
    tmp_path: Path, place: Place
) -> None:
    async with quoting(tmp_path, place) as here:
        await here.until(here.whole)
        rules = [here.fault("silence", where="frame", match=match) for match in PRICES]
        asked = here.quotes.counters.by_rest
        await here.until(lambda: here.quotes.counters.by_rest >= asked + 4)
        assert all(here.quotes.age(symbol) < 12 for symbol in place[1])
        await here.until(lambda: here.quotes.counters.silences)
        for rule in rules:
            here.exchange.faults.remove(rule.id)
        frames = here.quotes.counters.frames
        await here.until(lambda: here.quotes.counters.frames > frames + 5)


@pytest.mark.fault("M8")
@pytest.mark.parametrize("place", [PLACES[0], PLACES[3]], ids=str)
@pytest.mark.parametrize("value", ["0", "-1", "NaN", "1e308", "much", None], ids=str)
@over_sockets
async def test_prices_that_cannot_be_change_no_quote(tmp_path: Path, place: Place, value: Any) -> None:
    async with quoting(tmp_path, place, fallback_seconds=1e6) as here:
        await here.until(here.whole)
        names = ("b", "a", "c", "p", "data.b", "data.c", "data.0.lastPr", "data.0.bidPr", "data.0.markPrice")
        for match in PRICES:
            here.fault("alter", where="frame", match=match, set=dict.fromkeys(names, value))
        before = here.quotes.counters
        seen = before.rejected + before.doubted
        await here.until(lambda: before.rejected + before.doubted > seen + 3)
        for symbol in place[1]:
            quote = here.quotes.newest(symbol)
            assert quote is not None
            prices = (quote.bid, quote.ask, quote.last, *(() if here.spot else (quote.mark,)))
            assert max(prices) < 1.5 * min(prices)
            assert quote.bid <= quote.ask


@over_sockets
async def test_a_price_that_stands_far_off_for_ten_seconds_is_believed(tmp_path: Path) -> None:
    async with quoting(tmp_path, PLACES[2], fallback_seconds=1e6) as here:
        await here.until(here.whole)
        quote = here.quotes.newest("BTC/USDT")
        assert quote is not None
        scale = dict.fromkeys(("data.0.lastPr", "data.0.bidPr", "data.0.askPr"), 5.0)
        here.fault("alter", where="frame", match=PRICES[0], scale=scale)

        def far() -> bool:
            newest = here.quotes.newest("BTC/USDT")
            return newest is not None and newest.last > 4 * quote.last

        await here.until(lambda: here.quotes.counters.doubted)
        assert not far()
        await here.until(far)


BTC = "BTC/USDT:USDT"
FALLING = dict.fromkeys(("data.b", "data.a", "data.c", "b", "a", "c"), 0.96)
FALLING_AT_BITGET = dict.fromkeys(("data.0.lastPr", "data.0.bidPr", "data.0.askPr"), 0.96)


@pytest.mark.parametrize("place", [PLACES[1], PLACES[3]], ids=str)
@over_sockets
async def test_a_mark_that_is_silent_while_the_book_falls_does_not_blind_the_guard(
    tmp_path: Path, place: Place
) -> None:
    async with quoting(tmp_path, place) as here:
        await here.until(here.whole)
        start = here.quotes.newest(BTC)
        assert start is not None
        if here.house == "bitget":
            here.fault(
                "alter",
                where="frame",
                match=PRICES[0],
                set={"data.0.markPrice": "NaN"},
                scale=FALLING_AT_BITGET,
            )
        else:
            here.fault("silence", where="frame", match=PRICES[1])
            here.fault("alter", where="frame", match=PRICES[0], scale=FALLING)
        here.fault("refuse", match={"kind": "market"}, reason="unavailable")
        watched = TriggerPrice(Trigger.MARK, here.quotes, here.clock)
        level = start.mark * 0.97
        assert not watched.reached(BTC, long=True, level=level)
        await here.until(lambda: watched.reached(BTC, long=True, level=level))
        quote = here.quotes.newest(BTC)
        assert quote is not None
        assert math.isnan(quote.mark)
        assert here.clock.now_ms() - quote.mark_at > 60_000
        assert here.clock.now_ms() - quote.book_at < 10_000
        await here.until(lambda: any(f"mark price of {BTC}" in text for text in here.alarms))
        assert len([text for text in here.alarms if BTC in text]) == 1


@pytest.mark.fault("E12")
@over_sockets
async def test_rest_tells_the_mark_while_only_its_stream_is_silent(tmp_path: Path) -> None:
    async with quoting(tmp_path, PLACES[1]) as here:
        await here.until(here.whole)
        here.fault("silence", where="frame", match=PRICES[1])
        asked = here.quotes.counters.by_rest
        await here.until(lambda: here.quotes.counters.by_rest >= asked + 6)
        for _ in range(100):
            here.exchange.clock.step(500)
            await asyncio.sleep(0.02)
            quote = here.quotes.newest(BTC)
            assert quote is not None
            assert here.clock.now_ms() - quote.mark_at < 12_000
        assert here.alarms == []


@pytest.mark.parametrize("by_rest", [False, True], ids=["stream", "rest"])
@pytest.mark.parametrize("place", [PLACES[1], PLACES[3]], ids=str)
@over_sockets
async def test_the_rate_of_the_next_funding_is_known(tmp_path: Path, place: Place, by_rest: bool) -> None:
    patience = {} if by_rest else {"fallback_seconds": 1e6}
    async with quoting(tmp_path, place, **patience) as here:
        await here.until(here.whole)
        exchange = here.exchange.house(here.house).exchange
        usual = here.quotes.newest(BTC)
        assert usual is not None
        assert usual.funding_rate == float(exchange.tape.premium(BTC).funding_rate)
        for match in PRICES if by_rest else ():
            here.fault("silence", where="frame", match=match)
        exchange.control.set_next_funding(BTC, Decimal("-0.0042"))

        def expected() -> bool:
            quote = here.quotes.newest(BTC)
            return quote is not None and quote.funding_rate == -0.0042

        await here.until(expected)
        assert bool(here.quotes.counters.by_rest) is by_rest


@pytest.mark.fault("M8")
@pytest.mark.parametrize("place", [PLACES[0], PLACES[3]], ids=str)
@over_sockets
async def test_a_stream_of_nothing_but_impossible_prices_is_as_silent_as_none(
    tmp_path: Path, place: Place
) -> None:
    async with quoting(tmp_path, place, fallback_seconds=1e6) as here:
        await here.until(here.whole)
        names = ("data.b", "data.a", "data.c", "data.p", "b", "a", "c", "p")
        names += ("data.0.lastPr", "data.0.bidPr", "data.0.askPr", "data.0.markPrice")
        for match in PRICES:
            here.fault("alter", where="frame", match=match, set=dict.fromkeys(names, "NaN"))
        frames = here.quotes.counters.frames
        await here.until(lambda: here.quotes.age(place[1][0]) > 61)
        assert here.quotes.counters.frames > frames + 20
        quote = here.quotes.newest(place[1][0])
        assert quote is not None
        assert all(math.isnan(price) for price in (quote.bid, quote.ask, quote.last, quote.mark))
        assert here.clock.now_ms() - quote.at > 60_000
