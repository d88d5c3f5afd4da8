"""The stages of going live, and the record of the journal that says which one a run is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    number: int
    share: float  # of the allocation
    days: float | None  # to be shown before the next; None: the last


STAGES = (Stage(0, 0.05, 14), Stage(1, 0.25, 30), Stage(2, 1.0, None))


@dataclass(frozen=True, slots=True)
class StageBegan:
    """From here on the run may use the share of this stage, and why. A record of the journal."""

    at: int  # UTC ms
    bundle: str
    stage: int
    reason: str


def stage_of(history: Iterable[StageBegan], bundle: str) -> Stage:
    """The stage that a bundle is in; the first, when the last that traded was another."""
    last = _last(history)
    return STAGES[last.stage] if last is not None and last.bundle == bundle else STAGES[0]


def first_stage(history: Iterable[StageBegan], bundle: str, now: int) -> StageBegan | None:
    """What to journal when a bundle begins to trade live; None if it did so before, and no other since."""
    last = _last(history)
    if last is not None and last.bundle == bundle:
        return None
    reason = "the first start" if last is None else "another model begins at the first stage"
    return StageBegan(now, bundle, STAGES[0].number, reason)


def _last(history: Iterable[StageBegan]) -> StageBegan | None:
    last = None
    for entry in history:
        last = entry
    return last
