"""A bundle carries its verdict with all it was judged from: the same again, or what was changed is said."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.validation.gate.histories import economical, exact, robust, whole
from tests.validation.test_ledger import DAY, SCOPE, ledger_in, trial
from tradewind.market import DataError, Inconsistent
from tradewind.policy import ActionSpec, Bundle, BundleSpec, NetworkSpec, ObservationSpec, random_tensors
from tradewind.validation.entries import Entry, Scope, configuration_hash
from tradewind.validation.gate import verdict as verdict_module
from tradewind.validation.gate.facts import Tried
from tradewind.validation.gate.proof import recompute, tried, with_verdict
from tradewind.validation.gate.thresholds import thresholds

ELSEWHERE = Scope(("ETH/USDT",), "1h", SCOPE.start_ms, SCOPE.end_ms, "cd" * 32)
LATER = replace(SCOPE, start_ms=SCOPE.end_ms, end_ms=SCOPE.end_ms + DAY)


def model(seed: int = 3) -> Bundle:
    network = NetworkSpec(
        layers=(2, 4, 1), activations=("tanh",), head="gaussian_mean", low=(-1.0,), high=(1.0,)
    )
    spec = BundleSpec(
        network=network,
        observation=ObservationSpec(names=("x", "y"), schema_hash="abc", lookback=1),
        action=ActionSpec(scale=(0.5,), offset=(0.25,)),
        venue="binance",
        symbols=("BTC/USDT",),
        kinds=("spot",),
        timeframe="1h",
        algorithm="PPO",
        code_version="0.1.0",
        evidence={"study": {"name": "one"}},
    )
    return Bundle.create(spec, random_tensors(network, seed))


def entries_in(folder: Path) -> tuple[Entry, ...]:
    ledger = ledger_in(folder)
    for number in range(10):
        ledger.append(trial(number, sharpe_daily=0.12 + 0.002 * number))
    ledger.append(trial(10, status="pruned", sharpe_daily=None, objective=None, reason="below the median"))
    ledger.append(trial(11, scope=ELSEWHERE))
    ledger.append(trial(12, scope=LATER))
    return ledger.entries()


def promoted(folder: Path) -> Bundle:
    bundle, verdict = with_verdict(model(), whole(), SCOPE, entries_in(folder))
    assert verdict.promoted, verdict.sentence
    return bundle


def changed(bundle: Bundle, change: Callable[[Any], None]) -> Bundle:
    evidence: Any = copy.deepcopy(dict(bundle.spec.evidence))
    change(evidence["gate"])
    return bundle.with_evidence(evidence)


def test_pruned_and_failed_trials_count_in_n_and_not_in_v(tmp_path: Path) -> None:
    entries = entries_in(tmp_path)
    found = tried(entries, SCOPE)
    assert found.configurations == 11
    assert found.variance == pytest.approx(np.var(0.002 * np.arange(10), ddof=1))
    assert tried(entries[:1], SCOPE) == Tried(configurations=1, variance=None)
    assert tried((), SCOPE) == Tried(configurations=0, variance=None)


def test_a_configuration_that_was_tried_twice_counts_once(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    same = configuration_hash({"rate": 0})
    for study, sharpe in (("a" * 64, 0.1), ("b" * 64, 0.3)):
        ledger.append(trial(0, study=study, configuration=same, sharpe_daily=sharpe))
    ledger.append(trial(1, sharpe_daily=0.1))
    found = tried(ledger.entries(), SCOPE)
    assert (found.configurations, found.variance) == (2, pytest.approx(0.02))


def test_the_bundle_alone_gives_the_verdict_again(tmp_path: Path) -> None:
    facts = whole(robustness=robust(vault=exact(-2, days=180)))
    bundle, verdict = with_verdict(model(), facts, SCOPE, entries_in(tmp_path))
    bundle.save(tmp_path / "model")
    again = Bundle.load(tmp_path / "model")
    assert recompute(again) == verdict
    assert not verdict.promoted
    assert again.sha256 == model().sha256
    assert again.spec.evidence["study"] == {"name": "one"}


def test_it_says_where_the_ledger_stood(tmp_path: Path) -> None:
    gate: Any = promoted(tmp_path).spec.evidence["gate"]
    head = ledger_in(tmp_path).verify()
    assert gate["ledger"]["head"] == {"number": 13, "hash": head.hash}


def _forget_the_last(gate: Any) -> None:
    gate["ledger"]["entries"].pop()


def _forget_the_first(gate: Any) -> None:
    del gate["ledger"]["entries"][0]


def _flatter_a_trial(gate: Any) -> None:
    gate["ledger"]["entries"][3]["record"]["sharpe_daily"] = 0.14


def _flatter_the_facts(gate: Any) -> None:
    gate["facts"]["skill"]["walk_forward"] = (exact(4.0, seed=4)).tolist()


def _flatter_the_verdict(gate: Any) -> None:
    gate["verdict"]["criteria"][0]["verdict"] = "failed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_forget_the_last, "ends at entry 12, its head is another"),
        (_forget_the_first, "entry 1 of the ledger is missing or out of order"),
        (_flatter_a_trial, "entry 4 of the ledger was changed"),
        (_flatter_the_facts, "does not give the verdict that was written with it"),
        (_flatter_the_verdict, "does not give the verdict that was written with it"),
    ],
)
def test_a_change_is_found(tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    bundle = promoted(tmp_path)
    with pytest.raises(Inconsistent, match=said):
        recompute(changed(bundle, change))


def test_the_verdict_of_another_model_is_refused(tmp_path: Path) -> None:
    other = model(seed=4).with_evidence(promoted(tmp_path).spec.evidence)
    with pytest.raises(Inconsistent, match="not of"):
        recompute(other)


def test_no_verdict_or_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="carries no verdict of the gate: promote it first"):
        recompute(model())
    bundle = promoted(tmp_path)
    with pytest.raises(DataError, match="this version cannot read"):
        recompute(changed(bundle, lambda gate: gate.update(format=2)))
    with pytest.raises(DataError, match="other contents"):
        recompute(changed(bundle, lambda gate: gate.update(ledger=[])))
    with pytest.raises(DataError, match="the scope of the verdict cannot be read"):
        recompute(changed(bundle, lambda gate: gate.update(scope={"symbols": []})))


def test_newer_thresholds_judge_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = promoted(tmp_path)
    old = thresholds()
    stricter = old.economics.model_copy(update={"capacity": 5.0})
    newer = old.model_copy(update={"version": old.version + 1, "economics": stricter})
    monkeypatch.setattr(verdict_module, "thresholds", lambda: newer)
    again = recompute(bundle)
    assert (again.thresholds, [one.name for one in again.against]) == (old.version + 1, ["capacity"])


def test_a_refusal_is_written_too(tmp_path: Path) -> None:
    bundle, verdict = with_verdict(
        model(), whole(economics=economical(capacity=None)), SCOPE, entries_in(tmp_path)
    )
    assert [str(one.verdict) for one in verdict.against] == ["undefined"]
    assert recompute(bundle) == verdict
