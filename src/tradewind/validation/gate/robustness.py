"""G4: does the edge hold? Under noise, in every regime, without any one instrument, on days never looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tradewind import statistics as st
from tradewind.market import DataError
from tradewind.validation.gate.criterion import Criterion, Line
from tradewind.validation.gate.facts import RobustnessFacts
from tradewind.validation.gate.measures import annual_sharpe, returns
from tradewind.validation.gate.thresholds import Bootstrap, Robustness

Floats = NDArray[np.float64]
GATE = "G4"


def noise(name: str, base: Floats, disturbed: Floats, limits: Robustness) -> Criterion:
    """The share of its Sharpe ratio that is lost with `name`; where there is none to lose it is undefined."""
    ours, theirs = returns(base, 1, "the returns"), returns(disturbed, 1, f"the returns with {name}")

    def loss() -> float:
        whole = annual_sharpe(ours)
        if whole <= 0:
            raise st.Undefined(f"the Sharpe ratio is {whole:.3g} before any noise")
        return 1 - annual_sharpe(theirs) / whole

    return Line(GATE, name).at_most(
        limits.sharpe_loss, loss, f"the share of the Sharpe ratio that {name} takes away"
    )


def regimes(daily: Floats, regime: Sequence[str], limits: Robustness) -> Criterion:
    """The worst Sharpe ratio among the regimes that lasted long enough, by the name of each day's regime."""
    values, names = returns(daily, 1, "the returns"), np.array(regime)
    if names.shape != values.shape:
        raise DataError(f"{len(names)} regimes for {len(values)} days: one each is needed")
    line = Line(GATE, "worst regime")
    long = [name for name in np.unique(names) if (names == name).sum() > limits.regime_days]
    if not long:
        return line.undefined(f"no regime lasted more than {limits.regime_days} days", limits.regime_sharpe)
    why = st.Reasons()
    found = {str(name): why.value(name, lambda n=name: annual_sharpe(values[names == n])) for name in long}  # type: ignore[misc]
    if why.found:
        name, reason = next(iter(why.found.items()))
        return line.undefined(f"the Sharpe ratio in {name} is undefined: {reason}", limits.regime_sharpe)
    sharpes = {name: value for name, value in found.items() if value is not None}
    worst = min(sharpes, key=lambda name: sharpes[name])
    return line.at_least(limits.regime_sharpe, lambda: sharpes[worst], f"the Sharpe ratio in {worst}")


def leave_one_out(left_out: Mapping[str, Floats], instruments: int, least: int) -> Criterion:
    """The worst Sharpe ratio without any one instrument; all of them must have been left out in turn."""
    line = Line(GATE, "leave one out")
    if instruments < least:
        return line.not_applicable(f"instruments are left out from {least} on, this has {instruments}")
    if len(left_out) != instruments:
        return line.undefined(f"{len(left_out)} of {instruments} instruments were left out in turn", 0.0)

    def worst() -> float:
        return min(annual_sharpe(returns(one, 1, f"without {name}")) for name, one in left_out.items())

    return line.above(0.0, worst, "the worst Sharpe ratio without one instrument")


def vault(
    base: Floats, kept: Floats, limits: Robustness, bootstrap: Bootstrap
) -> tuple[Criterion, Criterion]:
    """On days kept back: a profit, and a Sharpe ratio that may be the one of development."""
    ours, theirs = returns(base, 1, "the returns"), np.asarray(kept, dtype=np.float64)
    above, same = Line(GATE, "vault"), Line(GATE, "vault against development")
    if theirs.ndim != 1 or not theirs.size:
        shut = "the vault was not opened"
        return above.undefined(shut, 0.0), same.undefined(shut)
    positive = above.above(0.0, lambda: annual_sharpe(theirs), "the Sharpe ratio in the vault")
    rng, sure = np.random.default_rng(bootstrap.seed), 1 - limits.vault_significance
    try:
        gap = st.sharpe_gap(ours, theirs, rng, bootstrap.draws, sure)
    except st.Undefined as reason:
        return positive, same.undefined(f"development less vault is undefined: {reason}")
    distance = max(gap.low, -gap.high)
    told = f"development less vault is a Sharpe ratio of {gap.value:.3g}, {gap.low:.3g} to {gap.high:.3g} at {sure:.0%}"
    if distance > 0:
        return positive, same.failed(gap.value, f"{told}: they differ")
    return positive, same.passed(gap.value, f"{told}: they may be equal")


def robustness(
    facts: RobustnessFacts, limits: Robustness, least_instruments: int, bootstrap: Bootstrap
) -> tuple[Criterion, ...]:
    """All of G4."""
    return (
        noise("feature noise", facts.base, facts.feature_noise, limits),
        noise("price jitter", facts.base, facts.price_jitter, limits),
        regimes(facts.base, facts.regime, limits),
        leave_one_out(facts.left_out, facts.instruments, least_instruments),
        *vault(facts.base, facts.vault, limits, bootstrap),
    )
