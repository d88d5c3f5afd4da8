"""A journal gives the same decisions again, or the first difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.promises.agents import moody_agent, rules_for
from tests.promises.worldlets import Moody, wild_market
from tests.trading.conftest import session_of
from tradewind.market import Command, CommandKind, Decision, Fill, Kind, Market, Snapshot
from tradewind.market.errors import ConfigError
from tradewind.policy.agent import Agent, agent_of_baseline
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.replaying import ReplayReport, agent_of_session, replay
from tradewind.trading.session.session import SessionSummary
from tradewind.trading.terms.order_records import OrderAlarm
from tradewind.trading.terms.order_states import Alarm

Rewrite = Callable[[int, Any], list[Any]]


def replayed(path: Path, agent: Agent) -> ReplayReport:
    with Journal.open(path) as journal:
        return replay(journal, agent)


def rewritten(path: Path, change: Rewrite) -> Path:
    """The same journal with other records: as if another thing had been written, so that its chain holds."""
    copy = path.with_suffix(".changed")
    with Journal.open(path) as old, Journal.create(copy, old.session) as new:
        new.append([r for number, record in old.records() for r in change(number, record)])
    return copy


def numbers(path: Path, kind: type) -> list[int]:
    with Journal.open(path) as journal:
        return [number for number, record in journal.records() if isinstance(record, kind)]


def test_an_untouched_journal_is_identical_over_several_segments(
    agent: Agent, path: Path, summary: SessionSummary
) -> None:
    report = replayed(path, agent)
    assert report.identical
    assert report.decisions == summary.decisions > 200


@pytest.mark.parametrize("name", ["buy_and_hold", "equal_weight", "random", "time_series_momentum"])
def test_policies_that_remember_are_identical(name: str, market: Market, tmp_path: Path) -> None:
    agent = agent_of_baseline(name, [Kind.PERPETUAL] * 2, market.timeframe, rules_for(Kind.PERPETUAL))
    path = tmp_path / "run.sqlite"
    session_of(path, agent, market)
    with Journal.open(path) as journal:
        named = agent_of_session(journal.session, _no_bundle)
        assert named.model_hash == agent.model_hash
        assert replay(journal, named).identical


def test_what_the_order_manager_wrote_between_is_passed_over(
    agent: Agent, path: Path, summary: SessionSummary
) -> None:
    def with_alarms(_: int, record: Any) -> list[Any]:
        alarm = OrderAlarm(record.at, "A", "twnd1", Alarm.UNKNOWN_LONG, "in doubt for 60 s")
        return [record] if isinstance(record, Snapshot) else [record, alarm]

    report = replayed(rewritten(path, with_alarms), agent)
    assert report.identical
    assert report.decisions == summary.decisions


def _no_bundle(name: str) -> Agent:
    raise AssertionError(name)


def test_a_bundle_is_asked_for_by_its_name(agent: Agent) -> None:
    asked: list[str] = []

    def find(name: str) -> Agent:
        asked.append(name)
        return agent

    assert agent_of_session({"agent": {"bundle": "mine"}}, find) is agent
    assert asked == ["mine"]


@pytest.mark.parametrize("field", ["high", "close", "volume"])
@pytest.mark.fault("D9")
def test_one_float_of_one_bar_is_found_at_its_decision(field: str, agent: Agent, path: Path) -> None:
    chosen = next(n for n in numbers(path, Snapshot) if n > 600)
    changed_at = 0

    def change(number: int, item: Any) -> list[Any]:
        nonlocal changed_at
        if number != chosen:
            return [item]
        changed_at = item.close_time
        bar = next(b for b in item.bars if b is not None)
        values = {field: getattr(bar, field) * (1 + 2**-20)}
        if field == "close":
            values["high"], values["low"] = bar.high * 1.01, bar.low
        return [replace(item, bars=tuple(replace(b, **values) if b is bar else b for b in item.bars))]

    report = replayed(rewritten(path, change), agent)
    assert report.difference is not None
    assert report.difference.at == changed_at
    assert str(report.difference).startswith(f"record {chosen + 1}, bar closed at {changed_at}: ")


def test_a_fill_that_was_dropped_is_found_at_the_next_decision(agent: Agent, path: Path) -> None:
    dropped = numbers(path, Fill)[20]
    report = replayed(rewritten(path, lambda n, r: [] if n == dropped else [r]), agent)
    assert report.difference is not None
    following = next(n for n in numbers(path, Decision) if n > dropped)
    assert report.difference.number == following - 1
    assert report.difference.field in {"equity", "reward", "review", "observation", "orders", "wanted"}


def test_a_decision_that_was_dropped_or_added_is_found(agent: Agent, path: Path) -> None:
    dropped = numbers(path, Decision)[30]
    report = replayed(rewritten(path, lambda n, r: [] if n == dropped else [r]), agent)
    assert report.decisions == 30
    assert report.difference is not None
    assert (report.difference.recorded, report.difference.recomputed) == ("none", "one")
    twice = rewritten(
        path.rename(path.with_name("other.sqlite")), lambda n, r: [r, r] if n == dropped else [r]
    )
    report = replayed(twice, agent)
    assert report.decisions == 32
    assert report.difference is not None
    assert (report.difference.recorded, report.difference.recomputed) == ("one", "none")


def test_a_last_decision_that_was_not_recorded_is_found(agent: Agent, path: Path) -> None:
    last = numbers(path, Decision)[-1]
    report = replayed(rewritten(path, lambda n, r: [r] if n < last else []), agent)
    assert report.difference is not None
    assert report.difference.number == last
    assert report.difference.recomputed == "one"


@pytest.mark.parametrize("field", ["equity", "reward"])
@pytest.mark.fault("D9")
def test_one_bit_of_a_recorded_decision_is_found(field: str, agent: Agent, path: Path) -> None:
    chosen = numbers(path, Decision)[40]

    def change(number: int, item: Any) -> list[Any]:
        value = getattr(item, field) if number == chosen else 0.0
        return [replace(item, **{field: value * (1 + 2**-52) or -0.0}) if number == chosen else item]

    report = replayed(rewritten(path, change), agent)
    assert report.decisions == 41
    assert report.difference is not None
    assert (report.difference.number, report.difference.field) == (chosen, field)


def test_how_long_it_took_is_not_compared(agent: Agent, path: Path) -> None:
    slow = rewritten(path, lambda _, r: [replace(r, latency_us=1e6)] if isinstance(r, Decision) else [r])
    assert replayed(slow, agent).identical


def test_another_mood_is_found_and_another_model_refused(agent: Agent, path: Path, market: Market) -> None:
    report = replayed(path, replace(agent, policy=Moody(2, 8.0, seed=1)))
    assert report.difference is not None
    assert report.difference.field == "wanted"
    with pytest.raises(ConfigError, match="written with model_hash"):
        replayed(path, replace(agent, model_hash="ab"))
    with pytest.raises(ConfigError, match="written with rules"):
        replayed(path, agent.under(replace(agent.rules, band=0.02)))
    with pytest.raises(ConfigError, match="written with plan"):
        replayed(path, moody_agent(market, agent.rules, "finrl7"))


def test_a_rearm_is_part_of_the_record(tmp_path: Path) -> None:
    """One that nobody gave shows: from there on the kill switch is no longer latched."""
    market = wild_market(500, 2, Kind.PERPETUAL, seed=5)
    rules = rules_for(Kind.PERPETUAL)
    agent = moody_agent(market, replace(rules, risk=replace(rules.risk, max_drawdown=0.05)))
    path = tmp_path / "run.sqlite"
    session_of(path, agent, market)
    assert replayed(path, agent).identical
    late = numbers(path, Snapshot)[-50]
    rearm = Command(CommandKind.REARM, 0)
    assert not replayed(rewritten(path, lambda n, r: [rearm, r] if n == late else [r]), agent).identical
