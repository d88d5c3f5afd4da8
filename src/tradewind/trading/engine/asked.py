"""What the rules that the agent lives with would make of a change that somebody else asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tradewind.account.books import equity_now
from tradewind.account.records import BAR
from tradewind.market import FillReason, Reason
from tradewind.simulator.alone import book_fill, size_orders


class Asked(NamedTuple):
    """An order that no decision made."""

    place: int  # of its instrument
    lots: int  # signed
    limit: float | None  # its own price


def lots_left_by_rules(
    accounts: Any,
    positions: Any,
    instruments: Any,
    rules: Any,
    asked: Asked,
    resting: Mapping[int, int],
    prices: Mapping[int, float],
) -> tuple[int, Reason]:
    """How many of the lots in `asked` risk and money leave at these prices, and why not all.

    The books are worth what `prices` say; what the order comes to is by its limit, where that is higher.
    `resting`: signed lots by place that may still fill; they count as filled. Books are copied, nothing changes.
    The band does not apply: a person may ask for little.
    """
    accounts, positions, rules = accounts.copy(), positions.copy(), rules.copy()
    rules["band"] = 0.0
    for at, price in prices.items():
        positions[0, at]["price"] = positions[0, at]["mark"] = price
    account, position = accounts[0], positions[0, asked.place]
    for at, waiting in resting.items():
        price = float(positions[0, at]["price"])
        book_fill(accounts, positions, at, instruments, rules, waiting, price, 0.0, int(FillReason.ORDER))
    account["equity"] = equity = float(equity_now(account, positions, 0, instruments))
    if asked.limit is not None:
        position["price"] = max(float(position["price"]), asked.limit)
    lots, lot = int(position["lots"]) + asked.lots, float(instruments[asked.place]["lot"])
    worth = lots * lot * float(position["price"])
    positions[0]["wanted"] = math.nan
    position["wanted"] = worth / equity if equity > 0 else 0.0
    bars = np.zeros((1, len(instruments)), BAR)
    bars["tradable"] = 1
    size_orders(accounts, positions, bars, 0, 1, instruments, rules)
    return int(position["order"]), Reason(int(position["reason"]))
