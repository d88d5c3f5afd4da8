"""`tradewind run` on live bars as processes, against the local exchange, through the real client."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.forking import TRUST, Forked, forked
from tests.cli.live_runs import SOURCE, Said
from tests.gateway.exchange_here import MINUTE, settings
from tests.venues.remote.seats import BINANCE_BOTH, PLACES, Place
from tradewind.data.coins import coin_markets
from tradewind.exchange.orders import AlgoStatus
from tradewind.gateway.compose import LocalExchange, Opening, open_exchange
from tradewind.gateway.control import ControlClient
from tradewind.gateway.faults.rules import rule_of
from tradewind.market import CashFlow, Fill, Kind
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.terms.order_records import Denied

SPEED = 60.0  # a bar of a minute in a second
HISTORY = 700
VARIABLES = {
    f"TRADEWIND_{venue}_{place}{kind}": f"me-{value}"
    for venue in ("BINANCE", "BITGET")
    for place in ("LOCAL_", "")
    for kind, value in (("KEY", "key"), ("SECRET", "secret"), ("PASSPHRASE", "pass"))
    if place or kind
}
LOCAL = {k: v for k, v in VARIABLES.items() if "_LOCAL_" in k}
Process = Forked | asyncio.subprocess.Process


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in TRUST} | LOCAL | {"PYTHONPATH": SOURCE}


@dataclass
class Home:
    """A home folder, and the exchange that its runs trade at."""

    path: Path
    at: LocalExchange

    def folder(self, name: str = "one") -> RunFolder:
        return RunFolder(self.path / "runs" / name)

    async def spawn(self, *words: str) -> Forked:
        words = (*words, "--home", str(self.path))
        return await forked(*words, env=environment(), cwd=self.path)

    async def say(self, *words: str) -> Said:
        process = await self.spawn(*words)
        out, err = await asyncio.wait_for(process.communicate(), 90)
        return Said(process.returncode or 0, out.decode(), err.decode())

    async def run(self, mode: str, place: Place, *more: str, name: str = "one") -> Forked:
        return await self.spawn(*self._run(mode, place, *more, name=name))

    async def run_anew(self, mode: str, place: Place) -> asyncio.subprocess.Process:
        """As `run`, in a process that imports everything itself."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tradewind.cli", *self._run(mode, place), "--home", str(self.path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            cwd=self.path,
        )

    def _run(self, mode: str, place: Place, *more: str, name: str = "one") -> tuple[str, ...]:
        asked = ("run", mode, "buy_and_hold", "--name", name, "--venue", place.venue, "-s", place.symbol)
        unified = ("--set", "run.unified=true") if place.unified else ()
        return (*asked, "-t", "1m", "--at", self.at.url, *unified, *more)

    async def until(
        self,
        process: Process,
        reached: Callable[[dict[str, Any]], bool],
        name: str = "one",
    ) -> dict[str, Any]:
        """The status of a run once it is so; it must be told by this process."""
        until, began = time.monotonic() + 90, time.time() * 1000
        while time.monotonic() < until and process.returncode is None:
            status = self.folder(name).status or {}
            if self.folder(name).process == process.pid and status.get("at", 0) > began and reached(status):
                return status
            await asyncio.sleep(0.1)
        said = await process.communicate() if process.returncode is not None else self.folder(name).status
        raise AssertionError(f"not reached: {said}")

    def records(self, name: str = "one") -> list[Any]:
        with Journal.open(self.folder(name).journal) as journal:
            return [record for _, record in journal.records()]

    def held(self, place: Place) -> Decimal:
        """What the exchange itself says."""
        exchange = self.at.house(place.house).exchange
        if place.is_spot:
            balance = exchange.treasury.account("me").spot.get("BTC")
            return Decimal(0) if balance is None else balance.free + balance.locked
        return sum((p.quantity for p in exchange.positions.all("me")), Decimal(0))

    def resting(self, place: Place) -> int:
        records = self.at.house(place.house).exchange.records
        plain = [o for o in records.orders("me", place.symbol, limit=1000) if o.status.is_open]
        return len(plain) + len([a for a in records.algos("me") if a.status is AlgoStatus.NEW])


