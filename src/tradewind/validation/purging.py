"""Training rows far enough from a test: labels that do not reach into it, features that do not look back into it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tradewind.market import ConfigError
from tradewind.validation.splits import Fragment, Margins, Rows, Timeline


def purged(timeline: Timeline, rows: Rows, tests: Iterable[Fragment], margins: Margins) -> Rows:
    """Those of `rows` that a model tested on `tests` may learn from; distances count in time, not in rows.

    The label of a row lasts from its close to `label_bars` later. A row is left out where its label meets the span
    from the first decision of a test fragment to the end of its last label, ends included (purge), and where its
    close lies within `embargo_bars` after that span (embargo).
    """
    closes = timeline.close_time
    at = closes[rows]
    kept = np.ones(len(rows), dtype=bool)
    before = margins.label_bars * timeline.bar_ms
    after = (margins.label_bars + margins.embargo_bars) * timeline.bar_ms
    for test in tests:
        kept &= (at < closes[test.start] - before) | (at > closes[test.stop - 1] + after)
    return rows[kept]


def trainable(
    timeline: Timeline, rows: Rows, tests: tuple[Fragment, ...], margins: Margins, where: str
) -> tuple[Fragment, ...]:
    """The fragments of `rows` after purge and embargo.

    `ConfigError` where one of them keeps fewer than `least_bars`, or none is left: a short one is never skipped.
    """
    found = timeline.of_rows(purged(timeline, rows, tests, margins))
    for one in found:
        refuse_short(timeline, one, margins, where)
    if not found:
        raise ConfigError(f"{where} leaves nothing to train on: take fewer groups, or a shorter embargo")
    return found


def refuse_short(timeline: Timeline, fragment: Fragment, margins: Margins, where: str) -> None:
    """`ConfigError` when a fragment is too short for an episode."""
    if len(fragment) < margins.least_bars:
        raise ConfigError(
            f"{where} has a fragment of {len(fragment)} bars, {timeline.told(fragment)}; lookback and episode "
            f"need {margins.least_bars}: take fewer groups, a shorter lookback or embargo, more candles, or "
            "tolerate longer gaps"
        )
