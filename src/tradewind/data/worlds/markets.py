"""Worlds as markets that the simulator trades and the store keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tradewind.data.worlds import candles
from tradewind.data.worlds.catalogue import find_world
from tradewind.data.worlds.world import World, WorldPaths
from tradewind.market import ConfigError, DataError, Instrument, Kind, Market, Timeframe

Floats = NDArray[np.float64]

DEFAULT_START_MS = 1_577_836_800_000  # 2020-01-01
_GAP_BARS = 24  # between two streams, so that whoever cuts by time finds the same fragments
_LOT, _TICK = Decimal("0.0000001"), Decimal("0.00000001")


@dataclass(frozen=True, slots=True, eq=False)
class WorldMarket:
    """A market of a world, with what its learner may see and what its oracle would do, row by row.

    Instruments are `copies` times those of the world; each copy has noise of its own and an equal share.
    """

    world: World
    market: Market
    predictors: Floats  # [T, P], known when the row's bar has closed, unit variance
    names: tuple[str, ...]  # of the P predictors
    paths: WorldPaths  # [S, ...]: S streams one after the other, or S copies side by side
    copies: int = 1

    def oracle_targets(self, cost: float | None = None) -> Floats:
        """Target weights [T, A] of the oracle, gross at most the world's limit: the best possible agent.

        Run through the simulator as any policy, they tell what was attainable on these very candles.
        """
        positions = self.world.optimal(cost).positions(self.paths)
        return _rows(positions, self.copies) / self.copies

    def as_positions(self, targets: Floats) -> Floats:
        """Target weights [T, A] of all rows of the market as positions [S, T, A], ready for `compare`."""
        if targets.shape != self.market.close.shape:
            raise DataError(f"targets have shape {targets.shape}, expected {self.market.close.shape}")
        streams, bars, width = self.paths.returns.shape
        if self.copies > 1:
            side_by_side = targets.reshape(bars, streams, width) * self.copies
            return np.ascontiguousarray(np.moveaxis(side_by_side, 1, 0))
        return np.ascontiguousarray(targets.reshape(streams, bars, width))


def generate(
    name: str | World,
    bars: int,
    seed: int,
    timeframe: str | None = None,
    symbols: Sequence[str] | None = None,
    start_ms: int = DEFAULT_START_MS,
    cost: float | None = None,
    intrabar: bool | None = None,
) -> WorldMarket:
    """`bars` candles of a world ("W0" to "W9", "demo", or a `World`); the same seed gives the same bits.

    open[t+1] = close[t]; the taker fee is `cost`. High and low are those of open and close or, with
    `intrabar`, those of a path between them, with a living volume. Timeframe, cost and intrabar default to
    the world's own. A world of one instrument makes an independent copy per symbol.
    """
    world = find_world(name) if isinstance(name, str) else name
    copies = _copies(world, symbols)
    paths_rng, candle_rng = np.random.default_rng(seed).spawn(2)
    paths = world.sample(bars, paths_rng, streams=copies)
    return to_market(
        world,
        paths,
        timeframe=timeframe,
        symbols=symbols,
        start_ms=start_ms,
        cost=cost,
        candle_rng=candle_rng if _wants_wicks(world, intrabar) else None,
        copies=copies,
    )


def stream(
    name: str | World,
    streams: int,
    bars: int,
    seed: int,
    timeframe: str | None = None,
    start_ms: int = DEFAULT_START_MS,
    cost: float | None = None,
    intrabar: bool | None = None,
) -> WorldMarket:
    """Many histories as one market: a fragment of `bars` rows per stream, each from price 100."""
    world = find_world(name) if isinstance(name, str) else name
    paths_rng, candle_rng = np.random.default_rng(seed).spawn(2)
    paths = world.sample(bars, paths_rng, streams=streams)
    return to_market(
        world,
        paths,
        timeframe=timeframe,
        start_ms=start_ms,
        cost=cost,
        candle_rng=candle_rng if _wants_wicks(world, intrabar) else None,
    )


def to_market(
    world: World,
    paths: WorldPaths,
    *,
    timeframe: str | None = None,
    symbols: Sequence[str] | None = None,
    start_ms: int = DEFAULT_START_MS,
    cost: float | None = None,
    candle_rng: np.random.Generator | None = None,
    copies: int = 1,
) -> WorldMarket:
    """Paths as candles: streams follow each other or, when `copies` is their number, stand side by side.

    With `candle_rng` the candles get wicks and a living volume.
    """
    if copies not in (1, paths.streams):
        raise ConfigError(f"copies is {copies}, expected 1 or the {paths.streams} streams of the paths")
    frame = Timeframe(timeframe or world.timeframe)
    names = tuple(symbols or _default_symbols(world, copies))
    made = candles.plain(paths.returns)
    if candle_rng is not None:
        made = candles.living(made, world.volatility, frame.ms, candle_rng)
    market = Market(
        instruments=tuple(_instrument(symbol, world.cost_or_default(cost)) for symbol in names),
        timeframe=frame,
        open_time=_open_times(paths, copies, frame, start_ms),
        open=_rows(made.open, copies),
        high=_rows(made.high, copies),
        low=_rows(made.low, copies),
        close=_rows(made.close, copies),
        volume=_rows(made.volume, copies),
        tradable=np.ones(_rows(made.close, copies).shape, dtype=np.bool_),
        fragments=_fragments(paths, copies),
        funding_rate=None if paths.funding is None else _rows(_charged_at_open(paths.funding), copies),
    )
    seen = _rows(paths.predictors, copies)
    return WorldMarket(world, market, seen, _predictor_names(world, names, copies), paths, copies)


def _wants_wicks(world: World, intrabar: bool | None) -> bool:
    return world.intrabar if intrabar is None else intrabar


def _rows(values: Floats, copies: int) -> Floats:
    """[S, T, X] as market rows: [S * T, X], or [T, S * X] when the streams are copies side by side."""
    if copies > 1:
        values = np.moveaxis(values, 0, 1).reshape(1, values.shape[1], -1)
    return np.array(values.reshape(-1, values.shape[2]), order="C")


def _charged_at_open(funding: Floats) -> Floats:
    """What ends a bar is due at the open of the next; nothing is due when a stream begins."""
    due = np.zeros((*funding.shape, 1))
    due[:, 1:, 0] = funding[:, :-1]
    return due


def _open_times(paths: WorldPaths, copies: int, frame: Timeframe, start_ms: int) -> NDArray[np.int64]:
    rows = np.arange(paths.bars, dtype=np.int64)
    streams = np.arange(1 if copies > 1 else paths.streams, dtype=np.int64)
    return start_ms + frame.ms * (streams[:, None] * (paths.bars + _GAP_BARS) + rows).ravel()


def _fragments(paths: WorldPaths, copies: int) -> NDArray[np.int64]:
    starts = np.arange(1 if copies > 1 else paths.streams, dtype=np.int64) * paths.bars
    return np.stack([starts, starts + paths.bars], axis=1)


def _copies(world: World, symbols: Sequence[str] | None) -> int:
    if symbols is None or len(symbols) == world.instruments:
        return 1
    if world.instruments > 1 or not symbols:
        raise ConfigError(
            f"{world.name} has {world.instruments} instruments, but {len(symbols)} symbols given"
        )
    return len(symbols)


def _default_symbols(world: World, copies: int) -> list[str]:
    count = world.instruments * copies
    stem = world.name.upper()
    return [f"{stem}{chr(ord('A') + a) if count > 1 else ''}/USDT:USDT" for a in range(count)]


def _predictor_names(world: World, symbols: tuple[str, ...], copies: int) -> tuple[str, ...]:
    if copies == 1:
        return world.predictor_names
    return tuple(f"{symbol} {name}" for symbol in symbols for name in world.predictor_names)


def _instrument(symbol: str, cost: float) -> Instrument:
    base, _, rest = symbol.partition("/")
    if not base or not rest:
        raise ConfigError(f"symbol {symbol!r} is not of the form BASE/QUOTE or BASE/QUOTE:SETTLE")
    return Instrument(
        venue="synthetic",
        symbol=symbol,
        base=base,
        quote=rest.partition(":")[0],
        kind=Kind.PERPETUAL if ":" in rest else Kind.SPOT,
        tick=_TICK,
        lot=_LOT,
        min_notional=Decimal(0),
        taker_fee=cost,
        maker_fee=cost,
    )
