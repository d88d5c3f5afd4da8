"""Where training episodes begin and end: inside one segment, never across a seam."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import ConfigError, DataError
from tradewind.simulator import Tape

Segments = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Episode:
    """From the close of row `start` (the first decision) to that of `end` (the last mark)."""

    start: int
    end: int

    @property
    def steps(self) -> int:
        return self.end - self.start


def inner_split(segments: Segments, share: float, purge_bars: int) -> tuple[Segments, Segments]:
    """Split segments [K, 2] in time: the last `share` of their rows is for validation, the rest for training.

    `purge_bars` rows after the cut belong to neither, so that no window of features reaches over it.
    """
    if not len(segments):
        raise DataError(
            "no bar has all its features and a whole window of them: give more history, or a shorter lookback"
        )
    rows = np.concatenate([np.arange(start, stop) for start, stop in segments])
    kept = round(len(rows) * (1 - share))
    if not 0 < kept < len(rows):
        raise DataError(f"{len(rows)} rows cannot be split into training and {share:.0%} of validation")
    cut = int(rows[kept])
    train = _between(segments, 0, cut)
    validation = _between(segments, cut + purge_bars, int(segments[-1, 1]))
    if not len(train) or not len(validation):
        raise DataError(
            f"of {len(rows)} training rows, {share:.0%} for validation less {purge_bars} purged leave no "
            "episode on one side: give more candles or a smaller lookback"
        )
    return train, validation


def _between(segments: Segments, start: int, stop: int) -> Segments:
    cut = np.clip(segments, start, stop)
    return np.ascontiguousarray(cut[cut[:, 1] - cut[:, 0] >= 2])


class EpisodeSampler:
    """Draws episodes: the segment in proportion to its length, the start uniform among those that fit.

    `episode_bars` None takes whole segments. Both ends lie on rows whose features are all there. The first
    episodes of many environments end one after the other, so that not all are reset together.
    """

    def __init__(
        self,
        tape: Tape,
        segments: Segments,
        generator: np.random.Generator,
        *,
        episode_bars: int | None = None,
    ) -> None:
        if episode_bars is not None and episode_bars < 1:
            raise ConfigError(
                f"episode_bars is {episode_bars}, expected 1 or more, or None for whole segments"
            )
        self.generator = generator
        self.episode_bars = episode_bars
        self._ready = np.flatnonzero(tape.rows["ready"])
        self._holes = any(not tape.rows["ready"][a:b].all() for a, b in trim_to_ready(tape, segments))
        self._segments = trim_to_ready(tape, segments)
        if not len(self._segments):
            raise DataError("no segment has two bars with all features: there is nothing to train on")
        lengths = np.cumsum((self._segments[:, 1] - self._segments[:, 0]).astype(np.float64))
        self._shares: list[float] = (lengths / lengths[-1]).tolist()

    def draw(self) -> Episode:
        start, last = self._segment()
        if self.episode_bars is None or last - start <= self.episode_bars:
            return Episode(start, last)
        start = int(self.generator.integers(start, last - self.episode_bars, endpoint=True))
        return self._on_ready_rows(start, start + self.episode_bars)

    def draw_first(self, environments: int) -> list[Episode]:
        """One episode for each environment; the k-th is cut to about (k + 1) / N of its length.

        A whole segment is cut at its start, so that it ends where it always ends; others at their end.
        """
        phases = self.generator.permutation(environments)
        episodes = []
        for phase in phases:
            whole = self.draw()
            steps = max(1, whole.steps * (int(phase) + 1) // environments)
            if self.episode_bars is None:
                episodes.append(self._on_ready_rows(whole.end - steps, whole.end))
            else:
                episodes.append(self._on_ready_rows(whole.start, whole.start + steps))
        return episodes

    def _segment(self) -> tuple[int, int]:
        k = bisect_right(self._shares, self.generator.random())
        start, stop = self._segments[min(k, len(self._segments) - 1)]
        return int(start), int(stop) - 1

    def _on_ready_rows(self, start: int, end: int) -> Episode:
        """Move the start back, and the end forward, to rows where the policy sees every feature."""
        if not self._holes:
            return Episode(start, end)
        first = int(self._ready[np.searchsorted(self._ready, start, side="right") - 1])
        return Episode(first, int(self._ready[np.searchsorted(self._ready, max(end, first + 1))]))

    def state(self) -> dict[str, Any]:
        return dict(self.generator.bit_generator.state)

    def restore(self, state: dict[str, Any]) -> None:
        self.generator.bit_generator.state = state


def trim_to_ready(tape: Tape, segments: Segments) -> Segments:
    """Cut segments [K, 2] to their first and last row with all features; too short ones are left out."""
    kept = []
    for start, stop in segments:
        ready = np.flatnonzero(tape.rows["ready"][start:stop])
        if len(ready) and ready[-1] > ready[0]:
            kept.append((start + ready[0], start + ready[-1] + 1))
    return np.array(kept, np.int64).reshape(-1, 2)
