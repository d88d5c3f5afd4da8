"""Panic ends flat while the run is at work: it trades at random, and is closed under its hands at a random moment.

The whole composition over real sockets in virtual time, judged by the books of the exchange.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.promises.living import KEYS, Job, Life, even_chances
from tests.promises.storms import FIRST, HISTORY, MINUTE, PLACES, Storm, Story
from tests.promises.verdicts import ACCOUNT, Verdict
from tests.promises.virtual_time import LoopClock, run_virtually
from tests.venues.remote.seats import Place
from tradewind.cli.live.panicking import pressed
from tradewind.cli.live.reaching import RunPlace
from tradewind.clients import Environment
from tradewind.exchange import Exchange
from tradewind.gateway.compose import LocalExchange
from tradewind.gateway.faults import rule_of
from tradewind.market import Command, CommandKind
from tradewind.trading.terms.order_records import Risk
from tradewind.trading.watching.start_up import forget_old_commands

FAULTS = (
    {},
    {"do": "drop", "at": "after", "match": {"kind": "place"}, "when": {"times": 2}},
    {"do": "delay", "at": "before", "ms": 3_000, "match": {"kind": "place"}, "when": {"times": 3}},
    {"do": "refuse", "reason": "rate_limited", "when": {"times": 4}},
    {"do": "html", "status": 502, "when": {"times": 4}},
)
QUICK, ALL = range(5), range(5, 60)  # each fault once


@pytest.mark.fault("A11")
@pytest.mark.parametrize("seed", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in ALL)])
def test_a_run_at_work_is_closed_under_its_hands(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, chance = PLACES[seed % len(PLACES)], random.Random(f"panic {seed}")
    venue = "BITGET" if place.venue == "bitget" else "BINANCE"
    for name, value in (("KEY", KEYS.key), ("SECRET", KEYS.secret), ("PASSPHRASE", KEYS.passphrase)):
        monkeypatch.setenv(f"TRADEWIND_{venue}_LOCAL_{name}", value)
    storm = Storm(seed, tmp_path, Story(seed, place, []))
    start = FIRST + HISTORY * MINUTE + chance.randrange(MINUTE)

    async def story() -> tuple[Job, Exchange]:
        wire = LoopClock(start)
        async with await storm._exchange(start, wire) as local:
            job = storm._job(start + 3_600_000)
            with Life.mortal():
                first = Life(job, local.url, wire, local.clock, wall=wire)
                await _at_work(first, job, local)
                await asyncio.sleep(chance.uniform(0.0, 12.0))
                if fault := FAULTS[seed % len(FAULTS)]:
                    local.faults.add(rule_of(fault))
                record = await pressed(job.plan.folder, _place(job, local), wire)
                assert (record.code, record.residue) == (0, [])
                await _over(first)
                local.faults.clear()
                local.clock.set_speed(0.0)
                exchange = local.house(place.house).exchange
                assert not exchange.open_orders(ACCOUNT)
                assert not exchange.open_conditional(ACCOUNT)
                forget_old_commands(job.plan.folder)
                second = Life(job, local.url, wire, local.clock, wall=wire)
                await _halted(second, job)
                job.plan.folder.send(Command(CommandKind.STOP, wire.now_ms()))
                await _over(second)
        return job, exchange

    with even_chances(seed):
        verdict = Verdict(*run_virtually(story()))
    assert [*verdict._fills(), *verdict._holdings()] == []
    assert verdict.latch.state is Risk.HALTED
    _flat(verdict, place)


def _place(job: Job, local: LocalExchange) -> RunPlace:
    kind, venue = job.place.kind, job.place.venue
    return RunPlace(
        venue, Environment.LOCAL, kind, job.symbols, "testnet", "demo", job.place.unified, local.url
    )


async def _at_work(life: Life, job: Job, local: LocalExchange) -> None:
    """Until it has traded."""
    exchange = local.house(job.place.house).exchange
    for _ in range(600):
        if any(exchange.records.trades(ACCOUNT, symbol, limit=1) for symbol in job.symbols):
            return
        assert not life.over, life.task
        await asyncio.sleep(0.2)
    raise AssertionError("it never traded")


async def _over(life: Life) -> None:
    for _ in range(600):
        if life.over:
            break
        await asyncio.sleep(0.1)
    assert life.task.done(), "it did not end"
    life.task.result()
    await life.kill()


async def _halted(life: Life, job: Job) -> None:
    began = job.plan.folder.status
    for _ in range(600):
        status = job.plan.folder.status or {}
        if status != began and status.get("risk") == "halted":
            return
        assert not life.over, life.task
        await asyncio.sleep(0.1)
    raise AssertionError(job.plan.folder.status)


def _flat(verdict: Verdict, place: Place) -> None:
    """Nothing of the run is left but what is too little to be sold."""
    for instrument in verdict.instruments:
        left = verdict.ledger.owned(instrument.symbol)
        worth = abs(left) * verdict.exchange.tape.last(instrument.symbol)
        small = max(instrument.min_notional, instrument.lot * verdict.exchange.tape.last(instrument.symbol))
        assert worth <= (small if place.is_spot else 0), (instrument.symbol, left)
