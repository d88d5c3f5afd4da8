from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.market import ConfigError, DataError
from tradewind.training.episodes import EpisodeSampler, inner_split


@pytest.fixture(scope="module")
def broken_tape(tape_of):
    return tape_of(bars=300, breaks=(40, 45, 200), unready=(0, 44, 100, 101, 250, 299))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32), episode_bars=st.none() | st.integers(1, 400), environments=st.integers(1, 20)
)
def test_episodes_never_cross_a_seam_and_end_where_all_is_known(
    broken_tape, seed, episode_bars, environments
):
    tape = broken_tape
    sampler = EpisodeSampler(tape, tape.segments, np.random.default_rng(seed), episode_bars=episode_bars)
    for episode in [*sampler.draw_first(environments), *(sampler.draw() for _ in range(20))]:
        inside = (tape.segments[:, 0] <= episode.start) & (episode.end < tape.segments[:, 1])
        assert inside.sum() == 1
        assert episode.steps >= 1
        assert tape.rows["ready"][episode.start]
        assert tape.rows["ready"][episode.end]


def test_starts_are_uniform_and_segments_drawn_by_length(tape_of):
    tape = tape_of(bars=300, breaks=(100,))
    sampler = EpisodeSampler(tape, tape.segments, np.random.default_rng(0), episode_bars=10)
    starts = np.array([sampler.draw().start for _ in range(6000)])
    assert abs((starts < 100).mean() - 1 / 3) < 0.03
    second = np.histogram(starts[starts >= 100], bins=5, range=(100, 290))[0]
    assert second.min() > 0.85 * second.mean()
    assert starts.max() == 289


def test_first_ends_are_spread_over_an_episode(tape):
    for episode_bars in (100, None):
        sampler = EpisodeSampler(tape, tape.segments, np.random.default_rng(0), episode_bars=episode_bars)
        steps = sorted(e.steps for e in sampler.draw_first(10))
        assert steps == [(k + 1) * (episode_bars or 599) // 10 for k in range(10)]


def test_the_inner_split_is_in_time_and_purged(tape_of):
    tape = tape_of(bars=300, breaks=(100, 250))
    train, validation = inner_split(tape.segments, 0.2, purge_bars=7)
    assert train.tolist() == [[0, 100], [100, 240]]
    assert validation.tolist() == [[247, 250], [250, 300]]


def test_a_split_that_leaves_nothing_says_so(tape_of):
    with pytest.raises(DataError, match="purged leave no episode"):
        inner_split(tape_of(bars=50).segments, 0.1, purge_bars=20)


def test_lengths_that_cannot_be_are_refused(tape):
    with pytest.raises(ConfigError, match="episode_bars is 0"):
        EpisodeSampler(tape, tape.segments, np.random.default_rng(0), episode_bars=0)
    with pytest.raises(DataError, match="nothing to train on"):
        EpisodeSampler(tape, np.zeros((0, 2), np.int64), np.random.default_rng(0))
