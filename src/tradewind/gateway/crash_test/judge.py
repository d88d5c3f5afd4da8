"""What a bot did wrong, as far as the venue can prove it from its ledger and from what went over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tradewind.exchange import AlgoOrder, Order
from tradewind.exchange.events import BalanceCause
from tradewind.exchange.ledger import FillRow, OrderRow, Row, TransferRow
from tradewind.exchange.orders import Cause
from tradewind.gateway.faults.traffic import Made, Sent, Told

ASKING = {"query", "trades"}
WEAK = {"balance", "positions"}  # they tell that something happened, not which order did it
ON_CONDITIONAL = ("algo", "plan", "tpsl", "strategy")  # words of paths about the conditional list
IN_FLIGHT_MS = 1_000  # requests that were on their way when a ban began


class Fault(StrEnum):
    """What a bot is found to have done. The first five fail a run, the rest are told."""

    LOST = "lost"
    DOUBLED = "doubled"
    OVER_LIMIT = "over limit"
    RESENT = "resent blindly"
    BANNED = "asked while banned"
    ONLY_BALANCE = "seen only in balances"
    LEFT_OPEN = "left open"
    NETWORK_DOUBLED = "doubled by the network"

    @property
    def fails(self) -> bool:
        return self in _FAILING


_FAILING = {Fault.LOST, Fault.DOUBLED, Fault.OVER_LIMIT, Fault.RESENT, Fault.BANNED}


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    detail: str


@dataclass(slots=True)
class Evidence:
    """All that is known of one run. `streamed` maps names and ids of orders to when a stream told of them;
    `waiting` are conditional orders that are open at the end, but for those that a fill brought."""

    account: str
    rows: Sequence[Row]
    sent: Sequence[Sent]
    streamed: Mapping[str, int]
    open_orders: Sequence[Order]
    waiting: Sequence[AlgoOrder] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """`max_exposure` in quote, of all positions and purchases together; 0: none. `window_ms` is wire time."""

    max_exposure: Decimal = Decimal(0)
    window_ms: int = 60_000
    expect_none_open: bool = False


@dataclass(slots=True)
class Judgement:
    """Counts, the greatest exposure in quote, and what was found."""

    placed: int = 0
    unclear: int = 0
    exposure: Decimal = Decimal(0)
    findings: list[Finding] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(finding.fault.fails for finding in self.findings)


def judge(evidence: Evidence, terms: Terms) -> Judgement:
    """What the records prove. A bot is told an order's fate by a reply, a query that covers it, or a stream."""
    mine = [sent for sent in evidence.sent if sent.account == evidence.account]
    attempts = [sent for sent in mine if sent.kind == "place"]
    unclear = [sent for sent in attempts if sent.told in _UNCLEAR]
    made = Judgement(
        placed=sum(1 for row in evidence.rows if _is_new(row, evidence.account)), unclear=len(unclear)
    )
    for sent in unclear:
        made.findings.extend(_fate(sent, mine, evidence))
        made.findings.extend(_sent_again(sent, attempts, mine, evidence, terms))
    for sent in mine:
        if sent.kind == "amend" and sent.told in _UNCLEAR:  # it may have put another in an order's place
            made.findings.extend(_fate(sent, mine, evidence))
    made.findings.extend(_same_names(evidence, attempts))
    made.findings.extend(_while_banned(evidence.sent))
    made.exposure, over = _exposure(evidence, terms)
    made.findings.extend(over)
    made.findings.extend(_left_open(evidence, terms))
    return made


def _is_new(row: Row, account: str) -> bool:
    return isinstance(row, OrderRow) and row.execution == "new" and row.account == account


def _fate(sent: Sent, mine: Sequence[Sent], evidence: Evidence) -> Iterable[Finding]:
    """Every accepted order whose reply was lost must have been learnt of in some other way."""
    later = [s for s in mine if s.seq > sent.seq and s.told is Told.ANSWERED and s.status < 400]
    for made in sent.made:
        if _streamed(made, evidence) or any(_covers(s, made) for s in later):
            continue
        name = _name(sent, made)
        if any(s.kind in WEAK for s in later) and not made.conditional:
            yield Finding(
                Fault.ONLY_BALANCE, f"{name} was accepted, its reply lost; only balances were asked for"
            )
        else:
            yield Finding(
                Fault.LOST, f"{name} was accepted, its reply lost, and nothing ever told the bot of it"
            )


def _covers(asked: Sent, made: Made) -> bool:
    """Whether an answered request told of that order."""
    if asked.kind not in ASKING | {"cancel", "amend"}:
        return False
    about_conditional = any(word in asked.path.lower() for word in ON_CONDITIONAL)
    if asked.client_id or asked.order_id:
        by_name = bool(asked.client_id) and asked.client_id == made.client_id
        return by_name or (asked.order_id == str(made.id) and about_conditional is made.conditional)
    if asked.kind not in ASKING or asked.symbol not in ("", made.symbol):
        return False
    lists_only = "orderlist" in asked.path.lower()
    return about_conditional is made.conditional and (made.listed or not lists_only)


def _streamed(made: Made, evidence: Evidence, before_ms: int | None = None) -> bool:
    names = [made.client_id] if made.conditional else [made.client_id, str(made.id)]
    times = [evidence.streamed[name] for name in names if name in evidence.streamed]
    return any(before_ms is None or time <= before_ms for time in times)


