"""The worlds by name."""

from __future__ import annotations

from tradewind.data.worlds.autoregressive import Continuation, RegimeBreak
from tradewind.data.worlds.basket import Basket
from tradewind.data.worlds.noise import Leak, Noise
from tradewind.data.worlds.regime import HiddenTrend
from tradewind.data.worlds.signals import Carry, Predictor, Reversion
from tradewind.data.worlds.sizing import Sizing
from tradewind.data.worlds.world import World
from tradewind.market import ConfigError

WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        Noise(),
        Continuation(),
        Reversion(),
        Predictor(),
        HiddenTrend(),
        Carry(),
        Sizing(),
        Basket(),
        Leak(),
        RegimeBreak(),
    )
}

DEMO = Reversion(
    name="demo", title="a market that overshoots and comes back", volatility=0.003, rho=0.85, intrabar=True
)
"""Prices that come back to their mean within hours: plain to see, dear to follow with trend rules."""


def find_world(name: str) -> World:
    """The world of that name: W0 to W9 or demo, in any case; `ConfigError` names them all."""
    known = {**{key.lower(): world for key, world in WORLDS.items()}, DEMO.name: DEMO}
    if name.lower() not in known:
        raise ConfigError(f"there is no world {name!r}: choose from {', '.join([*WORLDS, DEMO.name])}")
    return known[name.lower()]
