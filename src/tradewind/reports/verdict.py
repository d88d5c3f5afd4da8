"""One honest sentence, built from the figures: what the backtest shows, and what it cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tradewind.backtest.figures import TARGET_SHARPE, Figures
from tradewind.market.errors import DataError
from tradewind.reports import numbers as n
from tradewind.statistics import DAY_MS


class Standing(StrEnum):
    """What can be said, from worst to best."""

    RUINED = "ruined"
    INACTIVE = "inactive"
    TOO_SHORT = "too short"
    WORSE = "worse"
    NO_EDGE = "no edge"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Verdict:
    standing: Standing
    headline: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.headline}: {self.sentence}"


def strongest_baseline(figures: Sequence[Figures], subject_index: int = 0) -> int | None:
    """The result to beat: the best Sharpe among the others, those without the agent's risk rules first."""
    others = [i for i in range(len(figures)) if i != subject_index and figures[i].sharpe is not None]
    free = [i for i in others if not figures[i].risk_rules]
    return max(free or others, key=lambda i: figures[i].sharpe or 0.0, default=None)


def judge(figures: Figures) -> Verdict:
    """The verdict on one policy, against the benchmark that its figures were computed with."""
    verdict = _judge(figures)
    if figures.halted_ms is None:
        return verdict
    after = n.span((figures.halted_ms - figures.start_ms) / DAY_MS)
    halted = f"Its kill switch fired on {n.moment(figures.halted_ms)}, {after} into the test."
    return replace(verdict, sentence=f"{verdict.sentence} {halted}")


def _judge(figures: Figures) -> Verdict:
    name, length = figures.name, n.span(figures.days)
    if figures.end_equity <= 0:
        return Verdict(Standing.RUINED, "Ruined", f"{name} lost all its capital within {length}.")
    if figures.inactive:
        sentence = f"{name} never traded in {length}, so there is no skill to judge{_given(figures)}."
        return Verdict(Standing.INACTIVE, "Inactive", sentence)
    net = f"net return {n.percent(figures.net_return, signed=True)}"
    if figures.sharpe is None or figures.sharpe_low is None:
        reason = figures.undefined.get("sharpe") or figures.undefined.get("sharpe_low", "")
        return Verdict(
            Standing.TOO_SHORT,
            "Too little to judge",
            f"{name} made a {net} in {length}, but has no Sharpe ratio ({reason}){_needed(figures)}.",
        )
    return _measured(figures)


def _measured(figures: Figures) -> Verdict:
    sharpe, low = figures.sharpe, figures.sharpe_low
    if sharpe is None or low is None:
        raise DataError(f"{figures.name} has no Sharpe ratio to compare")
    own = f"net Sharpe {_with_interval(sharpe, low, figures.sharpe_high)} over {n.span(figures.days)}"
    rival, gap = figures.benchmark, None
    if rival is not None and rival.sharpe is not None:
        gap = rival.sharpe_difference_low, rival.sharpe_difference_high
        theirs = f"{rival.name} {n.ratio(rival.sharpe)}"
    confidence = n.percent(figures.confidence, 0)
    if rival is None or gap is None or gap[0] is None or gap[1] is None:
        if low > 0:
            return Verdict(Standing.EDGE, "Profitable", f"{own} is above zero at {confidence}{_caution()}.")
        return Verdict(
            Standing.NO_EDGE, "No edge shown", f"{own} cannot be told from zero{_needed(figures)}."
        )
    difference = f"the difference is {_with_interval(rival.sharpe_difference, *gap)}"
    if gap[1] < 0:
        return Verdict(Standing.WORSE, f"Worse than {rival.name}", f"{own} against {theirs}; {difference}.")
    if sharpe <= (rival.sharpe or 0.0):
        return Verdict(Standing.NO_EDGE, "No edge shown", f"{own} does not beat {theirs}{_needed(figures)}.")
    if gap[0] > 0 and low > 0:
        sentence = f"{own} beats {theirs} at {confidence}; {difference}{_caution()}."
        return Verdict(Standing.EDGE, f"Ahead of {rival.name}", sentence)
    doubt = f"is above {theirs}, but {difference}, which luck can explain"
    if sharpe <= 0:
        doubt = f"lost less than {theirs}, yet it lost"
    elif gap[0] > 0:
        doubt = f"beats {theirs}, but cannot itself be told from zero"
    return Verdict(Standing.NO_EDGE, "No edge shown", f"{own} {doubt}{_needed(figures)}.")


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    return f"{n.ratio(value)} [{n.ratio(low)}, {n.ratio(high)}]"


def _needed(figures: Figures) -> str:
    """How long a record would have to be."""
    length = figures.years_to_show_target
    if length is None or figures.halted_ms is not None:  # a halted curve says nothing about the time needed
        return ""
    confidence = n.percent(figures.confidence, 0)
    return f"; to show a Sharpe ratio of {TARGET_SHARPE:g} at {confidence} would need {n.years(length)}"


def _caution() -> str:
    return "; one backtest is a reason to validate, not to trade"


def _given(figures: Figures) -> str:
    if figures.benchmark is None:
        return ""
    return f"; {figures.benchmark.name} returned {n.percent(figures.benchmark.net_return, signed=True)}"
