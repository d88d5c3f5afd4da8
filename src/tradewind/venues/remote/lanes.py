"""Who may ask the venue next: one budget for all requests of an account, in lanes, and a stop when it bans."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable
from contextvars import ContextVar
from enum import IntEnum
from itertools import count
from typing import Any

import ccxt

from tradewind.clients.outcomes import Throttled, of_error
from tradewind.market import Clock, WallClock
from tradewind.market.errors import Stopped

RESERVED = 0.2  # of the budget, for the first two lanes
PATIENCE_SECONDS = 2.0  # how long an entry may stand in the queue: an older one is stale
PAUSE_SECONDS = 5.0  # after "too many requests" without a word on how long
_WALL = WallClock()  # the time of the wire, in which venues tell the end of a ban


class Lane(IntEnum):
    """What a request is for; the first goes first."""

    CLOSE = 0  # cancel, reduce
    RESOLVE = 1  # what became of an order
    STOPS = 2
    ENTRIES = 3
    HISTORY = 4


LANE: ContextVar[Lane] = ContextVar("tradewind_lane", default=Lane.HISTORY)


class Lanes:
    """Stands where a ccxt client has its limiter: a rolling window of request weights, with an order of precedence.

    Who comes too late for the window waits, those of a lower lane longer; an entry only for a moment, then it is
    dropped. While the venue bans, whatever is asked raises `Stopped` at once.
    """

    def __init__(self, clock: Clock, budget: float, window_seconds: float = 60.0) -> None:
        self._clock, self._budget, self._window_ms = clock, budget, window_seconds * 1000
        self._spent: deque[tuple[int, float]] = deque()
        self._total = 0.0
        self._waiting: list[tuple[Lane, int, float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._pump: asyncio.Task[None] | None = None
        self._stopped_until = 0

    @classmethod
    def of(cls, client: Any, clock: Clock) -> Lanes:
        """With the budget that ccxt gives its client; from now on the client asks here."""
        throttler = client.throttler
        if isinstance(throttler, Lanes):
            return throttler
        config = throttler.config
        window = float(config["windowSize"])
        lanes = cls(clock, window / float(config["rateLimit"]), window / 1000)
        lanes.serve(client)
        return lanes

    def serve(self, client: Any) -> None:
        """This client asks here from now on, whoever uses it, and what it is told of limits holds for all."""
        client.throttler, fetch = self, client.fetch

        async def mindful(*request: Any, **more: Any) -> Any:
            try:
                return await fetch(*request, **more)
            except ccxt.BaseError as error:
                self._mind(error)
                raise

        client.fetch = mindful

    @property
    def stopped_for(self) -> float:
        """Seconds until the venue may be asked again; 0 when it may."""
        return max(0.0, (self._stopped_until - self._clock.now_ms()) / 1000)

    @property
    def used(self) -> float:
        """The part of the budget that the last window took."""
        self._forget()
        return self._total / self._budget

    def stop(self, seconds: float | None) -> None:
        """No request until then; a shorter stop never ends a longer one."""
        wait_ms = round((PAUSE_SECONDS if seconds is None else seconds) * 1000)
        self._stopped_until = max(self._stopped_until, self._clock.now_ms() + wait_ms)
        while self._waiting:
            future = heapq.heappop(self._waiting)[-1]
            if not future.done():
                future.set_exception(self._refusal())

    def __call__(self, cost: float | None = None) -> Awaitable[None]:
        """What ccxt awaits before each request."""
        lane, weight = LANE.get(), 1.0 if cost is None else float(cost)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.stopped_for:
            future.set_exception(self._refusal())
        elif (not self._waiting or self._waiting[0][0] > lane) and self._admits(lane, weight):
            self._spend(weight)
            future.set_result(None)
        elif lane is Lane.ENTRIES and self._until_room() > PATIENCE_SECONDS:
            future.set_exception(self._too_late())
        else:
            item = (lane, next(self._numbers), weight, self._clock.now_ms(), future)
            heapq.heappush(self._waiting, item)
            if self._pump is None or self._pump.done():
                self._pump = asyncio.create_task(self._serve())
        return future

    def _mind(self, error: ccxt.BaseError) -> None:
        """Be quiet for as long as the venue says, however long that is."""
        outcome = of_error(error)
        if isinstance(outcome, Throttled):
            self.stop(outcome.seconds_from(_WALL.now_ms()))

    def close(self) -> None:
        """Whoever waits is sent away."""
        if self._pump is not None:
            self._pump.cancel()
        for *_, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    def _refusal(self) -> Stopped:
        seconds = self.stopped_for
        return Stopped(f"the venue wants no request for another {seconds:.1f} s: nothing was sent", seconds)

    def _too_late(self) -> Stopped:
        return Stopped("the budget of requests is used up: no order was sent", self._until_room())

    def _admits(self, lane: Lane, weight: float) -> bool:
        self._forget()
        most = self._budget if lane <= Lane.RESOLVE else self._budget * (1 - RESERVED)
        return not self._spent or self._total + weight <= most

    def _spend(self, weight: float) -> None:
        self._spent.append((self._clock.now_ms(), weight))
        self._total += weight

    def _forget(self) -> None:
        since = self._clock.now_ms() - self._window_ms
        while self._spent and self._spent[0][0] <= since:
            self._total -= self._spent.popleft()[1]
        if not self._spent:
            self._total = 0.0

    def _until_room(self) -> float:
        if not self._spent:
            return 0.0
        return max(0.0, (self._spent[0][0] + self._window_ms - self._clock.now_ms()) / 1000)

    async def _serve(self) -> None:
        while self._waiting:
            lane, _, weight, since, future = self._waiting[0]
            waited = (self._clock.now_ms() - since) / 1000
            if future.done():
                heapq.heappop(self._waiting)
            elif lane is Lane.ENTRIES and waited > PATIENCE_SECONDS:
                heapq.heappop(self._waiting)
                future.set_exception(self._too_late())
            elif self._admits(lane, weight):
                heapq.heappop(self._waiting)
                self._spend(weight)
                future.set_result(None)
            else:
                await self._clock.sleep(max(self._until_room(), 0.001))
