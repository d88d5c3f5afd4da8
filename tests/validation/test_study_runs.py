"""What a run may learn from, and what it leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.validation.studies import SPLITS, design, recipe_of, settings
from tradewind.market import ConfigError, Market
from tradewind.validation.splits import segments
from tradewind.validation.study.runs import Run, execute
from tradewind.validation.study.settings import SchemeName

RECIPE = recipe_of({"training.algorithm": "ppo"})
SCHEMES = [
    SPLITS,
    replace(SPLITS, scheme=SchemeName.K_FOLD, groups=4),
    replace(SPLITS, scheme=SchemeName.WALK_FORWARD, groups=3),
]


def other_in(market: Market, rows: np.ndarray) -> Market:
    """The same market with other bars in these rows."""
    factor = np.ones((len(market), 1))
    factor[rows, 0] = np.exp(np.random.default_rng(1).normal(0, 0.3, len(rows)))
    scaled = {name: getattr(market, name) * factor for name in ("open", "high", "low", "close", "volume")}
    return replace(market, **scaled)


@pytest.mark.parametrize("splits", SCHEMES, ids=lambda s: s.scheme.value)
def test_no_bar_of_a_test_changes_what_is_learnt(splits) -> None:  # type: ignore[no-untyped-def]
    """Nor does one between test and training, but for what indicators look back on: the embargo covers that."""
    chosen = design(settings(splits=splits))
    market, scheme = chosen.data.market, chosen.data.scheme
    split = scheme.splits[1]
    job = chosen.job(Run(0, 0, split.number), RECIPE)
    tested = np.concatenate([np.arange(f.start, f.stop) for g in split.test for f in g.fragments])
    first, second = execute(market, job), execute(other_in(market, tested), job)
    assert (first.error, second.error) == ("", "")
    for name, tensor in first.model().tensors.items():
        assert np.array_equal(tensor, second.model().tensors[name])
    assert any(not np.array_equal(first.equity[g], second.equity[g]) for g in first.equity)


@pytest.mark.parametrize("splits", SCHEMES, ids=lambda s: s.scheme.value)
def test_episodes_lie_in_training_and_far_from_the_test(splits) -> None:  # type: ignore[no-untyped-def]
    chosen = design(settings(splits=splits))
    for split in chosen.data.scheme.splits:
        tape, _ = RECIPE.prepare(chosen.data.market, segments(split.train))
        allowed = {row for f in split.train for row in range(f.start, f.stop)}
        trained = {row for start, stop in tape.segments.tolist() for row in range(start, stop)}
        assert trained
        assert trained <= allowed
        for group in split.test:
            for test in group.fragments:
                near = range(test.start - 1, test.stop + 1)
                assert trained.isdisjoint(near)


def test_development_ends_before_the_vault_by_more_than_the_embargo() -> None:
    chosen = design()
    vault = chosen.data.vault
    assert vault is not None
    apart = (vault.start_ms - chosen.data.scope.end_ms) // chosen.data.market.timeframe.ms
    assert apart >= SPLITS.embargo_bars  # type: ignore[operator]


def test_every_test_begins_flat_with_the_same_capital() -> None:
    chosen = design()
    outcome = execute(chosen.data.market, chosen.job(Run(0, 1, 0), RECIPE))
    assert [curve[0] for curve in outcome.equity.values()] == [1.0] * len(outcome.equity)


def test_a_recipe_that_cannot_be_trained_is_a_failure_in_words() -> None:
    chosen = design()
    wide = replace(RECIPE, settings=replace(RECIPE.settings, purge_bars=5_000))
    outcome = execute(chosen.data.market, chosen.job(Run(0, 0, 0), wide))
    assert "leave no episode on one side" in outcome.error
    assert (outcome.sharpe, outcome.bundle, dict(outcome.equity)) == (None, b"", {})


def test_fewer_groups_than_are_tested_and_fragments_too_short_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave nothing to train on"):
        design(settings(splits=replace(SPLITS, groups=2)))
    with pytest.raises(ConfigError, match="take fewer groups"):
        design(settings(splits=replace(SPLITS, groups=40)))
    with pytest.raises(ConfigError, match=r"tests 1\d days, and a Sharpe ratio needs 20"):
        design(settings(splits=replace(SPLITS, groups=5, scheme=SchemeName.K_FOLD)))
