"""What is looked at on this machine before real money moves."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trading.ordering import SPOT
from tradewind.market import Instrument
from tradewind.policy.spec import Fees
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.watching import doctor_here
from tradewind.trading.watching.doctor_here import (
    addresses,
    costs,
    disk,
    evidence,
    lock,
    neighbours,
    surroundings,
    unserved,
)
from tradewind.trading.watching.findings import Grade

HOLDER = """
import sys, time
from pathlib import Path
from tradewind.trading.journal.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.fault("A1")
def test_a_run_that_another_process_trades(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "first")
    assert lock(folder).grade is Grade.PASS
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder.path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        finding = lock(folder)
        process.kill()
    assert finding.grade is Grade.FAIL
    assert f"process {process.pid}" in finding.text
    with folder.lock():  # our own is no other
        assert lock(folder).grade is Grade.PASS


@pytest.mark.fault("A1")
@pytest.mark.parametrize(
    ("account", "symbols", "grade"),
    [
        ("mine", ["BTC/USDT"], Grade.FAIL),
        ("mine", ["ETH/USDT"], Grade.PASS),
        ("another", ["BTC/USDT"], Grade.PASS),
    ],
)
def test_two_runs_never_share_a_symbol_of_an_account(
    tmp_path: Path, account: str, symbols: list[str], grade: Grade
) -> None:
    first, second = RunFolder(tmp_path / "first"), RunFolder(tmp_path / "second")
    first.describe({"place": "testnet", "account": "mine", "symbols": ["BTC/USDT", "SOL/USDT"]})
    assert neighbours(second, "testnet", account, symbols).grade is Grade.PASS  # it is not at work
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(first.path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert neighbours(second, "testnet", account, symbols).grade is grade
        process.kill()


@pytest.mark.fault("P3")
def test_a_journal_with_a_torn_page_or_a_broken_chain(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert doctor_here.journal(folder, folder.journal).grade is Grade.PASS
    Journal.create(folder.journal, {"mode": "testnet"}).close()
    assert "0 records" in doctor_here.journal(folder, folder.journal).text
    folder.journal.write_bytes(folder.journal.read_bytes()[:5000])
    finding = doctor_here.journal(folder, folder.journal)
    assert finding.grade is Grade.FAIL
    assert "restore the last backup" in finding.remedy


@pytest.mark.fault("P4")
def test_a_full_disk_and_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert disk(tmp_path / "a" / "b").grade is Grade.PASS
    monkeypatch.setattr(doctor_here, "LEAST_FREE", 2**62)
    finding = disk(tmp_path)
    assert finding.grade is Grade.FAIL
    assert finding.remedy == "make room"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "https_proxy", "ALL_PROXY"])
def test_what_leads_connections_astray_is_refused(name: str) -> None:
    assert surroundings({}).grade is Grade.PASS
    finding = surroundings({name: "http://10.0.0.1:3128"})
    assert finding.grade is Grade.FAIL
    assert finding.remedy == f"start it without: env -u {name.upper()}"
    declared = surroundings({name: "http://10.0.0.1:3128"}, "http://10.0.0.1:3128")
    assert (declared.grade is Grade.PASS) == ("proxy" in name.lower())


def test_addresses_that_are_not_the_venues(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://api.binance.com/api", "https://api.binance.com.evil.org", "https://127.0.0.1:8800"):
        assert addresses([url]).grade is Grade.FAIL
    monkeypatch.setattr(doctor_here, "_addresses_of", lambda host: ["8.8.8.8"])
    assert addresses(["https://api.binance.com/api", "wss://ws.bitget.com/v2"]).grade is Grade.PASS
    monkeypatch.setattr(doctor_here, "_addresses_of", lambda host: ["8.8.8.8", "127.0.0.1"])
    assert "leads to 127.0.0.1" in addresses(["https://api.binance.com/api"]).text


def test_evidence_is_asked_for() -> None:
    assert evidence({"verdict": "pass"}).grade is Grade.PASS
    assert evidence(None).grade is Grade.WARN
    assert evidence({}).grade is Grade.WARN


def at_fees(taker: float, maker: float) -> Instrument:
    return replace(SPOT, taker_fee=taker, maker_fee=maker)


def test_an_account_that_pays_more_than_was_trained_is_told_of_and_refused_for_real_money() -> None:
    trained = {SPOT.symbol: Fees(0.0005, 0.0002)}
    for listed in (at_fees(0.0005, 0.0002), at_fees(0.0004, 0.0)):
        assert costs(trained, [listed], strict=True).grade is Grade.PASS
    dear = costs(trained, [at_fees(0.001, 0.0002)], strict=False)
    assert dear.grade is Grade.WARN
    assert f"{SPOT.symbol} taker 0.0500% trained, 0.1000% paid" in dear.text
    assert "maker" not in dear.text
    assert costs(trained, [at_fees(0.0005, 0.0003)], strict=True).grade is Grade.FAIL


def test_a_model_that_does_not_say_its_fees_is_doubtful_and_not_refused() -> None:
    found = costs({}, [at_fees(0.001, 0.001)], strict=True)
    assert found.grade is Grade.WARN
    assert "does not say under which fees" in found.text


@pytest.mark.parametrize(
    ("channels", "port", "said"), [(("a://b",), None, "[alerts] channels"), ((), 9100, "[metrics] port")]
)
def test_settings_that_nothing_serves_are_told_of(
    channels: tuple[str, ...], port: int | None, said: str
) -> None:
    found = unserved(channels, port)
    assert found.grade is Grade.WARN
    assert found.text.startswith(f"{said} is set, and no channel is served yet: nothing will be sent")
    assert unserved((), None).grade is Grade.PASS
