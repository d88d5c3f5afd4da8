from __future__ import annotations

import json
import math

import numpy as np
import pytest

from tradewind.data.track_records import TrackRecord
from tradewind.market import ConfigError
from tradewind.reports.judged import facts, sentence
from tradewind.statistics import DAY_MS, Undefined, dsr, kurtosis, psr_of, sharpe, sharpe_per_day, skew
from tradewind.validation.judging import Standing, judge


def record(returns: np.ndarray, step: int = DAY_MS) -> TrackRecord:
    """Returns [T, N] (or [T]) as a record of consecutive rows."""
    columns = returns.reshape(len(returns), -1)
    equity = np.cumprod(np.vstack([np.ones(columns.shape[1]), 1 + columns]), axis=0)
    names = tuple(f"p{n}" for n in range(columns.shape[1]))
    return TrackRecord(names, np.arange(len(equity), dtype=np.int64) * step, equity)


def made(days: int, mean: float, trials: int = 1, deviation: float = 0.02, seed: int = 0) -> np.ndarray:
    """Returns whose mean and deviation are exactly these."""
    noise = np.random.default_rng(seed).normal(size=(days, trials))
    noise = (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
    return noise * deviation + mean


def test_an_edge():
    judgement = judge(record(made(1000, 0.0025)))
    assert judgement.standing is Standing.EDGE
    assert judgement.dsr == judgement.chosen.psr == pytest.approx(psr_of(made(1000, 0.0025)[:, 0]))
    assert judgement.chosen.sharpe == pytest.approx(0.125 * math.sqrt(365))
    assert sentence(judgement).startswith("Edge: p0 has a Sharpe of 2.39 [")


def test_the_best_of_many_tried_is_judged_by_what_luck_gives():
    returns = made(1000, 0.0015)
    assert judge(record(returns)).standing is Standing.EDGE
    judgement = judge(record(returns), trials=100)
    assert judgement.standing is Standing.TOO_LITTLE
    assert judgement.luck_sharpe == pytest.approx(2.53060 * math.sqrt(365 / 1000), abs=1e-4)
    assert judgement.dsr is not None
    assert judgement.dsr < 0.95
    assert "among 100 trials where 95 % is needed" in sentence(judgement)


def test_so_many_years_are_needed_as_make_the_record_convincing():
    returns = made(400, 0.0012, seed=3)
    judgement = judge(record(returns), trials=5)
    assert judgement.standing is Standing.TOO_LITTLE
    assert judgement.years_needed is not None
    assert judgement.years_needed > judgement.years
    longer = np.tile(returns, (math.ceil(judgement.years_needed / judgement.years * 1.02), 1))
    assert judge(record(longer), trials=5).dsr >= 0.95
    assert f"it takes {judgement.years_needed:.1f} years in all" in sentence(judgement)


def test_what_lost_has_no_edge():
    judgement = judge(record(made(100, -0.001)))
    assert judgement.standing is Standing.NO_EDGE
    assert "it lost, or stood still" in sentence(judgement)


def test_a_long_record_of_little_has_no_edge():
    judgement = judge(record(made(1500, 0.0003)))
    assert judgement.standing is Standing.NO_EDGE
    assert judgement.years > judgement.years_for_target == pytest.approx(2.7, abs=0.1)
    assert "a Sharpe of 1 shows itself in 2.7 years" in sentence(judgement)


def test_ruin_is_no_edge():
    returns = made(100, 0.01)
    returns[-1] = -1
    judgement = judge(record(returns))
    assert (judgement.standing, judgement.chosen.net_return) == (Standing.NO_EDGE, -1)
    assert sentence(judgement) == "No edge: p0 lost all it had within 100 days."


def test_a_few_days_are_too_little_and_say_what_it_takes():
    judgement = judge(record(made(10, 0.01)))
    assert judgement.standing is Standing.TOO_LITTLE
    assert judgement.dsr is None
    assert sentence(judgement) == (
        "Not enough data: p0 over 10 days cannot be judged (too few days: 10, needs 20); to show a Sharpe of 1 "
        "takes 2.7 years."
    )


def test_days_that_hang_together_are_not_as_many():
    """PSR alone takes every day for a new one; the interval does not."""
    steps = made(60, 0.0012, deviation=0.01, seed=2)
    judgement = judge(record(np.repeat(steps, 6, axis=0)))
    assert judgement.dsr >= 0.95
    assert judgement.standing is Standing.TOO_LITTLE
    assert judgement.years_needed > judgement.years
    assert "days that hang together" in sentence(judgement)


def test_several_trials_are_a_family():
    returns = made(700, 0.0, trials=20, seed=1)
    returns += np.random.default_rng(2).normal(0, 0.0006, 20)
    judgement = judge(record(returns))
    sharpes = np.array([sharpe(one) for one in returns.T])
    assert judgement.best == f"p{sharpes.argmax()}"
    best = returns[:, sharpes.argmax()]
    variance = float(sharpes.var(ddof=1)) / 365
    assert judgement.dsr == pytest.approx(
        dsr(sharpe_per_day(best), 700, skew(best), kurtosis(best), 20, variance)
    )
    assert judgement.standing is not Standing.EDGE
    assert judgement.effective_trials == pytest.approx(20, abs=0.2)
    assert 0 <= judgement.pbo <= 1
    assert judgement.pbo_slope < 0.5
    assert judgement.family_psr is not None
    assert "PBO" in dict(facts(judgement))


def test_a_choice_that_turns_is_no_edge_even_when_the_best_earned_much():
    """Each trial earns in one half of the time and loses in the other: chosen by its past, it loses."""
    returns = made(960, 0.0, trials=2, deviation=0.01, seed=4)
    half = np.where(np.arange(960) < 480, 1, -1) * 0.006
    returns[:, 0] += half + 0.0018
    returns[:, 1] += -half + 0.0017
    judgement = judge(record(returns))
    assert judgement.dsr >= 0.95
    assert judgement.standing is Standing.NO_EDGE
    assert "what was best in one half of the days was below the middle" in sentence(judgement)


def test_too_few_days_for_pbo_say_so_and_leave_the_rest():
    judgement = judge(record(made(200, 0.002, trials=3)))
    assert judgement.pbo is None
    assert "CSCV needs 240" in judgement.undefined["pbo"]
    assert judgement.family_psr is not None


def test_a_trial_that_never_traded_counts_as_one():
    returns = made(300, 0.001, trials=3)
    returns[:, 1] = 0
    judgement = judge(record(returns))
    assert judgement.trials == 3
    assert judgement.columns[1].sharpe is None
    assert judgement.dsr is not None
    assert "never had a return" in judgement.undefined["pbo"]


def test_hours_are_added_up_to_days_and_missing_days_are_days_without_return():
    hourly = judge(record(made(24 * 100, 0.0001, deviation=0.002), step=DAY_MS // 24))
    assert hourly.days == 100
    whole = record(made(100, 0.002))
    kept = np.delete(np.arange(101), [40, 41, 70])
    gappy = judge(TrackRecord(whole.names, whole.close_time[kept], whole.equity[kept]))
    assert (gappy.days, gappy.days_without_row) == (100, 3)
    assert dict(facts(gappy))["gaps"] == "3 days without a row, taken as no return"


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ConfigError, match="--trials is 2, but the record has 3 columns"):
        judge(record(made(100, 0, trials=3)), trials=2)
    with pytest.raises(Undefined, match="longer than a day"):
        judge(record(made(100, 0), step=7 * DAY_MS))


def test_the_same_record_is_judged_the_same_and_is_plain_json():
    one, other = (judge(record(made(300, 0.001, trials=2)), trials=9) for _ in range(2))
    assert one == other
    plain = json.loads(json.dumps(one.to_json(), allow_nan=False))
    assert plain["standing"] == one.standing.value
    assert plain["columns"][0]["name"] == "p0"


def test_the_best_of_twenty_without_skill_is_called_an_edge_by_nobody():
    rng = np.random.default_rng(11)
    verdicts = [judge(record(rng.normal(0, 0.02, (500, 20)))).standing for _ in range(40)]
    assert verdicts.count(Standing.EDGE) <= 1  # five per cent would be two


def test_a_family_with_a_true_edge_is_mostly_seen():
    """Twenty variants of one idea, Sharpe 3, over two years."""
    rng = np.random.default_rng(12)
    seen = 0
    for _ in range(20):
        shared, own = rng.normal(size=(730, 1)), rng.normal(size=(730, 20))
        returns = 0.02 * (math.sqrt(0.8) * shared + math.sqrt(0.2) * own) + 0.02 * 3 / math.sqrt(365)
        seen += judge(record(returns)).standing is Standing.EDGE
    assert seen >= 17
