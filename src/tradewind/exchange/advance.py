"""Moves market time: everything that happens in a stretch of it, in order, for every market that matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tradewind.exchange.conditional import Conditional
from tradewind.exchange.desk import Desk
from tradewind.exchange.events import CandleTick, Execution, MarkTick, TradeTick
from tradewind.exchange.feed import Point
from tradewind.exchange.history import candle
from tradewind.exchange.interval import Interval
from tradewind.exchange.life import Funding, Liquidations
from tradewind.exchange.matching import Matching
from tradewind.exchange.orders import Order, OrderStatus
from tradewind.exchange.stops import Stops
from tradewind.exchange.tape import Tape, Watches

_STRETCH_MS = 1_800_000
_EXPIRY, _CANDLE, _FUNDING, _POINT = 0, 1, 2, 3  # at one instant, in this order


@dataclass(frozen=True, slots=True)
class Closing:
    """A candle is complete."""

    interval: Interval
    open_ms: int


_Happening = tuple[int, int, int, int, object]  # time, what, market, order within, subject


class Advance:
    """The same happens however a stretch is cut into calls. Markets where nobody has a stake cost nothing."""

    def __init__(
        self,
        matching: Matching,
        stops: Stops,
        conditional: Conditional,
        funding: Funding,
        liquidations: Liquidations,
        tape: Tape,
        watches: Watches,
    ) -> None:
        self._matching = matching
        self._office = matching.office
        self._stops = stops
        self._conditional = conditional
        self._funding = funding
        self._liquidations = liquidations
        self._tape = tape
        self._watches = watches

    def to(self, until_ms: int) -> None:
        """All that happens up to and including that time."""
        times = self._office.times
        if until_ms <= times.now:
            return
        before = times.now
        while times.now < until_ms:
            stop = min(until_ms, times.now - times.now % _STRETCH_MS + _STRETCH_MS)
            happenings: list[_Happening] = []
            for desk in self._desks():
                happenings.extend(self._of(desk, times.now, stop))
            happenings.sort(key=lambda h: h[:4])
            for time, what, number, _, subject in happenings:
                times.now = time
                self._happen(self._tape.desks_in_order[number], what, subject)
            times.now = stop
        self._show_forming(before)

    def _desks(self) -> list[Desk]:
        """Where somebody has a stake or looks, in the order of the markets."""
        awake = self._office.awake
        for number in [number for number, desk in awake.items() if not desk.busy]:
            del awake[number]
        found = {desk.number: desk for desk in self._watched()} | awake
        return [found[number] for number in sorted(found)]

    def _watched(self) -> list[Desk]:
        return [self._tape.desks[symbol] for symbol in self._watches.symbols]

    def _of(self, desk: Desk, after_ms: int, until_ms: int) -> Iterator[_Happening]:
        number = desk.number
        for order in desk.dated.values():
            if after_ms < order.good_till_ms <= until_ms:
                yield order.good_till_ms, _EXPIRY, number, order.id, order
        if desk.busy or self._watches.points(desk.symbol):
            for point in desk.feed.points(after_ms, until_ms):
                yield point.time, _POINT, number, point.step, point
        if not self._office.listings[desk.symbol].is_spot:
            for time in desk.funding.between(after_ms + 1, until_ms):
                yield time, _FUNDING, number, 0, time
        for text in self._watches.intervals(desk.symbol):
            interval = Interval.of(text)
            close = interval.next(interval.floor(after_ms))
            while close <= until_ms:
                yield close, _CANDLE, number, interval.ms, Closing(interval, interval.back(close, 1))
                close = interval.next(close)

    def _happen(self, desk: Desk, what: int, subject: object) -> None:
        if what == _POINT:
            assert isinstance(subject, Point)
            self._on_point(desk, subject)
        elif what == _EXPIRY:
            assert isinstance(subject, Order)
            if subject.status.is_open:
                self._office.end(subject, OrderStatus.EXPIRED, Execution.EXPIRED, reason="good_till_date")
        elif what == _FUNDING:
            assert isinstance(subject, int)
            if desk.holders or self._watches.any(desk.symbol):
                self._funding.charge(desk, subject)
                self._liquidations.check(desk)
        else:
            assert isinstance(subject, Closing)
            made = candle(desk, subject.interval, subject.open_ms, self._office.times.now)
            if made is not None:
                self._office.reporting.stream.emit(CandleTick(made))

    def _on_point(self, desk: Desk, point: Point) -> None:
        stream = self._office.reporting.stream
        if point.lots and self._watches.has(desk.symbol, "trade"):
            stream.emit(TradeTick(desk.feed.trade(point)))
        if not desk.busy:
            desk.stand(point)
        else:
            self._matching.on_point(desk, point)
            if desk.stops:
                self._stops.on_point(desk)
            if desk.algos:
                self._conditional.on_point(desk)
            if desk.holders:
                self._liquidations.check(desk)
        if self._watches.has(desk.symbol, "mark"):
            stream.emit(MarkTick(self._tape.premium(desk.symbol)))

    def _show_forming(self, before: int) -> None:
        """What is watched, where it changed since `before`: forming candles and books."""
        now, stream = self._office.times.now, self._office.reporting.stream
        for desk in sorted(self._watched(), key=lambda desk: desk.number):
            moved = desk.sync(now).time > before
            for text in self._watches.intervals(desk.symbol) if moved else ():
                interval = Interval.of(text)
                made = candle(desk, interval, interval.floor(now), now)
                if made is not None:
                    stream.emit(CandleTick(made))
            if self._watches.has(desk.symbol, "book"):
                self._tape.flush_book(desk.symbol)
