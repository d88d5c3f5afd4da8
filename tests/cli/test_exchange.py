"""`tradewind exchange` as a person runs it: it starts at once, says where it is, and stops clean."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

Tell = Callable[..., Any]
ANY = ["--port", "0", "--tls-port", "0"]
HEAVY = ("numba", "torch", "polars", "ccxt", "scipy", "matplotlib", "sqlalchemy")


@contextmanager
def started(
    folder: Path, *arguments: object, python: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"TRADEWIND_AUTHORITY": str(folder / "authority")}
    command = [sys.executable, *python, "-m", "tradewind.cli", "exchange", *ANY, *map(str, arguments)]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield run
    finally:
        run.kill()
        run.wait(30)
        for pipe in (run.stdout, run.stderr):
            if pipe is not None:
                pipe.close()


def facts(run: subprocess.Popen[str]) -> dict[str, Any]:
    """What it says with --json, as soon as it answers."""
    assert run.stdout is not None
    line = run.stdout.readline()
    assert line, run.stderr.read() if run.stderr else ""
    return json.loads(line)


def ended(run: subprocess.Popen[str]) -> tuple[int, str, str]:
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    return run.returncode, out, err


def asked(url: str, **values: object) -> Any:
    """JSON from there; `values`, and whatever the control panel changes, are posted."""
    body = json.dumps(values).encode() if values or url.endswith("/save") else None
    with urlopen(url, body, timeout=5) as reply:
        return json.load(reply)


def test_it_answers_when_it_says_so_and_stops_clean(tmp_path: Path) -> None:
    with started(tmp_path, "--json") as run:
        told = facts(run)
        assert asked(f"{told['url']}/api/v3/ping") == {}
        now = asked(f"{told['url']}/api/v3/time")["serverTime"]
        assert abs(now - time.time() * 1000) < 5_000
        assert abs(told["market_ms"] - now) < 5_000  # coins trade now
        bars = asked(f"{told['url']}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1000")
        assert len(bars) == 1_000
        assert set(told["symbols"]) == {f"{c}/USDT{k}" for c in ("BTC", "ETH", "SOL") for k in ("", ":USDT")}
        assert told["accounts"] == [
            {
                "name": "demo",
                "key": "demo-key",
                "secret": "demo-secret",
                "passphrase": "demo-pass",
                "unified": False,
            }
        ]
        assert asked(told["control"] + "state")["venues"] == ["binance", "bitget"]
        assert ended(run) == (0, "", "")
    with pytest.raises(OSError):
        urlopen(f"{told['url']}/api/v3/ping", timeout=5)


def test_it_loads_nothing_heavy(tmp_path: Path) -> None:
    with started(tmp_path, "--json", python=("-X", "importtime")) as run, ThreadPoolExecutor(1) as reader:
        assert run.stderr is not None
        told = reader.submit(run.stderr.read)  # all the while: it is more than a pipe holds
        facts(run)
        run.send_signal(signal.SIGINT)
        lines = told.result(60).splitlines()
        assert run.wait(30) == 0
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if "|" in line}
    assert "aiohttp" in loaded
    assert loaded & set(HEAVY) == set()


def test_it_starts_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "compiled"))
    with started(tmp_path, "--json") as run:  # certificates and compiled files are there from now on
        facts(run)
        ended(run)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with started(tmp_path, "--json") as run:
        facts(run)
        ended(run)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert spent < 1.2  # measured 0.65 s of one core, beginning to end; a core that is shared takes longer


def test_what_it_prints_points_a_bot_at_it(tmp_path: Path) -> None:
    with started(
        tmp_path, "--account", "me=5000", "--account", "you=USDT:1000,BTC:2", "--speed", "600"
    ) as run:
        assert run.stdout is not None
        lines = []
        for line in run.stdout:
            lines.append(line.rstrip())
            if line.startswith("Ready"):
                break
        text = "\n".join(lines)
        url = re.search(r"plain +(http://127\.0\.0\.1:\d+)", text)
        assert url
        assert asked(f"{url[1]}/api/v3/ping") == {}
        assert re.search(r"runs at x600; the market ends in [0-9.]+ (days|hours) from now", text)
        assert "me: key me-key  secret me-secret  passphrase me-pass  (5,000 USDT in each wallet)" in text
        assert "(1,000 USDT, 2 BTC in each wallet)" in text
        bot = [line.strip() for line in lines if line.startswith("    ")]
        assert len(bot) == 6  # five, and one that trades
        script = "\n".join(bot)
        done = subprocess.run(
            [sys.executable, "-c", script.removesuffix(")") + '["status"])'],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.strip() == "closed", done.stderr
        code, out, _ = ended(run)
        assert code == 0
        assert out.endswith("Stopped.\n")


def test_the_same_seed_is_the_same_market_and_time_can_stand(tmp_path: Path) -> None:
    at = ("--start", "2025-03-01", "--speed", "0", "--coin", "eth", "--kind", "spot", "--json")
    seen = []
    for seed in (5, 5, 6):
        with started(tmp_path, *at, "--seed", seed) as run:
            told = facts(run)
            assert told["symbols"] == ["ETH/USDT"]
            assert told["market_ms"] == 1_740_787_200_000
            seen.append(asked(f"{told['url']}/api/v3/klines?symbol=ETHUSDT&interval=1m&limit=50"))
    assert seen[0] == seen[1] != seen[2]


def test_stored_candles_are_listed(workspace: Path, tmp_path: Path) -> None:
    with started(
        tmp_path, "--from-store", "--home", workspace, "-s", "CCC/USDT", "--speed", 0, "--json"
    ) as run:
        told = facts(run)
        assert told["symbols"] == ["CCC/USDT"]
        assert told["market_ms"] == 1_577_836_800_000 + 200 * 3_600_000  # half way
        bars = asked(f"{told['url']}/api/v3/klines?symbol=CCCUSDT&interval=1h&limit=1000")
        assert len(bars) == 201


def test_a_world_is_listed_as_spot_and_perpetual(tmp_path: Path) -> None:
    with started(tmp_path, "--world", "demo", "--bars", 500, "--seed", 7, "--start", "99%", "--json") as run:
        told = facts(run)
        assert told["symbols"] == ["DEMO/USDT", "DEMO/USDT:USDT"]


def test_a_snapshot_goes_on(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    with started(tmp_path, "--json", "--snapshot", kept, "--account", "me=7") as run:
        first = facts(run)
        assert ended(run)[0] == 0
    state = json.loads(kept.read_bytes())
    assert sorted(state["houses"]) == ["binance", "bitget"]
    with started(tmp_path, "--json", "--snapshot", kept) as run:
        second = facts(run)
        assert first["market_ms"] <= second["market_ms"] < first["market_ms"] + 60_000
        assert ended(run)[0] == 0
    assert json.loads(kept.read_bytes())["start_ms"] == state["start_ms"]
    assert second["accounts"] == first["accounts"]  # the keys that work, not those of a fresh start
    assert [a["id"] for a in json.loads(kept.read_bytes())["houses"]["binance"]["accounts"]] == ["me"]
    with started(tmp_path, "--snapshot", kept, "--account", "me=9", "--account", "you=3") as run:
        assert run.stdout is not None
        told = "".join(line for line in iter(run.stdout.readline, "Ready. Ctrl+C stops it.\n"))
    assert "me-pass  (7 USDT in each wallet)" in told
    assert "you-pass  (3 USDT in each wallet)" in told


def test_the_state_is_kept_when_asked_for_though_the_process_dies(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    with started(tmp_path, "--json", "--speed", 0, "--snapshot", kept) as run:
        control = facts(run)["control"]
        asked(control + "accounts/deposit", account="demo", venue="bitget", asset="BTC", amount="3")
        asked(control + "snapshot/save")
        asked(control + "accounts/deposit", account="demo", venue="bitget", asset="BTC", amount="5")
        run.kill()
    with started(tmp_path, "--json", "--speed", 0, "--snapshot", kept) as run:
        [account] = asked(facts(run)["control"] + "accounts?venue=bitget")["accounts"]
    assert float(account["spot"]["BTC"]["free"]) == 3


def test_an_account_may_be_a_unified_one_at_bitget(tmp_path: Path) -> None:
    with started(tmp_path, "--json", "--account", "a=5", "--account", "b=5", "--unified", "b") as run:
        told = facts(run)
        assert [(one["name"], one["unified"]) for one in told["accounts"]] == [("a", False), ("b", True)]
        found = asked(told["control"] + "accounts")["accounts"]
    assert {(one["venue"], one["account"]) for one in found if one["unified"]} == {("bitget", "b")}


def test_a_snapshot_that_is_none_is_one_sentence(
    command: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIND_AUTHORITY", str(tmp_path / "authority"))
    whole = tmp_path / "whole.json"
    with started(tmp_path, "--json", "--snapshot", whole, "--start", "2025-03-01") as run:
        facts(run)
        ended(run)
    state = json.loads(whole.read_bytes())
    del state["houses"]["bitget"]["listings"]
    bad = tmp_path / "bad.json"
    for content, said in (
        ('{"version":1,"start_ms":"soon","houses":{}}', "is no snapshot"),
        ('{"version":1,"start_ms":1700000000000}', "is no snapshot"),
        (json.dumps(state), "is damaged"),
    ):
        bad.write_text(content)
        told = command("exchange", *ANY, "--snapshot", bad)
        assert (told.code, told.out) == (2, "")
        assert said in told.err
        assert bad.read_text() == content
    told = command("exchange", *ANY, "--snapshot", whole, "--start", "2025-04-01")
    assert told.code == 2
    assert "began at another time" in told.err
    told = command("exchange", *ANY, "--snapshot", whole / "below.json")
    assert (told.code, told.out) == (2, "")
    assert "cannot be written" in told.err


def test_listening_to_others_is_said_and_keys_are_random(tmp_path: Path) -> None:
    with started(tmp_path, "--host", "0.0.0.0", "--json") as run:
        told = facts(run)
        code, _, err = ended(run)
    assert code == 0
    assert "warning: listening on 0.0.0.0" in err
    assert len(told["accounts"][0]["secret"]) == 64


BAD = [
    (["--world", "W77"], "there is no world 'W77'"),
    (["--coin", "XYZ"], "no synthetic coin 'XYZ': choose from BTC"),
    (["--coin", "BTC", "--world", "demo"], "--coin and --world name different markets"),
    (["--from-store", "--world", "demo"], "name different markets"),
    (["--venue", "binance"], "add --from-store"),
    (["--symbol", "BTC/USDT"], "goes with --from-store or --world"),
    (["--from-store", "--home", "nowhere"], "holds no candles"),
    (["--start", "soon"], "is not a time"),
    (["--start", "1970-01-02"], "too early"),
    (["--world", "demo", "--start", "2031-01-01"], "outside of what is stored"),
    (["--speed", "-1"], "speed"),
    (["--speed", "nan"], "speed"),
    (["--speed", "1e9"], "market speed is"),
    (["--port", "70000"], "port"),
    (["--limits", "nan"], "limits"),
    (["--account", "a b=5"], "is no name"),
    (["--account", "me=-5"], "is no balance"),
    (["--account", "me=BTC:nan"], "is no balance"),
    (["--account", "me=BTC:x,USDT:5"], "'BTC:x' is no balance"),
    (["--account", "me="], "nothing after the ="),
    (["--account", "me", "--account", "me=5"], "named twice"),
    (["--account", "venue=5"], "exists already"),
    (["--snapshot", "."], "is a folder"),
    (["--kind", "future"], "kind"),
    (["--host", "not.an.address.invalid"], "port any of not.an.address.invalid cannot be opened"),
    (["--host", " "], "--host is empty"),
    (["--unified", "nobody"], "--unified nobody is no account"),
    (["--scenario", "none.toml"], "there is no scenario none.toml"),
    (["--world", "demo", "--bars", "9000000"], "bars"),
]


@pytest.mark.parametrize(
    ("words", "said"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_sentence(
    words: list[str], said: str, command: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRADEWIND_AUTHORITY", str(tmp_path / "authority"))
    told = command("exchange", *ANY, *words)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""
    assert len([line for line in told.err.splitlines() if not line.startswith("warning: ")]) == 1, told.err


def test_a_port_that_is_taken_is_one_sentence(
    command: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEWIND_AUTHORITY", str(tmp_path / "authority"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = command("exchange", "--port", port, "--tls-port", 0)
    assert told.code == 2
    assert f"port {port} of 127.0.0.1 cannot be opened" in told.err
    assert "choose another with --port, 0 for any" in told.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = command("exchange", "--port", 0, "--tls-port", port)
    assert told.code == 2
    assert f"port {port} of 127.0.0.1 cannot be opened" in told.err
    assert "choose another with --tls-port, 0 for any" in told.err
