"""What a backtest leaves adds up, segment by segment."""

from __future__ import annotations

import numpy as np
import pytest

from tests.promises.agents import CAPITAL, moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.backtest.result import trades
from tradewind.backtest.run import backtest, spans_of
from tradewind.market import DataError, FeeAsset, FillReason, Kind


@pytest.mark.parametrize("fee_asset", list(FeeAsset))
def test_fills_and_fees_add_up_to_the_position_at_every_seam(fee_asset: FeeAsset) -> None:
    """Each segment ends flat but for what is too small to sell; lots that a fee in base took are told."""
    market = wild_market(1_800, 2, Kind.SPOT, seed=4, fragments=3, fee_asset=fee_asset)
    agent = moody_agent(market, rules_for(Kind.SPOT))
    result = backtest(agent, agent.tape(market), capital=CAPITAL).result
    fills = result.fills
    kept = fills["lots"] - fills["fee_lots"]
    for a in range(2):
        own = fills["instrument"] == a
        held = np.cumsum(kept[own])
        assert (held >= 0).all()
        assert held[-1] * 0.001 * result.last_price[a] < 5  # the least that the venue takes
    assert fills["fee_lots"].any() == (fee_asset is FeeAsset.BASE)
    trips = trades(result)
    assert (trips["exit_row"] >= 0).sum() > 20
    profit = trips["profit"].sum()
    assert profit == pytest.approx(
        result.equity[-1] - CAPITAL, abs=1.0 if fee_asset is FeeAsset.BASE else 1e-6
    )


def test_every_segment_closes_out_and_equity_goes_on() -> None:
    market = wild_market(1_200, 2, Kind.PERPETUAL, seed=4, fragments=3)
    agent = moody_agent(market, rules_for(Kind.PERPETUAL))
    tape = agent.tape(market)
    run = backtest(agent, tape, capital=CAPITAL)
    lengths = [stop - start for start, stop in spans_of(tape)]
    assert len(run.decisions) == sum(lengths)
    ends = np.cumsum(lengths) - 1
    closing = run.result.fills[run.result.fills["reason"] == FillReason.CLOSE_OUT]
    assert set(closing["row"].tolist()) <= set(ends.tolist())
    assert len(closing) > 0
    assert run.result.equity[ends[0] + 1] == run.result.equity[ends[0]]


def test_it_begins_at_the_first_ready_bar_that_closes_at_the_start_or_later() -> None:
    market = wild_market(800, 1, Kind.SPOT, seed=4)
    agent = moody_agent(market, rules_for(Kind.SPOT))
    at = int(market.close_time[500])
    tape = agent.tape(market)
    assert backtest(agent, tape, start_ms=at).decisions.at[0] == at
    assert backtest(agent, tape, start_ms=at - 1).decisions.at[0] == at
    with pytest.raises(DataError, match="give more history"):
        backtest(agent, tape, start_ms=int(market.close_time[-1]) + 1)


def test_progress_is_told_to_the_end() -> None:
    market = wild_market(900, 1, Kind.SPOT, seed=4)
    agent = moody_agent(market, rules_for(Kind.SPOT))
    told: list[tuple[int, int]] = []
    run = backtest(agent, agent.tape(market), on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(run.decisions), len(run.decisions))
    assert told == sorted(told)
