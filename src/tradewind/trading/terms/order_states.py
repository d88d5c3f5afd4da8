"""The life of one order, as values: what is known of it, what may happen to it, and what it then is.

Nothing here waits, asks or writes. The journal holds the intents, the events and the fills; the states follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Self

from tradewind.market import Fill, FillReason, Inconsistent, Order, OrderId, OrderType
from tradewind.market.orders import derive_order_id


class Status(StrEnum):
    INTENT = "intent"  # on disk, perhaps not sent
    SENT = "sent"  # on its way, no answer yet
    UNKNOWN = "unknown"  # sent, and nobody can tell whether the venue has it
    OPEN = "open"
    PARTIAL = "partial"
    CANCEL_SENT = "cancel_sent"  # a cancellation is on its way, or its effect is not known yet
    CANCELED = "canceled"
    FILLED = "filled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_PLACED = "not_placed"  # proven: the venue never had it, and never will


DONE = frozenset({Status.CANCELED, Status.FILLED, Status.REJECTED, Status.EXPIRED, Status.NOT_PLACED})
IN_FLIGHT = frozenset({Status.INTENT, Status.SENT, Status.UNKNOWN, Status.CANCEL_SENT})


class Happening(StrEnum):
    SENT = "sent"
    DOUBTED = "doubted"  # the answer got lost, or the process ended before it came
    ACCEPTED = "accepted"  # an answer or a report says that the venue has it
    REFUSED = "refused"
    CANCEL_ASKED = "cancel_asked"
    CANCEL_FAILED = "cancel_failed"  # for certain: the order works on as before
    CANCELED = "canceled"
    EXPIRED = "expired"
    ABSENT = "absent"  # proven by all the readings that the rule asks for


class Alarm(StrEnum):
    LATE_FILL = "late_fill"  # of an order that was thought to be over
    OVERFILL = "overfill"
    STALE = "stale"  # a report older than what is known: ignored
    ODD_LOT = "odd_lot"  # a trade that is no whole number of the run's lots
    FEE_MISSING = "fee_missing"  # nobody tells what a trade cost
    FILL_DIFFERS = "fill_differs"  # a trade was told twice, with other numbers: the first is kept
    FOREIGN = "foreign"  # an order or a trade in our symbols that is not ours
    VANISHED = "vanished"  # the venue does not know an order that it had accepted
    UNKNOWN_LONG = "unknown_long"
    UNKNOWN_ESCALATED = "unknown_escalated"
    ILLEGAL = "illegal"  # what was reported cannot follow from what is known
    STOP_LOST = "stop_lost"  # a protective order ended, and not by us
    NOT_FLAT = "not_flat"  # positions should be closed, and some are left
    UNPROTECTED = "unprotected"  # the venue refuses to protect a position
    GUARDED_HERE = "guarded_here"  # a position whose stop no order at the venue keeps
    DISCREPANCY = "discrepancy"  # the venue holds less or other than the journal says
    ADJUSTED = "adjusted"  # such a difference was taken into the books, as configured
    LIQUIDATED = "liquidated"  # the venue closed a position of ours: liquidation or deleveraging
    GLITCH = "glitch"  # one reading of the account that nothing explains, and the next one was right again
    SETTINGS = "settings"  # leverage, margin mode or position mode are not what the run set
    MARKET_GONE = "market_gone"  # a symbol is halted, takes only cancels, or is listed no more
    MARKET_CHANGED = "market_changed"  # the size of a lot is another than the one in the books
    UNSUPPORTED = "unsupported"  # a negative balance, or an account of a type that is not supported
    ACCESS_REFUSED = "access_refused"  # the venue refuses the key, for minutes
    UNREACHABLE = "unreachable"  # the venue did not answer several times, or is in maintenance
    ACTION_REFUSED = "action_refused"  # the policy answered with no number: everything is held
    RESET = "reset"  # a testnet began anew: orders, positions and trades of before are gone


HAND = "hand"  # the leg of orders that a person asked for, and how their decision ids begin


@dataclass(frozen=True, slots=True)
class Intent:
    """An order as it was committed before anything was sent. Positive lots buy."""

    at: int  # UTC ms
    client_id: OrderId
    symbol: str
    lots: int
    reduce_only: bool
    decision_id: str
    previous_hash: str  # of the orders and positions before the decision
    type: OrderType = OrderType.MARKET
    price: Decimal | None = None
    trigger: Decimal | None = None
    reason: FillReason = FillReason.ORDER

    @classmethod
    def of(cls, order: Order, at: int, decision_id: str, previous_hash: str) -> Self:
        terms = order.symbol, order.lots, order.reduce_only, decision_id, previous_hash
        return cls(at, order.id, *terms, order.type, order.price, order.trigger, order.reason)

    @property
    def by_hand(self) -> bool:
        """Did a person ask for it?"""
        return self.decision_id.startswith(HAND)


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something that happened to an order; with fills, all that changes its state."""

    at: int  # UTC ms
    client_id: OrderId
    happening: Happening
    filled: int = 0  # lots filled in all, as the venue says; 0 when it does not say
    venue_id: str = ""
    code: str = ""  # of a refusal
    kind: str = ""  # of a refusal: a `RejectKind`
    text: str = ""


