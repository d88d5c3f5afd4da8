"""Small models, observations and specs that the tests of this folder share."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tradewind.market import Observation
from tradewind.policy import (
    ActionSpec,
    AdapterSpec,
    Bundle,
    BundleSpec,
    NetworkSpec,
    ObservationSpec,
    random_tensors,
)


def _spec(inputs: int = 6, symbols: tuple[str, ...] = ("BTC/USDT", "ETH/USDT"), **changes: Any) -> BundleSpec:
    width = len(symbols)
    network = NetworkSpec(
        layers=(inputs, 16, 8, width),
        activations=("tanh", "relu"),
        head="gaussian_mean",
        low=(-1.0,) * width,
        high=(1.0,) * width,
    )
    fields: dict[str, Any] = {
        "network": network,
        "observation": ObservationSpec(
            names=tuple(f"x{k}" for k in range(inputs)), schema_hash="abc", lookback=1
        ),
        "action": ActionSpec(scale=(0.5,) * width, offset=(0.25,) * width),
        "venue": "binance",
        "symbols": symbols,
        "kinds": ("spot",) * width,
        "timeframe": "5m",
        "algorithm": "PPO",
        "rules": {"stop_loss": 0.05, "caps": {"weight": 0.25}},
        "seeds": {"torch": 1},
        "code_version": "0.1.0",
    }
    return BundleSpec(**{**fields, **changes})


@pytest.fixture
def make_spec() -> Callable[..., BundleSpec]:
    return _spec


@pytest.fixture
def bundle() -> Bundle:
    spec = _spec()
    return Bundle.create(spec, random_tensors(spec.network, 3))


@pytest.fixture
def saved(bundle: Bundle, tmp_path: Path) -> Path:
    bundle.save(tmp_path / "model")
    return tmp_path / "model"


def _observation(**changes: Any) -> Observation:
    width = len(changes.get("weights", (0.0, 0.0)))
    fields: dict[str, Any] = {
        "at": 1_700_000_100_000,
        "vector": np.zeros(6, dtype=np.float32),
        "features": np.zeros((1, 2)),
        "close": np.full(width, 100.0),
        "weights": np.zeros(width),
        "tradable": np.ones(width, dtype=np.bool_),
        "equity": 1000.0,
        "cash_fraction": 1.0,
    }
    given = {k: np.array(v, dtype=np.float64) if isinstance(v, list) else v for k, v in changes.items()}
    return Observation(**{**fields, **given})


@pytest.fixture
def see() -> Callable[..., Observation]:
    """An observation of two instruments, flat, at 100; lists become arrays."""
    return _observation


@pytest.fixture
def eth15_spec(make_spec: Callable[..., BundleSpec]) -> Callable[..., BundleSpec]:
    def build(kind: str = "spot", **parameters: Any) -> BundleSpec:
        minmax = {
            **{n: [-40.0, 30.0] for n in ("macd", "macd_signal", "macd_histogram")},
            **{n: [1000.0, 4000.0] for n in ("bb_middle", "bb_upper", "bb_lower")},
            "rsi": [0.2, 0.8],
            "obv": [-8000.0, 3800.0],
        }
        return make_spec(
            inputs=15,
            symbols=("ETH/USDT",),
            kinds=(kind,),
            adapter=AdapterSpec(name="eth15", parameters={"minmax": minmax, **parameters}),
        )

    return build


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The file that a hostile pickle creates when it is executed."""
    return tmp_path / "executed"


class _Hostile:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


@pytest.fixture
def hostile_object(trace: Path) -> Any:
    return _Hostile(str(trace))


@pytest.fixture
def hostile(hostile_object: Any, trace: Path) -> Callable[[], bytes]:
    """The bytes of a pickle that leaves a trace; the fixture proves that it would."""

    def build() -> bytes:
        content = pickle.dumps(hostile_object)
        pickle.loads(content).close()  # noqa: S301  # our own, to show that the trap works
        assert trace.exists()
        trace.unlink()
        return content

    return build
