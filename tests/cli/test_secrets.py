"""The canary: keys go into a process by its environment, and are found nowhere after it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECRETS = {
    "TRADEWIND_BINANCE_LOCAL_KEY": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "TRADEWIND_BINANCE_LOCAL_SECRET": "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    "TRADEWIND_BITGET_LOCAL_KEY": "bg_5f3c9a7d1e8b4c2f6a0d9e7b3c1f5a8d",
    "TRADEWIND_BITGET_LOCAL_SECRET": "9d4c7b1a6f3e8d2c5b0a9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c3b2a1f0e9d8c",
    "TRADEWIND_BITGET_LOCAL_PASSPHRASE": "correct horse battery",
}


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
    left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"journal.sqlite", "run.json", "arm.json"} <= {path.name for path in left}
    for name, secret in SECRETS.items():
        assert secret not in told, name
        for path, content in left.items():
            assert secret.encode() not in content, (name, path)
    assert not re.search(r"signature=(?!\*\*\*)", told)
    assert "ACCESS-SIGN': '***'" in told


def test_no_option_of_any_command_takes_a_secret() -> None:
    import typer

    from tradewind.cli.main import app
    from tradewind.trading.redaction import is_secret_name

    def options(group: object) -> list[str]:
        below = getattr(group, "commands", {}).values()
        own = [name.lstrip("-") for p in getattr(group, "params", []) for name in p.opts]
        return own + [name for one in below for name in options(one)]

    found = options(typer.main.get_command(app))
    assert len(found) > 50
    assert [name for name in found if is_secret_name(name)] == []