@asynccontextmanager
async def home_at(path: Path, place: Place) -> AsyncIterator[Home]:
    now = time.time_ns() // 1_000_000 // MINUTE * MINUTE
    values: dict[str, Any] = {
        "markets": coin_markets(["BTC"], seed=1, start_ms=now - HISTORY * MINUTE, bars=HISTORY + 2_000),
        "start_ms": now,
        "speed": SPEED,
        "limits": 0.0,
        "tls": False,
        "accounts": [],
    }
    async with await open_exchange(settings(path, **values)) as exchange:
        control = exchange.house(place.house).exchange.control
        me = Opening.local("me", {"USDT": Decimal(100_000)})
        control.open_account(me.name, spot=me.spot, futures=me.futures, unified=place.unified)
        control.add_key(me.name, me.key, me.secret, passphrase=me.passphrase)
        yield Home(path, exchange)


def holds(status: dict[str, Any]) -> bool:
    return any(float(q) for q in status["positions"].values())


def protected(status: dict[str, Any]) -> bool:
    return holds(status) and status["open_orders"] == 1 and status["in_doubt"] == 0


async def ended(process: Process) -> Said:
    out, err = await asyncio.wait_for(process.communicate(), 90)
    return Said(process.returncode or 0, out.decode(), err.decode())


def lots_of_fills(records: list[Any]) -> Decimal:
    return sum((r.quantity for r in records if isinstance(r, Fill)), Decimal(0))


FAST = [BINANCE_BOTH]
HEAVY = ("torch", "polars", "scipy", "matplotlib", "pandas", "apprise")


def test_the_process_that_trades_stays_small(tmp_path: Path) -> None:
    """None of the libraries of research is in it, and no venue of ccxt but its own."""

    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            run = await home.run_anew("testnet", BINANCE_BOTH)
            await home.until(run, lambda s: protected(s) and s["decisions"] >= 3)
            mapped = Path(f"/proc/{run.pid}/maps").read_text()
            memory = Path(f"/proc/{run.pid}/status").read_text()
            assert (await home.say("stop", "one")).code == 0
            assert (await ended(run)).code == 0
            assert "/site-packages/numba/" in mapped  # so that what is not there could be seen
            assert [name for name in HEAVY if f"/site-packages/{name}/" in mapped] == []
            (resident,) = [line.split() for line in memory.splitlines() if line.startswith("VmRSS")]
            assert int(resident[1]) / 1024 <= 320  # MB

    asyncio.run(story())


@pytest.mark.parametrize(
    "place", [pytest.param(p, marks=() if p in FAST else pytest.mark.slow) for p in PLACES], ids=str
)
@pytest.mark.fault("P1")
@pytest.mark.fault("P2")
def test_a_run_is_killed_goes_on_stops_and_its_position_stays_protected(tmp_path: Path, place: Place) -> None:
    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            first = await home.run("testnet", place)
            await home.until(first, protected)
            first.send_signal(signal.SIGKILL)
            await first.wait()
            held = home.held(place)
            assert held > 0
            assert home.resting(place) == 1

            second = await home.run("testnet", place)
            await home.until(second, lambda s: protected(s) and s["decisions"] >= 1)
            assert (await home.say("status", "one")).code == 0
            assert (await home.say("stop", "one")).code == 0
            done = await ended(second)
            assert done.code == 0, done
            assert home.held(place) == held  # bought once, and kept
            assert home.resting(place) == 1  # with its stop
            if place.kind is Kind.PERPETUAL:
                assert lots_of_fills(home.records()) == held
            again = await home.say("replay", str(home.folder().journal))
            assert again.code == 0, again
            assert "come out again, bit for bit" in again.out

            panic = await home.say("panic", "one")
            assert panic.code == 0, panic
            assert home.resting(place) == 0
            third = await home.run("testnet", place)
            await home.until(third, lambda s: s["risk"] == "halted" and not holds(s))
            rearmed = await home.say("rearm", "one", "--reason", "looked at it")
            assert rearmed.code == 0, rearmed
            await home.until(third, lambda s: s["risk"] == "active")
            third.send_signal(signal.SIGTERM)
            assert (await ended(third)).code == 0

    asyncio.run(story())


