"""A journal of real orders as tables: all that happened is there, nothing secret is, and all files or none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cli.conftest import Told
from tests.cli.live_runs import live_run
from tests.venues.remote.seats import BINANCE_SPOT
from tradewind.trading.told.export import _COLUMNS

Command = Callable[..., Told]


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[str, str, str]]:
    """The home of a run that bought and sold at a local exchange, and its keys."""
    home = tmp_path_factory.mktemp("traded") / "home"

    async def story() -> tuple[str, str, str]:
        async with live_run(home, BINANCE_SPOT) as run:
            await run.trade("0.01")
            await run.trade("-0.004")
            for call in run.seat.told:
                run.journal.note(call)
            return run.keys

    return home, asyncio.run(story())


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_orders_with_their_transitions_fills_and_requests_are_there(
    traded: tuple[Path, tuple[str, str, str]], command: Command, tmp_path: Path, form: str
) -> None:
    home, keys = traded
    told = command("export", "first", "--format", form, "--out", tmp_path, "--home", home, "--json")
    assert told.code == 0, told.err
    rows = {Path(path).stem: count for path, count in json.loads(told.out).items()}
    assert set(rows) == set(_COLUMNS) == {path.stem for path in tmp_path.iterdir()}
    read: Any = pl.read_csv if form == "csv" else pl.read_parquet
    tables = {name: read(tmp_path / f"{name}.{form}") for name in _COLUMNS}
    assert {name: len(table) for name, table in tables.items()} == rows
    orders, fills = tables["orders"], tables["fills"]
    assert orders["status"].to_list() == ["filled", "filled"]
    assert [abs(n) for n in orders["lots"]] == orders["filled"].to_list()
    assert sum(fills["lots"]) == sum(orders["lots"]) > 0
    quantities = [Decimal(str(q)) for q in fills["quantity"]]
    assert sum(quantities) == sum(fills["lots"]) * Decimal("0.00001")
    steps = tables["transitions"].filter(pl.col("client_id") == orders["client_id"][0])["status"].to_list()
    assert (steps[:2], "filled" in steps) == (["intent", "sent"], True)
    assert {"GET", "POST"} == set(tables["api_calls"]["method"])
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for secret in keys[:2]:
            assert secret.encode() not in content, path


def test_a_session_of_paper_has_a_row_for_each_symbol_of_each_decision(
    workspace: Path, command: Command, tmp_path: Path
) -> None:
    journal = workspace / "journals" / "small-1.sqlite"
    told = command("export", journal, "--out", tmp_path, "--home", workspace)
    assert told.code == 0, told.err
    decisions, equity = pl.read_csv(tmp_path / "decisions.csv"), pl.read_csv(tmp_path / "equity.csv")
    assert len(decisions) == len(equity) > 10
    assert decisions["equity"].to_list() == equity["equity"].to_list()


def test_what_cannot_be_is_one_sentence(workspace: Path, command: Command, tmp_path: Path) -> None:
    journal = workspace / "journals" / "small-1.sqlite"
    for arguments, said in (
        (("export", journal, "--out", tmp_path, "--format", "xls"), "expected csv or parquet"),
        (("export", "nobody", "--out", tmp_path), "there is no run 'nobody'"),
        (("export", "nobody.sqlite", "--out", tmp_path), "there is no journal at nobody.sqlite"),
        (("export", journal, "--out", journal), "is no folder"),
    ):
        told = command(*arguments, "--home", workspace)
        assert (told.code, len(told.err.splitlines())) == (2, 1), told.err
        assert said in told.err
    assert list(tmp_path.iterdir()) == []
