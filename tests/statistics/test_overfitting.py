from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import linregress, rankdata

from tradewind.market.errors import DataError
from tradewind.statistics import Undefined, cscv, most_blocks


def noise(seed: int, rows: int, trials: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (rows, trials))


@pytest.mark.parametrize(("blocks", "halves"), [(8, 70), (10, 252), (12, 924), (14, 3432), (16, 12_870)])
def test_how_many_halves_there_are(blocks, halves):
    assert len(cscv(noise(0, 500, 3), blocks).logits) == halves


def test_it_does_what_the_paper_says_step_by_step():
    returns, blocks = noise(1, 247, 5), 8
    kept = returns[247 % blocks :].reshape(blocks, -1, 5)
    logits, best, outcome = [], [], []
    for chosen in combinations(range(blocks), blocks // 2):
        rest = [b for b in range(blocks) if b not in chosen]
        inside, outside = (np.concatenate(kept[list(which)]) for which in (chosen, rest))
        of_inside, of_outside = (half.mean(axis=0) / half.std(axis=0, ddof=1) for half in (inside, outside))
        winner = int(of_inside.argmax())
        rank = rankdata(of_outside)[winner] / 6
        logits.append(np.log(rank / (1 - rank)))
        best.append(of_inside[winner])
        outcome.append(of_outside[winner])
    found = cscv(returns, blocks)
    assert found.logits == pytest.approx(logits, abs=1e-9)
    assert found.best == pytest.approx(best)
    assert found.outcome == pytest.approx(outcome)
    assert found.pbo == pytest.approx(np.mean(np.array(logits) <= 0))
    assert found.slope == pytest.approx(linregress(best, outcome).slope)
    assert found.loss_probability == pytest.approx(np.mean(np.array(outcome) < 0))


def test_on_noise_the_best_of_the_past_is_a_coin_toss():
    found = [cscv(noise(seed, 500, 10), 10) for seed in range(60)]
    assert 0.40 <= np.mean([one.pbo for one in found]) <= 0.60
    assert np.mean([one.loss_probability for one in found]) == pytest.approx(0.5, abs=0.1)


def test_on_noise_the_better_it_looked_the_worse_it_does():
    """The halves make up one sample: what one has more, the other has less."""
    found = [cscv(noise(seed, 1000, 100), 10).slope for seed in range(30)]
    assert -0.56 <= np.mean(found) <= -0.3


def test_noise_with_sixteen_blocks():
    found = [cscv(noise(100 + seed, 480, 10), 16).pbo for seed in range(60)]
    assert 0.40 <= np.mean(found) <= 0.60


@pytest.mark.parametrize(("skill", "pbo"), [(0.02, 0.53), (0.05, 0.45), (0.10, 0.30), (0.15, 0.11)])
def test_one_of_a_hundred_has_skill(skill, pbo):
    found = []
    for seed in range(60):
        returns = np.random.default_rng(seed).normal(0, 1, (1000, 100))
        returns[:, 37] += skill
        found.append(cscv(returns, 10).pbo)
    assert np.mean(found) == pytest.approx(pbo, abs=0.08)


def test_a_trial_that_wins_every_block_is_never_overfitted():
    returns = noise(3, 400, 6)
    returns[:, 2] += 0.02
    found = cscv(returns, 8)
    assert (found.pbo, found.loss_probability) == (0, 0)
    assert found.first_order_dominance
    assert found.second_order_dominance


def test_the_worst_of_the_rest_is_dominated():
    # Each trial is good in one half of the time and bad in the other: what was best turns out worst.
    returns = noise(4, 400, 2)
    half = np.where(np.arange(400) < 200, 0.05, -0.05)
    returns[:, 0] += half
    returns[:, 1] -= half
    found = cscv(returns, 8)
    assert found.pbo > 0.9
    assert not found.first_order_dominance
    assert not found.second_order_dominance


def test_sizes_of_bets_do_not_matter():
    returns = noise(5, 300, 4)
    assert cscv(returns * [1, 2, 0.5, 40], 8).logits == pytest.approx(cscv(returns, 8).logits)


def test_most_blocks_that_hold_thirty_rows_each():
    assert [most_blocks(rows) for rows in (240, 299, 300, 479, 480, 5000)] == [8, 8, 10, 14, 16, 16]
    with pytest.raises(Undefined, match="too few rows: 239, CSCV needs 240"):
        most_blocks(239)


def test_what_is_undefined_is_refused_in_one_sentence():
    returns = noise(6, 300, 3)
    twins, still, lost, halfway = (returns.copy() for _ in range(4))
    twins[:, 2] = 3 * twins[:, 0]
    still[:, 1] = 0
    lost[7, 1] = np.nan
    halfway[:160, 1] = 0
    for values, blocks, said in [
        (returns[:, :1], 8, "one trial cannot"),
        (returns, 16, "too few rows: 300, 16 blocks need 480"),
        (twins, 8, "trials 0 and 2 are the same bet"),
        (still, 8, "trial 1 never had a return"),
        (halfway, 8, "trial 1 does not vary in one half"),
    ]:
        with pytest.raises(Undefined, match=said):
            cscv(values, blocks)
    for values, blocks, said in [
        (lost, 8, "trial 1 has nan at row 7"),
        (returns[:, 0], 8, "expected rows and trials"),
        (returns, 7, "blocks is 7"),
        (returns, 22, "blocks is 22"),
    ]:
        with pytest.raises(DataError, match=said):
            cscv(values, blocks)


def test_a_large_matrix_takes_a_moment():
    """A loose bound: `make bench` holds the tight one on a quiet machine."""
    returns = noise(7, 2000, 100)
    started = time.process_time()
    cscv(returns, 16)
    assert time.process_time() - started < 1.5
