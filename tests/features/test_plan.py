"""A plan refuses what it does not know, survives JSON, and its hash tells any two apart."""

from __future__ import annotations

import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.features import CATALOGUE, FeaturePlan, FeatureSpec, known_features, preset, presets
from tradewind.market import ConfigError, Timeframe

PAIR = ("BTC/USDT", "ETH/USDT")


def test_columns_are_instrument_major_and_say_their_parameters() -> None:
    plan = FeaturePlan.of(
        "rsi", "macd", FeatureSpec("obv", {"unchanged": "plus"}), FeatureSpec("atr", timeframe="60m"),
        FeatureSpec("momentum", {"bars": 24}, rank=True), FeatureSpec("bollinger_upper", {"width": 2.5}),
    )  # fmt: skip
    labels = ["rsi_14", "macd_12_26_9", "obv_plus", "atr_14@1h", "rank_momentum_24", "bollinger_upper_20_2.5"]
    assert plan.columns(PAIR) == tuple(f"{symbol} {label}" for symbol in PAIR for label in labels)


@pytest.mark.parametrize("name", presets())
def test_every_preset_survives_json(name: str) -> None:
    plan = preset(name)
    assert FeaturePlan.from_json(plan.to_json()) == plan
    assert FeaturePlan.from_json(plan.to_json()).schema_hash(PAIR) == plan.schema_hash(PAIR)


@given(
    st.lists(
        st.builds(
            FeatureSpec,
            st.sampled_from(sorted(CATALOGUE)),
            timeframe=st.sampled_from([None, "15m", "1h", "1d"]),
            rank=st.booleans(),
        ),
        min_size=1,
        max_size=8,
        unique_by=lambda spec: spec.label,
    )
)
def test_any_plan_survives_json(specs: list[FeatureSpec]) -> None:
    plan = FeaturePlan(tuple(specs))
    assert FeaturePlan.from_json(plan.to_json()) == plan


def test_json_by_hand_may_leave_defaults_out() -> None:
    plan = FeaturePlan.from_json('{"features": ["close", {"name": "rsi", "params": {"bars": 7}}]}')
    assert plan.columns(["X"]) == ("X close", "X rsi_7")


def test_the_hash_changes_with_names_order_parameters_symbols_and_timeframe() -> None:
    plans = [
        FeaturePlan.of("rsi", "close"),
        FeaturePlan.of("close", "rsi"),
        FeaturePlan.of("close", FeatureSpec("rsi", {"bars": 15})),
        FeaturePlan.of("close", FeatureSpec("rsi", {"seed": "first"})),
        FeaturePlan.of("close", FeatureSpec("rsi", timeframe="1h")),
        FeaturePlan.of("close", FeatureSpec("rsi", rank=True)),
        FeaturePlan.of("close"),
    ]
    hashes = [plan.schema_hash(PAIR) for plan in plans] + [plans[0].schema_hash(PAIR[::-1])]
    assert len(set(hashes)) == len(hashes)
    assert all(len(h) == 64 for h in hashes)


