"""The judgement of a track record as one honest sentence, and as facts."""

from __future__ import annotations

from tradewind.reports import numbers as n
from tradewind.validation.judging import CONFIDENCE, TARGET_SHARPE, Judgement, Standing
from tradewind.words import counted

_HEADLINES = {
    Standing.EDGE: "Edge",
    Standing.NO_EDGE: "No edge",
    Standing.TOO_LITTLE: "Not enough data",
}


def sentence(judgement: Judgement) -> str:
    """Edge, no edge, or not enough data and how many years it would take."""
    return f"{_HEADLINES[judgement.standing]}: {_told(judgement)}."


def _told(judgement: Judgement) -> str:
    best, length = judgement.chosen, n.span(judgement.days)
    if best.net_return <= -1:
        return f"{best.name} lost all it had within {length}"
    if best.sharpe is None:
        reason = judgement.undefined.get(f"sharpe of {best.name}", "it has no Sharpe ratio")
        return f"{best.name} over {length} cannot be judged ({reason}); {_for_target(judgement)}"
    own = f"{best.name} has a Sharpe of {_interval(judgement)} over {length}"
    if best.sharpe <= 0:
        return f"{own}; it lost, or stood still"
    proof = f"a DSR of {n.percent(judgement.dsr, 0)}{_among(judgement)}"
    if judgement.standing is Standing.EDGE:
        return f"{own}, {proof}; past returns are no promise"
    needed = f"{n.percent(CONFIDENCE, 0)} is needed"
    if judgement.standing is Standing.TOO_LITTLE:
        doubt = f"{proof} where {needed}"
        if judgement.dsr is not None and judgement.dsr >= CONFIDENCE:
            doubt = f"{proof}, yet the interval, which allows for days that hang together, holds zero"
        return f"{own}, {doubt}; going on like this, it takes {_years(judgement.years_needed)} in all to tell"
    if judgement.dsr is None:
        return f"{own}, and no DSR ({judgement.undefined.get('dsr', '')})"
    if judgement.dsr >= CONFIDENCE and judgement.pbo is not None:
        return (
            f"{own}, but what was best in one half of the days was below the middle in the other in "
            f"{n.percent(judgement.pbo, 0)} of cases, and lost in {n.percent(judgement.loss_probability, 0)}"
        )
    target = _years(judgement.years_for_target)
    return f"{own}, {proof} where {needed}; a Sharpe of {TARGET_SHARPE:g} shows itself in {target}"


def facts(judgement: Judgement) -> list[tuple[str, str]]:
    """Names and values, a line each."""
    best = judgement.chosen
    rows = [
        ("days", f"{n.count(judgement.days)}, {n.date(judgement.start_ms)} to {n.date(judgement.end_ms)}"),
        (
            "judged",
            f"{best.name}, the best of {counted(judgement.trials, 'trial')}"
            if judgement.trials > 1
            else best.name,
        ),
        ("Sharpe", f"{_interval(judgement)} a year, 95 % by bootstrap"),
        ("PSR(0)", n.percent(best.psr, 1)),
        ("DSR", _deflated(judgement)),
        (
            "years",
            f"{n.span(judgement.days)} of record; {n.years(judgement.years_needed)} needed to show this Sharpe, "
            f"{n.years(judgement.years_for_target)} for one of {TARGET_SHARPE:g}",
        ),
    ]
    if judgement.trials > 1:
        rows.append(
            (
                "MinBTL",
                f"{n.years(judgement.min_btl_years)}: in less, the best of so many shows a Sharpe of 1 by luck",
            )
        )
    if len(judgement.columns) > 1:
        rows += [
            ("trials", f"as {n.plain(judgement.effective_trials, 1)} independent ones"),
            (
                "PBO",
                f"{n.percent(judgement.pbo, 0)}, slope {n.ratio(judgement.pbo_slope)}, chance of a loss "
                f"{n.percent(judgement.loss_probability, 0)}",
            ),
            ("family", f"PSR(0) of all trials in equal parts {n.percent(judgement.family_psr, 1)}"),
        ]
    if judgement.days_without_row:
        rows.append(
            ("gaps", f"{counted(judgement.days_without_row, 'day')} without a row, taken as no return")
        )
    rows += [("undefined", f"{name}: {reason}") for name, reason in judgement.undefined.items()]
    return rows


def _interval(judgement: Judgement) -> str:
    low, high = n.ratio(judgement.sharpe_low), n.ratio(judgement.sharpe_high)
    return f"{n.ratio(judgement.chosen.sharpe)} [{low}, {high}]"


def _deflated(judgement: Judgement) -> str:
    deflated = n.percent(judgement.dsr, 1)
    if judgement.trials == 1:
        return f"{deflated}, as PSR(0): for one trial. Were more tried, failed ones too? Say --trials"
    luck, null = n.ratio(judgement.luck_sharpe), n.ratio(judgement.luck_sharpe_null)
    return f"{deflated} against a Sharpe of {luck} by luck ({null} if no trial had skill)"


def _among(judgement: Judgement) -> str:
    return f" among {judgement.trials:,} trials" if judgement.trials > 1 else ""


def _for_target(judgement: Judgement) -> str:
    return f"to show a Sharpe of {TARGET_SHARPE:g} takes {_years(judgement.years_for_target)}"


def _years(value: float | None) -> str:
    return "more years than can be told" if value is None else n.years(value)
