"""How long to wait after the venue refused to protect a position, and when only reducing is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from tradewind.market import Clock, RejectKind, VenueUnavailable
from tradewind.trading.orders.order_manager import OrderManager
from tradewind.trading.risk.latch import Latch
from tradewind.trading.terms.order_records import Risk
from tradewind.trading.terms.order_states import Alarm, OrderState

FIRST_RETRY, LONGEST_RETRY = 2.0, 30.0  # seconds after a refusal
REFUSALS = 3  # in a row, after which the run may only reduce
# Refusals after which the same request cannot be expected to pass soon.
_LASTING = frozenset({RejectKind.OTHER, RejectKind.NOT_TRADING, RejectKind.AUTH, RejectKind.POSITION_MODE})


class Patience:
    """Waits by symbol and by what is tried there. `reload` reads the venue's rules of a symbol."""

    def __init__(
        self, manager: OrderManager, clock: Clock, latch: Latch, reload: Callable[[str], Awaitable[object]]
    ) -> None:
        self._manager, self._clock, self._latch, self._reload = manager, clock, latch, reload
        self._refusals: Counter[str] = Counter()
        self._not_before: dict[tuple[str, str], int] = {}  # by symbol and what is tried, UTC ms

    def over(self, symbol: str, what: str) -> bool:
        """May it be tried now?"""
        return self._clock.now_ms() >= self._not_before.get((symbol, what), 0)

    def wait(self, symbol: str, what: str, seconds: float) -> None:
        self._not_before[symbol, what] = self._clock.now_ms() + round(seconds * 1000)

    def accepted(self, symbol: str) -> None:
        """A stop rests: the refusals before it count no more."""
        self._refusals[symbol] = 0

    async def refused(self, symbol: str, what: str, state: OrderState | None) -> None:
        """Wait, longer each time. What will not pass soon leaves the run only reducing. `state` None: not sent.

        What was barred from being sent says nothing of the venue, and counts as no refusal of it.
        """
        if state is not None and state.kind == RejectKind.BARRED:
            self.wait(symbol, what, FIRST_RETRY)
            return
        self._refusals[symbol] += 1
        tries = self._refusals[symbol]
        self.wait(symbol, what, min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY))
        if state is None:
            return
        kind = RejectKind(state.kind) if state.kind else RejectKind.OTHER
        try:
            if kind is RejectKind.REDUCE_ONLY:
                await self._manager.refresh()  # what closed it stands in the trades
            elif kind is RejectKind.FILTER:
                await self._reload(symbol)
        except VenueUnavailable:
            pass  # nothing was learnt; the next try comes after the wait
        if kind in _LASTING or tries >= REFUSALS:
            text = f"the venue refuses to protect {symbol} ({kind.value}, {tries} times)"
            if self._latch.tighten(Risk.REDUCING, text) or tries in (1, REFUSALS):
                self._manager.warn(Alarm.UNPROTECTED, symbol, text)
