"""The scaler: learnt on train rows only, then frozen; one compiled function for a matrix and for a row."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.compiled import compiled
from tradewind.features.program import Floats
from tradewind.market.errors import ConfigError, DataError

_VERSION = 1
_KINDS = ("robust", "minmax", "none")
_NORMAL_QUARTILES = 1.3489795003921634  # quartile distance of a standard normal variable
_CONSTANT = 1e-12  # a column that varies less, as a share of its size, shows rounding only


@compiled
def scale_rows(values: Any, center: Any, scale: Any, clip: Any, start: int, stop: int, out: Any) -> None:
    """out[t, f] = float32 of (value - center) / scale, held within +-clip; NaN stays NaN."""
    for t in range(start, stop):
        for f in range(center.shape[0]):
            x = (values[t, f] - center[f]) / scale[f]
            if x > clip[f]:
                x = clip[f]
            elif x < -clip[f]:
                x = -clip[f]
            out[t, f] = np.float32(x)


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """Frozen constants per column: (value - center) / scale within +-clip, as float32."""

    kinds: tuple[str, ...]
    center: Floats  # [F], as the two below
    scale: Floats
    clip: Floats

    def __post_init__(self) -> None:
        for name in ("center", "scale", "clip"):
            array = np.ascontiguousarray(getattr(self, name), np.float64).copy()
            if array.shape != (len(self.kinds),):
                raise ConfigError(f"scaler: {name} has shape {array.shape}, expected ({len(self.kinds)},)")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if not np.isfinite(self.center).all() or not (np.isfinite(self.scale) & (self.scale > 0)).all():
            raise ConfigError("scaler: every center must be finite, every scale finite and positive")
        if not (self.clip > 0).all():
            raise ConfigError("scaler: every clip must be positive")
        for kind in self.kinds:
            _check_kind(kind)

    @classmethod
    def fit(
        cls,
        values: Floats,
        rows: NDArray[Any] | slice | None = None,
        kind: str | Sequence[str] = "robust",
        clip: float = 5.0,
        quantiles: tuple[float, float] = (0.0, 1.0),
    ) -> Scaler:
        """Learn the constants of values [T, F] on `rows` (mask, indices or slice): the train rows, no others.

        `kind`, one for all or one per column: `robust` is (x - median) / (quartile distance / 1.349) within
        +-`clip`, with the standard deviation where the quartiles coincide; `minmax` maps the `quantiles` of
        the column to -1 and 1 and clips there; `none` leaves it. A column that is constant (to 1e-12 of its
        size) has scale 1, so it becomes 0. NaN rows are left out; a column without any finite value raises
        `DataError`.
        """
        table = np.asarray(values, np.float64)
        if table.ndim != 2:
            raise DataError(f"the scaler was given values of shape {table.shape}, expected [rows, columns]")
        train = table if rows is None else table[rows]
        kinds = (kind,) * table.shape[1] if isinstance(kind, str) else tuple(kind)
        if len(kinds) != table.shape[1]:
            raise ConfigError(f"{len(kinds)} kinds of scaling came for {table.shape[1]} columns")
        learnt = [_learn(train[:, f], f, kinds[f], clip, quantiles) for f in range(table.shape[1])]
        center, scale, limit = np.array(learnt).reshape(-1, 3).T
        return cls(kinds, center, scale, limit)

    def transform(self, values: Floats) -> NDArray[np.float32]:
        """Scaled float32 of a matrix [T, F] or a row [F]: the same bits either way. NaN stays NaN."""
        table = np.ascontiguousarray(values, np.float64)
        if table.ndim not in (1, 2) or table.shape[-1] != len(self.kinds):
            raise DataError(f"the scaler was fitted on {len(self.kinds)} columns, got shape {table.shape}")
        out = np.empty(table.shape, np.float32)
        rows = table.reshape(-1, len(self.kinds))
        scale_rows(rows, self.center, self.scale, self.clip, 0, len(rows), out.reshape(rows.shape))
        return out

    def to_json(self) -> str:
        """The constants as JSON, exact to the bit; no limit is null."""
        return json.dumps(
            {
                "version": _VERSION,
                "kinds": list(self.kinds),
                "center": self.center.tolist(),
                "scale": self.scale.tolist(),
                "clip": [None if math.isinf(x) else x for x in self.clip.tolist()],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Scaler:
        """The scaler of `to_json`; `ConfigError` on anything else."""
        try:
            data = json.loads(text)
            if data["version"] != _VERSION or set(data) != {"version", "kinds", "center", "scale", "clip"}:
                raise ValueError(f"keys {sorted(data)}, version {data['version']}")
            clip = [math.inf if x is None else float(x) for x in data["clip"]]
            center, scale = np.array(data["center"], np.float64), np.array(data["scale"], np.float64)
            return cls(tuple(data["kinds"]), center, scale, np.array(clip))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"this is no scaler of version {_VERSION}: {error!r}") from error


def _check_kind(kind: str) -> None:
    if kind not in _KINDS:
        raise ConfigError(f"scaling {kind!r} is unknown: expected one of {', '.join(_KINDS)}")


def _learn(
    column: Floats, index: int, kind: str, clip: float, quantiles: tuple[float, float]
) -> tuple[float, float, float]:
    """Center, scale and clip of one column."""
    _check_kind(kind)
    if kind == "none":
        return 0.0, 1.0, math.inf
    if not 0 <= quantiles[0] < quantiles[1] <= 1 or not clip > 0:
        raise ConfigError(f"scaler: quantiles {quantiles} must rise within 0 to 1, clip {clip} be positive")
    seen = column[np.isfinite(column)]
    if not len(seen):
        raise DataError(
            f"column {index} has no finite value on the train rows: drop it, or give more history"
        )
    least = _CONSTANT * float(np.abs(seen).max())
    if kind == "minmax":
        low, high = (float(x) for x in np.quantile(seen, quantiles))
        half = (high - low) / 2
        return (low + high) / 2, half if half > least else 1.0, 1.0
    lower, median, upper = (float(x) for x in np.quantile(seen, (0.25, 0.5, 0.75)))
    spread = (upper - lower) / _NORMAL_QUARTILES
    if spread <= least:
        spread = float(np.std(seen))
    return median, spread if spread > least else 1.0, clip