def _sent_again(
    first: Sent, attempts: Sequence[Sent], mine: Sequence[Sent], evidence: Evidence, terms: Terms
) -> Iterable[Finding]:
    """The same intent again, although nobody had told what became of the first."""
    for again in attempts:
        if again.seq <= first.seq or not _same_intent(first, again):
            continue
        if again.wire_ms - first.wire_ms > terms.window_ms:
            return
        between = [s for s in mine if first.seq < s.seq < again.seq and s.told is Told.ANSWERED]
        wanted = _wanted(first)
        if any(_asks(s, made) for s in between for made in wanted):
            return
        if any(_streamed(made, evidence, again.wire_ms) for made in wanted):
            return
        if first.made and again.made:
            yield Finding(Fault.DOUBLED, f"{_name(again)} repeats {_name(first)}, which was accepted")
        else:
            yield Finding(Fault.RESENT, f"{_name(again)} repeats {_name(first)}, whose fate was not known")
        return


def _wanted(sent: Sent) -> list[Made]:
    """What it made, or would have made, had it arrived."""
    conditional = any(word in sent.path.lower() for word in ON_CONDITIONAL)
    listed = "oco" in sent.path.lower()
    return sent.made or [Made(0, sent.client_id, sent.symbol, listed, conditional)]


def _asks(asked: Sent, made: Made) -> bool:
    """A question about the order, whatever the answer was: also that there is no such order."""
    return asked.kind in WEAK or _covers(asked, made)


def _same_intent(first: Sent, again: Sent) -> bool:
    if (first.venue, first.symbol, first.side) != (again.venue, again.symbol, again.side):
        return False
    return first.quantity == again.quantity or (bool(first.client_id) and first.client_id == again.client_id)


def _same_names(evidence: Evidence, attempts: Sequence[Sent]) -> Iterable[Finding]:
    """Two accepted orders of one client id: on most venues a name may be used again once its order is done."""
    repeated = {
        made.id for sent in attempts if len(sent.made) > 1 for made in sent.made if not made.conditional
    }
    seen: dict[tuple[str, str], int] = {}
    for row in evidence.rows:
        if not isinstance(row, OrderRow) or not _is_new(row, evidence.account) or not row.client_id:
            continue
        first = seen.setdefault((row.symbol, row.client_id), row.order_id)
        if first == row.order_id:
            continue
        fault = Fault.NETWORK_DOUBLED if {first, row.order_id} <= repeated else Fault.DOUBLED
        yield Finding(fault, f"orders {first} and {row.order_id} in {row.symbol} are both {row.client_id!r}")


def _while_banned(sent: Sequence[Sent]) -> Iterable[Finding]:
    banned = [s for s in sent if s.told is Told.BANNED]
    if banned:
        late = [s for s in banned if s.wire_ms - banned[0].wire_ms > IN_FLIGHT_MS]
        if late:
            yield Finding(Fault.BANNED, f"{len(late)} requests after it had been told that it is banned")


def _exposure(evidence: Evidence, terms: Terms) -> tuple[Decimal, list[Finding]]:
    """The greatest sum of |quantity| * last fill price over symbols, on top of what was there at the start."""
    held: dict[str, Decimal] = {}
    prices: dict[str, Decimal] = {}
    greatest, over = Decimal(0), ""
    for row in evidence.rows:
        if row.account != evidence.account:
            continue
        if isinstance(row, TransferRow) and row.cause == BalanceCause.WIPE:
            held.clear()  # a reset took what was bought
        if not isinstance(row, FillRow):
            continue
        signed = row.quantity if row.side == "buy" else -row.quantity
        held[row.symbol] = held.get(row.symbol, Decimal(0)) + signed
        prices[row.symbol] = row.price
        total = sum(
            (abs(held[symbol]) * price for symbol, price in prices.items() if symbol in held), Decimal(0)
        )
        if total > greatest:
            greatest = total
            if terms.max_exposure and total > terms.max_exposure:
                over = over or f"{total:.2f} after order {row.order_id}, allowed are {terms.max_exposure}"
    return greatest, [Finding(Fault.OVER_LIMIT, f"exposure was {over}")] if over else []


def _left_open(evidence: Evidence, terms: Terms) -> Iterable[Finding]:
    client = [f"{o.id} ({o.client_id})" for o in evidence.open_orders if o.cause is Cause.CLIENT]
    client += [f"conditional {algo.id} ({algo.client_id})" for algo in evidence.waiting]
    if client:
        names = ", ".join(client[:5])
        fault = Fault.LOST if terms.expect_none_open else Fault.LEFT_OPEN
        yield Finding(fault, f"{len(client)} orders were open at the end: {names}")


def _name(sent: Sent, made: Made | None = None) -> str:
    made = made or next(iter(sent.made), None)
    if made is None:
        number, name = f"request {sent.seq}", sent.client_id
    else:
        number, name = f"{'conditional order' if made.conditional else 'order'} {made.id}", made.client_id
    return f"{number} ({name or 'no client id'}: {sent.side} {sent.quantity} {sent.symbol})"


_UNCLEAR = (Told.UNKNOWN, Told.PENDING)
