"""A run that was cut off anywhere goes on as if it never had been."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.promises.agents import CAPITAL
from tests.trading.conftest import describe
from tradewind.data.replaying import Replay
from tradewind.market import CashFlow, Command, Decision, Fill, Inconsistent, Market, Snapshot
from tradewind.policy.agent import Agent, agent_of_baseline
from tradewind.policy.protocol import Weights
from tradewind.simulator import Rules
from tradewind.trading.engine.engine import Engine
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import BarDesk, Item
from tradewind.trading.session.recovery import Resumed, resume
from tradewind.trading.session.replaying import replay
from tradewind.trading.session.session import run_session
from tradewind.trading.terms.discrepancy import Epoch
from tradewind.trading.terms.order_records import Denied
from tradewind.venues import PaperVenue


def read(path: Path) -> list[Any]:
    with Journal.open(path) as journal:
        return [record for _, record in journal.records()]


class From:
    """The items of a market after the first few."""

    def __init__(self, market: Market, skip: int) -> None:
        self.items = list(Replay(market))[skip:]

    async def __aiter__(self) -> AsyncIterator[Item]:
        for item in self.items:
            yield item


def cut(path: Path, records: list[Any], session: dict[str, Any]) -> Journal:
    journal = Journal.create(path, session)
    journal.append(records)
    return journal


def timeless(record: Any) -> Any:
    return replace(record, latency_us=0.0) if isinstance(record, Decision) else record


def go_on(journal: Journal, agent: Agent, market: Market) -> tuple[Engine, Resumed]:
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    venue = PaperVenue(market.instruments, agent.rules, CAPITAL)

    async def work() -> Resumed:
        found = await resume(journal, engine, venue=venue)
        taken = sum(isinstance(r, Snapshot | Command) for _, r in journal.records())
        await run_session(engine, From(market, taken), BarDesk(engine, venue, journal, found.ahead))
        return found

    return engine, asyncio.run(work())


def interesting(records: list[Any]) -> list[int]:
    """Where to cut: before and after a bar, its fills, its decision, a seam; and some anywhere."""
    fills = [k for k, r in enumerate(records) if isinstance(r, Fill)]
    flows = [k for k, r in enumerate(records) if isinstance(r, CashFlow)]
    seams = [k for k, r in enumerate(records) if isinstance(r, Command)]
    near = [k + d for k in (fills[3], fills[-1], flows[2], seams[0]) for d in (0, 1, 2, 3)]
    anywhere = np.random.default_rng(3).integers(1, len(records), 6).tolist()
    return sorted({k for k in (*near, *anywhere, 0, len(records)) if k <= len(records)})


def test_a_run_cut_off_anywhere_ends_as_if_it_never_had_been(
    agent: Agent, market: Market, path: Path, tmp_path: Path
) -> None:
    whole = read(path)
    assert {type(r) for r in whole} == {Snapshot, Decision, Fill, CashFlow, Command}
    for at in interesting(whole):
        # fills of a bar are one transaction, and so are a bar and its decision
        if at < len(whole) and isinstance(whole[at], Decision):
            continue
        with cut(tmp_path / f"{at}.sqlite", whole[:at], describe(agent, market)) as journal:
            go_on(journal, agent, market)
        again = read(tmp_path / f"{at}.sqlite")
        assert list(map(timeless, again)) == list(map(timeless, whole)), f"cut after {at} records"


def test_orders_of_a_bar_that_is_late_are_denied_and_not_sent_again_after_a_restart(
    agent: Agent, market: Market, tmp_path: Path
) -> None:
    """Every third decision comes too late. Cut off behind such a one, the run goes on as it would have."""

    def play(path: Path, known: list[Any], taken: int) -> list[Any]:
        late = {int(t) for t in market.close_time[::3]}
        with cut(path, known, describe(agent, market)) as journal:
            engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
            venue = PaperVenue(market.instruments, agent.rules, CAPITAL)

            async def work() -> None:
                found = await resume(journal, engine, venue=venue)
                desk = BarDesk(
                    engine, venue, journal, found.ahead, lambda s: "too late" if s.close_time in late else ""
                )
                await run_session(engine, From(market, taken), desk)

            asyncio.run(work())
        return list(map(timeless, read(path)))

    whole = play(tmp_path / "whole.sqlite", [], 0)
    denied = {r.client_id for r in whole if isinstance(r, Denied)}
    filled = {r.order_id for r in whole if isinstance(r, Fill)}
    assert len(denied) > 10
    assert not denied & filled
    k = next(k for k, r in enumerate(whole) if isinstance(r, Denied) and not isinstance(whole[k + 1], Denied))
    taken = sum(isinstance(r, Snapshot | Command) for r in whole[: k + 1])
    assert play(tmp_path / "again.sqlite", whole[: k + 1], taken) == whole


def test_a_restart_keeps_every_number_of_the_books(agent: Agent, market: Market, path: Path) -> None:
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    asked = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    with Journal.open(path) as journal:
        found = asyncio.run(resume(journal, engine))
        for _, record in journal.records():
            if not isinstance(record, Decision):
                asked.process(record)
    assert found.records > 500
    assert engine.accounts.tobytes() == asked.accounts.tobytes()
    assert engine.positions.tobytes() == asked.positions.tobytes()


def test_a_policy_that_remembers_goes_on_where_it_was(market: Market, tmp_path: Path) -> None:
    """Buy and hold buys once, whenever it is restarted."""
    agent = agent_of_baseline("buy_and_hold", [i.kind for i in market.instruments], market.timeframe, Rules())
    with Journal.create(tmp_path / "whole.sqlite", describe(agent, market)) as journal:
        engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
        venue = PaperVenue(market.instruments, agent.rules, CAPITAL)
        asyncio.run(run_session(engine, Replay(market), BarDesk(engine, venue, journal)))
    whole = read(tmp_path / "whole.sqlite")
    at = next(k for k, r in enumerate(whole) if isinstance(r, Fill)) + 7
    at += isinstance(whole[at], Decision)
    with cut(tmp_path / "again.sqlite", whole[:at], describe(agent, market)) as journal:
        go_on(journal, agent, market)
        assert replay(journal, agent).identical
    assert list(map(timeless, read(tmp_path / "again.sqlite"))) == list(map(timeless, whole))


@pytest.mark.fault("A15")
def test_after_a_reset_of_the_testnet_the_books_begin_anew(
    agent: Agent, market: Market, path: Path, tmp_path: Path
) -> None:
    whole = read(path)
    at = next(k for k, r in enumerate(whole) if isinstance(r, Decision) and k > 300) + 1
    with cut(tmp_path / "reset.sqlite", [*whole[:at], Epoch(1, "reset")], describe(agent, market)) as journal:
        engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
        found = asyncio.run(resume(journal, engine))
        assert engine.equity == CAPITAL
        assert not any(engine.position_lots().values())
        following = next(r for r in whole[at:] if isinstance(r, Snapshot))
        assert found.last_close == following.open_time
        decision = engine.process(following)  # features are warm: it trades at once
        assert decision is not None
        assert decision.equity == CAPITAL
        journal.append([following, decision])
        assert replay(journal, agent).identical


def test_no_policy_is_asked(agent: Agent, market: Market, path: Path) -> None:
    class Silent:
        def decide(self, observation: object) -> Weights:
            raise AssertionError("a restart asked the policy")

        def reset(self) -> None: ...

    engine = Engine(
        replace(agent, policy=Silent()), market.instruments, market.timeframe, CAPITAL, run="test"
    )
    with Journal.open(path) as journal:
        asyncio.run(resume(journal, engine))


def test_a_paper_venue_that_fills_otherwise_is_refused(
    agent: Agent, market: Market, path: Path, tmp_path: Path
) -> None:
    whole = read(path)
    k = next(k for k, r in enumerate(whole) if isinstance(r, Fill))
    whole[k] = replace(whole[k], price=whole[k].price + 1)
    with (
        cut(tmp_path / "other.sqlite", whole, describe(agent, market)) as journal,
        pytest.raises(Inconsistent, match="repeats the bar"),
    ):
        go_on(journal, agent, market)


def test_orders_that_these_books_would_not_send_are_refused(
    agent: Agent, market: Market, path: Path, tmp_path: Path
) -> None:
    whole = read(path)
    k = next(k for k, r in enumerate(whole) if isinstance(r, Decision) and r.orders)
    order = whole[k].orders[0]
    whole[k] = replace(whole[k], orders=(replace(order, lots=order.lots + 1), *whole[k].orders[1:]))
    engine = Engine(agent, market.instruments, market.timeframe, CAPITAL, run="test")
    with (
        cut(tmp_path / "other.sqlite", whole, describe(agent, market)) as journal,
        pytest.raises(Inconsistent, match="decided otherwise"),
    ):
        asyncio.run(resume(journal, engine))
