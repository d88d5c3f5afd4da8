"""Positions and wallet of one run against its venue: read until it is clear, then settled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tradewind.market import CashFlow, Clock, Fill, Inconsistent, Kind
from tradewind.trading.comparing.comparison import Side, is_users_own, sides
from tradewind.trading.comparing.pauses import Pauses, Why
from tradewind.trading.comparing.settling import adopting_fill, adopting_flow
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.orders.resolver import LOOK_BACK_MS
from tradewind.trading.terms.account_venue import AccountReading, AccountVenue
from tradewind.trading.terms.discrepancy import Discrepancy, Epoch, Policy, Settled
from tradewind.trading.terms.order_records import Baseline
from tradewind.trading.terms.order_states import Alarm

APART = 1.0  # seconds between readings of the same difference
READINGS = 3
LAG_SECONDS = 15.0  # after a change of ours in which a venue may still tell of before


class NewEpoch(Inconsistent):
    """The testnet was reset: end the session and start it again, from an empty account."""


class Unclear(Exception):
    """A reading that cannot be compared: it is older than what is known, or something happened meanwhile."""


class AccountCheck:
    """Compares positions and wallet, and settles what differs in three equal readings.

    `wallet`, `deliver`, `policy`, `resets`, `hear_reading` as of the `Reconciler`; `stamps` gives the times of records.
    """

    def __init__(
        self,
        manager: OrderManager,
        venue: AccountVenue,
        clock: Clock,
        stamps: Clock,
        wallet: Callable[[], float],
        deliver: Callable[[CashFlow], None],
        pauses: Pauses,
        policy: Policy,
        resets: bool,
        hear_reading: Callable[[AccountReading], None],
    ) -> None:
        self._manager, self._ledger = manager, manager.ledger
        self._venue, self._clock, self._stamps = venue, clock, stamps
        self._wallet, self._deliver, self._pauses = wallet, deliver, pauses
        self._policy, self._resets, self._hear_reading = policy, resets, hear_reading
        self._newest = 0  # time of the newest reading
        self._held: dict[str, int] = {}
        self._moved: dict[str, int] = {}  # when a position of ours was last seen to change

    async def compare(self) -> bool:
        """Read and settle; does anything differ still? `Unclear` when it cannot be said now."""
        await self._book_flows()
        first = found = await self._differences()
        before = self._ledger.state_hash()
        for _ in range(READINGS - 1 if first else 0):
            self._pause_differing(found)
            await self._clock.sleep(APART)
            await self._manager.refresh()
            await self._book_flows()
            again = await self._differences()
            found = [side for side in again if side in found]
        if first and not found and before == self._ledger.state_hash():
            self._manager.warn(Alarm.GLITCH, first[0].symbol, f"{first[0]}; the next reading was another")
        for side in found:
            if not self._may_lag(side.symbol):
                await self._settle(side)
        left = await self._differences() if first else []
        self._pause_differing(left)
        return bool(left)

    def take_flow(self, flow: CashFlow) -> None:
        """Book funding, once by its id."""
        if flow.id not in self._ledger.flows:
            self._manager.write(flow)
            self._deliver(flow)

    def watch_positions(self) -> None:
        """Note which moved, often enough to know when."""
        now = self._clock.now_ms()
        for symbol, lots in self._ledger.positions.items():
            if lots != self._held.get(symbol, lots):
                self._moved[symbol] = now
            self._held[symbol] = lots

    async def _book_flows(self) -> None:
        if self._venue.kind is Kind.PERPETUAL and self._ledger.baselines:
            known = [b.at for b in self._ledger.baselines.values()]
            since = max(
                min(known), max((f.at for f in self._ledger.flows.values()), default=0) - LOOK_BACK_MS
            )
            for flow in await self._venue.cash_flows(since):
                self.take_flow(flow)

    async def _differences(self) -> list[Side]:
        """Where books and venue differ now; nothing of what is in doubt or changed while it was read."""
        before = self._ledger.state_hash()
        reading = await self._venue.account()
        self._hear_reading(reading)
        if reading.at < self._newest or self._ledger.state_hash() != before:
            raise Unclear
        self._newest = reading.at
        self.watch_positions()
        doubted = {symbol for symbol in self._ledger.instruments if self._ledger.in_doubt(symbol)}
        wallet = Decimal(repr(float(self._wallet())))
        found = sides(self._ledger, reading, wallet, self._quote)
        clear = [s for s in found if not (s.symbol in doubted if s.symbol else doubted)]
        return [s for s in clear if s.differs and not self._is_halted(s.symbol)]

    async def _settle(self, side: Side) -> None:
        instrument = self._ledger.instruments.get(side.symbol)
        if instrument is not None and is_users_own(side, instrument):
            old = self._ledger.baselines[side.symbol]
            moved = Baseline(old.at, side.symbol, side.found - side.owned)
            self._manager.write(self._discrepancy(side, Settled.NOT_OURS), moved)
        elif self._resets and await self._was_reset():
            text = f"{side}, and no trade of this run is known there: the testnet was reset"
            self._manager.write(Epoch(self._stamps.now_ms(), text))
            self._manager.warn(Alarm.RESET, "", text)
            raise NewEpoch(f"{text}; start again, the run begins anew in the same journal")
        elif side.found < 0 and instrument is None:
            text = f"the balance of {self._quote} is {side.found:f}: pay it back at the venue, then re-arm"
            self._manager.warn(Alarm.UNSUPPORTED, "", text, self._discrepancy(side, Settled.HALTED))
        elif self._policy is Policy.ADOPT:
            self._adopt(side)
        else:
            text = f"{side}: find out why, then re-arm"
            self._manager.warn(Alarm.DISCREPANCY, side.symbol, text, self._discrepancy(side, Settled.HALTED))

    def _adopt(self, side: Side) -> None:
        """The books follow the venue. A symbol in which others traded stays halted for that."""
        at, cause = self._stamps.now_ms(), self._discrepancy(side, Settled.ADOPTED)
        if not side.symbol:
            flow = adopting_flow(side, at)
            self._manager.write(cause, flow)
            self._deliver(flow)
        else:
            self._manager.adopt(adopting_fill(self._ledger, side, at), cause)
        self._manager.warn(Alarm.ADJUSTED, side.symbol, f"{side}: taken into the books, as configured")

    async def _was_reset(self) -> bool:
        """Does the venue know none of the trades that this run made there?"""
        traded: dict[str, list[Fill]] = {}
        for fill in self._ledger.fills.values():
            traded.setdefault(fill.symbol, []).append(fill)
        for symbol, fills in traded.items():
            known = {fill.trade_id for fill in fills}
            told = await self._venue.trades(symbol, max(fill.at for fill in fills) - LOOK_BACK_MS)
            if any(trade.fill.trade_id in known for trade in told):
                return False
        return bool(traded)

    def _discrepancy(self, side: Side, settled: Settled) -> Discrepancy:
        return Discrepancy(self._stamps.now_ms(), side.symbol, side.expected, side.found, settled)

    def _may_lag(self, symbol: str) -> bool:
        moved = self._moved.values() if not symbol else [self._moved.get(symbol, 0)]
        return self._clock.now_ms() - max(moved, default=0) < LAG_SECONDS * 1000

    def _pause_differing(self, found: list[Side]) -> None:
        differing = {side.symbol: f"{side}; it is read again before more is entered" for side in found}
        for symbol in ("", *self._ledger.instruments):
            self._pauses.keep(Why.DIFFERS, symbol, differing.get(symbol, ""))

    @property
    def _quote(self) -> str:
        return next(iter(self._ledger.instruments.values())).quote

    def _is_halted(self, symbol: str) -> bool:
        return symbol in self._ledger.halted if symbol else self._all_halted

    @property
    def _all_halted(self) -> bool:
        return self._ledger.halted >= set(self._ledger.instruments)
