"""Ctrl+C and SIGTERM: until a run is at work they end the command, then they are what the run makes of them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from tradewind.cli.common import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)

T = TypeVar("T")


@dataclass(slots=True)
class _Hearer:
    act: Callable[[int], object]
    relieved: bool = False  # another one heard them meanwhile


_HEARER: ContextVar[_Hearer | None] = ContextVar("tradewind_signals", default=None)


@contextmanager
def heard_by(act: Callable[[int], object]) -> Iterator[_Hearer]:
    """Both signals go to `act`, from the running loop; afterwards to whom they went before."""
    outer, hearer = _HEARER.get(), _Hearer(act)
    before = {signum: signal.getsignal(signum) for signum in SIGNALS}
    token = _HEARER.set(hearer)
    _give_to(hearer)
    try:
        yield hearer
    finally:
        _HEARER.reset(token)
        if outer is not None:
            outer.relieved = True
            _give_to(outer)
        else:
            for signum, handler in before.items():
                asyncio.get_running_loop().remove_signal_handler(signum)
                signal.signal(signum, handler)


def _give_to(hearer: _Hearer) -> None:
    for signum in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(signum, hearer.act, signum)


async def left_in_order(work: Coroutine[Any, Any, T], name: str) -> T:
    """What `work` gives; at a signal that nothing within it hears, `Interrupted` once it has let go of all it had."""
    asked: list[int] = []
    tasks: list[asyncio.Task[T]] = []

    def leave(signum: int) -> None:
        asked.append(signum)
        for task in tasks:
            task.cancel()

    with heard_by(leave) as hearer:
        tasks.append(asyncio.create_task(work))
        try:
            return await tasks[0]
        except asyncio.CancelledError:
            if not asked:
                raise
            when = "had stopped trading" if hearer.relieved else "was at work: nothing was traded"
            raise Interrupted(
                f"Interrupted {'after' if hearer.relieved else 'before'} {name} {when}"
            ) from None
