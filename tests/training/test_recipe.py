"""What the scaler may learn from, and what lies between training and validation."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tradewind.data.worlds import generate
from tradewind.features import FeaturePlan, FeatureSpec
from tradewind.market import DataError, Market
from tradewind.simulator import Rules
from tradewind.training import TrainingSettings, inner_split
from tradewind.training.learn import train
from tradewind.training.recipe import Recipe

PLAN = FeaturePlan.of("log_return", FeatureSpec("momentum", {"bars": 6}), "volume_ratio")
SETTINGS = TrainingSettings(steps=64, environments=4, net=(4,), episode_bars=20, validation_share=0.25)


def recipe(lookback: int = 1) -> Recipe:
    return Recipe(PLAN, Rules(lookback=lookback), SETTINGS)


def fragmented(bars: int = 1_200) -> Market:
    """Half in one fragment, the rest in short ones, each of which warms up anew."""
    market = generate("demo", bars, seed=5).market
    edges = [0, bars // 2, *range(bars // 2 + 60, bars + 1, 60)]
    open_time = market.open_time.copy()
    for k, edge in enumerate(edges[1:-1], start=1):
        open_time[edge:] += k * 5 * market.timeframe.ms
    fragments = np.array(list(pairwise(edges)), np.int64)
    return replace(market, open_time=open_time, fragments=fragments)


def louder_from(market: Market, row: int) -> Market:
    """The same market with other bars from `row` on."""
    scale = np.ones((len(market), 1))
    scale[row:, 0] = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.05, len(market) - row)))
    prices = {name: getattr(market, name) * scale for name in ("open", "high", "low", "close")}
    prices["high"] = np.maximum(prices["high"], np.maximum(prices["open"], prices["close"]))
    prices["low"] = np.minimum(prices["low"], np.minimum(prices["open"], prices["close"]))
    return replace(market, **prices)


@pytest.mark.parametrize("market", [generate("demo", 800, seed=3).market, fragmented()], ids=["one", "many"])
@pytest.mark.parametrize("lookback", [1, 4])
def test_the_scaler_never_sees_a_validation_or_purged_row(market: Market, lookback: int) -> None:
    """Altering every row after the last one that trains leaves the scaler equal bit for bit."""
    tape, scaler = recipe(lookback).prepare(market)
    segments, _ = inner_split(tape.segments, 0.25, lookback)
    cut = int(segments[-1, 1])
    _, same = recipe(lookback).prepare(louder_from(market, cut))
    assert same.to_json() == scaler.to_json()
    _, other = recipe(lookback).prepare(louder_from(market, cut - 40))
    assert other.to_json() != scaler.to_json()


@pytest.mark.parametrize("lookback", [1, 5])
def test_by_default_a_lookback_of_rows_lies_between_training_and_validation(lookback: int) -> None:
    tape, _ = recipe(lookback).prepare(generate("demo", 400, seed=3).market)
    result = train(tape, Rules(lookback=lookback), SETTINGS)
    assert result.validation_segments[0, 0] - result.train_segments[-1, 1] == lookback


def test_a_market_without_a_whole_window_is_refused() -> None:
    with pytest.raises(DataError, match="give more history"):
        recipe().prepare(generate("demo", 8, seed=3).market)
