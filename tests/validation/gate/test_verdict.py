"""The verdict judges every criterion, names all that stand in the way, and takes nothing unmeasured for a pass."""

from __future__ import annotations

import json

import pytest

from tests.validation.gate.histories import TRIED, economical, exact, learnt, robust, shown, whole
from tradewind.market import DataError
from tradewind.validation.gate.criterion import Outcome
from tradewind.validation.gate.facts import Facts, Tried, WorldResult
from tradewind.validation.gate.integrity import integrity, worlds
from tradewind.validation.gate.thresholds import thresholds
from tradewind.validation.gate.verdict import GATES, judged


def test_an_edge_is_promoted() -> None:
    verdict = judged(whole(), TRIED)
    assert verdict.promoted, verdict.sentence
    assert tuple(dict.fromkeys(one.gate for one in verdict.criteria)) == GATES
    assert verdict.to_json()["promoted"] is True


def test_all_that_fail_are_named() -> None:
    facts = whole(
        integrity=shown(no_look_ahead=False, equity_difference=1e-6),
        economics=economical(double_costs=exact(-1), capacity=None),
        robustness=robust(vault=exact(-3, days=180)),
    )
    verdict = judged(facts, TRIED)
    assert not verdict.promoted
    assert [(one.gate, one.name, str(one.verdict)) for one in verdict.against] == [
        ("G0", "no look ahead", "failed"),
        ("G0", "environment equals backtest", "failed"),
        ("G3", "double costs, one bar of delay", "failed"),
        ("G3", "capacity", "undefined"),
        ("G4", "vault", "failed"),
        ("G4", "vault against development", "failed"),
    ]
    assert "G3 capacity (undefined)" in verdict.sentence


def test_what_was_not_measured_is_no_pass() -> None:
    verdict = judged(Facts(), TRIED)
    assert not verdict.promoted
    assert [(one.gate, one.verdict) for one in verdict.criteria] == [(g, Outcome.UNDEFINED) for g in GATES]
    for gate in ("integrity", "worlds", "skill", "economics", "robustness"):
        assert not judged(whole(**{gate: None}), TRIED).promoted
    assert not judged(whole(worlds=()), TRIED).promoted


def test_more_trials_in_the_ledger_take_a_promotion_back() -> None:
    many = judged(whole(), Tried(configurations=500, variance=1 / 365))
    assert [one.name for one in many.against] == ["(c) DSR"]


def test_each_fact_of_integrity_counts() -> None:
    limits = thresholds().integrity
    assert all(one.verdict is Outcome.PASSED for one in integrity(shown(), limits))
    for one in integrity(type(shown())(), limits):
        assert one.verdict is Outcome.UNDEFINED
    assert [one.name for one in integrity(shown(nothing_filled=False), limits) if not one.holds] == [
        "nothing filled"
    ]


def test_worlds_that_a_learner_skipped_or_failed() -> None:
    limits = thresholds().worlds
    assert all(one.holds for one in worlds(learnt(), limits))
    assert [one.name for one in worlds(learnt()[1:], limits) if not one.holds] == [learnt()[0].world]
    found = worlds((*learnt()[:-1], WorldResult(world="W0", share=0.2, positive=False)), limits)
    assert [(one.name, one.verdict) for one in found if not one.holds] == [("W0", Outcome.FAILED)]
    own = worlds(
        (WorldResult(world="W2", share=0.7, least=0.6), *(w for w in learnt() if w.world != "W2")), limits
    )
    assert all(one.holds for one in own)


def test_facts_survive_json_bit_for_bit() -> None:
    facts = whole()
    again = Facts.from_json(json.loads(json.dumps(facts.to_json(), allow_nan=False)))
    assert again.to_json() == facts.to_json()
    assert judged(again, TRIED) == judged(facts, TRIED)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"skil": None}, "skil: Extra inputs"),
        ({"skill": {"walk_forward": [float("nan")]}}, "skill.by_seed: Field required"),
        ({"integrity": {"equity_difference": -1}}, "integrity.equity_difference: Input should be greater"),
    ],
)
def test_facts_that_are_none_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match="no facts that a gate can judge") as refused:
        Facts.from_json(change)
    assert said in str(refused.value)
