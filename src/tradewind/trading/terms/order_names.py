"""Fresh client ids for orders that no decision has named."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from tradewind.market import OrderId
from tradewind.trading.terms.order_states import client_id


@dataclass(slots=True)
class OrderNames:
    """Names orders of one account. `bar_close`: of the newest decision, UTC ms."""

    mode: str
    account: str
    used: Container[OrderId]  # those in the journal
    bar_close: int = 0

    def fresh(self, symbol: str, leg: str) -> OrderId:
        """The first revision of this leg that no order has: the same journal gives the same id."""
        revision = 0
        while True:
            terms = self.mode, self.account, symbol, self.bar_close
            name = client_id(*terms, leg=leg, revision=revision)
            if name not in self.used:
                return name
            revision += 1
