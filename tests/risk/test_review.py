"""What risk makes of the wanted weights: only ever less, and with its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tests.simulator.markets import FREE, market_of, perpetual, simulator_of, spot

from tradewind.market import Kind, Reason
from tradewind.risk import review
from tradewind.simulator import Rules

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")


def reviewed(
    wanted: ArrayLike,
    rules: Rules = FREE,
    kind: Kind = Kind.PERPETUAL,
    *,
    ready: int = 1,
    held: dict[int, int] | None = None,
    missing: tuple[int, ...] = (),
    **account: Any,
) -> Any:
    """The positions [A] after a review, all prices 100, equity 1,000, lots of a thousandth."""
    weights = np.asarray(wanted, float)
    make = perpetual if kind is Kind.PERPETUAL else spot
    instruments = tuple(make(f"{s}/USDT") for s in SYMBOLS[: len(weights)])
    bars = [[100.0, 100.0, None if a in missing else 100.0] for a in range(len(weights))]
    simulator = simulator_of(market_of(instruments, *bars), rules)
    for a, lots in (held or {}).items():
        simulator.positions[0, a]["lots"], simulator.positions[0, a]["entry"] = lots, 100.0
    for name, value in account.items():
        simulator.accounts[0][name] = value
    simulator.positions[0]["wanted"] = weights
    tape = simulator.tape
    review(
        simulator.accounts,
        simulator.positions,
        0,
        tape.bars,
        2 if missing else 1,
        ready,
        tape.instruments,
        simulator.rules_record[0],
    )
    return simulator.positions[0]


def test_a_sum_at_its_gross_cap_is_not_cut_by_an_equal_net_cap() -> None:
    """All long and scaled to 3: in binary the sum may be a last bit above 3, which is no reason."""
    rules = replace(FREE, leverage=3.0)
    random = np.random.default_rng(0)
    for _ in range(200):
        positions = reviewed(random.uniform(0.9, 3.0, 4), rules)
        assert {Reason(int(r)) for r in positions["reason"]} == {Reason.GROSS_CAP}
