"""`python -m tests.kernels` compiles what most tests call, on two cores, before workers start that would each do it.

A fresh clone has nothing compiled: it takes half a minute; seconds where the cache is warm.
"""

from __future__ import annotations

import multiprocessing
import sys


def features_and_policies() -> None:
    """What the engine of a run calls."""
    from tests.promises.agents import moody_agent, rules_for
    from tests.promises.worldlets import wild_market
    from tradewind.market import Kind
    from tradewind.trading.session.warming import warm

    for kind in Kind:
        market = wild_market(150, 1, kind, seed=1)
        assert warm(moody_agent(market, rules_for(kind)), market.instruments, market.timeframe, 150)


def simulator() -> None:
    """What training and backtests call."""
    import numpy as np

    from tests.simulator.markets import market_of, perpetual, simulator_of, trade
    from tradewind.simulator import kernel

    market = market_of(perpetual(), [100, 100, 80])
    trade(market, 1.0, 1.0)
    followed = simulator_of(market)
    kernel.run_targets(
        followed.accounts,
        followed.positions,
        followed.tape.bars,
        followed.tape.rows,
        followed.tape.instruments,
        followed.rules_record,
        np.zeros((3, 1)),
        0,
        2,
        np.zeros(3),
        followed.log,
    )


def main() -> int:
    """0 when all is compiled."""
    spawning = multiprocessing.get_context("spawn")
    at_work = [spawning.Process(target=part) for part in (simulator, features_and_policies)]
    for process in at_work:
        process.start()
    for process in at_work:
        process.join()
    return int(any(process.exitcode for process in at_work))


if __name__ == "__main__":
    sys.exit(main())