@pytest.mark.fault("P2")
@pytest.mark.slow
def test_one_ctrl_c_closes_positions_where_that_is_configured(tmp_path: Path) -> None:
    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            process = await home.run("testnet", BINANCE_BOTH, "--set", "run.on_stop=flatten")
            await home.until(process, protected)
            process.send_signal(signal.SIGINT)
            done = await ended(process)
            assert done.code == 0, done
            assert home.held(BINANCE_BOTH) == 0
            assert home.resting(BINANCE_BOTH) == 0
            assert lots_of_fills(home.records()) == 0

    asyncio.run(story())


@pytest.mark.fault("P2")
def test_two_ctrl_c_are_a_panic(tmp_path: Path) -> None:
    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            slowly = ("--set", "run.on_stop=flatten")  # so that the second comes while it stops
            process = await home.run("testnet", BINANCE_BOTH, *slowly)
            await home.until(process, protected)
            process.send_signal(signal.SIGINT)
            await asyncio.sleep(0.02)  # two at once are one to the system
            process.send_signal(signal.SIGINT)
            done = await ended(process)
            assert done.code == 0, done
            assert "Flat." in done.out
            assert home.held(BINANCE_BOTH) == 0
            assert home.resting(BINANCE_BOTH) == 0

    asyncio.run(story())


@pytest.mark.fault("A4")
@pytest.mark.slow
def test_a_rate_of_funding_above_the_limit_lets_nothing_grow(tmp_path: Path) -> None:
    place = BINANCE_BOTH

    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            control = home.at.house(place.house).exchange.control
            control.set_next_funding(place.symbol, Decimal("0.0031"))
            process = await home.run("testnet", place)
            await home.until(process, lambda s: s["decisions"] >= 3)
            process.send_signal(signal.SIGINT)
            assert (await ended(process)).code == 0
            assert home.held(place) == 0
            told = {r.text for r in home.records() if isinstance(r, Denied)}
            assert told == {f"funding of {place.symbol} is 0.310%, the most is 0.300%"}

    asyncio.run(story())


@pytest.mark.fault("A1")
@pytest.mark.fault("C2")
@pytest.mark.slow
def test_paper_on_live_bars_goes_on_after_a_kill_and_is_never_opened_at_a_venue(tmp_path: Path) -> None:
    place = BINANCE_BOTH

    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            first = await home.run("paper", place)
            await home.until(first, holds)
            second = await home.run("paper", place)
            refused = await ended(second)
            assert refused.code == 2
            assert "is at work already" in refused.err
            first.send_signal(signal.SIGKILL)
            await first.wait()
            third = await home.run("paper", place)
            await home.until(third, lambda s: holds(s) and s["decisions"] >= 2)
            third.send_signal(signal.SIGINT)
            done = await ended(third)
            assert done.code == 0, done
            assert home.held(place) == 0  # nothing reached the exchange
            again = await home.say("replay", str(home.folder().journal))
            assert again.code == 0, again
            other = await ended(await home.run("testnet", place))
            assert other.code == 2
            assert "began with mode paper, now it is testnet" in other.err

    asyncio.run(story())


