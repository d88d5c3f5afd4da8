"""Virtual time that two processes share: one of them is at work at a time, and time moves when both have nothing to do.

The leader has the clock. Whenever it has nothing to do it hands the turn to its follower, which works until it has
nothing to do either and says when its next timer is due; then time jumps to the earlier of both timers. Between them
are real sockets, and a process that is killed is gone between two instructions of its own, never in another place
because the machine was busy.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, TypeVar

from tests.promises.virtual_time import Jumping, VirtualLoop

T = TypeVar("T")


class Leading(Jumping):
    """Of the process that has the clock. Without a follower time jumps as if it were alone."""

    def __init__(self) -> None:
        super().__init__()
        self._follower: Connection | None = None

    def wait_for(self, listener: Listener) -> None:
        """Time stands until the follower has come."""
        self._follower = listener.accept()

    @property
    def followed(self) -> bool:
        return self._follower is not None

    def leave(self) -> None:
        """Have no follower any more."""
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def rest(self, timeout: float | None) -> list[Any]:
        due = math.inf if timeout is None else self.now + timeout
        while self._follower is not None:
            theirs = self._hand_over(self._follower)
            if ready := selectors.DefaultSelector.select(self, 0):
                return ready
            if theirs is None:
                return []  # it has ended: whoever waits for that looks now
            self.jump(min(due, theirs))
            if due <= theirs:
                return []
        return super().rest(timeout)

    def _hand_over(self, follower: Connection) -> float | None:
        try:
            follower.send(self.now)
            due: float = follower.recv()
        except (EOFError, ConnectionError):
            self.leave()
            return None
        return due


class Following(Jumping):
    """Of the process that has time from another. It begins with its first turn."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._leader = Client(address)
        self.now = self._leader.recv()

    def rest(self, timeout: float | None) -> list[Any]:
        self._leader.send(math.inf if timeout is None else self.now + timeout)
        self.jump(self._leader.recv())
        return selectors.DefaultSelector.select(self, 0)


def lead(work: Coroutine[Any, Any, T], clock: Leading) -> T:
    """As `asyncio.run`, as the one that has the clock."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(work)


def follow(work: Coroutine[Any, Any, T], address: str) -> T:
    """As `asyncio.run`, in the time of the process that listens at this address."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Following(address))) as runner:
        return runner.run(work)
