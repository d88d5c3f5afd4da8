"""The verdict in a bundle, with all that it was judged from: whoever holds the bundle can judge again.

Evidence `gate` of a bundle: the model hash, the scope, the facts, the verdict, the entries of the ledger from its
first on, and the head of their chain. The trading machine rarely has the ledger itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from tradewind.market import DataError, Inconsistent
from tradewind.policy import Bundle
from tradewind.validation.entries import Entry, Scope, Trial
from tradewind.validation.gate.facts import Facts, Tried
from tradewind.validation.gate.verdict import Verdict, judged
from tradewind.validation.ledger import head_of, verified

KEY = "gate"
FORMAT = 1
_AGAIN = "promote the model again"


def tried(entries: Iterable[Entry], scope: Scope) -> Tried:
    """N and V of the deflated Sharpe ratio: of all trials that compete with `scope`, and of those that were finished.

    A configuration counts once, whatever came of it; of one that was finished twice, the last Sharpe ratio counts.
    """
    trials = [entry.record for entry in entries if isinstance(entry.record, Trial)]
    competing = [one for one in trials if one.scope.competes(scope)]
    finished = {
        one.configuration: one.sharpe_daily
        for one in competing
        if one.status == "done" and one.sharpe_daily is not None
    }
    variance = float(np.var(list(finished.values()), ddof=1)) if len(finished) > 1 else None
    return Tried(configurations=len({one.configuration for one in competing}), variance=variance)


def with_verdict(
    bundle: Bundle, facts: Facts, scope: Scope, entries: Sequence[Entry]
) -> tuple[Bundle, Verdict]:
    """The bundle with the verdict on `facts` and its evidence; what else it carries stays.

    `entries` are all of the ledger, from its first on; `Inconsistent` where their chain does not hold.
    """
    lines = [entry.to_json() for entry in entries]
    verified(lines)
    verdict = judged(facts, tried(entries, scope))
    proof: dict[str, Any] = {
        "format": FORMAT,
        "model": bundle.sha256,
        "scope": {**asdict(scope), "symbols": list(scope.symbols)},
        "facts": facts.to_json(),
        "ledger": {"entries": lines, "head": asdict(head_of(entries))},
        "verdict": verdict.to_json(),
    }
    return bundle.with_evidence({**bundle.spec.evidence, KEY: proof}), verdict


def recompute(bundle: Bundle) -> Verdict:
    """The verdict from the evidence alone, by the thresholds of this version of the program.

    `DataError` where there is none, or it cannot be read. `Inconsistent` where it is of another model, where an entry
    of the ledger was changed or taken away, or where the same thresholds give another verdict than was written.
    """
    proof = _proof(bundle)
    if proof["model"] != bundle.sha256:
        raise Inconsistent(
            f"the verdict is of model {str(proof['model'])[:12]}, not of {bundle.sha256[:12]}: {_AGAIN}"
        )
    entries = _entries(proof["ledger"])
    verdict = judged(Facts.from_json(proof["facts"]), tried(entries, _scope(proof["scope"])))
    recorded = proof["verdict"]
    if recorded.get("thresholds") == verdict.thresholds and not _same(recorded, verdict):
        raise Inconsistent(
            f"the evidence does not give the verdict that was written with it: it was changed, {_AGAIN}"
        )
    return verdict


def _proof(bundle: Bundle) -> Mapping[str, Any]:
    proof = bundle.spec.evidence.get(KEY)
    if proof is None:
        raise DataError(f"model {bundle.sha256[:12]} carries no verdict of the gate: promote it first")
    parts = {"model", "scope", "facts", "ledger", "verdict"}
    if not isinstance(proof, dict) or proof.get("format") != FORMAT or not proof.keys() >= parts:
        raise DataError(
            f"model {bundle.sha256[:12]} carries a verdict that this version cannot read: {_AGAIN}"
        )
    if not all(isinstance(proof[name], dict) for name in parts - {"model"}):
        raise DataError(
            f"model {bundle.sha256[:12]} carries a verdict with other contents than expected: {_AGAIN}"
        )
    return proof


def _entries(values: Mapping[str, Any]) -> tuple[Entry, ...]:
    lines = values.get("entries")
    entries = verified(lines if isinstance(lines, list) else [])
    if asdict(head_of(entries)) != values.get("head"):
        raise Inconsistent(
            f"the ledger of the evidence ends at entry {len(entries)}, its head is another: {_AGAIN}"
        )
    return entries


def _scope(values: Mapping[str, Any]) -> Scope:
    try:
        return Scope(**{**values, "symbols": tuple(values["symbols"])})
    except (KeyError, TypeError) as error:
        raise DataError(f"the scope of the verdict cannot be read ({error}): {_AGAIN}") from error


def _same(recorded: Mapping[str, Any], verdict: Verdict) -> bool:
    """Line by line; numbers to 1e-9, since another processor adds in another order."""
    lines = recorded.get("criteria")
    if not isinstance(lines, list) or len(lines) != len(verdict.criteria):
        return False
    return recorded.get("promoted") is verdict.promoted and all(
        isinstance(line, dict)
        and (line.get("gate"), line.get("name"), line.get("verdict"))
        == (one.gate, one.name, str(one.verdict))
        and _close(line.get("value"), one.value)
        for line, one in zip(lines, verdict.criteria, strict=True)
    )


def _close(value: Any, other: float | None) -> bool:
    if value is None or other is None:
        return value is other
    return isinstance(value, int | float) and math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-9)
