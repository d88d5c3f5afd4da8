from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tradewind.backtest.figures import Comparison, Figures
from tradewind.backtest.summary import summary
from tradewind.reports import Standing, judge, strongest_baseline


@pytest.fixture
def measured(made) -> Figures:
    return summary(made("flipping", "PPO", days=30), rng=np.random.default_rng(0), draws=100)


def against(figures: Figures, sharpe, low, high, theirs, difference, gap_low, gap_high) -> Figures:
    rival = Comparison("buy and hold", 0.1, theirs, difference, gap_low, gap_high, 0.0, 1.0, 0.5)
    return dataclasses.replace(
        figures, sharpe=sharpe, sharpe_low=low, sharpe_high=high, years_to_show_target=2.7, benchmark=rival
    )


@pytest.mark.parametrize(
    ("numbers", "standing", "says"),
    [
        (
            (0.31, -0.9, 1.5, 0.8, -0.49, -1.9, 0.9),
            Standing.NO_EDGE,
            "net Sharpe 0.31 [−0.90, 1.50] over 30 days does not beat buy and hold 0.80; "
            "to show a Sharpe ratio of 1 at 95 % would need 2.7 years.",
        ),
        (
            (-3.0, -5.0, -1.0, 0.8, -3.8, -6.0, -2.0),
            Standing.WORSE,
            "net Sharpe −3.00 [−5.00, −1.00] over 30 days against buy and hold 0.80; "
            "the difference is −3.80 [−6.00, −2.00].",
        ),
        ((1.2, -0.5, 2.9, 0.8, 0.4, -1.0, 1.8), Standing.NO_EDGE, "which luck can explain"),
        ((-0.5, -2.0, 1.0, -1.5, 1.0, 0.1, 2.0), Standing.NO_EDGE, "lost less than buy and hold −1.50, yet"),
        ((1.0, -0.2, 2.2, -0.5, 1.5, 0.2, 3.0), Standing.NO_EDGE, "cannot itself be told from zero"),
        ((3.0, 1.5, 4.5, 0.8, 2.2, 0.6, 3.8), Standing.EDGE, "beats buy and hold 0.80 at 95 %"),
        ((3.0, 1.5, 4.5, None, None, None, None), Standing.EDGE, "above zero at 95 %"),
        ((1.0, -0.5, 2.5, None, None, None, None), Standing.NO_EDGE, "cannot be told from zero"),
    ],
)
def test_the_sentence_follows_the_numbers(measured, numbers, standing, says):
    verdict = judge(against(measured, *numbers))
    assert verdict.standing is standing
    assert says in verdict.sentence


def test_an_edge_is_never_called_proof(measured):
    assert "not to trade" in judge(against(measured, 3.0, 1.5, 4.5, 0.8, 2.2, 0.6, 3.8)).sentence


def test_a_policy_that_never_trades_is_called_inactive(made):
    verdict = judge(summary(made("flat", "DQN"), rng=np.random.default_rng(0)))
    assert verdict.standing is Standing.INACTIVE
    assert "DQN never traded in 60 days" in verdict.sentence


def test_three_days_are_too_little(made):
    verdict = judge(summary(made("knowing", "PPO", days=3), rng=np.random.default_rng(0)))
    assert verdict.standing is Standing.TOO_SHORT
    assert "too few days: 3, needs 20" in verdict.sentence
    assert "2.7 years" in verdict.sentence


def test_an_account_without_money_is_called_ruined(measured):
    assert judge(dataclasses.replace(measured, end_equity=0.0)).standing is Standing.RUINED


def test_noise_is_hardly_ever_called_an_edge(made):
    standings = []
    for seed in range(20):
        results = made("flipping", seed=seed), made("hold", seed=seed)
        f = summary(results[0], rng=np.random.default_rng(0), benchmark=results[1], draws=200)
        standings.append(judge(f).standing)
    assert standings.count(Standing.EDGE) <= 1


def test_clairvoyance_is_called_an_edge(made):
    f = summary(made("knowing"), rng=np.random.default_rng(0), benchmark=made("hold"), draws=200)
    assert judge(f).standing is Standing.EDGE


def test_the_strongest_baseline_is_one_without_the_agents_rules(measured):
    def one(sharpe, risk_rules):
        return dataclasses.replace(measured, sharpe=sharpe, risk_rules=risk_rules)

    figures = [one(9.0, True), one(0.5, False), one(None, False), one(0.8, False), one(3.0, True)]
    assert strongest_baseline(figures) == 3
    assert strongest_baseline([figures[0], figures[4]]) == 1
    assert strongest_baseline([figures[0], figures[2]]) is None


def test_a_kill_switch_is_told_with_its_time_and_promises_no_length_of_record(measured):
    """A curve that is flat since its kill switch says nothing about the record that would be needed."""
    five_days_in = measured.start_ms + 5 * 86_400_000
    figures = against(measured, 0.31, -0.9, 1.5, 0.8, -0.49, -1.9, 0.9)
    sentence = judge(dataclasses.replace(figures, halted_ms=five_days_in)).sentence
    assert "Its kill switch fired on 20" in sentence
    assert sentence.endswith("5 days into the test.")
    assert "would need" not in sentence
