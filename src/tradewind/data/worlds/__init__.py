"""Synthetic markets whose best attainable result is known, to test learners and to catch leaks.

`WORLDS["W3"].sample(...)` draws paths, `.optimal(cost)` is the oracle, `generate` and `stream` make candles.
"""

from tradewind.data.worlds.autoregressive import Continuation, RegimeBreak
from tradewind.data.worlds.basket import Basket, constant_drift_sharpe
from tradewind.data.worlds.catalogue import DEMO, WORLDS, find_world
from tradewind.data.worlds.evaluate import (
    Comparison,
    Profit,
    arithmetic_profit,
    best_momentum,
    compare,
    log_growth,
    momentum,
    naive_sign,
    oracle_on,
)
from tradewind.data.worlds.markets import WorldMarket, generate, stream, to_market
from tradewind.data.worlds.noise import Leak, Noise
from tradewind.data.worlds.regime import HiddenTrend
from tradewind.data.worlds.signals import Carry, Predictor, Reversion
from tradewind.data.worlds.sizing import Sizing
from tradewind.data.worlds.world import Oracle, World, WorldPaths

__all__ = [
    "DEMO",
    "WORLDS",
    "Basket",
    "Carry",
    "Comparison",
    "Continuation",
    "HiddenTrend",
    "Leak",
    "Noise",
    "Oracle",
    "Predictor",
    "Profit",
    "RegimeBreak",
    "Reversion",
    "Sizing",
    "World",
    "WorldMarket",
    "WorldPaths",
    "arithmetic_profit",
    "best_momentum",
    "compare",
    "constant_drift_sharpe",
    "find_world",
    "generate",
    "log_growth",
    "momentum",
    "naive_sign",
    "oracle_on",
    "stream",
    "to_market",
]
