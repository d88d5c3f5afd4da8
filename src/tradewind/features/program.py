"""A plan made ready for the kernels: tables of indicators, parameters and state, and one way to run them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.features.catalogue import Feature
from tradewind.features.custom import CustomFeature, advance_custom
from tradewind.features.kernels.advance import FOLD_SIZE, advance, first_unusable, rank_columns
from tradewind.features.plan import FeaturePlan, FeatureSpec, find_feature, higher_ms, parameters_of
from tradewind.market.timeframe import Timeframe

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of bars as the kernels take them: [T, A] each, C-contiguous.

    Held as read-only views, whatever is given: numba compiles a read-only array and a writable one apart,
    and batch and stream must run the same machine code.
    """

    open_time: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    tradable: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for name in ("open_time", "open", "high", "low", "close", "volume", "tradable"):
            view = np.ascontiguousarray(getattr(self, name)).view()
            view.setflags(write=False)
            object.__setattr__(self, name, view)

    def first_unusable(self, start: int, stop: int) -> tuple[int, int] | None:
        """Row and instrument of the first tradable bar that is no bar, if there is one."""
        flat = first_unusable(
            self.open, self.high, self.low, self.close, self.volume, self.tradable, start, stop
        )
        return None if flat < 0 else divmod(flat, self.tradable.shape[1])


@dataclass(frozen=True, slots=True)
class _Own:
    """Where a user's indicator stands in the state row."""

    feature: CustomFeature
    block: int
    higher: int
    fold: int
    first_param: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The tables of one plan on one timeframe. One indicator with equal parameters has one state."""

    step_ms: int
    indicators: Integers
    groups: Integers
    params: Floats
    slots: Integers
    ranked: Integers
    own: tuple[_Own, ...]
    blank: Floats  # the state row of one instrument at the start of a fragment

    @property
    def columns(self) -> int:
        """Features per instrument."""
        return len(self.slots)

    def fresh_state(self, instruments: int) -> Floats:
        """The state of all instruments at the start of a fragment, flat."""
        return np.tile(self.blank, instruments)

    def run(self, state: Floats, origin: int, rows: Rows, start: int, stop: int, out: Floats) -> None:
        """Advance `state` over the rows [start, stop) of one fragment that began at `origin`, into `out`."""
        bars = (rows.open, rows.high, rows.low, rows.close, rows.volume, rows.tradable)
        width = len(self.blank)
        advance(
            self.indicators, self.groups, self.params, self.slots, state, width, self.step_ms, origin,
            rows.open_time, *bars, start, stop, out,
        )  # fmt: skip
        for mine in self.own:
            advance_custom(
                mine.feature.step, mine.block, mine.feature.warmup_bars, mine.higher, mine.fold,
                mine.first_param, mine.column, self.columns, self.params, state, width, self.step_ms,
                origin, rows.open_time, *bars, start, stop, out,
            )  # fmt: skip
        if len(self.ranked):
            rank_columns(self.ranked, self.columns, state, width, rows.tradable, start, stop, out)


class _Layout:
    """Grows the tables feature by feature."""

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self.params: list[float] = []
        self.blank: list[float] = []
        self.indicators: dict[int, list[tuple[int, int, int]]] = {}  # by timeframe ms
        self.shared: dict[Any, int] = {}
        self.slots: list[int] = []
        self.own: list[_Own] = []
        self.ranked: list[tuple[int, int]] = []

    def reserve(self, size: int, outputs: int = 0) -> int:
        at = len(self.blank)
        self.blank += [np.nan] * outputs + [0.0] * (size - outputs)
        return at

    def add_params(self, spec: FeatureSpec, feature: Feature | CustomFeature) -> int:
        at = len(self.params)
        self.params += [p.coded(spec.params[p.name]) for p in parameters_of(feature)]
        return at

    def add(self, column: int, spec: FeatureSpec) -> None:
        feature = find_feature(spec.name)
        higher = higher_ms(spec, self.timeframe)
        if isinstance(feature, Feature):
            self.slots.append(self.block_of(spec, feature, higher) + feature.output)
        else:
            fold = self.reserve(FOLD_SIZE) if higher else 0
            block = self.reserve(2 + feature.state_size, outputs=1)
            first = self.add_params(spec, feature)
            self.own.append(_Own(feature, block, higher, fold, first, column))
            self.slots.append(-1)
        if spec.rank:
            self.ranked.append((column, self.reserve(1, outputs=1)))

    def block_of(self, spec: FeatureSpec, feature: Feature, higher: int) -> int:
        indicator = feature.indicator
        key = (indicator.code, tuple(spec.params.items()), higher)
        if key not in self.shared:
            block = self.reserve(indicator.size(spec.params), indicator.outputs)
            row = (indicator.code, block, self.add_params(spec, feature))
            self.indicators.setdefault(higher, []).append(row)
            self.shared[key] = block
        return self.shared[key]

    def program(self) -> Program:
        flat: list[tuple[int, int, int]] = []
        groups = []
        for higher, rows in sorted(self.indicators.items()):
            fold = self.reserve(FOLD_SIZE) if higher else 0
            groups.append((higher, len(flat), len(flat) + len(rows), fold))
            flat += rows
        return Program(
            step_ms=self.timeframe.ms,
            indicators=np.array(flat, np.int64).reshape(-1, 3),
            groups=np.array(groups, np.int64).reshape(-1, 4),
            params=np.array(self.params, np.float64),
            slots=np.array(self.slots, np.int64),
            ranked=np.array(self.ranked, np.int64).reshape(-1, 2),
            own=tuple(self.own),
            blank=np.array(self.blank, np.float64),
        )


def program_of(plan: FeaturePlan, timeframe: Timeframe) -> Program:
    """The tables of a plan on bars of that length; `ConfigError` when a higher timeframe does not nest."""
    layout = _Layout(timeframe)
    for column, spec in enumerate(plan.features):
        layout.add(column, spec)
    return layout.program()