@dataclass(frozen=True, slots=True)
class OrderState:
    intent: Intent
    status: Status = Status.INTENT
    filled: int = 0  # lots, the sum of the fills
    reported: int = 0  # lots, the most that the venue ever reported
    venue_id: str = ""
    since: int = 0  # of the status, UTC ms
    kind: str = ""  # a `RejectKind`, when rejected
    let_go: bool = False  # we asked to cancel it, and that was not refused

    @property
    def lots(self) -> int:
        """What was asked for, without sign."""
        return abs(self.intent.lots)

    @property
    def is_stop(self) -> bool:
        """Does it rest at the venue to close a position?"""
        return self.intent.type is OrderType.STOP

    @property
    def protects(self) -> bool:
        """Is it the run's own stop, and not one by hand?"""
        return self.is_stop and not self.intent.by_hand

    @property
    def done(self) -> bool:
        return self.status in DONE

    @property
    def lacks_fills(self) -> bool:
        """Has the venue reported more than the fills that arrived?"""
        return self.reported > self.filled

    @property
    def in_doubt(self) -> bool:
        """Must the venue be asked until it is clear?"""
        return self.status in (Status.UNKNOWN, Status.CANCEL_SENT) or self.lacks_fills

    @property
    def remaining(self) -> int:
        """Signed lots that may still fill."""
        if self.done:
            return 0
        left = max(self.lots - self.filled, 0)
        return left if self.intent.lots > 0 else -left


@dataclass(frozen=True, slots=True)
class Step:
    state: OrderState
    alarm: Alarm | None = None


_WAITING = (Status.INTENT, Status.SENT, Status.UNKNOWN)
_WORKING = (Status.OPEN, Status.PARTIAL, Status.CANCEL_SENT)
_ENDED = (Status.CANCELED, Status.FILLED, Status.EXPIRED)

_MOVES: Mapping[Happening, Mapping[Status, Status]] = {
    Happening.SENT: {Status.INTENT: Status.SENT},
    Happening.DOUBTED: {Status.INTENT: Status.UNKNOWN, Status.SENT: Status.UNKNOWN},
    Happening.ACCEPTED: dict.fromkeys(_WAITING, Status.OPEN),
    Happening.REFUSED: dict.fromkeys(_WAITING, Status.REJECTED),
    Happening.CANCEL_ASKED: {Status.OPEN: Status.CANCEL_SENT, Status.PARTIAL: Status.CANCEL_SENT},
    Happening.CANCEL_FAILED: {Status.CANCEL_SENT: Status.OPEN},  # partial, when something has filled
    Happening.CANCELED: dict.fromkeys((*_WAITING, *_WORKING), Status.CANCELED),
    Happening.EXPIRED: dict.fromkeys((*_WAITING, *_WORKING), Status.EXPIRED),
    Happening.ABSENT: {Status.UNKNOWN: Status.NOT_PLACED, Status.CANCEL_SENT: Status.CANCELED},
}

# Where a happening is no news: the status stays.
_NO_NEWS: Mapping[Happening, tuple[Status, ...]] = {
    Happening.SENT: (),
    Happening.DOUBTED: (Status.UNKNOWN, *_WORKING, *_ENDED),
    Happening.ACCEPTED: (*_WORKING, *_ENDED),
    Happening.REFUSED: (Status.REJECTED,),
    Happening.CANCEL_ASKED: (Status.CANCEL_SENT,),
    Happening.CANCEL_FAILED: (Status.OPEN, Status.PARTIAL, *_ENDED),
    Happening.CANCELED: _ENDED,
    Happening.EXPIRED: _ENDED,
    Happening.ABSENT: (Status.NOT_PLACED,),
}