def test_the_hash_of_the_default_preset_is_what_old_bundles_carry() -> None:
    # Changing this line means that every bundle made before is refused: raise FEATURES_VERSION with it.
    assert preset("default").schema_hash(["BTC/USDT"])[:16] == "007e09da57ac6ee4"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureSpec("rsy"), "unknown feature 'rsy': did you mean rsi"),
        (lambda: FeatureSpec("zzzzzz"), "known are open, high"),
        (lambda: FeatureSpec("rsi", {"bar": 14}), "rsi: unknown parameter 'bar': did you mean bars"),
        (lambda: FeatureSpec("close", {"bars": 14}), "close: unknown parameter 'bars': known are none"),
        (lambda: FeatureSpec("rsi", {"bars": 1}), "rsi: bars is 1, expected 2 to 5000"),
        (lambda: FeatureSpec("rsi", {"bars": 14.5}), "rsi: bars is 14.5, expected a whole number"),
        (lambda: FeatureSpec("rsi", {"bars": "14"}), "rsi: bars is '14', expected a whole number"),
        (lambda: FeatureSpec("rsi", {"bars": True}), "rsi: bars is True, expected a whole number"),
        (lambda: FeatureSpec("rsi", {"bars": float("nan")}), "rsi: bars is nan, expected a whole number"),
        (lambda: FeatureSpec("rsi", {"bars": float("inf")}), "rsi: bars is inf, expected a whole number"),
        (lambda: FeatureSpec("bollinger_upper", {"width": float("nan")}), "width is nan, expected 0.01"),
        (lambda: FeatureSpec("rsi", [14]), "rsi: params is"),  # type: ignore[arg-type]
        (lambda: FeatureSpec("rsi", {"seed": "sma"}), "rsi: seed is 'sma', expected one of mean, first"),
        (lambda: FeatureSpec("macd", {"fast": 26, "slow": 12}), "macd: expected fast < slow"),
        (lambda: FeatureSpec("ultosc", {"middle": 28}), "ultosc: expected short < middle < long"),
        (lambda: FeatureSpec("rsi", timeframe="1w"), "'1w' is not a bar length"),
        (lambda: FeatureSpec("rsi", rank=1), "rank is 1, expected true or false"),  # type: ignore[arg-type]
        (lambda: FeaturePlan(()), "without features"),
        (lambda: FeaturePlan.of("rsi", "rsi"), "rsi_14 is in the plan 2 times"),
        (
            lambda: FeaturePlan.of(FeatureSpec("rsi", timeframe="60m"), FeatureSpec("rsi", timeframe="1h")),
            "2 times",
        ),
        (lambda: FeaturePlan.from_json("{"), "not JSON"),
        (lambda: FeaturePlan.from_json("[]"), "no list of features"),
        (lambda: FeaturePlan.from_json('{"features": ["rsi"], "featurs": []}'), "did you mean features"),
        (lambda: FeaturePlan.from_json('{"features": ["rsi"], "version": 99}'), "version 99"),
        (
            lambda: FeaturePlan.from_json('{"features": [{"name": "rsi", "parms": {}}]}'),
            "did you mean params",
        ),
        (lambda: FeaturePlan.from_json('{"features": [14]}'), "a feature is 14"),
        (lambda: preset("defualt"), "did you mean default"),
        (lambda: FeaturePlan.of(FeatureSpec("rsi", timeframe="1h")).warmup_bars, "see warmup_on"),
        (
            lambda: FeaturePlan.of(FeatureSpec("rsi", timeframe="1h")).warmup_on(Timeframe("25m")),
            "whole multiple of the run's timeframe 25m",
        ),
        (
            lambda: FeaturePlan.of(FeatureSpec("rsi", timeframe="1m")).warmup_on(Timeframe("5m")),
            "whole multiple of the run's timeframe 5m",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_one_sentence(make: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()  # type: ignore[operator]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_warm_up_is_the_longest_of_the_plan_with_the_wait_for_a_whole_higher_bar() -> None:
    assert FeaturePlan.of("close").warmup_bars == 1
    assert FeaturePlan.of("close", "macd", "rsi").warmup_bars == 34
    higher = FeaturePlan.of(FeatureSpec("sma", {"bars": 3}, timeframe="1h"))
    assert higher.warmup_on(Timeframe("5m")) == 3 * 12 + 11
    assert higher.warmup_on(Timeframe("1h")) == 3


def test_a_plan_travels_to_worker_processes_whole() -> None:
    plan = FeaturePlan.of("close", FeatureSpec("rsi", {"bars": 7}, timeframe="1h", rank=True))
    assert copy.deepcopy(plan) == plan
    with pytest.raises(TypeError):
        plan.features[1].params["bars"] = 8  # type: ignore[index]


def test_memory_is_longer_than_warm_up_where_averages_fade_and_endless_for_obv() -> None:
    five = Timeframe("5m")
    assert FeaturePlan.of("sma", "z_score").memory_on(five) == 20
    assert FeaturePlan.of("ema").memory_on(five) == 12 + math.ceil(25 * 6.5)
    assert FeaturePlan.of(FeatureSpec("sma", timeframe="1h")).memory_on(five) == 20 * 12 + 11
    assert FeaturePlan.of("sma", "obv").memory_on(five) is None


def test_every_feature_of_the_catalogue_says_what_it_is() -> None:
    assert set(CATALOGUE) <= set(known_features())
    assert all(feature.says for feature in CATALOGUE.values())


def test_parameters_are_written_out_so_that_a_later_default_changes_nothing() -> None:
    assert json.loads(FeaturePlan.of("rsi").to_json())["features"] == [
        {"name": "rsi", "params": {"bars": 14, "seed": "mean"}}
    ]
