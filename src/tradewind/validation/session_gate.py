"""Whether recorded sessions allow the next step: G5 after paper, G6 after a testnet. Every criterion is judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tradewind.validation.evidence import SessionEvidence, days_covered

PAPER_DAYS, PAPER_DECISIONS = 14, 200
LEAST_PARITY, LEAST_UPTIME = 0.999, 0.995
MOST_MEAN_SLIPPAGE, MOST_P95_SLIPPAGE = 1.5, 3.0
BAND_SIGMAS = 3.0
TESTNET_DAYS = 7
EXERCISES = ("order lifecycle", "reconnect", "partial fill", "reject", "kill switch", "drawdown stop")
_TESTNETS = ("testnet", "demo")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the gate. `passed` None: the evidence does not hold it, which is not a pass."""

    gate: str
    name: str
    passed: bool | None
    text: str


def gate_of_paper(sessions: Iterable[SessionEvidence], bundle: str) -> tuple[Criterion, ...]:
    """G5, over all paper sessions of a bundle on a real venue's bars in real time."""
    chosen = _of(sessions, bundle, ("paper",))
    days, decisions = days_covered(chosen), sum(s.decisions for s in chosen)
    unexplained = sum(s.unreconciled for s in chosen)
    judged = (
        ("days", days >= PAPER_DAYS, f"{days:.1f} of {PAPER_DAYS}"),
        ("decisions", decisions >= PAPER_DECISIONS, f"{decisions} of {PAPER_DECISIONS}"),
        _worst("parity with a replay", [s.parity_share for s in chosen], LEAST_PARITY, least=True),
        _worst("uptime", [s.uptime_share for s in chosen], LEAST_UPTIME, least=True),
        _worst("mean slippage", [s.slippage_mean_ratio for s in chosen], MOST_MEAN_SLIPPAGE, least=False),
        _worst("95 % slippage", [s.slippage_p95_ratio for s in chosen], MOST_P95_SLIPPAGE, least=False),
        ("unreconciled positions", (unexplained == 0) if chosen else None, str(unexplained)),
        _in_band(chosen),
    )
    return tuple(Criterion("G5", *line) for line in judged)


def gate_of_testnet(sessions: Iterable[SessionEvidence], bundle: str) -> tuple[Criterion, ...]:
    """G6, over all sessions of a bundle on a testnet or a demo market."""
    chosen = _of(sessions, bundle, _TESTNETS)
    days, done = days_covered(chosen), {name for s in chosen for name in s.exercised}
    orphans = sum(s.orphan_orders for s in chosen)
    drifts = [s.position_drift_lots for s in chosen if s.position_drift_lots is not None]
    judged = [
        ("days", days >= TESTNET_DAYS, f"{days:.1f} of {TESTNET_DAYS}"),
        *(
            (name, (name in done) or None, "exercised" if name in done else "never seen")
            for name in EXERCISES
        ),
        ("orphan orders", (orphans == 0) if chosen else None, str(orphans)),
        (
            "position drift",
            not any(drifts) if drifts else None,
            f"{sum(drifts)} lots" if drifts else "not measured",
        ),
    ]
    return tuple(Criterion("G6", *line) for line in judged)


def passes(criteria: Iterable[Criterion]) -> bool:
    """Whether every one passed; what was not measured did not."""
    return all(one.passed for one in criteria)


def _of(sessions: Iterable[SessionEvidence], bundle: str, places: tuple[str, ...]) -> list[SessionEvidence]:
    return [s for s in sessions if s.counts and s.bundle == bundle and s.environment in places]


def _worst(
    name: str, values: Sequence[float | None], limit: float, *, least: bool
) -> tuple[str, bool | None, str]:
    known = [value for value in values if value is not None]
    if not known:
        return name, None, "not measured"
    worst = min(known) if least else max(known)
    sign = ">=" if least else "<="
    return name, worst >= limit if least else worst <= limit, f"{worst:.4g}, expected {sign} {limit:g}"


def _in_band(sessions: Sequence[SessionEvidence]) -> tuple[str, bool | None, str]:
    """The return of all days against that of the backtest on the same bars, in their own deviations."""
    name = "return within the backtest's band"
    pairs = [(a, b) for s in sessions for a, b in zip(s.daily_returns, s.expected_daily_returns)]
    if len(pairs) < 2:
        return name, None, "not measured"
    differences = np.array([made - expected for made, expected in pairs])
    deviation = float(differences.std(ddof=1))
    sigmas = float(differences.sum()) / (deviation * math.sqrt(len(pairs))) if deviation else 0.0
    return name, abs(sigmas) <= BAND_SIGMAS, f"{sigmas:+.1f} sigma over {len(pairs)} days"
