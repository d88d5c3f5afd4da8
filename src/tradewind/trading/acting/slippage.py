"""What fills cost against the price that the model trades at, and what the model says that they cost."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradewind.market import Fill, FillReason, Instrument, Order, OrderId, Snapshot
from tradewind.simulator import Rules
from tradewind.simulator.costs import slippage_rate

KEPT = 64  # bars whose opens a late fill still finds


@dataclass(frozen=True, slots=True)
class Slipped:
    """One fill of a decision, as fractions of the price; positive is a cost."""

    at: int  # UTC ms
    symbol: str
    paid: float  # against the open of the bar after the decision
    modelled: float
    notional: float  # quote


class SlippageMeter:
    """Hears of bars, orders and fills in the order of the journal. A fill is judged when the bar after its decision
    is known."""

    def __init__(self, instruments: Sequence[Instrument], rules: Rules) -> None:
        self.slipped: list[Slipped] = []
        self._instruments = {i.symbol: i for i in instruments}
        self._symbols = tuple(self._instruments)
        self._rules = rules.record(len(instruments), instruments[0].kind)[0]
        window = rules.costs.volume_window
        self._volumes: dict[str, deque[float]] = {s: deque(maxlen=window) for s in self._symbols}
        self._decided: dict[OrderId, int] = {}  # close of the bar
        self._waiting: list[tuple[int, Fill]] = []
        self._opens: OrderedDict[tuple[int, str], float] = OrderedDict()

    def decided(self, order_id: OrderId, at: int) -> None:
        self._decided[order_id] = at

    def orders(self, orders: Sequence[Order]) -> None:
        for order in orders:
            self.decided(order.id, order.decided_at)

    def fill(self, fill: Fill) -> None:
        at = self._decided.get(fill.order_id)
        if at is None or fill.reason is not FillReason.ORDER:
            return
        known = self._opens.get((at, fill.symbol))
        if known is None:
            self._waiting.append((at, fill))
        else:
            self._judge(fill, known)  # it came after its bar

    def bar(self, snapshot: Snapshot) -> None:
        for symbol, bar in zip(self._symbols, snapshot.bars, strict=True):
            if bar is not None:
                self._opens[snapshot.open_time, symbol] = bar.open
        for at, fill in self._waiting:
            known = self._opens.get((at, fill.symbol))
            if known is not None:
                self._judge(fill, known)
        self._waiting = [(at, f) for at, f in self._waiting if at > snapshot.open_time]
        for symbol, bar in zip(self._symbols, snapshot.bars, strict=True):
            if bar is not None:
                self._volumes[symbol].append(bar.volume)
        while len(self._opens) > KEPT * len(self._symbols):
            self._opens.popitem(last=False)

    def _judge(self, fill: Fill, reference: float) -> None:
        paid = (float(fill.price) / reference - 1.0) * (1 if fill.lots > 0 else -1)
        volumes = self._volumes[fill.symbol]
        typical = float(np.mean(volumes)) if volumes else 0.0
        quantity = abs(float(fill.quantity))
        modelled = float(slippage_rate(self._rules, quantity, typical))
        self.slipped.append(Slipped(fill.at, fill.symbol, paid, modelled, quantity * float(fill.price)))
