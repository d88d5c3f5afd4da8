"""The canary: keys go into a process by its environment, and are found nowhere after it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from tests.gateway.exchange_here import coin_markets
from tradewind.gateway.compose import Opening, Settings, open_exchange

ROOT = Path(__file__).parents[2]
SECRETS = {
    "TRADEWIND_BINANCE_LOCAL_KEY": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "TRADEWIND_BINANCE_LOCAL_SECRET": "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    "TRADEWIND_BITGET_LOCAL_KEY": "bg_5f3c9a7d1e8b4c2f6a0d9e7b3c1f5a8d",
    "TRADEWIND_BITGET_LOCAL_SECRET": "9d4c7b1a6f3e8d2c5b0a9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c3b2a1f0e9d8c",
    "TRADEWIND_BITGET_LOCAL_PASSPHRASE": "correct horse battery",
}


def secret_free(folder: Path, told: bytes) -> set[str]:
    """The names of the files that were left, none of which holds a secret; nor does what was told."""
    left = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name, secret in SECRETS.items():
        assert secret.encode() not in told, name
        for path, content in left.items():
            assert secret.encode() not in content, (name, path)
    return {path.name for path in left}


@pytest.mark.fault("C3")
def test_secrets_are_in_no_log_journal_file_error_or_process_title(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.cli.canary", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | SECRETS | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = ended.stdout + ended.stderr
    for sign in (
        "binance has 1000",
        "bitget has 1000",
        "asked",
        "refused",
        "in a task",
        "in a thread",
        "SystemError",
    ):
        assert sign in told, told
    assert ended.returncode == 1
    assert {"journal.sqlite", "run.json", "arm.json"} <= secret_free(tmp_path, told.encode())
    assert not re.search(r"signature=(?!\*\*\*)", told)
    assert "ACCESS-SIGN': '***'" in told


@pytest.mark.asyncio
@pytest.mark.fault("C3")
async def test_a_real_run_leaves_no_secret_behind(tmp_path: Path) -> None:
    key, secret, passphrase = (
        SECRETS[f"TRADEWIND_BITGET_LOCAL_{k}"] for k in ("KEY", "SECRET", "PASSPHRASE")
    )
    money = {"USDT": Decimal(5000)}
    opening = Opening("canary", key, secret, passphrase, money, dict(money))
    started = round(time.time() * 1000) // 60_000 * 60_000 - 1000 * 60_000
    markets = coin_markets(["BTC"], seed=1, start_ms=started, bars=3000)
    made = Settings(
        markets=markets, start_ms=started + 900 * 60_000, speed=20.0, accounts=[opening], tls=False
    )
    async with await open_exchange(made) as exchange:
        words = (
            f"buy_and_hold --venue bitget -s BTC/USDT:USDT -t 1m --capital 1000 --at {exchange.url}".split()
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tradewind.cli", "run", "testnet", *words, "--home", str(tmp_path)),
            *("--set", "guards.max_bar_age_seconds=600"),  # market time runs 20 times as fast
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | SECRETS | {"PYTHONPATH": str(ROOT / "src")},
            cwd=tmp_path,
        )
        folder = tmp_path / "runs" / "buy_and_hold-testnet"
        for _ in range(400):
            written = b"".join(path.read_bytes() for path in folder.glob("journal.sqlite*"))
            if b"order_event" in written or process.returncode is not None:
                break
            await asyncio.sleep(0.1)
        title = Path(f"/proc/{process.pid}/cmdline").read_bytes() if process.returncode is None else b""
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert b"tradewind.cli" in title
    assert b"order_event" in written, err.decode()
    assert {"journal.sqlite", "run.json"} <= secret_free(tmp_path, out + err + title)


def test_no_option_of_any_command_takes_a_secret() -> None:
    import typer

    from tradewind.cli.main import app
    from tradewind.trading.journal.redaction import is_secret_name

    def options(group: object) -> list[str]:
        below = getattr(group, "commands", {}).values()
        own = [name.lstrip("-") for p in getattr(group, "params", []) for name in p.opts]
        return own + [name for one in below for name in options(one)]

    found = options(typer.main.get_command(app))
    assert len(found) > 50
    assert [name for name in found if is_secret_name(name)] == []
