"""`tradewind panic` and `tradewind reconcile` as processes, against the local exchange, through the real client."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.live_runs import LiveRun, holdings, live_run
from tests.venues.remote.seats import PLACES, Place
from tradewind.cli.live.reconciling import booked
from tradewind.market import CommandKind, Kind, OrderType
from tradewind.trading.panic.panic_record import PanicRecord, panic_files

SPOT, USDM = PLACES[0], PLACES[1]
D = Decimal


@pytest.fixture(params=[SPOT, USDM], ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


async def resting(run: LiveRun, name: str, factor: float, kind: OrderType, quantity: str = "0.01") -> None:
    """An order that rests at the venue and of which the journal knows nothing."""
    price = run.seat.price(factor)
    terms = {"trigger": price, "reduce_only": True} if kind is OrderType.STOP else {"price": price}
    outcome = await run.seat.venue.send(run.seat.intent(quantity, client_id=name, type=kind, **terms))
    assert type(outcome).__name__ == "Accepted", outcome


@pytest.mark.fault("A11")
def test_longs_shorts_and_all_kinds_of_orders_end_and_the_rest_stays(tmp_path: Path, place: Place) -> None:
    async def story() -> None:
        async with live_run(tmp_path, place) as run:
            seat = run.seat
            other = seat.symbol.replace("BTC", "ETH")
            if place.kind is Kind.SPOT:
                seat.exchange.control.deposit(seat.name, "BTC", D("0.5"))
            await run.trade("0.2")
            await run.trade("-0.4" if place.kind is Kind.PERPETUAL else "1.5", other)
            await resting(run, "twndAAAABBBBCCCCDDDD", 0.8, OrderType.LIMIT)
            await resting(run, "twndSTOPSTOPSTOPSTOP", 0.85, OrderType.STOP, "-0.01")
            await resting(run, "by_hand", 0.7, OrderType.LIMIT)
            before = await run.command("reconcile", "first", "--json")
            assert before.code == 1
            held = dict.fromkeys((seat.symbol, other), "0.2")
            run.folder.tell({"at": 0, "stopped": True, "risk": "active", "positions": held, "open_orders": 2})
            assert before.json["orders"]["foreign"] == [
                "by_hand",
                "twndAAAABBBBCCCCDDDD",
                "twndSTOPSTOPSTOPSTOP",
            ]
            said = await run.panic()
            assert said.code == 0, said
            assert "Flat. Run first is halted" in said.out
            left = {r.client_id for s in (seat.symbol, other) for r in await seat.venue.open_orders(s)}
            assert left == {"by_hand"}
            found = holdings(seat)
            if place.kind is Kind.SPOT:
                assert abs(D(found["BTC"]) - D("0.5")) < D("0.0003")  # the user's, and the fee of ours
                assert D(found["BTC"]) >= D("0.5") - D("0.00001")
                assert D(found["ETH"]) < D("0.002")
            else:
                assert found == {}
            assert [letter.command.kind for letter in run.folder.letters()] == [CommandKind.PANIC]
            status = await run.command("status", "first", "--json")
            assert status.code == 1
            (told,) = status.json
            assert {float(quantity) for quantity in told["positions"].values()} == {0.0}
            assert (told["risk"], told["risk_reason"]) == ("halted", "a panic closed everything")
            assert (told["open_orders"], told["panic"]["flat"]) == (0, True)
            again = await run.panic("--json")
            assert (again.code, again.json["orders"]) == (0, {})
            assert holdings(seat) == found

    asyncio.run(story())


@pytest.mark.fault("A11")
def test_the_whole_account_after_a_typed_word(tmp_path: Path) -> None:
    async def story() -> None:
        async with live_run(tmp_path, SPOT) as run:
            seat = run.seat
            seat.exchange.control.deposit(seat.name, "BTC", D("0.5"))
            await resting(run, "by_hand", 1.3, OrderType.LIMIT, "-0.2")  # locks a part of it
            refused = await run.panic("--account", typed="second\n")
            assert refused.code == 2
            assert "nothing was closed" in refused.err
            assert D(holdings(seat)["BTC"]) == D("0.5")
            said = await run.panic("--account", typed="first\n")
            assert said.code == 0, said
            assert D(holdings(seat)["BTC"]) == 0

    asyncio.run(story())


@pytest.mark.fault("A11")
def test_coins_that_the_users_order_locks_are_told_and_not_touched(tmp_path: Path) -> None:
    async def story() -> None:
        async with live_run(tmp_path, SPOT) as run:
            await run.trade("0.2")
            await resting(run, "by_hand", 1.3, OrderType.LIMIT, "-0.15")
            said = await run.panic("--json")
            assert said.code == 5
            assert "locked by orders that are not the run's" in said.json["residue"][0]
            assert D(holdings(run.seat)["BTC"]) < D("0.151")

    asyncio.run(story())


@pytest.mark.fault("A11")
def test_limits_lost_replies_and_a_venue_that_is_down_for_a_while(tmp_path: Path, place: Place) -> None:
    async def story() -> None:
        async with live_run(tmp_path, place) as run:
            await run.trade("0.2")
            seat = run.seat
            seat.fault("refuse", reason="rate_limited", match={"kind": "place"}, when={"times": 2})
            seat.fault("drop", at="after", match={"kind": "place"}, when={"times": 1, "after": 2})
            seat.local.faults.set_maintenance("binance", True)
            task = asyncio.create_task(run.panic("--json"))
            await asyncio.sleep(1.5)
            seat.local.faults.set_maintenance("binance", False)
            said = await task
            assert said.code == 0, said
            assert sum(D(f["quantity"]) for f in said.json["fills"]) in (D("-0.2"), D("-0.1998"))
            assert D(holdings(seat).get("BTC", "0")) < D("0.00001")
            assert len(said.json["orders"]) == 3  # two refused, one whose reply was lost

    asyncio.run(story())


@pytest.mark.fault("A11")
@pytest.mark.slow
def test_a_venue_that_is_gone_is_code_3(tmp_path: Path) -> None:
    async def story() -> None:
        async with live_run(tmp_path, USDM) as run:
            await run.trade("0.2")
            about = run.folder.about
            run.folder.describe({**about, "at": "http://127.0.0.1:9"})
            said = await run.panic("--json")
            assert said.code == 3
            assert said.json["residue"]

    asyncio.run(story())


HUNG = """
import sys, time, sqlite3
from pathlib import Path
from tradewind.trading.journal.run_folder import RunFolder
folder = RunFolder(Path(sys.argv[1]))
with folder.lock():
    locked = sqlite3.connect(folder.journal, isolation_level=None)
    locked.execute("PRAGMA locking_mode=EXCLUSIVE")
    locked.execute("BEGIN EXCLUSIVE")
    print("locked", flush=True)
    time.sleep(600)
