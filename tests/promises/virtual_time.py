"""An event loop whose time stands while anything is to be done, and jumps to the next timer when nothing is.

Sockets are real: what both ends of a loopback connection say in one process is there at once. So minutes of waiting,
of the product, of ccxt and of the exchange alike, take as long as the work that is done in them.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tradewind.market import Clock, WallClock

T = TypeVar("T")


BUSY = 100_000  # rounds of the loop without a moment passing: something waits for nothing


def _at_work() -> str:
    return "; ".join(repr(task.get_stack(limit=1)) for task in asyncio.all_tasks())


class Jumping(selectors.DefaultSelector):
    """Never sleeps: where nothing is ready it moves the loop's time on by as long as it was to wait."""

    def __init__(self, grace: float = 0.0) -> None:
        super().__init__()
        self.now, self._busy, self._grace = 0.0, 0, grace

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(self._grace if timeout else 0)
        self._busy += 1
        if self._busy > BUSY:
            raise RuntimeError(
                f"time stands at {self.now:.3f} s while there is ever more to do: {_at_work()}"
            )
        if ready or timeout == 0:
            return ready
        return self.rest(timeout)

    def rest(self, timeout: float | None) -> list[Any]:
        """Nothing is to be done before so many seconds have passed, but for what comes from outside."""
        if timeout is None:
            return super().select(None)
        self.jump(self.now + timeout)
        return []

    def jump(self, now: float) -> None:
        if now > self.now:
            self.now, self._busy = now, 0


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, jumping: Jumping | None = None) -> None:
        self._jumping, self.began_ms = jumping or Jumping(), WallClock().now_ms()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Any, work: Callable[..., Any], *more: Any) -> asyncio.Future[Any]:
        """At once, and in no time: a thread would be at work while time jumps (aiohttp unpacks bodies in one)."""
        done = self.create_future()
        try:
            done.set_result(work(*more))
        except Exception as error:  # noqa: BLE001 - told to whoever waits, as an executor does
            done.set_exception(error)
        return done


class LoopClock:
    """`Clock` of the running loop. `skew_ms` is how far it is wrong, as a machine's clock may be."""

    def __init__(self, start_ms: int) -> None:
        self.start_ms, self.skew_ms = start_ms, 0

    def now_ms(self) -> int:
        return self.start_ms + round(asyncio.get_running_loop().time() * 1000) + self.skew_ms

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def wire_clock() -> Clock:
    """The wall's time, which in a virtual loop goes on as that does."""
    loop = asyncio.get_running_loop()
    return LoopClock(loop.began_ms) if isinstance(loop, VirtualLoop) else WallClock()


def run_virtually(work: Coroutine[Any, Any, T], grace: float = 0.0) -> T:
    """As `asyncio.run`, in virtual time. `grace`: real seconds before a jump, where bytes may take as long."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Jumping(grace))) as runner:
        return runner.run(work)
