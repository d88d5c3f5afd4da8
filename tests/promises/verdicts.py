"""What must be true of a run whatever happened to it: its journal against the books of the exchange."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tests.promises.living import ALLOCATION, MONEY, Job
from tradewind.exchange import Exchange
from tradewind.exchange.ledger import FillRow, OrderRow
from tradewind.exchange.orders import Cause
from tradewind.market import Decision, Instrument, Kind, OrderType
from tradewind.market.instrument_json import instrument_from_dict
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.records import Record
from tradewind.trading.risk.latch import Latch
from tradewind.trading.session.recovery import resume
from tradewind.trading.session.replaying import engine_for, replay
from tradewind.trading.terms.order_records import Risk
from tradewind.trading.terms.order_states import Intent, Status

ACCOUNT = "demo"
CENT = Decimal("0.00001")  # the engine counts money in floats, a venue in eight places
NEVER_THERE = (Status.REJECTED, Status.NOT_PLACED)


class Caution:
    """Sees that no order increased what is held while another of its symbol was not clear."""

    def __init__(self, ledger: OrderLedger) -> None:
        self.wrong: list[str] = []
        self._ledger = ledger  # as it was before each record

    def apply(self, record: Record) -> None:
        if isinstance(record, Intent) and self._ledger.in_doubt(record.symbol) and not self._reduces(record):
            self.wrong.append(f"careless: {record.client_id} while another of {record.symbol} was not clear")

    def _reduces(self, intent: Intent) -> bool:
        if intent.reduce_only and self._ledger.instruments[intent.symbol].kind is Kind.PERPETUAL:
            return True
        held = self._ledger.positions[intent.symbol]
        more = [s.remaining for s in self._ledger.live_in(intent.symbol) if s.remaining * intent.lots > 0]
        after = held + intent.lots + sum(more)
        return held * intent.lots < 0 and after * held >= 0


class Verdict:
    """What the journal of a run says beside what its exchange knows. Iterate over what is wrong."""

    def __init__(self, job: Job, exchange: Exchange) -> None:
        self.job, self.exchange = job, exchange
        self.rows = [r for r in exchange.ledger.rows() if getattr(r, "account", "") == ACCOUNT]
        with Journal.open(job.plan.folder.journal) as journal:
            self.instruments = [instrument_from_dict(i) for i in journal.session["instruments"]]
            self.ledger = OrderLedger(self.instruments)
            self.engine: Engine = engine_for(journal, job.agent)
            self.latch = Latch(exchange.times.wire, lambda record: None)
            self.caution = Caution(self.ledger)
            asyncio.run(resume(journal, self.engine, [self.caution, self.ledger, self.latch]))
            self.replayed = replay(journal, job.agent)
            decisions = [record for _, record in journal.records() if isinstance(record, Decision)]
        self.decided = {(str(d.at), order.symbol): order.lots for d in decisions for order in d.orders}

    def __iter__(self) -> Iterator[str]:
        yield from self._orders()
        yield from self._decisions()
        yield from self.caution.wrong
        yield from self._fills()
        yield from self._limits()
        yield from self._holdings()
        yield from self._stops()
        yield from self._alarms()
        if not self.replayed.identical:
            yield f"replay: {self.replayed.difference}"

    def _accepted(self) -> Counter[str]:
        """How often the venue took an order under each client id, plain or conditional."""
        found: Counter[str] = Counter()
        for row in self.rows:
            if isinstance(row, OrderRow) and row.execution == "new":
                order = self.exchange.records.known(row.order_id)
                if order is None or order.cause is Cause.CLIENT:
                    found[row.client_id] += 1
            elif isinstance(row, OrderRow) and row.execution == "algo" and row.status == "new":
                found[row.client_id] += 1
        return found

    def _orders(self) -> Iterator[str]:
        accepted, orders = self._accepted(), self.ledger.orders
        for name, times in accepted.items():
            if times > 1:
                yield f"doubled: {name} was accepted {times} times"
            if name not in orders:
                yield f"lost: {name} was accepted and is not in the journal"
            elif orders[name].status in NEVER_THERE:
                yield f"lost: {name} was accepted, the journal says {orders[name].status}"
        for name, state in orders.items():
            if state.status not in NEVER_THERE and name not in accepted:
                yield f"invented: {name} is {state.status} in the journal and never was accepted"
            if state.in_doubt or state.status in (Status.INTENT, Status.SENT):
                yield f"unclear: {name} is {state.status}, filled {state.filled}, reported {state.reported}"
        ours = {name for name, state in orders.items() if not state.done}
        theirs = {o.client_id for o in self.exchange.open_orders(ACCOUNT)}
        theirs |= {a.client_id for a in self.exchange.treasury.account(ACCOUNT).open_algos.values()}
        if ours != theirs:
            yield f"open: the journal has {sorted(ours)}, the venue {sorted(theirs)}"

    def _decisions(self) -> Iterator[str]:
        """However many orders a decision became, together they trade no more than it wanted."""
        traded: Counter[tuple[str, str]] = Counter()
        for state in self.ledger.orders.values():
            intent = state.intent
            if intent.decision_id.isdecimal() and not state.is_stop:
                traded[intent.decision_id, intent.symbol] += (
                    state.filled if intent.lots > 0 else -state.filled
                )
        for key, lots in traded.items():
            wanted = self.decided.get(key, 0)
            if not min(0, wanted) <= lots <= max(0, wanted):
                yield f"doubled: the decision {key} wanted {wanted} lots, and {lots} were traded"

    def _fills(self) -> Iterator[str]:
        ours = Counter((f.symbol, f.quantity, f.price) for f in self.ledger.fills.values())
        theirs = Counter(
            (r.symbol, r.quantity if r.side == "buy" else -r.quantity, r.price)
            for r in self.rows
            if isinstance(r, FillRow)
        )
        if ours != theirs:
            yield f"fills: only in the journal {ours - theirs}, only at the venue {theirs - ours}"

    def _limits(self) -> Iterator[str]:
        """At every row: what is held, and what would be held if all that is open filled."""
        limit = Decimal(ALLOCATION) * self.job.leverage
        held = dict.fromkeys(self.job.symbols, Decimal(0))
        price = dict.fromkeys(self.job.symbols, Decimal(0))
        working: dict[int, tuple[str, Decimal]] = {}
        for row in self.rows:
            if isinstance(row, FillRow):
                held[row.symbol] += row.quantity if row.side == "buy" else -row.quantity
                price[row.symbol] = row.price
                continue  # the row of its order comes next
            if isinstance(row, OrderRow) and row.execution != "algo":
                left = row.quantity - row.filled
                open_ = row.status in ("new", "partially_filled") and not row.reduce_only
                stop = self.job.place.is_spot and "stop" in row.type
                working.pop(row.order_id, None)
                if open_ and not stop:
                    working[row.order_id] = row.symbol, left if row.side == "buy" else -left
            else:
                continue
            worst = Decimal(0)
            for symbol in self.job.symbols:
                more = [q for s, q in working.values() if s == symbol]
                up = held[symbol] + sum((q for q in more if q > 0), Decimal(0))
                down = held[symbol] + sum((q for q in more if q < 0), Decimal(0))
                worst += max(abs(up), abs(down)) * price[symbol]
                if self.job.place.is_spot and down < 0:
                    yield f"sold what is not the run's: {-down} {symbol} at row {row.seq}"
            if worst > limit:
                yield f"over the limit: {worst:.2f} at row {row.seq}, the most is {limit}"
                return

    def _holdings(self) -> Iterator[str]:
        account = self.exchange.treasury.account(ACCOUNT)
        wallet = account.spot if self.job.place.is_spot else None
        for instrument in self.instruments:
            ours = self.ledger.expected_holding(instrument.symbol)
            if wallet is not None:
                coin = wallet.get(instrument.base)
                theirs = Decimal(0) if coin is None else coin.free + coin.locked
            else:
                theirs = self._position(instrument)
            if ours != theirs:
                yield f"holding of {instrument.symbol}: the journal has {ours}, the venue {theirs}"
            lots = self.engine.position_lots()[instrument.symbol]
            if instrument.quantity(lots) > self.ledger.owned(instrument.symbol) >= 0:
                yield f"the engine holds {lots} lots of {instrument.symbol}, more than the run owns"
        cash = account.spot["USDT"].free + account.spot["USDT"].locked if wallet else account.futures["USDT"]
        engine = Decimal(repr(float(self.engine.accounts[0]["wallet"]))) - Decimal(ALLOCATION)
        if abs(cash - MONEY - engine) > CENT:
            yield f"money: the venue's changed by {cash - MONEY}, the engine's by {engine}"

    def _stops(self) -> Iterator[str]:
        if self.latch.silent or self.latch.state is Risk.HALTED:
            return
        for instrument in self.instruments:
            lots, level = self.engine.position_lots()[instrument.symbol], 0.0
            if lots:
                level = self.engine.protective_level(instrument.symbol)
            worth = abs(instrument.quantity(lots)) * self.exchange.tape.last(instrument.symbol)
            if not level or worth < 2 * instrument.min_notional:
                continue
            live = [s for s in self.ledger.live_in(instrument.symbol) if s.intent.type is OrderType.STOP]
            if [s.remaining for s in live] != [-lots]:
                yield f"unprotected: {lots} lots of {instrument.symbol}, stops {[s.remaining for s in live]}"

    def _alarms(self) -> Iterator[str]:
        """Nobody else's hands were in the account: nothing may be halted for that."""
        if self.ledger.halted or self.ledger.reducing:
            yield f"halted: {sorted(self.ledger.halted)}, reducing {sorted(self.ledger.reducing)}"

    def _position(self, instrument: Instrument) -> Decimal:
        found = [p for p in self.exchange.positions.all(ACCOUNT) if p.symbol == instrument.symbol]
        return sum((p.quantity for p in found), Decimal(0))
