"""Panic ends flat from every state, whatever became of the run and whatever the venue does meanwhile.

Over real sockets and the real client, in virtual time, and judged by the exchange's own books.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.promises.panic_matrix import PLACES, Cell, Process, State, Trouble, cells, spread
from tests.promises.panic_scenes import SCENES, wrong
from tests.promises.panic_stage import Holder, Stage, staged
from tests.promises.virtual_time import run_virtually
from tradewind.market import Command, CommandKind
from tradewind.trading.panic import panic
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
            await SCENES[cell.state](stage)
            await stage.silence(cell.process)
            with _held(stage, cell.process):
                _faults(stage, cell)
                pressing = [stage.press()]
                if cell.state is State.TWO:
                    pressing.append(_later(stage))
                records = await asyncio.gather(*pressing)
            await asyncio.gather(*stage.late)
            refused = stage.eth if cell.trouble is Trouble.REFUSED else ""
            assert not list(wrong(stage, cell.state, refused)), records
            _told(stage, cell, records)

    run_virtually(story())


async def _later(stage: Stage) -> PanicRecord:
    await stage.clock.sleep(0.3)
    return await stage.press()


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
        case Trouble.REFUSED:
            seat.fault("refuse", reason="market_closed", match={**place, "symbol": stage.eth})


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
    assert CommandKind.PANIC in {command.kind for command in stage.folder.take()}


def test_the_spread_has_all_of_each() -> None:
    assert 35 <= len(QUICK) <= 45
    assert {c.place for c in QUICK} == set(PLACES)
    assert {c.state for c in QUICK} == set(State)
    assert {c.process for c in QUICK} == set(Process)
    assert {c.trouble for c in QUICK} == set(Trouble)
    assert len(cells()) > 700
