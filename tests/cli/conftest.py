"""The command line as a person uses it: through `main`, with its exit codes, and the workspace around it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from tradewind.cli.main import main

BARS = 400


@dataclass(frozen=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have stated a width; a file has none."""
    monkeypatch.delenv("COLUMNS", raising=False)


def tell(*arguments: object) -> Told:
    """Run `tradewind ARGUMENTS` in this process, output as into files."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return Told(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def tree_of(folder: Path) -> dict[str, str]:
    """Every path below a folder with the hash of its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(scope="session")
def command() -> Callable[..., Told]:
    return tell


@pytest.fixture(scope="session")
def snapshot() -> Callable[[Path], dict[str, str]]:
    return tree_of


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two perpetuals and two spot pairs of 1h bars, the model `small` of one of them, and a journal.

    Tests that change it copy it first.
    """
    home = tmp_path_factory.mktemp("workspace")
    for symbol, world in (("AAA/USDT:USDT", "demo"), ("BBB/USDT:USDT", "demo"), ("CCC/USDT", "W1")):
        made = tell("data", "synth", world, "--bars", BARS, "-s", symbol, "-t", "1h", "--home", home)
        assert made.code == 0, made.err
    rows = [f"{k * 3_600_000 + 1_735_689_600_000},100,101,99,100,50" for k in range(200)]
    bars = tmp_path_factory.mktemp("files") / "DDDUSDT.csv"
    bars.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]))
    assert tell("data", "import", bars, "--home", home).code == 0  # 5 USDT is the least order of it
    small = ["--set", "training.net=[8]", "--set", "training.environments=8", "--steps", 512]
    trained = tell("train", "small", "-s", "AAA/USDT:USDT", "--end", "2/3", *small, "--home", home)
    assert trained.code == 0, trained.err
    ran = tell("run", "paper", "small", "--replay", "--start=-1d", "--home", home)
    assert ran.code == 0, ran.err
    return home
