"""Baselines say what their names say, on spot and on perpetuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.market import ConfigError, Observation
from tradewind.policy import BASELINES, BundleSpec, Policy, baseline, matched_random, untrained_net

See = Callable[..., Observation]
DAY = 86_400_000
SPOT, PERPETUAL = ("spot", "spot"), ("perpetual", "perpetual")
HOLD = [None, None]


def said(weights: Any) -> list[float | None]:
    return [None if np.isnan(w) else float(w) for w in weights]


def make(name: str, kinds: tuple[str, ...] = SPOT) -> Policy:
    return baseline(name, kinds, **({"weights": [0.1, 0.2]} if name == "constant" else {}))


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("kinds", [SPOT, PERPETUAL])
def test_every_baseline_is_a_policy_that_repeats_itself_after_reset(
    name: str, kinds: tuple[str, ...], see: See
) -> None:
    policy = make(name, kinds)
    assert isinstance(policy, Policy)
    width = 2 * max(1, len(policy.required_features))
    rng = np.random.default_rng(0)
    seen = [
        see(at=k * 300_000, weights=rng.normal(size=2) / 4, features=rng.normal(size=(1, width)))
        for k in range(50)
    ]
    first = [said(policy.decide(o)) for o in seen]
    policy.reset()
    assert [said(policy.decide(o)) for o in seen] == first
    if kinds == SPOT:
        assert all(w is None or w >= 0 for row in first for w in row)


def test_cash_wants_nothing(see: See) -> None:
    assert said(baseline("cash", SPOT).decide(see(weights=[0.4, 0.1]))) == [0.0, 0.0]


def test_buy_and_hold_buys_each_once_when_it_can(see: See) -> None:
    policy = baseline("buy_and_hold", SPOT)
    assert said(policy.decide(see(tradable=np.array([True, False])))) == [0.5, None]
    assert said(policy.decide(see(weights=[0.5, 0.0]))) == [None, 0.5]
    assert said(policy.decide(see(weights=[0.0, 0.3]))) == HOLD


def test_buy_and_hold_does_not_buy_again_after_a_restart(see: See) -> None:
    policy, again = baseline("buy_and_hold", SPOT), baseline("buy_and_hold", SPOT)
    policy.decide(see())
    again.restore(policy.state())
    assert said(again.decide(see())) == HOLD


def test_equal_weight_rebalances_by_the_clock(see: See) -> None:
    policy = baseline("equal_weight", SPOT, timeframe="1h")
    assert said(policy.decide(see(at=20 * DAY, weights=[0.7, 0.3]))) == [0.5, 0.5]
    assert said(policy.decide(see(at=20 * DAY + DAY // 2, weights=[0.7, 0.3]))) == HOLD
    assert said(policy.decide(see(at=20 * DAY + DAY // 2, weights=[0.7, 0.0]))) == [None, 0.5]
    every = baseline("equal-weight", SPOT, timeframe="1h", period_bars=12)
    assert said(every.decide(see(at=20 * DAY + DAY // 2, weights=[0.7, 0.3]))) == [0.5, 0.5]


def test_moving_average_cross_is_long_while_the_fast_average_is_above(see: See) -> None:
    """Close 100: averages 90 and 80 (up), 110 and 125 (down)."""
    features = np.array([[100 / 90 - 1, 100 / 80 - 1, 100 / 110 - 1, 100 / 125 - 1]])
    assert said(baseline("moving_average_cross", SPOT).decide(see(features=features))) == [0.5, None]
    assert said(baseline("moving_average_cross", PERPETUAL).decide(see(features=features))) == [0.5, -0.5]


def test_momentum_follows_the_sign_and_leaves_spot_when_it_falls(see: See) -> None:
    features = np.array([[0.01, -0.01]])
    policy = baseline("time_series_momentum", SPOT, bars=24)
    assert dict(policy.required_features[0].params) == {"bars": 24}
    assert said(policy.decide(see(features=features, weights=[0.0, 0.5]))) == [0.5, 0.0]
    on_perpetual = baseline("time_series_momentum", PERPETUAL)
    assert said(on_perpetual.decide(see(features=features, weights=[-0.5, 0.5]))) == [0.5, -0.5]


def test_a_signal_that_stays_trades_once_but_completes_a_partial_fill(see: See) -> None:
    policy = baseline("time_series_momentum", PERPETUAL)
    features = np.array([[0.01, -0.01]])
    assert said(policy.decide(see(features=features, weights=[0.45, -0.6]))) == HOLD
    assert said(policy.decide(see(features=features, weights=[0.1, -0.6]))) == [0.5, None]


def test_a_missing_signal_holds(see: See) -> None:
    policy = baseline("time_series_momentum", PERPETUAL)
    assert said(policy.decide(see(features=np.array([[np.nan, 0.1]])))) == [None, 0.5]


def test_columns_say_where_a_signal_stands_in_a_larger_plan(see: See) -> None:
    policy = baseline("time_series_momentum", PERPETUAL, columns=np.array([[1], [4]]))
    row = np.array([[np.nan, 1.0, np.nan, np.nan, -1.0, np.nan]])
    assert said(policy.decide(see(features=row))) == [0.5, -0.5]


def test_a_plan_that_does_not_fit_is_refused(see: See) -> None:
    with pytest.raises(ConfigError, match="reads 1 features of 2 instruments, the run has 5 columns"):
        baseline("time_series_momentum", SPOT).decide(see(features=np.zeros((1, 5))))


def traded(policy: Policy, bars: int, see: See) -> tuple[float, list[list[float]]]:
    """Mean turnover a bar and the path of weights, with whole fills and no drift."""
    weights, turnover, path = np.zeros(2), 0.0, []
    for k in range(bars):
        target = policy.decide(see(at=k * 300_000, weights=weights.copy()))
        new = np.where(np.isnan(target), weights, target)
        turnover += float(np.abs(new - weights).sum())
        weights = new
        path.append(weights.tolist())
    return turnover / bars, path


@pytest.mark.parametrize(("kinds", "gross", "wanted"), [(SPOT, 1.0, 0.08), (PERPETUAL, 2.0, 0.3)])
def test_random_trades_as_much_as_asked(
    kinds: tuple[str, ...], gross: float, wanted: float, see: See
) -> None:
    turnover, path = traded(matched_random(wanted, 5, kinds, gross), 6000, see)
    assert turnover == pytest.approx(wanted, rel=0.1)
    assert {abs(w) for row in path[200:] for w in row} <= {0.0, gross / 2}


def test_random_depends_on_seed_and_time_only(see: See) -> None:
    one = baseline("random", PERPETUAL, switch_probability=0.5, seed=1)
    late = baseline("random", PERPETUAL, switch_probability=0.5, seed=1)
    for k in range(5):
        one.decide(see(at=k * 300_000))
    assert said(one.decide(see())) == said(late.decide(see()))
    other = baseline("random", PERPETUAL, switch_probability=0.5, seed=2)
    assert traded(one, 50, see)[1] != traded(other, 50, see)[1]


def test_random_without_turnover_never_trades(see: See) -> None:
    assert traded(matched_random(0.0, 1, SPOT), 200, see)[0] == 0.0


def test_more_turnover_than_flipping_gives_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"can turn over 0 to 1 of equity a bar, 1.5 was asked"):
        matched_random(1.5, 1, SPOT)
    matched_random(1.5, 1, SPOT, gross=2.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_constant_wants_what_it_was_given(weights: list[float]) -> None:
    policy = baseline("constant", SPOT, weights=weights)
    answer = policy.decide(None)  # type: ignore[arg-type]  # it looks at nothing
    assert answer.tolist() == weights
    answer[:] = 9.0
    assert policy.decide(None).tolist() == weights  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "settings_", "expected"),
    [
        ("buy_and_hodl", {}, "did you mean buy_and_hold"),
        ("xyzzy", {}, "known are cash, buy_and_hold"),
        ("random", {"sed": 1}, "did you mean seed"),
        ("random", {"switch_probability": 1.5}, "expected a number from 0 to 1"),
        ("moving_average_cross", {"fast": 50, "slow": 20}, "fast must be below slow"),
        ("time_series_momentum", {"bars": 0}, "bars is 0, expected 1 or more"),
        ("constant", {"weights": [0.5]}, "expected 2 finite numbers"),
        ("constant", {"weights": [0.5, -0.5]}, "spot cannot be held short"),
        ("equal_weight", {"period_bars": 0}, "period_bars is 0"),
    ],
)
def test_a_wrong_baseline_is_refused_in_one_sentence(
    name: str, settings_: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        baseline(name, SPOT, **settings_)


def test_the_untrained_net_is_the_same_for_a_seed(make_spec: Callable[..., BundleSpec], see: See) -> None:
    seen = see(vector=np.linspace(-1, 1, 6).astype(np.float32))
    one, same, other = (untrained_net(make_spec(), seed).decide(seen).tolist() for seed in (1, 1, 2))
    assert one == same != other
