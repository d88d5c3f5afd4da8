"""Adapters give models from elsewhere the vector they were trained on, and trade what they meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradewind.features import FeaturePlan
from tradewind.market import Observation
from tradewind.policy import (
    AdapterSpec,
    Bundle,
    BundleError,
    BundlePolicy,
    BundleSpec,
    NetworkPolicy,
    NetworkSpec,
    random_tensors,
)
from tradewind.policy.adapters import ETH15_NAMES, Finrl7Parameters, input_names, make_adapter
from tradewind.policy.agent import Agent
from tradewind.policy.answers import Answers
from tradewind.simulator import Rules

See = Callable[..., Observation]
SYMBOLS = ("BTC/USDT", "ETH/USDT")


@pytest.fixture
def finrl7_spec(make_spec: Callable[..., BundleSpec]) -> Callable[..., BundleSpec]:
    def build(**parameters: Any) -> BundleSpec:
        given = {"first_prices": [40_000.0, 3_000.0], **parameters}
        return make_spec(
            inputs=len(input_names("finrl7", SYMBOLS, given)),
            adapter=AdapterSpec(name="finrl7", parameters={k: v for k, v in given.items() if v is not None}),
        )

    return build


def test_finrl7_state_is_cash_coins_and_features_newest_first(
    finrl7_spec: Callable[..., BundleSpec], see: See
) -> None:
    """600,000 in cash, 5 BTC at 50,000 and 50 ETH at 3,000 make the legacy million."""
    features = np.arange(42.0).reshape(3, 14)
    seen = see(
        features=features, close=[50_000.0, 3_000.0], weights=[0.25, 0.15], cash_fraction=0.6, equity=77.0
    )
    vector = make_adapter(finrl7_spec(lookback=2)).vector(seen)
    expected = [600_000 * 2**-12, 5 * 2**-8, 50 * 2**-8]
    expected += [v * 2**-15 for v in (*features[2], *features[1])]
    assert vector.dtype == np.float32
    assert vector.tolist() == np.array(expected, dtype=np.float32).tolist()


def test_finrl7_action_is_coins_by_the_magnitude_of_the_first_price(
    finrl7_spec: Callable[..., BundleSpec], see: See
) -> None:
    """norm_action 10,000: an action of 1 is one BTC (40,000: magnitude 4) and ten ETH (3,000: 3)."""
    adapter = make_adapter(finrl7_spec())
    seen = see(close=[50_000.0, 2_000.0], weights=[0.25, 0.15])
    target = adapter.weights(np.array([1.0, -0.5]), seen)
    np.testing.assert_allclose(target, [0.25 + 50_000 / 1e6, 0.15 - 5 * 2_000 / 1e6], atol=1e-15)
    assert adapter.clipped == 0


def test_finrl7_sells_no_more_than_it_has_and_says_so(
    finrl7_spec: Callable[..., BundleSpec], see: See
) -> None:
    adapter = make_adapter(finrl7_spec())
    seen = see(close=[50_000.0, 2_000.0], weights=[0.02, 0.99])
    assert adapter.weights(np.array([-1.0, 1.0]), seen).tolist() == [0.0, 1.0]
    assert adapter.clipped == 2
    adapter.reset()
    assert adapter.clipped == 0


def test_finrl7_trade_below_its_minimum_is_hold(finrl7_spec: Callable[..., BundleSpec], see: See) -> None:
    adapter = make_adapter(finrl7_spec(minimum_quantity=[0.1, 0.1]))
    target = adapter.weights(np.array([0.05, 0.05]), see(close=[50_000.0, 2_000.0]))
    assert np.isnan(target).tolist() == [True, False]  # 0.05 BTC, 0.5 ETH


def test_finrl7_keeps_the_training_s_own_magnitude_of_a_round_price() -> None:
    assert Finrl7Parameters(first_prices=(1000.0, 40_000.0)).magnitudes() == (2, 4)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"first_prices": None}, "either first_prices or price_magnitude"),
        ({"price_magnitude": [4, 3]}, "either first_prices or price_magnitude"),
        ({"first_prices": [40_000.0]}, "first_prices has 1 values for 2 symbols"),
        ({"norm_cahs": 1.0}, "norm_cahs: Extra inputs"),
        ({"norm_cash": "1"}, "norm_cash: Input should be a valid number"),
    ],
)
def test_finrl7_constants_that_do_not_fit_are_refused(
    finrl7_spec: Callable[..., BundleSpec], parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        make_adapter(finrl7_spec(**parameters))


def test_finrl7_asks_for_the_rows_it_needs(finrl7_spec: Callable[..., BundleSpec], see: See) -> None:
    with pytest.raises(BundleError, match="needs 3 rows of features, the observation has 1"):
        make_adapter(finrl7_spec(lookback=3)).vector(see(features=np.zeros((1, 14))))


# The market features of the eth15 preset in its order: z, zone, change, z change, macd x 3, rsi, bands, obv.
RAW = [1.2, 0.5, 0.004, -0.3, 10.0, -5.0, 15.0, 0.5, 2500.0, 2600.0, 2400.0, -2100.0]
VECTOR = [0.3, 1.2, 0.5, 0.004, -0.3, 0.0, 3 / 7, 0.0, 4 / 7, 0.0, 0.0, 1 / 15, -1 / 15, 0.0, 0.0]


def test_eth15_vector_is_the_training_s(eth15_spec: Callable[..., BundleSpec], see: See) -> None:
    adapter = make_adapter(eth15_spec())
    vector = adapter.vector(see(features=np.array([RAW]), close=[2500.0], weights=[0.3]))
    np.testing.assert_allclose(vector, VECTOR, atol=1e-7)


def test_eth15_clips_every_input_to_its_bound(eth15_spec: Callable[..., BundleSpec], see: See) -> None:
    adapter = make_adapter(eth15_spec(sentiment_default=0.25))
    vector = adapter.vector(see(features=np.array([[1e9] * 12]), close=[2500.0], weights=[3.0]))
    bounds = [1, 5, 1, 0.1, 2, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0.25]
    np.testing.assert_allclose(vector, bounds, atol=1e-7)


def test_eth15_moves_a_tenth_a_bar_and_sees_its_last_move(
    eth15_spec: Callable[..., BundleSpec], see: See
) -> None:
    adapter = make_adapter(eth15_spec("perpetual"))
    seen = see(features=np.array([RAW]), close=[2500.0], weights=[0.3])
    assert adapter.weights(np.array([-1.0]), seen)[0] == pytest.approx(0.2, abs=1e-15)
    assert adapter.vector(seen)[5] == pytest.approx(-0.1)
    assert adapter.weights(np.array([0.35]), seen)[0] == pytest.approx(0.35, abs=1e-15)
    resumed = make_adapter(eth15_spec("perpetual"))
    resumed.restore(adapter.state())
    assert resumed.vector(seen).tolist() == adapter.vector(seen).tolist()
    adapter.hold()
    assert adapter.vector(seen)[5] == 0.0


@pytest.mark.parametrize(("kind", "target", "clipped"), [("spot", 0.0, 1), ("perpetual", -0.1, 0)])
def test_eth15_goes_short_on_a_perpetual_and_is_clipped_on_spot(
    eth15_spec: Callable[..., BundleSpec], see: See, kind: str, target: float, clipped: int
) -> None:
    adapter = make_adapter(eth15_spec(kind))
    assert adapter.weights(np.array([-1.0]), see(close=[2500.0], weights=[0.0])).tolist() == [target]
    assert adapter.clipped == clipped


def test_eth15_finds_its_features_and_sentiment_by_name(
    eth15_spec: Callable[..., BundleSpec], see: See
) -> None:
    labels = [
        *("spread_z_60_120", "spread_zone_60_120", "pct_change_1", "spread_z_change_60_120"),
        *("macd_12_26_9_first", "macd_signal_12_26_9_first", "macd_histogram_12_26_9_first"),
        *("rsi_fraction_14_first", "bollinger_middle_20_2", "bollinger_upper_20_2"),
        *("bollinger_lower_20_2", "obv_plus"),
    ]
    columns = ("sentiment", *reversed([f"ETH/USDT {label}" for label in labels]))
    spec = eth15_spec()
    named = spec.observation.model_copy(update={"feature_columns": columns})
    adapter = make_adapter(spec.model_copy(update={"observation": named}))
    seen = see(features=np.array([[0.75, *reversed(RAW)]]), close=[2500.0], weights=[0.3])
    np.testing.assert_allclose(adapter.vector(seen), [*VECTOR[:14], 0.75], atol=1e-7)


def test_eth15_says_which_feature_the_plan_lacks(eth15_spec: Callable[..., BundleSpec]) -> None:
    spec = eth15_spec()
    named = spec.observation.model_copy(update={"feature_columns": ("ETH/USDT macd_12_26_9",)})
    with pytest.raises(BundleError, match=r"needs features .*'spread_z'"):
        make_adapter(spec.model_copy(update={"observation": named}))


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_eth15_scaler_is_applied_last(eth15_spec: Callable[..., BundleSpec], see: See, kind: str) -> None:
    rng = np.random.default_rng(3)
    offset, scale = rng.normal(size=15), rng.uniform(0.5, 2, size=15)
    name = "mean" if kind == "standard" else "min"
    scaler = {"kind": kind, name: offset.tolist(), "scale": scale.tolist()}
    vector = make_adapter(eth15_spec(scaler=scaler)).vector(
        see(features=np.array([RAW]), close=[2500.0], weights=[0.3])
    )
    expected = (VECTOR - offset) / scale if kind == "standard" else VECTOR * scale + offset
    np.testing.assert_allclose(vector, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"minmax": {"macd": [0.0, 1.0]}}, "minmax lacks .*'rsi'"),
        ({"scaler": {"kind": "standard", "mean": [0.0], "scale": [1.0]}}, "scaler has 1 values"),
        ({"scaler": {"kind": "standard", "min": [0.0], "scale": [1.0]}}, "needs mean"),
        ({"sentiment_default": 2.0}, "sentiment_default"),
    ],
)
def test_eth15_constants_that_do_not_fit_are_refused(
    eth15_spec: Callable[..., BundleSpec], parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        make_adapter(eth15_spec(**parameters))


def test_eth15_is_for_one_instrument(
    make_spec: Callable[..., BundleSpec], eth15_spec: Callable[..., BundleSpec]
) -> None:
    with pytest.raises(BundleError, match="trades one instrument, the model has 2"):
        make_adapter(make_spec(inputs=15, adapter=eth15_spec().adapter))


def test_an_unknown_adapter_is_refused(make_spec: Callable[..., BundleSpec]) -> None:
    spec = make_spec(adapter=AdapterSpec(name="finrl8", parameters={}))
    with pytest.raises(BundleError, match="adapter 'finrl8' is not known, expected one of eth15, finrl7"):
        make_adapter(spec)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    action=st.floats(-1, 1),
    position=st.floats(-1.5, 1.5),
    raw=st.lists(st.floats(-1e6, 1e6), min_size=12, max_size=12),
)
def test_eth15_never_leaves_its_bounds(
    eth15_spec: Callable[..., BundleSpec], see: See, action: float, position: float, raw: list[float]
) -> None:
    adapter = make_adapter(eth15_spec("perpetual"))
    seen = see(features=np.array([raw]), close=[2500.0], weights=[position])
    target = adapter.weights(np.array([action]), seen)[0]
    assert -1.0 <= target <= 1.0
    assert abs(target - position) <= 0.1 + 1e-12 or abs(position) > 1.0
    assert (np.abs(adapter.vector(seen)) <= 5.0).all()


def policy_of(spec: BundleSpec) -> BundlePolicy:
    return BundlePolicy(Bundle.create(spec, random_tensors(spec.network, 1)))


def test_a_missing_feature_holds_and_is_counted(eth15_spec: Callable[..., BundleSpec], see: See) -> None:
    policy = policy_of(eth15_spec())
    missing = see(features=np.array([[np.nan, *RAW[1:]]]), close=[2500.0], weights=[0.3])
    assert np.isnan(policy.decide(missing)).all()
    whole = see(features=np.array([RAW]), close=[2500.0], weights=[0.3])
    assert np.isfinite(policy.decide(whole)).all()
    assert (policy.decisions, policy.held) == (2, 1)
    policy.reset()
    assert (policy.decisions, policy.held) == (0, 0)


def test_a_native_action_becomes_weights_by_scale_and_offset(
    make_spec: Callable[..., BundleSpec], see: See
) -> None:
    policy = policy_of(make_spec())
    bundle = Bundle.create(make_spec(), random_tensors(make_spec().network, 1))
    for row, action in zip(bundle.golden_observations, bundle.golden_actions):
        assert policy.decide(see(vector=row)).tolist() == (0.25 + 0.5 * action).tolist()
    missing = bundle.golden_observations[0].copy()
    missing[2] = np.nan
    assert np.isnan(policy.decide(see(vector=missing))).all()


def test_an_answer_that_is_no_number_is_told_apart_from_a_hold(
    make_spec: Callable[..., BundleSpec], see: See
) -> None:
    """Each weight is finite, as is each input: only their sums are beyond all numbers."""
    layers = NetworkSpec(
        layers=(6, *(2,) * 9, 2),
        activations=("identity",) * 9,
        head="gaussian_mean",
        low=(-1.0,) * 2,
        high=(1.0,) * 2,
    )
    spec = make_spec(network=layers)
    huge = {name: np.full_like(tensor, 1e38) for name, tensor in random_tensors(layers, 1).items()}
    policy = NetworkPolicy(spec, huge)
    whole, missing = np.full(6, 1.0, np.float32), np.full(6, np.nan, np.float32)
    assert np.isinf(policy.decide(see(vector=whole))).all()
    assert policy.held == 0
    assert np.isnan(policy.decide(see(vector=missing))).all()
    assert policy.held == 1
    answers = Answers(Agent("huge", policy, FeaturePlan.of("log_return"), Rules()))
    assert np.isnan(answers.ask(see(vector=whole))).all()
    assert answers.refused
    assert np.isnan(answers.ask(see(vector=missing))).all()
    assert not answers.refused


def test_eth15_names_are_fifteen() -> None:
    assert len(ETH15_NAMES) == len(set(ETH15_NAMES)) == 15
