"""A run in numbers, from its journal alone: the same while it works and afterwards."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import CashFlow, CashFlowKind, Decision, Fill, Snapshot
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.simulator import Rules
from tradewind.statistics import DAY_MS, Undefined, daily_returns, sharpe, sortino
from tradewind.trading.acting.slippage import SlippageMeter
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import Denied, FeeTold, OrderAlarm
from tradewind.trading.terms.order_states import Happening, Intent, OrderEvent
from tradewind.trading.terms.session_records import Incident, SessionBegan
from tradewind.trading.told.curve import EquityCurve
from tradewind.trading.told.metrics import Glance, InstrumentMetrics, Metrics, percentiles
from tradewind.trading.told.trips import TripBook

Floats = NDArray[np.float64]
ROLLING_DAYS = 30
_FIGURES = re.compile(r"[-+]?\d[\d,.]*%?")


class Tally:
    """Takes the records of a journal in their order (`apply`), and says where the run stands: at a `glance`, which
    costs little and may be asked for often, or in all `metrics`.
    """

    def __init__(self, session: Mapping[str, Any]) -> None:
        instruments = [instrument_from_dict(i) for i in session["instruments"]]
        self.symbols = tuple(i.symbol for i in instruments)
        self.capital = float(session["capital"])
        self.slippage = SlippageMeter(instruments, Rules.from_dict(session["rules"]))
        self.trips = TripBook(instruments)
        self.denied: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._sessions: list[list[int]] = []
        self._curve = EquityCurve(self.capital)
        self._latency, self._request_ms = array("d"), array("d")
        self._counts: Counter[str] = Counter()
        self._fills: Counter[str] = Counter()
        self._funding = 0.0
        self._doubted: set[str] = set()

    @classmethod
    def of(cls, journal: Journal) -> Tally:
        tally = cls(journal.session)
        for _, record in journal.records():
            tally.apply(record)
        return tally

    def apply(self, record: Record) -> None:
        take = _TAKES.get(type(record))
        if take is not None:
            take(self, record)
        if self._sessions and not isinstance(record, ApiCall):  # that has the time of the wire
            self._sessions[-1][1] = max(self._sessions[-1][1], record.at)

    def curve(self) -> tuple[NDArray[np.int64], Floats]:
        """(close times, equity as if nothing had been paid in or out), at each decision."""
        at, growth = self._curve.points()
        return at, growth * self.capital

    def glance(self) -> Glance:
        curve, (closed, won) = self._curve, self.trips.closed
        return Glance(
            equity=curve.equity,
            decisions=self._counts["decisions"],
            net_return=curve.growth - 1.0,
            profit=curve.profit,
            max_drawdown=max(curve.deepest, curve.fall),
            trades=closed,
            win_rate=won / closed if closed else None,
            fees=self.trips.fees,
            uptime_share=self._span()[3],
            not_sent=self.denied.total(),
            faults_survived=self.faults.total(),
            alarms=self.alarms.total(),
        )

    def metrics(self) -> Metrics:
        now, trips = self.glance(), self.trips.trips()
        rolling = _rolling(*self._curve.points())
        start, stop, duration, uptime = self._span()
        slipped = self.slippage.slipped
        weights = [one.notional for one in slipped]
        return Metrics(
            started_at=start,
            ended_at=stop,
            duration_seconds=duration,
            uptime_share=uptime,
            sessions=max(len(self._sessions), 1),
            bars=self._counts["bars"],
            decisions=now.decisions,
            start_equity=self.capital,
            end_equity=now.equity,
            paid_in=self._curve.paid_in,
            profit=now.profit,
            net_return=now.net_return,
            max_drawdown=now.max_drawdown,
            drawdown=self._curve.fall,
            sharpe_30d=rolling[0],
            sortino_30d=rolling[1],
            orders=self._counts["orders"],
            fills=sum(self._fills.values()),
            trades=now.trades,
            open_trades=len(trips) - now.trades,
            win_rate=now.win_rate,
            fees=now.fees,
            funding=self._funding,
            slippage=float(np.average([s.paid for s in slipped], weights=weights)) if slipped else None,
            slippage_modelled=(
                float(np.average([s.modelled for s in slipped], weights=weights)) if slipped else None
            ),
            instruments=tuple(self._instrument(a, trips) for a in range(len(self.symbols))),
            denied=dict(self.denied.most_common()),
            masked=self._counts["masked"],
            faults=dict(self.faults.most_common()),
            in_doubt=len(self._doubted),
            alarms=dict(self.alarms.most_common()),
            decision_us=percentiles(self._latency),
            requests=len(self._request_ms),
            request_ms=percentiles(self._request_ms),
        )

    def _instrument(self, a: int, trips: NDArray[np.void]) -> InstrumentMetrics:
        symbol, own = self.symbols[a], trips[trips["instrument"] == a]
        closed = own[own["exit_row"] >= 0]
        return InstrumentMetrics(
            symbol,
            self._fills[symbol],
            len(closed),
            len(own) - len(closed),
            _win_rate(closed),
            float(closed["profit"].sum()),
            float(own["fees"].sum()),
        )

    def _span(self) -> tuple[int | None, int | None, float, float | None]:
        """(start, end, seconds, share of them in which the run was at work)."""
        if not self._sessions:
            first, last = self._curve.span or (None, None)
            seconds = 0.0 if first is None or last is None else (last - first) / 1000
            return first, last, seconds, None
        start, stop = self._sessions[0][0], max(end for _, end in self._sessions)
        worked = sum(end - began for began, end in self._sessions)
        return start, stop, (stop - start) / 1000, worked / (stop - start) if stop > start else None

    def _began(self, record: SessionBegan) -> None:
        if self._sessions:
            self.faults["restart"] += 1
        self._sessions.append([record.at, record.at])

    def _bar(self, record: Snapshot) -> None:
        self.slippage.bar(record)
        self._counts["bars"] += 1
        for symbol, bar in zip(self.symbols, record.bars, strict=True):
            if bar is None:
                self._counts["masked"] += 1
            else:
                self.trips.price(symbol, bar.mark_close if bar.mark_close == bar.mark_close else bar.close)

    def _decision(self, record: Decision) -> None:
        self._counts["decisions"] += 1
        self._counts["orders"] += len(record.orders)
        self.slippage.orders(record.orders)
        self._curve.decided(record.at, record.equity)
        self._latency.append(record.latency_us)

    def _intent(self, record: Intent) -> None:
        if record.decision_id.isdecimal():
            self.slippage.decided(record.client_id, int(record.decision_id))

    def _fill(self, record: Fill) -> None:
        self._fills[record.symbol] += 1
        self._curve.moved(self.trips.fill(record))
        self.slippage.fill(record)
        self._resolved(record.order_id)

    def _fee_told(self, record: FeeTold) -> None:
        self._curve.moved(self.trips.pay(record))

    def _cash_flow(self, record: CashFlow) -> None:
        if record.kind is CashFlowKind.FUNDING:
            self._funding += float(record.amount)
            self._curve.moved(float(record.amount))
        else:
            self._curve.paid(float(record.amount))

    def _order_event(self, record: OrderEvent) -> None:
        match record.happening:
            case Happening.DOUBTED:
                self._doubted.add(record.client_id)
            case Happening.REFUSED:
                self.faults[f"order refused ({record.kind or 'other'})"] += 1
                self._resolved(record.client_id)
            case Happening.SENT:
                pass
            case _:
                self._resolved(record.client_id)

    def _resolved(self, client_id: str) -> None:
        if client_id in self._doubted:
            self._doubted.discard(client_id)
            self.faults["unknown order, cleared up"] += 1

    def _denied(self, record: Denied) -> None:
        self.denied[reason_of(record, self.symbols)] += 1

    def _alarm(self, record: OrderAlarm) -> None:
        self.alarms[record.alarm.value] += 1

    def _api_call(self, record: ApiCall) -> None:
        self._request_ms.append(record.latency_ms)
        if record.status in (418, 429):
            self.faults["rate limit"] += 1
        elif record.failure or record.status >= 500:
            self.faults["request failed"] += 1

    def _revision(self, record: Revision) -> None:
        self.faults["bar revised"] += 1

    def _epoch(self, record: Epoch) -> None:
        self.faults["testnet reset"] += 1
        self.trips.begin_anew()
        self._curve.begin_anew()

    def _incident(self, record: Incident) -> None:
        self.faults[record.kind] += 1


_TAKES: Mapping[type[Any], Callable[[Tally, Any], None]] = {
    SessionBegan: Tally._began,
    Snapshot: Tally._bar,
    Decision: Tally._decision,
    Intent: Tally._intent,
    Fill: Tally._fill,
    FeeTold: Tally._fee_told,
    CashFlow: Tally._cash_flow,
    OrderEvent: Tally._order_event,
    Denied: Tally._denied,
    OrderAlarm: Tally._alarm,
    ApiCall: Tally._api_call,
    Revision: Tally._revision,
    Incident: Tally._incident,
    Epoch: Tally._epoch,
}


def reason_of(denied: Denied, symbols: Sequence[str]) -> str:
    """The name of a refusal: its sentence without the numbers and symbols of the case."""
    text = denied.text
    for symbol in symbols:
        text = text.replace(symbol, "the symbol")
    return " ".join(_FIGURES.sub("…", text.replace(denied.client_id, "…")).split())


def _win_rate(closed: NDArray[np.void]) -> float | None:
    return float((closed["profit"] > 0).mean()) if len(closed) else None


def _rolling(at: NDArray[np.int64], equity: Floats) -> tuple[float | None, float | None]:
    """Sharpe and Sortino of the last 30 days; None where they do not exist."""
    if len(at) < 2:
        return None, None
    inside = at > at[-1] - ROLLING_DAYS * DAY_MS
    found: list[float | None] = []
    for figure in (sharpe, sortino):
        try:
            found.append(figure(daily_returns(at[inside], equity[inside]).value))
        except Undefined:
            found.append(None)
    return found[0], found[1]
