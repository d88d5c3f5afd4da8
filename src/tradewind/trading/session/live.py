"""A session that lasts: live candles and a person's commands in one line, with tasks beside it, until it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container

from tradewind.market import CandleSource, Clock, Command, CommandKind
from tradewind.trading.journal.run_folder import Letter, RunFolder
from tradewind.trading.session.desk import Item
from tradewind.trading.terms.feed_records import Revision

INBOX_SECONDS = 0.5
ENDS = (CommandKind.STOP, CommandKind.PANIC)
URGENT = (CommandKind.HALT, CommandKind.PANIC)


class LiveItems:
    """The `Source` of a session: candles and the commands of a run's inbox. A STOP or PANIC is the last item.

    An error of the source ends it with that error, and so does `fail`. A command lies in the inbox until its turn is
    over: then it is in the journal.
    """

    def __init__(
        self,
        candles: CandleSource,
        folder: RunFolder,
        clock: Clock,
        at_once: Callable[[Command], None] = lambda command: None,
        known: Container[Command] = (),
    ) -> None:
        """`at_once` hears of a HALT or PANIC when it is there, before its turn among the items comes.

        `known` are the commands of the journal at the start: a crash may have left one of them in the inbox.
        """
        self._candles, self._folder, self._clock, self._at_once = candles, folder, clock, at_once
        self._known, self._taken = known, set[Letter]()
        self._queue: asyncio.Queue[Item | Revision | Letter | BaseException | None] = asyncio.Queue()

    @property
    def waiting(self) -> int:
        """Candles and commands that came and are not taken yet: how far decisions lag behind."""
        return self._queue.qsize()

    def put(self, item: Command | Revision) -> None:
        """What comes from this process: a signal, for example, or a bar that was revised. It waits its turn."""
        self._queue.put_nowait(item)

    def fail(self, error: BaseException) -> None:
        self._queue.put_nowait(error)

    async def __aiter__(self) -> AsyncIterator[Item | Revision]:
        tasks = [asyncio.create_task(self._read_inbox()), asyncio.create_task(self._read_candles())]
        try:
            while True:
                item = await self._queue.get()
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, Letter):
                    yield item.command
                    self._folder.done(item)
                    self._taken.discard(item)
                    item = item.command
                else:
                    yield item
                if isinstance(item, Command) and item.kind in ENDS:
                    return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read_candles(self) -> None:
        try:
            async for item in self._candles:
                self._queue.put_nowait(item)
        except Exception as error:  # noqa: BLE001 it is raised where the items are read
            self._queue.put_nowait(error)
        else:
            self._queue.put_nowait(None)

    async def _read_inbox(self) -> None:
        try:
            while True:
                for letter in self._folder.letters():
                    if letter not in self._taken:
                        self._take(letter)
                await self._clock.sleep(INBOX_SECONDS)
        except Exception as error:  # noqa: BLE001 as above
            self._queue.put_nowait(error)

    def _take(self, letter: Letter) -> None:
        if letter.command in self._known:
            self._folder.done(letter)
            return
        self._taken.add(letter)
        if letter.command.kind in URGENT:
            self._at_once(letter.command)
        self._queue.put_nowait(letter)
