"""What risk makes of the wanted weights: only ever less, and with its reason."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from tests.simulator.markets import FREE, market_of, perpetual, simulator_of, spot, with_risk
from tradewind.market import Kind, Reason
from tradewind.risk import review
from tradewind.risk.review import held_weight
from tradewind.simulator import Rules

SYMBOLS = ("AAA", "BBB", "CCC", "DDD")


def reviewed(
    wanted: ArrayLike,
    rules: Rules = FREE,
    kind: Kind = Kind.PERPETUAL,
    *,
    ready: int = 1,
    held: dict[int, int] | None = None,
    missing: tuple[int, ...] = (),
    **account: Any,
) -> Any:
    """The positions [A] after a review, all prices 100, equity 1,000, lots of a thousandth."""
    weights = np.asarray(wanted, float)
    make = perpetual if kind is Kind.PERPETUAL else spot
    instruments = tuple(make(f"{s}/USDT") for s in SYMBOLS[: len(weights)])
    bars = [[100.0, 100.0, None if a in missing else 100.0] for a in range(len(weights))]
    simulator = simulator_of(market_of(instruments, *bars), rules)
    for a, lots in (held or {}).items():
        simulator.positions[0, a]["lots"], simulator.positions[0, a]["entry"] = lots, 100.0
    for name, value in account.items():
        simulator.accounts[0][name] = value
    simulator.positions[0]["wanted"] = weights
    tape = simulator.tape
    review(
        simulator.accounts,
        simulator.positions,
        0,
        tape.bars,
        2 if missing else 1,
        ready,
        tape.instruments,
        simulator.rules_record[0],
    )
    return simulator.positions[0]


def test_a_sum_at_its_gross_cap_is_not_cut_by_an_equal_net_cap() -> None:
    """All long and scaled to 3: in binary the sum may be a last bit above 3, which is no reason."""
    rules = replace(FREE, leverage=3.0)
    random = np.random.default_rng(0)
    for _ in range(200):
        positions = reviewed(random.uniform(0.9, 3.0, 4), rules)
        assert {Reason(int(r)) for r in positions["reason"]} == {Reason.GROSS_CAP}


def approved(*arguments: Any, **keywords: Any) -> list[float]:
    return [round(float(w), 12) for w in reviewed(*arguments, **keywords)["approved"]]


def reasons(*arguments: Any, **keywords: Any) -> list[Reason]:
    return [Reason(int(r)) for r in reviewed(*arguments, **keywords)["reason"]]


def test_what_is_within_every_limit_passes_untouched() -> None:
    assert approved([0.5, -0.25]) == [0.5, -0.25]
    assert reasons([0.5, -0.25]) == [Reason.NONE, Reason.NONE]


@pytest.mark.fault("D4")
def test_nan_is_hold() -> None:
    assert math.isnan(approved([math.nan, 0.3])[0])
    assert reasons([math.nan, 0.3]) == [Reason.NONE, Reason.NONE]


def test_spot_weights_lie_between_zero_and_one() -> None:
    assert approved([-0.5, 0.2], kind=Kind.SPOT) == [0.0, 0.2]
    assert approved([1.5], kind=Kind.SPOT) == [1.0]
    assert reasons([-0.5, 0.2], kind=Kind.SPOT) == [Reason.SPOT_RANGE, Reason.NONE]


@pytest.mark.parametrize("weight", [math.inf, -math.inf, 1e300, -1e300])
@pytest.mark.fault("D4")
def test_infinite_weights_are_clamped_to_the_cap(weight: float) -> None:
    rules = replace(FREE, leverage=5.0)
    assert approved([weight], rules) == [math.copysign(5.0, weight)]
    assert reasons([weight], rules) == [Reason.WEIGHT_CAP]
    assert approved([weight], kind=Kind.SPOT) == [1.0 if weight > 0 else 0.0]


def test_a_weight_is_cut_to_its_cap_with_its_sign() -> None:
    rules = with_risk(max_weight=0.3)
    assert approved([0.5, -0.5, 0.2], rules) == [0.3, -0.3, 0.2]
    assert reasons([0.5, -0.5, 0.2], rules) == [Reason.WEIGHT_CAP, Reason.WEIGHT_CAP, Reason.NONE]


def test_the_default_cap_is_all_of_it_for_one_and_a_quarter_for_several() -> None:
    rules = with_risk(max_weight=None)
    assert approved([1.0], rules) == [1.0]
    assert approved([1.0, -1.0], rules) == [0.25, -0.25]
    assert approved([3.0, -3.0], replace(rules, leverage=4.0)) == [1.0, -1.0]


def test_the_gross_cap_scales_all_targets_by_one_factor() -> None:
    rules = with_risk(max_gross=0.5)
    assert approved([0.6, -0.4], rules) == [0.3, -0.2]
    assert reasons([0.6, -0.4], rules) == [Reason.GROSS_CAP, Reason.GROSS_CAP]


def test_the_net_cap_scales_until_longs_less_shorts_fit() -> None:
    rules = with_risk(replace(FREE, leverage=2.0), max_net=0.3)
    assert approved([0.8, -0.2], rules) == [0.4, -0.1]
    assert reasons([0.8, -0.2], rules) == [Reason.NET_CAP, Reason.NET_CAP]
    assert approved([0.8, -0.8], rules) == [0.8, -0.8]


def test_what_is_on_hold_keeps_its_share_of_the_limits() -> None:
    """4 coins at 100 of 1,000 are on hold: of a gross limit of 1 the others get 0.6."""
    assert approved([math.nan, 0.9, -0.3], held={0: 4_000})[1:] == [0.45, -0.15]
    assert approved([math.nan, 0.9], with_risk(max_net=0.5), held={0: 4_000})[1] == 0.1
    assert approved([math.nan, -0.5], with_risk(max_net=0.5), held={0: 4_000})[1] == -0.5


def test_dust_is_part_of_the_share_that_is_kept() -> None:
    """4 coins and half a lot of 0.001 at 100, of an equity of 1,000."""
    simulator = simulator_of(market_of(spot(), [100, 100]))
    position = simulator.positions[0, 0]
    position["lots"], position["dust"] = 4_000, 0.0005
    account, instrument = simulator.accounts[0], simulator.tape.instruments[0]
    assert held_weight(account, position, instrument) == pytest.approx(0.40005, rel=1e-12)
    position["lots"] = 0
    assert held_weight(account, position, instrument) == pytest.approx(0.00005, rel=1e-12)


def test_the_reserve_scales_the_sum_on_spot_and_multiplies_nothing_else() -> None:
    rules = replace(FREE, reserve=0.1)
    assert approved([0.5, 0.4], rules, kind=Kind.SPOT) == [0.5, 0.4]
    assert approved([0.9, 0.9], rules, kind=Kind.SPOT) == [0.45, 0.45]
    assert reasons([0.9, 0.9], rules, kind=Kind.SPOT) == [Reason.RESERVE, Reason.RESERVE]
    assert approved([0.6, 0.4], rules, kind=Kind.PERPETUAL) == [0.6, 0.4]


def test_cooldown_wants_zero_also_against_hold_and_counts_down() -> None:
    market = market_of(perpetual(), [100, 100, 100, 100])
    simulator = simulator_of(market)
    simulator.positions[0, 0]["cooldown"] = 2
    seen = []
    for weight in (0.5, math.nan, 0.5):
        simulator.step(np.array([[weight]]))
        position = simulator.positions[0, 0]
        seen.append((float(position["approved"]), Reason(int(position["reason"])), int(position["cooldown"])))
    assert seen == [(0.0, Reason.COOLDOWN, 1), (0.0, Reason.COOLDOWN, 0), (0.5, Reason.NONE, 0)]


def test_a_latched_kill_switch_wants_zero_of_everything() -> None:
    assert approved([0.5, math.nan], halted=1) == [0.0, 0.0]
    assert reasons([0.5, math.nan], halted=1) == [Reason.KILL_SWITCH, Reason.KILL_SWITCH]
    assert approved([0.5], equity=-1.0) == [0.0]


def test_a_missing_bar_holds_whatever_risk_wants() -> None:
    result = reviewed([0.5, 0.5], missing=(0,), halted=1)
    assert math.isnan(result["approved"][0])
    assert result["approved"][1] == 0.0
    assert Reason(int(result["reason"][0])) == Reason.KILL_SWITCH | Reason.MASKED


@pytest.mark.fault("D3")
def test_a_missing_feature_holds_everything_and_the_kill_switch_still_flattens() -> None:
    assert np.isnan(reviewed([0.5, -0.5], ready=0)["approved"]).all()
    assert reasons([0.5], ready=0) == [Reason.MISSING_FEATURE]
    assert approved([0.5], ready=0, halted=1) == [0.0]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=4),
    st.sampled_from(list(Kind)),
    st.floats(0.05, 2.0),
    st.floats(0.05, 4.0),
    st.floats(0.05, 4.0),
)
def test_risk_only_reduces_and_the_result_is_within_every_limit(
    wanted: list[float], kind: Kind, max_weight: float, max_gross: float, max_net: float
) -> None:
    rules = with_risk(
        replace(FREE, leverage=3.0, reserve=0.01), max_weight=max_weight, max_gross=max_gross, max_net=max_net
    )
    limit = 3.0 if kind is Kind.PERPETUAL else 1.0
    result = reviewed(wanted, rules, kind)["approved"]
    given_up = np.nan_to_num(np.asarray(wanted), nan=0.0, posinf=1e300, neginf=-1e300)
    weights = np.nan_to_num(result)
    assert (np.isnan(result) == np.isnan(wanted)).all()
    assert (np.abs(weights) <= np.abs(given_up)).all()
    assert (weights * given_up >= 0).all()
    assert (np.abs(weights) <= min(max_weight, limit)).all()
    assert np.abs(weights).sum() <= min(max_gross, limit) * (1 + 1e-9)
    assert abs(weights.sum()) <= min(max_net, limit) * (1 + 1e-9)
    if kind is Kind.SPOT:
        assert weights.sum() <= 0.99 * (1 + 1e-9)
        assert (weights >= 0).all()
