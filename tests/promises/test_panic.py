"""Panic ends flat from every state, whatever became of the run and whatever the venue does meanwhile.

Over real sockets and the real client, in virtual time, and judged by the exchange's own books.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.promises.panic_matrix import PLACES, Cell, Process, State, Trouble, cells, spread
from tests.promises.panic_scenes import HELD, SCENES, wrong
from tests.promises.panic_stage import Holder, Stage, staged
from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import BINANCE_SPOT, BITGET_SPOT
from tradewind.market import Command, CommandKind
from tradewind.trading.journal.fallback import Fallback
from tradewind.trading.panic import panic
from tradewind.trading.panic.alone import LOCK, STILL_SECONDS
from tradewind.trading.panic.panic_record import PanicRecord, panic_files, panic_records

QUICK = spread()


def _parameters() -> list[object]:
    slow = pytest.mark.slow
    return [pytest.param(cell, marks=() if cell in QUICK else slow, id=str(cell)) for cell in cells()]


@pytest.mark.fault("A11")
@pytest.mark.fault("A12")
@pytest.mark.parametrize("cell", _parameters())
def test_panic_ends_flat(cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if cell.trouble is Trouble.REFUSED or cell.state is State.HEDGE:
        monkeypatch.setattr(panic, "SECONDS", 20.0)  # it is at it until its time is over

    async def story() -> None:
        async with staged(tmp_path, cell.place, monkeypatch) as stage:
            if cell.trouble is Trouble.REFUSED:
                await stage.hold("1.5", stage.eth)
                refusal = {"kind": "place", "symbol": stage.eth}
                stage.seat.fault("refuse", reason="market_closed", match=refusal)
            await SCENES[cell.state](stage)
            await stage.silence(cell.process)
            with _held(stage, cell.process):
                _faults(stage, cell)
                at_once = 2 if cell.state is State.TWO else 1
                records = await asyncio.gather(*(stage.press() for _ in range(at_once)))
            await asyncio.gather(*stage.late)
            refused = stage.eth if cell.trouble is Trouble.REFUSED else ""
            assert not list(wrong(stage, cell.state, refused)), records
            _told(stage, cell, records)

    run_virtually(story())


@contextmanager
def _held(stage: Stage, process: Process) -> Iterator[None]:
    if process not in (Process.HUNG, Process.LOCKED):
        yield
        return
    holder = Holder(stage.folder.path, process)
    try:
        yield
    finally:
        holder.end()


def _faults(stage: Stage, cell: Cell) -> None:
    seat, place = stage.seat, {"kind": "place"}
    match cell.trouble:
        case Trouble.TIMEOUT:
            seat.fault("hang", at="after", match=place, when={"times": 1})
        case Trouble.LOST:
            seat.fault("drop", at="before", match=place, when={"times": 1})
        case Trouble.LIMITED:
            for kind in ("place", "cancel", "query", "balance"):
                seat.fault("refuse", reason="rate_limited", match={"kind": kind}, when={"times": 1})
        case Trouble.BROKEN:
            for kind in ("place", "cancel", "query", "balance", "info"):
                seat.fault("html", status=502, match={"kind": kind}, when={"times": 1})
            seat.fault("refuse", reason="unexpected", at="after", match=place, when={"times": 1})


def _told(stage: Stage, cell: Cell, records: list[PanicRecord]) -> None:
    """The exit code says what is so, all of it is on disk, and the run stays halted."""
    last = records[-1]
    flat = cell.trouble is not Trouble.REFUSED and cell.state is not State.HEDGE
    assert (last.code, last.flat) == ((0, True) if flat else (5, False)), last.residue
    if cell.trouble is Trouble.REFUSED:
        assert any(stage.eth in text for text in last.residue)
    if cell.state is State.HEDGE:
        assert any(stage.btc in text for text in last.residue)
    if cell.state is State.DUST:
        assert any("less than the venue trades" in text for text in last.dust)
    files = panic_files(stage.folder.path)
    assert {record.path for record in records} <= set(files)
    for record in records:
        written = PanicRecord.read(record.path)
        assert (written.code, written.residue, written.orders) == (record.code, record.residue, record.orders)
        halt = panic_records(record.path)[0]
        assert isinstance(halt, Command)
        assert halt.kind is CommandKind.HALT
    assert CommandKind.PANIC in {letter.command.kind for letter in stage.folder.letters()}


@pytest.mark.fault("A12")
def test_what_the_run_could_not_write_into_its_journal_is_closed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path, BINANCE_SPOT, monkeypatch) as stage:
            stage.journal.fall_back_on(Fallback(stage.folder.fallback))
            stage.journal._connection.exec_driver_sql("PRAGMA query_only=on")
            stage.journal._connection.rollback()
            await stage.hold(HELD)
            assert stage.journal.failing
            await stage.silence(Process.KILLED)
            record = await stage.press()
            assert not list(wrong(stage, State.FLAT))
            assert (record.code, len(record.fills) > 0) == (0, True)

    run_virtually(story())


@pytest.mark.fault("A11")
def test_what_an_earlier_panic_left_unreadable_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path, BITGET_SPOT, monkeypatch) as stage:
            await stage.hold(HELD)
            await stage.silence(Process.KILLED)
            (stage.folder.path / "panic-1.json").write_text("{", encoding="utf-8")
            record = await stage.press()
            assert not list(wrong(stage, State.FLAT))
            assert record.code == 0

    run_virtually(story())


@pytest.mark.fault("A11")
def test_another_panic_that_hangs_is_waited_for_no_longer_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with staged(tmp_path, BINANCE_SPOT, monkeypatch) as stage:
            await stage.hold(HELD)
            await stage.silence(Process.KILLED)
            began = stage.clock.now_ms()
            with (stage.folder.path / LOCK).open("wb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                record = await stage.press()
            assert not list(wrong(stage, State.FLAT))
            assert record.code == 0
            assert stage.clock.now_ms() - began < (STILL_SECONDS + 10) * 1000

    run_virtually(story())


def test_the_spread_has_all_of_each() -> None:
    assert 35 <= len(QUICK) <= 45
    assert {c.place for c in QUICK} == set(PLACES)
    assert {c.state for c in QUICK} == set(State)
    assert {c.process for c in QUICK} == set(Process)
    assert {c.trouble for c in QUICK} == set(Trouble)
    assert len(cells()) > 700
