"""Tasks that run beside the decisions: one that dies is told of and started again, or ends the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from tradewind.market import Clock, Inconsistent

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds before a task is started again
STEADY = 120.0  # seconds of work after which a failure counts as the first again

Work = Callable[[], Coroutine[None, None, None]]


@dataclass(slots=True)
class Health:
    """Of one task."""

    working: bool = False
    failures: int = 0  # in all
    last_error: str = ""


class Supervisor:
    """Starts tasks and keeps them at work until `close`.

    `died` hears the name and the error of each that ended, before it is started again. A `vital` one is not started
    again: `failed` then resolves with its error. Work that returns, or that is cancelled from elsewhere, has failed.
    """

    def __init__(self, clock: Clock, died: Callable[[str, BaseException], None]) -> None:
        self.health: dict[str, Health] = {}
        self._clock, self._died = clock, died
        self._tasks: list[asyncio.Task[None]] = []
        self._failed: asyncio.Future[BaseException] | None = None

    @property
    def failed(self) -> asyncio.Future[BaseException]:
        """Resolves with the error of the first vital task that ended."""
        if self._failed is None:
            self._failed = asyncio.get_running_loop().create_future()
        return self._failed

    @property
    def degraded(self) -> list[str]:
        """Names of tasks that do not work now."""
        return [name for name, health in self.health.items() if not health.working]

    def start(self, name: str, work: Work, *, vital: bool = False) -> None:
        self.health[name] = Health(working=True)
        self._tasks.append(asyncio.create_task(self._keep(name, work, vital), name=name))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, name: str, work: Work, vital: bool) -> None:
        health, wait = self.health[name], FIRST_WAIT
        while True:
            began, health.working = self._clock.now_ms(), True
            try:
                await work()
                raise Inconsistent(f"{name} ended, and was to go on")
            except (
                Exception,
                asyncio.CancelledError,
            ) as error:  # whatever it is, it is told, and the rest goes on
                task = asyncio.current_task()
                if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                    raise  # by `close`
                health.failures, health.last_error = health.failures + 1, repr(error)
                self._died(name, error)
                if vital:
                    if not self.failed.done():
                        self.failed.set_result(_raisable(name, error))
                    return
            finally:
                health.working = False
            if self._clock.now_ms() - began > STEADY * 1000:
                wait = FIRST_WAIT
            await self._clock.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)


def _raisable(name: str, error: BaseException) -> BaseException:
    """A cancellation that is raised elsewhere would look like a wish to end."""
    return error if isinstance(error, Exception) else Inconsistent(f"{name} was cancelled, and not by us")
