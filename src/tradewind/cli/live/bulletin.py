"""What `status.json` says of a run: every word of it is of one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tradewind.market import Clock
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.told.tally import Tally

STATUS_SECONDS = 5.0


class Bulletin:
    """Tells again and again (`keep`), and at last how the run ended, after which nothing is told any more.

    `look` gives what the journal does not say: positions, risk, data ages.
    """

    def __init__(
        self, folder: RunFolder, clock: Clock, tally: Tally, look: Callable[[], dict[str, Any]]
    ) -> None:
        self._folder, self._clock, self._tally, self._look = folder, clock, tally, look
        self._told: dict[str, Any] = {}
        self._over = False
        self._lock = threading.Lock()  # the watchdog speaks from a thread of its own

    async def keep(self) -> None:
        while True:
            self._tell(self.now())
            await self._clock.sleep(STATUS_SECONDS)

    def now(self) -> dict[str, Any]:
        """How the run is at this moment."""
        glance = self._tally.glance().as_dict()
        return {"at": self._clock.now_ms(), "equity": glance.pop("equity"), **self._look(), "metrics": glance}

    def stands(self, where: str) -> None:
        """The event loop does not turn: nothing else of this process can say it now."""
        self._tell({**self._told, "degraded": [f"event loop: stands in {where}"]})

    def end(self, status: dict[str, Any], why: str = "") -> None:
        """The last word. `status` is of `now`; `why` it ended, if not as it was asked to."""
        self._tell({**status, **({"ended": f"ended by {why}"} if why else {"stopped": True})}, last=True)

    def _tell(self, status: dict[str, Any], *, last: bool = False) -> None:
        with self._lock:
            if not self._over:
                self._told, self._over = status, last
                self._folder.tell(status)