"""


@pytest.mark.fault("A12")
def test_the_run_is_stopped_in_the_middle_and_holds_its_journal_locked(tmp_path: Path, place: Place) -> None:
    async def story() -> None:
        async with live_run(tmp_path, place) as run:
            await run.trade("0.2")
            run.journal.close()
            hung = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", HUNG, str(run.folder.path)), stdout=asyncio.subprocess.PIPE
            )
            assert hung.stdout is not None
            assert await hung.stdout.readline() == b"locked\n"
            os.kill(hung.pid, signal.SIGSTOP)
            try:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    sqlite3.connect(run.folder.journal, timeout=0.1).execute("select * from events")
                assert run.folder.process == hung.pid
                said = await run.panic("--json")
                assert said.code == 0, said
                assert D(holdings(run.seat).get("BTC", "0")) < D("0.00001")
            finally:
                os.kill(hung.pid, signal.SIGCONT)
                hung.kill()
                await hung.wait()

    asyncio.run(story())


@pytest.mark.fault("A12")
def test_a_real_run_that_hangs(tmp_path: Path) -> None:
    """`run testnet`, which begins with the doctor, buys; then it is frozen, and its positions are closed."""

    async def story() -> None:
        async with live_run(tmp_path, SPOT) as other:
            seat, home = other.seat, tmp_path
            seat.local.clock.set_speed(60.0)  # a bar of a minute in a second
            words = (
                "run",
                "testnet",
                "buy_and_hold",
                "--name",
                "frozen",
                "--venue",
                "binance",
                "-s",
                seat.symbol,
            )
            hung = await other.spawn(*words, "-t", "1m", "--capital", "5000", "--at", seat.local.url)
            try:
                for _ in range(900):
                    if D(holdings(seat).get("BTC", "0")) > 0 or hung.returncode is not None:
                        break
                    await asyncio.sleep(0.1)
                assert D(holdings(seat)["BTC"]) > 0, (home / "spawned.log").read_text()
                os.kill(hung.pid, signal.SIGSTOP)
                said = await other.panic("--json", name="frozen")
                assert said.code == 0, said
                assert D(holdings(seat)["BTC"]) < D("0.00001")
            finally:
                if hung.returncode is None:
                    hung.kill()
                await hung.wait()

    asyncio.run(story())


@pytest.mark.fault("A12")
def test_without_journal_and_without_model_positions_are_closed(tmp_path: Path) -> None:
    async def story() -> None:
        async with live_run(tmp_path, USDM) as run:
            await run.trade("-0.2")
            run.journal.close()
            run.folder.journal.with_name("journal.sqlite-wal").unlink(missing_ok=True)
            run.folder.journal.write_bytes(b"torn")
            said = await run.panic("--json")
            assert said.code == 0, said
            assert holdings(run.seat) == {}
            (path,) = panic_files(run.folder.path)
            assert (
                "not a journal"
                in next(s for s in PanicRecord.read(path).steps if s["what"] == "begin")["trouble"]
            )

    asyncio.run(story())


def test_books_that_agree_and_books_that_do_not(tmp_path: Path, place: Place) -> None:
    async def story() -> None:
        async with live_run(tmp_path, place) as run:
            await run.trade("0.2")
            said = await run.command("reconcile", "first")
            assert said.code == 0, said
            assert "The books of first are equal." in said.out
            for amount in re.findall(r"\d+\.(\d+)", said.out):
                assert len(amount) <= 8, said.out
            seat = run.seat
            lots = await seat.venue.send(seat.intent("-0.1"))
            assert type(lots).__name__ == "Accepted"
            said = await run.command("reconcile", "first", "--json")
            assert said.code == 1
            (side,) = [s for s in said.json["sides"] if s["differs"] and s["symbol"]]
            assert D(side["journal"]) - D(side["venue"]) == D("0.1")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("9876.543210000001", "9876.54321"), ("-0.000000000004", "0"), ("20000", "20000"), ("0.10", "0.1")],
)
def test_amounts_are_shown_as_venues_book_them(amount: str, shown: str) -> None:
    assert booked(D(amount)) == shown


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    from tests.cli.conftest import tell

    said = tell("panic", "nobody", "--home", tmp_path)
    assert said.code == 2
    assert "there is no run 'nobody'" in said.err
