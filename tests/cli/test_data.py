"""`tradewind data` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Tell = Callable[..., Any]
START = 1_735_689_600_000


def _file(path: Path, minutes: list[int] | range, price: float = 100.0) -> Path:
    rows = [f"{START + m * 60_000},{price},{price + 1},{price - 1},{price},5" for m in minutes]
    path.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))
    return path


def test_import_check_and_list(tmp_path: Path, command: Tell) -> None:
    path, home = _file(tmp_path / "BTCUSDT.csv", range(30)), tmp_path / "home"
    told = command("data", "import", path, "--home", home)
    assert told.code == 0, told.err
    assert "BTC/USDT" in told.out
    assert "assumed, as no --instrument FILE.toml states them: tick 1; lot 0.00001" in " ".join(
        told.out.split()
    )
    assert "kind spot" in told.out
    stated = command("data", "import", path, "--kind", "spot", "--home", home)
    assert "kind spot" not in stated.out
    assert command("data", "check", "--home", home).code == 0
    (listed,) = json.loads(command("data", "list", "--home", home, "--json").out)
    assert (listed["venue"], listed["symbol"], listed["timeframe"], listed["bars"]) == (
        "imported",
        "BTC/USDT",
        "1m",
        30,
    )
    assert "2025-01-01 00:29" in command("data", "list", "--home", home).out


def test_the_home_comes_from_the_environment(
    tmp_path: Path, command: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path / "BTCUSDT.csv", range(5))
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "elsewhere"))
    assert command("data", "import", path).code == 0
    assert (tmp_path / "elsewhere" / "candles" / "imported" / "BTC_USDT" / "1m.parquet").exists()


def test_a_second_import_adds_and_tells_what_is_new(tmp_path: Path, command: Tell) -> None:
    path, home = _file(tmp_path / "BTCUSDT.csv", range(30)), tmp_path / "home"
    command("data", "import", path, "--home", home)
    (told,) = json.loads(command("data", "import", _file(path, range(20, 40)), "--home", home, "--json").out)
    assert (told["bars"], told["new_bars"]) == (20, 10)
    refused = command("data", "import", _file(path, range(20, 40), 200), "--home", home)
    assert refused.code == 2
    assert "--replace" in refused.err
    assert command("data", "import", path, "--home", home, "--replace").code == 0
    assert json.loads(command("data", "list", "--home", home, "--json").out)[0]["bars"] == 20


def test_check_exits_with_the_worst_it_found(tmp_path: Path, command: Tell) -> None:
    good, holed = (
        _file(tmp_path / "BTCUSDT.csv", range(30)),
        _file(tmp_path / "ETHUSDT.csv", [0, 1, 2, 9, 10]),
    )
    told = command("data", "check", good)
    assert told.code == 0
    assert "next:" not in told.out
    told = command("data", "check", holed)
    assert told.code == 1
    assert "6 bars missing from 2025-01-01 00:03 to 2025-01-01 00:09" in told.out
    assert told.out.splitlines()[-1].startswith("next: use them as they are")
    bad = tmp_path / "XRPUSDT.csv"
    bad.write_text(good.read_text().replace("101.0", "1.0", 1))
    assert "next: data import FILE --repair drop" in command("data", "check", bad).out
    told = command("data", "check", bad, "--json")
    assert told.code == 2
    report = json.loads(told.out)
    assert report["verdict"] == "bad"
    assert report["series"][0]["findings"][0]["kind"] == "impossible bars"
    assert command("data", "check", good, holed).code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "absent.csv"], "there is no file or folder absent.csv"),
        (["import", "FILE", "--timeframe", "5m"], "has bars of 1m, but --timeframe says 5m"),
        (["import", "FILE", "--timeframe", "five"], "'five' is not a bar length"),
        (["import", "FILE", "--instrument", "absent.toml"], "there is no file absent.toml"),
        (["check"], "it holds nothing"),
        (["download", "binanse", "BTC/USDT", "-t", "1h"], "did you mean binance"),
        (["download", "binance", "BTC/USDT", "-t", "1h", "--start", "soon"], "'soon' is not a time"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_written(
    tmp_path: Path, arguments: list[str], said: str, command: Tell
) -> None:
    path = _file(tmp_path / "BTCUSDT.csv", range(5))
    told = command("data", *[path if a == "FILE" else a for a in arguments], "--home", tmp_path / "home")
    assert told.code == 2
    assert said in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert not (tmp_path / "home").exists()


def test_a_venue_that_cannot_be_reached_is_told_soon_and_in_one_sentence(
    tmp_path: Path, command: Tell
) -> None:
    nobody = ["--base-url", "http://127.0.0.1:1", "--home", tmp_path]
    told = command("data", "download", "binance", "BTC/USDT", "-t", "1h", *nobody)
    assert told.code == 3
    asking, error = told.err.splitlines()
    assert asking == "Asking http://127.0.0.1:1 ..."
    assert error.startswith("Error: binance did not answer load_markets in 2 attempts")


def test_as_a_process_it_tells_errors_without_a_traceback(tmp_path: Path) -> None:
    path = _file(tmp_path / "BTCUSDT.csv", [0])
    command = [
        sys.executable,
        "-m",
        "tradewind.cli",
        "data",
        "import",
        str(path),
    ]
    told = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ, timeout=60, check=False
    )
    assert told.returncode == 2
    assert told.stderr == "Error: BTC/USDT holds 1 bar that can be used, expected at least two\n"
    assert [p.name for p in tmp_path.iterdir()] == ["BTCUSDT.csv"]


def test_the_walk_with_the_real_perpetuals(real_data: Path, tmp_path: Path, command: Tell) -> None:
    told = command(
        "data", "import", real_data / "perp_5m", "--kind", "perpetual", "--home", tmp_path, "--json"
    )
    assert told.code == 0, told.err
    assert [(one["symbol"], one["bars"]) for one in json.loads(told.out)] == [
        (f"{coin}/USDT:USDT", 25_920) for coin in ("BNB", "BTC", "ETH", "SOL", "XRP")
    ]
    checked = command("data", "check", "--home", tmp_path)
    assert checked.code == 1
    assert "XRP/USDT:USDT starts 2025-04-03 17:10; the others 2025-04-03 17:05" in checked.out


def test_a_world_is_stored_like_any_other_candles(tmp_path: Path, command: Tell) -> None:
    told = command("data", "synth", "W1", "--bars", 200, "--seed", 3, "--home", tmp_path, "--json")
    assert told.code == 0, told.err
    (made,) = json.loads(told.out)
    assert made["bars"] == 200
    assert command("data", "check", "--home", tmp_path).code == 0
    assert command("data", "synth", "W77", "--home", tmp_path).code == 2