@pytest.mark.fault("C2")
def test_real_money_needs_a_reason_and_a_word_and_begins_small(tmp_path: Path) -> None:
    place = BINANCE_BOTH

    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            without = await ended(await home.run("live", place))
            assert without.code in (2, 4), without
            assert "--override" in without.err
            why = ("--override", "a rehearsal of going live on this machine")
            silent = await ended(await home.run("live", place, *why))
            assert silent.code == 2, silent
            assert '--confirm "trade 10000 USDT on binance local"' in " ".join(silent.err.split()), silent
            word = ("--confirm", "trade 10000 USDT on binance local")
            process = await home.run("live", place, *why, *word)
            status = await home.until(process, protected)
            assert status["equity"] == pytest.approx(500, rel=0.02)
            process.send_signal(signal.SIGINT)
            assert (await ended(process)).code == 0
            flows = [r for r in home.records() if isinstance(r, CashFlow)]
            assert [f.amount for f in flows if f.id.startswith("share-")] == [Decimal("-9500.0")]
            unattended = await home.run("live", place)  # the same account, bundle and settings
            await home.until(unattended, protected)
            unattended.send_signal(signal.SIGINT)
            assert (await ended(unattended)).code == 0

    asyncio.run(story())


def listens(pid: int) -> bool:
    """Does the process hear SIGTERM by now?"""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_run_that_is_not_at_work_yet_is_left_in_one_sentence(
    tmp_path: Path, signum: signal.Signals
) -> None:
    """At moments from the import of the commands to the first words of the run, then while the venue is silent."""

    async def leave(home: Home, process: Process) -> Said:
        process.send_signal(signum)
        done = await ended(process)
        # A KeyboardInterrupt that passes through C code while a library is imported makes Python end by SIGINT.
        assert done.code in (130, -signal.SIGINT), done
        assert "Traceback" not in done.err
        assert done.err.splitlines()[-1].startswith("Interrupted")
        assert home.folder().process is None
        assert not list(home.path.rglob(".*.tmp"))
        return done

    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            home.at.faults.add(rule_of({"do": "hang", "match": {"kind": "balance"}}))
            for seconds in (0.0, 0.7, 1.5):
                process = await home.run_anew("testnet", BINANCE_BOTH)
                while not listens(process.pid):
                    await asyncio.sleep(0.01)
                await asyncio.sleep(seconds)
                await leave(home, process)
            process = await home.run_anew("testnet", BINANCE_BOTH)
            while home.folder().process != process.pid:
                assert process.returncode is None
                await asyncio.sleep(0.1)
            await asyncio.sleep(1.0)  # so that it waits for the venue
            done = await leave(home, process)
            assert "Interrupted before one was at work: nothing was traded" in done.err
            assert not home.folder().journal.exists()
            home.at.faults.clear()
            process = await home.run_anew("testnet", BINANCE_BOTH)
            await home.until(process, protected)
            process.send_signal(signum)
            assert (await ended(process)).code == 0

    asyncio.run(story())


def test_a_run_that_decided_nothing_says_so_and_a_key_that_is_gone_is_refused(tmp_path: Path) -> None:
    place = BINANCE_BOTH

    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            asked = (
                "run",
                "testnet",
                "buy_and_hold",
                "--name",
                "one",
                "--venue",
                place.venue,
                "-s",
                place.symbol,
            )
            async with ControlClient(home.at.url) as control:
                await control.do("clock", speed=1)  # so that no bar closes
            process = await home.spawn(*asked, "-t", "1h", "--at", home.at.url)
            await home.until(process, lambda s: not s["degraded"])
            process.send_signal(signal.SIGTERM)
            done = await ended(process)
            assert (done.code, done.out) == (0, "")
            assert "one stopped before it decided anything: there is nothing to report." in done.err
            assert not (home.folder().path / "reports").exists()
            status = home.folder().status or {}
            assert (status["stopped"], status["metrics"]["decisions"]) == (True, 0)
            assert (await home.say("status", "one")).code == 0

            home.at.house(place.house).exchange.control.revoke_key("me-key")
            refused = await home.say("reconcile", "one")
            assert (refused.code, refused.out) == (4, "")
            assert "the venue refuses this key" in refused.err
            assert "make a key that may trade there, or correct the one in the environment" in refused.err
            assert len(refused.err.splitlines()) == 1

    asyncio.run(story())
