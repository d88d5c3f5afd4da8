"""What a run leaves behind at a local exchange: report, parity, numbers, journal in PostgreSQL; and no secret."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_run_live import Home, ended, holds, home_at, protected
from tests.postgres import postgres as postgres
from tests.venues.remote.seats import BINANCE_BOTH, BINANCE_SPOT
from tradewind.cli.live.books import schema_of
from tradewind.market import Decision, Fill
from tradewind.trading.journal.database import Database
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.session_records import SessionBegan
from tradewind.validation.evidence import SessionEvidence

SECRETS = ("me-key", "me-secret", "me-pass")


def report_of(home: Home, name: str = "one") -> dict[str, Any]:
    (path,) = (home.folder(name).path / "reports").glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    assert path.with_suffix(".html").stat().st_size > 5_000
    return found


def require_no_secret(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in SECRETS if s.encode() in content], path


def test_paper_on_live_bars_is_its_backtest_bit_for_bit(tmp_path: Path) -> None:
    async def story() -> None:
        async with home_at(tmp_path, BINANCE_SPOT) as home:
            process = await home.run("paper", BINANCE_SPOT)
            await home.until(process, lambda s: holds(s) and s["decisions"] >= 4)
            process.send_signal(signal.SIGINT)
            done = await ended(process)
            assert done.code == 0, done
            report = report_of(home)
            assert report["simulation"]["identical"] is True
            assert report["backtest"] == {
                "decisions": report["metrics"]["decisions"],
                "difference": None,
                "left_out": "",
            }
            assert "The backtest on the same bars made the same" in done.out
            assert "bit for bit" in done.out
            assert [one["environment"] for one in report["evidence"]] == ["local"]
            assert len(list((home.folder().path / "evidence").glob("*.json"))) == 1
            status = json.loads((await home.say("status", "one", "--json")).out)[0]
            assert status["metrics"]["net_return"] == report["metrics"]["net_return"]
            why = await home.say("why", "one")
            assert why.code == 0, why
            assert "the simulation: " in why.out

    asyncio.run(story())


def test_a_run_at_the_venue_keeps_requests_and_is_compared_with_its_simulation(tmp_path: Path) -> None:
    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            process = await home.run("testnet", BINANCE_BOTH)
            await home.until(process, lambda s: protected(s) and s["decisions"] >= 4)
            records = home.records()  # while it runs
            calls = [r for r in records if isinstance(r, ApiCall)]
            assert {"GET", "POST"} <= {call.method for call in calls}
            placed = [c for c in calls if c.method == "POST" and c.path.endswith("/order")]
            assert placed
            assert placed[0].parameters["signature"] == "***"
            assert [type(r) for r in records if isinstance(r, SessionBegan)] == [SessionBegan]
            assert (await home.say("export", "one", "--out", str(tmp_path / "out"))).code == 0
            process.send_signal(signal.SIGINT)
            done = await ended(process)
            assert done.code == 0, done
            report = report_of(home)
            compared = report["simulation"]
            assert compared["decisions"] == report["metrics"]["decisions"] >= 4
            assert compared["fills_compared"] == 1
            assert compared["close_to_fill_ms"]["p50"] > 0
            assert report["replayed_share"] == 1.0
            (path,) = (home.folder().path / "evidence").glob("*.json")
            shown = SessionEvidence.from_json(path.read_text())
            assert shown.position_drift_lots == 0
            assert {"order lifecycle"} <= set(shown.exercised)
            assert "G6, testnet: " in done.out
            assert "The simulation on the same bars" in done.out
            assert "slippage" in done.out
            require_no_secret(tmp_path / "out")
            require_no_secret(home.folder().path)

    asyncio.run(story())


def test_a_journal_in_postgres_serves_every_command(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE", postgres)
    there = ("--set", "database.url=${TEST_DATABASE}")

    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            first = await home.run("testnet", BINANCE_BOTH, *there, name="in-pg")
            await home.until(first, protected, "in-pg")
            first.send_signal(signal.SIGKILL)
            await first.wait()
            second = await home.run("testnet", BINANCE_BOTH, *there, name="in-pg")
            await home.until(second, lambda s: protected(s) and s["decisions"] >= 1, "in-pg")
            second.send_signal(signal.SIGINT)
            done = await ended(second)
            assert done.code == 0, done
            assert not home.folder("in-pg").journal.exists()
            with Journal.open(Database(postgres, schema_of("in-pg"))) as journal:
                records = [r for _, r in journal.records()]
            assert sum(isinstance(r, SessionBegan) for r in records) == 2
            assert [r for r in records if isinstance(r, Fill)]
            for words in (
                ("replay", "in-pg"),
                ("why", "in-pg"),
                ("reconcile", "in-pg"),
                ("status", "in-pg"),
                ("export", "in-pg", "--out", str(tmp_path / "out")),
            ):
                said = await home.say(*words)
                assert said.code == 0, (words, said)
            assert report_of(home, "in-pg")["metrics"]["faults"]["restart"] == 1
            elsewhere = await ended(await home.run("testnet", BINANCE_BOTH, name="in-pg"))
            assert elsewhere.code != 0
            assert "had a journal, and none is at" in elsewhere.err
            require_no_secret(home.folder("in-pg").path)
            assert b"secret-of-the-owner" not in (home.folder("in-pg").path / "run.json").read_bytes()

    asyncio.run(story())


def test_a_database_that_is_away_is_one_sentence_and_exit_code_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE", "postgresql://me:canary-4711@127.0.0.1:9/db")
    there = ("--set", "database.url=${TEST_DATABASE}")

    async def story() -> None:
        async with home_at(tmp_path, BINANCE_BOTH) as home:
            for mode in ("testnet", "paper"):
                done = await ended(await home.run(mode, BINANCE_BOTH, *there))
                assert done.code == 3, done
                assert "is the server at work?" in done.err.splitlines()[-1]
                assert "canary" not in done.err
            monkeypatch.delenv("TEST_DATABASE")
            unset = await ended(await home.run("paper", BINANCE_BOTH, *there))
            assert unset.code == 2
            assert "needs the variable TEST_DATABASE" in unset.err

    asyncio.run(story())


@pytest.mark.fault("P3")
def test_a_damaged_or_lost_journal_is_refused_with_its_backup(tmp_path: Path) -> None:
    async def story() -> None:
        async with home_at(tmp_path, BINANCE_SPOT) as home:
            folder = home.folder()
            for _ in range(2):  # the second start copies what the first wrote
                process = await home.run("paper", BINANCE_SPOT)
                await home.until(process, lambda s: s["decisions"] >= 1)
                process.send_signal(signal.SIGINT)
                assert (await ended(process)).code == 0
            (backup,) = (folder.path / "backups").glob("*.sqlite")
            whole = folder.journal.read_bytes()
            torn = bytearray(whole)
            torn[8192:20480] = b"\xa5" * 12288
            folder.journal.write_bytes(torn)
            damaged = await ended(await home.run("paper", BINANCE_SPOT))
            assert damaged.code == 2
            assert "is damaged" in damaged.err
            assert str(backup) in damaged.err
            folder.journal.unlink()
            lost = await ended(await home.run("paper", BINANCE_SPOT))
            assert lost.code == 2
            assert "had a journal, and none is at" in lost.err
            assert str(backup) in lost.err
            shutil.copyfile(backup, folder.journal)
            process = await home.run("paper", BINANCE_SPOT)
            await home.until(process, lambda s: s["decisions"] >= 1)
            process.send_signal(signal.SIGINT)
            assert (await ended(process)).code == 0
            assert [r for r in home.records() if isinstance(r, Decision)]

    asyncio.run(story())
