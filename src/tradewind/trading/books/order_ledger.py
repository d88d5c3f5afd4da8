"""The orders and positions of a run, as its journal says: the same records give the same books."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Self

from tradewind.market import (
    CashFlow,
    Command,
    CommandKind,
    Fill,
    FillReason,
    Inconsistent,
    Instrument,
    Kind,
    Order,
    OrderId,
    OrderType,
)
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.terms.bookable import beside_lots, fee_of
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import Baseline, FeeTold, OrderAlarm
from tradewind.trading.terms.order_states import (
    IN_FLIGHT,
    Alarm,
    Intent,
    OrderEvent,
    OrderState,
    Step,
    transition,
)

FillKey = tuple[str, str, str, str]  # venue, market, symbol, trade id

HALTS = (
    Alarm.ILLEGAL,
    Alarm.FOREIGN,
    Alarm.DISCREPANCY,
    Alarm.LIQUIDATED,
    Alarm.MARKET_CHANGED,
    Alarm.UNSUPPORTED,
    Alarm.ACCESS_REFUSED,
)
_UNOWNED = (FillReason.LIQUIDATION, FillReason.CLOSE_OUT)  # trades that no order of ours made
_DAY_MS = 86_400_000
_REDUCES = (Alarm.OVERFILL, Alarm.ODD_LOT)


class OrderLedger:
    """Changed by `apply` alone, which takes what was written to the journal and nothing else.

    `halted` symbols trade no more but by hand towards zero, `reducing` ones only towards zero, until a person re-arms.
    An alarm without a symbol halts all.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.instruments = {i.symbol: i for i in instruments}
        self.orders: dict[OrderId, OrderState] = {}
        self.live: dict[OrderId, None] = {}  # ids of the orders that are not done, in order
        self.fills: dict[FillKey, Fill] = {}
        self.flows: dict[str, CashFlow] = {}  # by the venue's id
        self.foreign: set[tuple[str, str]] = set()  # symbol and text of what was told of others' hands
        self.positions: dict[str, int] = dict.fromkeys(self.instruments, 0)  # signed lots
        self.baselines: dict[str, Baseline] = {}
        self.halted: set[str] = set()
        self.reducing: set[str] = set()
        self.fees_due: dict[FillKey, Fill] = {}  # trades whose fee was not told yet
        self._held: dict[str, Decimal] = dict.fromkeys(self.instruments, Decimal(0))
        self._beside: dict[OrderId, Decimal] = {}  # what an order traded beside its whole lots
        self._venue_ids: dict[tuple[str, str], OrderId] = {}
        self._last_at: dict[str, int] = {}
        self._liquidated: dict[str, int] = {}  # symbol to the UTC day of it
        self._before = ""  # the state's hash before the intents that were applied last, in a row

    @classmethod
    def of(cls, journal: Journal, instruments: Iterable[Instrument]) -> Self:
        """Rebuilt from the journal alone; `Inconsistent` if its records do not follow from each other."""
        ledger = cls(instruments)
        for _, record in journal.records():
            ledger.apply(record)
        return ledger

    def apply(self, record: Record) -> None:
        if type(record) is not Intent:
            self._before = ""
        take = _TAKES.get(type(record))
        if take is not None:
            take(self, record)

    def state_hash(self) -> str:
        """Of the live orders and the positions."""
        live = [
            (i, s.status.value, s.filled, s.reported, s.venue_id, s.since)
            for i, s in ((i, self.orders[i]) for i in self.live)
        ]
        text = repr((live, sorted(self.positions.items())))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def key(self, fill: Fill) -> FillKey:
        """What makes a trade one trade; `Inconsistent` for a symbol that this run does not trade."""
        if fill.symbol not in self.instruments:
            raise Inconsistent(f"trade {fill.trade_id} is in {fill.symbol}, which this run does not trade")
        instrument = self.instruments[fill.symbol]
        return instrument.venue, instrument.kind.value, fill.symbol, fill.trade_id

    def lots_of(self, fill: Fill, owner: OrderId) -> int:
        """Whole lots that the order has with this trade more than before: parts of a lot add up to one."""
        return self.instruments[fill.symbol].whole_lots(self._beside.get(owner, Decimal(0)) + fill.quantity)

    def order_of(self, symbol: str, venue_id: str) -> OrderId | None:
        """The client id of the order that has this id at the venue, if it is known."""
        return self._venue_ids.get((symbol, venue_id))

    def relist(self, instrument: Instrument) -> None:
        """Its tick, minimum or fees changed at the venue; its lot must not."""
        self.instruments[instrument.symbol] = instrument

    @property
    def last_trade_at(self) -> int:
        """When the last trade that is booked happened, UTC ms; 0 if there was none."""
        return next(reversed(self.fills.values())).at if self.fills else 0

    def live_in(self, symbol: str) -> list[OrderState]:
        return [s for s in map(self.orders.__getitem__, self.live) if s.intent.symbol == symbol]

    def last_at(self, symbol: str) -> int:
        """When something last happened to an order of the symbol, UTC ms; 0 if never."""
        return self._last_at.get(symbol, 0)

    def expected_holding(self, symbol: str) -> Decimal:
        """What the venue should say is held: the baseline and what the fills brought."""
        return self.baselines[symbol].quantity + self._held[symbol]

    def owned(self, symbol: str) -> Decimal:
        """What the fills of this run brought, signed base units, fees in base taken off."""
        return self._held[symbol]

    def in_doubt(self, symbol: str) -> bool:
        """Is something on its way that changes what the venue holds, or may be?"""
        return any(s.status in IN_FLIGHT or s.lacks_fills for s in self.live_in(symbol))

    def objection(
        self, order: Order, before: Sequence[Intent] = (), paused: str = "", *, by_hand: bool = False
    ) -> str:
        """Why the order must not be sent now, empty if it may.

        `before`: of the same decision. `paused`: why its symbol takes no new exposure for now. In a halted symbol stops
        and orders by hand may surely reduce, nothing else.
        """
        symbol = order.symbol
        if symbol not in self.baselines:
            return f"what the account holds of {symbol} was not read yet: start first"
        reduces = self._surely_reduces(order, before)
        if symbol in self.halted and not (reduces and (by_hand or order.type is OrderType.STOP)):
            return f"{symbol} is halted: compare with the venue, then re-arm"
        if reduces:
            return ""
        if paused:
            return paused
        if symbol in self.reducing:
            return f"{symbol} is only reduced until it is re-armed"
        if order.decided_at // _DAY_MS <= self._liquidated.get(symbol, -1):
            return f"{symbol} was liquidated on this day: it is not entered again before the next one (UTC)"
        waiting = [s.intent.client_id for s in self.live_in(symbol) if s.status in IN_FLIGHT or s.lacks_fills]
        waiting += [i.client_id for i in before if i.symbol == symbol]
        return f"order {waiting[0]} in {symbol} is not clear yet" if waiting else ""

    def _surely_reduces(self, order: Order, before: Sequence[Intent]) -> bool:
        """Does it bring the position towards zero, whatever becomes of the other orders?"""
        if order.reduce_only and self.instruments[order.symbol].kind is Kind.PERPETUAL:
            return True  # the venue sees to it
        others = [s.remaining for s in self.live_in(order.symbol)]
        others += [i.lots for i in before if i.symbol == order.symbol]
        held = self.positions[order.symbol]
        if order.lots < 0:
            return held + sum(n for n in others if n < 0) + order.lots >= 0
        return held + sum(n for n in others if n > 0) + order.lots <= 0

    def _follow(self, event: OrderEvent) -> None:
        self._change(transition(self.orders[event.client_id], event), event.at)

    def _take_flow(self, flow: CashFlow) -> None:
        self.flows[flow.id] = flow

    def _take_baseline(self, baseline: Baseline) -> None:
        self.baselines[baseline.symbol] = baseline

    def _rearm(self, command: Command) -> None:
        if command.kind is CommandKind.REARM:
            self.halted.clear()
            self.reducing.clear()

    def _obey(self, record: OrderAlarm) -> None:
        meant = [record.symbol] if record.symbol else list(self.instruments)
        if record.alarm in HALTS:
            self.halted.update(meant)
        if record.alarm in _REDUCES:
            self.reducing.update(meant)
        if record.alarm is Alarm.FOREIGN:
            self.foreign.add((record.symbol, record.text))

    def _begin_anew(self, _: Epoch) -> None:
        """The account is another one now: nothing of before is there to be compared or to be closed."""
        of_before = (
            self.fees_due,
            self._beside,
            self.orders,
            self.live,
            self.fills,
            self.flows,
            self.baselines,
            self._venue_ids,
            self._last_at,
        )
        for known in of_before:
            known.clear()
        self.positions = dict.fromkeys(self.instruments, 0)
        self._held = dict.fromkeys(self.instruments, Decimal(0))

    def _open(self, intent: Intent) -> None:
        if intent.previous_hash == self.state_hash():
            self._before = intent.previous_hash
        elif intent.previous_hash != self._before:
            raise Inconsistent(
                f"the journal's orders do not lead to what order {intent.client_id} was decided on: "
                "it was written by another version, go on with that one"
            )
        if intent.client_id in self.orders:
            raise Inconsistent(
                f"order {intent.client_id} stands in the journal twice: restore it from a backup"
            )
        self._change(Step(OrderState(intent, since=intent.at)), intent.at)

    def _book(self, fill: Fill) -> None:
        key = self.key(fill)
        if key in self.fills:
            raise Inconsistent(f"trade {fill.trade_id} stands in the journal twice: restore it from a backup")
        if fill.order_id in self.orders:
            self._change(transition(self.orders[fill.order_id], fill), fill.at)
        elif fill.reason not in _UNOWNED:
            raise Inconsistent(f"trade {fill.trade_id} is of order {fill.order_id}, which is not ours")
        if fill.reason is FillReason.LIQUIDATION:
            self._liquidated[fill.symbol] = fill.at // _DAY_MS
        self.fills[key] = fill
        self.positions[fill.symbol] += fill.lots
        instrument = self.instruments[fill.symbol]
        if beside := beside_lots(fill, instrument):
            self._beside[fill.order_id] = self._beside.get(fill.order_id, Decimal(0)) + beside
        fee = fee_of(fill, instrument)
        if fee is None:
            self.fees_due[key] = fill
        self._held[fill.symbol] += fill.quantity - (fee.amount if fee and fee.in_base else 0)

    def _pay(self, told: FeeTold) -> None:
        instrument = self.instruments[told.symbol]
        key = instrument.venue, instrument.kind.value, told.symbol, told.trade_id
        if self.fees_due.pop(key, None) is None:
            raise Inconsistent(f"no fee of trade {told.trade_id} is due: restore the journal from a backup")
        self.fills[key] = replace(self.fills[key], fee=told.fee, fee_asset=told.fee_asset)
        if told.fee_asset == instrument.base:
            self._held[told.symbol] -= told.fee

    def _change(self, step: Step, at: int) -> None:
        state = step.state
        client_id, symbol = state.intent.client_id, state.intent.symbol
        self.orders[client_id] = state
        if state.done and not state.lacks_fills:
            self.live.pop(client_id, None)
        else:
            self.live.setdefault(client_id)
        if state.venue_id:
            self._venue_ids[symbol, state.venue_id] = client_id
        self._last_at[symbol] = max(self._last_at.get(symbol, 0), at)


_TAKES: Mapping[type[Any], Callable[[OrderLedger, Any], None]] = {
    Intent: OrderLedger._open,
    OrderEvent: OrderLedger._follow,
    Fill: OrderLedger._book,
    FeeTold: OrderLedger._pay,
    CashFlow: OrderLedger._take_flow,
    OrderAlarm: OrderLedger._obey,
    Baseline: OrderLedger._take_baseline,
    Command: OrderLedger._rearm,
    Epoch: OrderLedger._begin_anew,
}