# What an order is after a fill that does not complete it. A fill shows that a "rejected" order lives.
_AFTER_FILL: Mapping[Status, Status] = {
    **dict.fromkeys((*_WAITING, Status.OPEN, Status.PARTIAL), Status.PARTIAL),
    Status.CANCEL_SENT: Status.CANCEL_SENT,
    Status.FILLED: Status.FILLED,
    Status.CANCELED: Status.CANCELED,
    Status.EXPIRED: Status.EXPIRED,
    Status.REJECTED: Status.PARTIAL,
    Status.NOT_PLACED: Status.PARTIAL,
}
_ENDS = (Happening.CANCELED, Happening.EXPIRED, Happening.ABSENT)


def transition(state: OrderState, news: OrderEvent | Fill) -> Step:
    """What the order is after the news; `Inconsistent` if it cannot follow from what is known.

    A `Fill` must be new: the caller has looked its trade up.
    """
    return _after_fill(state, news) if isinstance(news, Fill) else _after_event(state, news)


def _after_event(state: OrderState, event: OrderEvent) -> Step:
    happening, status = event.happening, state.status
    if status in _NO_NEWS[happening]:
        after = status
    elif status in _MOVES[happening]:
        after = _MOVES[happening][status]
    else:
        raise Inconsistent(
            f"order {event.client_id} is {status} and was reported {happening} ({event.text or 'no text'}): "
            "compare it with the venue"
        )
    if _is_older(state, event):
        return Step(state, Alarm.STALE)
    if happening is Happening.ACCEPTED and status in DONE and event.filled <= state.filled:
        return Step(replace(state, venue_id=state.venue_id or event.venue_id), Alarm.STALE)
    reported = max(state.reported, event.filled)
    if happening in _ENDS and reported > state.filled:
        raise Inconsistent(
            f"order {event.client_id} was reported {happening} with {reported} lots filled, the fills say "
            f"{state.filled}: ask for its trades first"
        )
    if after is Status.OPEN and state.filled:
        after = Status.PARTIAL
    changed = after is not status
    return Step(
        OrderState(
            state.intent,
            after,
            state.filled,
            reported,
            state.venue_id or event.venue_id,
            event.at if changed else state.since,
            event.kind if changed else state.kind,
            _let_go(state, event),
        )
    )


def _is_older(state: OrderState, event: OrderEvent) -> bool:
    """Does it tell of less than is known? What fills after an end makes the report of that end an old one."""
    if event.happening is Happening.ACCEPTED:
        return 0 < event.filled < state.filled
    ends = event.happening in (Happening.CANCELED, Happening.EXPIRED)
    return ends and event.filled < max(state.filled, state.reported)


def _let_go(state: OrderState, event: OrderEvent) -> bool:
    """A cancellation that seemed to have had no effect may come to one late: the end is ours all the same."""
    if event.happening is Happening.CANCEL_ASKED:
        return True
    return state.let_go and not (event.happening is Happening.CANCEL_FAILED and event.kind)


def _after_fill(state: OrderState, fill: Fill) -> Step:
    intent = state.intent
    if fill.symbol != intent.symbol or (fill.lots or fill.quantity) * intent.lots <= 0:
        raise Inconsistent(
            f"trade {fill.trade_id} is {fill.lots} lots of {fill.symbol}, its order {intent.client_id} was "
            f"{intent.lots} lots of {intent.symbol}: compare it with the venue"
        )
    filled = state.filled + abs(fill.lots)
    status = Status.FILLED if filled >= state.lots else _AFTER_FILL[state.status]
    since = state.since if status is state.status else fill.at
    known = state.reported, state.venue_id, since, state.kind, state.let_go
    after = OrderState(intent, status, filled, *known)
    if filled > state.lots:
        return Step(after, Alarm.OVERFILL)
    return Step(after, Alarm.LATE_FILL if state.done else None)


def client_id(
    mode: str,
    account: str,
    symbol: str,
    bar_close: int,
    *,
    leg: str = "",
    revision: int = 0,
    attempt: int = 0,
) -> OrderId:
    """The 20 characters that name one order at the venue: the same decision has the same, also after a restart.

    `leg` tells the orders of one decision in one symbol apart, `revision` a changed target of the same bar,
    `attempt` an order that replaces one that was refused for certain.
    """
    return derive_order_id(mode, account, symbol, bar_close, leg, revision, attempt)
