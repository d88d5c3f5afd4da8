"""The same run started twice on one database, each from a home of its own, as from two machines."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.cli.test_run_live import Home, ended, home_at, protected
from tests.postgres import postgres as postgres
from tests.venues.remote.seats import BINANCE_BOTH
from tradewind.cli.live.books import schema_of
from tradewind.trading.journal.database import Database, connect
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.lease import Lease

THERE = ("--set", "database.url=${TEST_DATABASE}")


@pytest.mark.fault("A1")
def test_the_second_is_refused_a_loser_touches_nothing_and_panic_works_meanwhile(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE", postgres)
    place = Database(postgres, schema_of("twice"))

    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as here:
            elsewhere = Home(tmp_path / "elsewhere", here.at)
            elsewhere.path.mkdir()
            first = await here.run("testnet", BINANCE_BOTH, *THERE, name="twice")
            await here.until(first, protected, "twice")
            held, resting = here.held(BINANCE_BOTH), here.resting(BINANCE_BOTH)

            second = await ended(await elsewhere.run("testnet", BINANCE_BOTH, *THERE, name="twice"))
            assert second.code == 2, second
            said = second.err.splitlines()[-1]
            assert re.search(rf"is traded already on \S+, process {first.pid}, since \d{{4}}-", said), second

            with connect(place).begin() as server:
                server.exec_driver_sql(
                    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
                )
            with Journal.open(place, Lease.take(place, 1)) as third:
                written = len(third)
                lost = await ended(first)
                assert lost.code == 2, lost
                assert re.search(r"is traded by another process on \S+, process \d+, since", lost.err), lost
                assert (here.held(BINANCE_BOTH), here.resting(BINANCE_BOTH)) == (held, resting)
                assert (here.folder("twice").status or {})["ended"] == "ended by an error"

                flat = await elsewhere.say("panic", "twice", "--yes")
                assert flat.code == 0, flat
                assert (here.held(BINANCE_BOTH), here.resting(BINANCE_BOTH)) == (0, 0)
                assert sum(1 for _ in third.records()) == written
            assert Fallback(here.folder("twice").path / "fallback.jsonl").rows() == []
            assert not (elsewhere.folder("twice").path / "fallback.jsonl").exists()

    asyncio.run(story())
