"""Bad input: one sentence on stderr, exit code 2, and the workspace exactly as it was."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Tell = Callable[..., Any]
Snapshot = Callable[[Path], dict[str, str]]

START = 1_735_689_600_000
PYTHON = [sys.executable, "-m", "tradewind.cli"]
TRAIN = ["train", "new", "-s", "AAA/USDT:USDT"]
TRADE = ["backtest", "cash", "-s", "AAA/USDT:USDT"]
PAPER = ["run", "paper", "cash", "--replay", "-s", "AAA/USDT:USDT"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What people might hand in, one file for each mistake."""
    folder = tmp_path_factory.mktemp("files")
    header = "timestamp,open,high,low,close,volume"
    good = [f"{START + k * 60_000},100,101,99,100,5" for k in range(5)]
    bodies = {
        "empty.csv": "",
        "header.csv": header,
        "one.csv": "\n".join([header, good[0]]),
        "nan.csv": "\n".join([header, *good]).replace("100,5", "nan,5", 1),
        "negative.csv": "\n".join([header, *good]).replace("99", "-99", 1),
        "text.csv": "\n".join([header, *good]).replace("101", "high", 1),
        "columns.csv": "when,what\n1,2\n3,4\n",
        "good.csv": "\n".join([header, *good]),
        "unknown_table.toml": "[rule]\nleverage = 2\n",
        "unknown_key.toml": "[rules.risk]\nstop_los = 0.05\n",
        "percent.toml": "[rules.risk]\nstop_loss = 5\n",
        "type.toml": '[rules]\nlookback = "ten"\n',
        "broken.toml": "[rules\n",
        "binary.toml": "\x00",
        "fee.toml": "taker_fee = 5\n",
        "tick.toml": 'tick = "wide"\n',
        "key.toml": "taker_fe = 0.001\n",
        "model.pth": "not a model",
        "model.toml": "adapter = 3\n",
        "journal.sqlite": "not a journal" * 100,
    }
    for name, body in bodies.items():
        (folder / name).write_text(body)
    with sqlite3.connect(folder / "other.sqlite") as other:
        other.execute("create table notes (text)")
    other.close()
    return folder


SETTINGS = {
    # one for every cost and risk setting: a percent where a fraction belongs
    "rules.costs.half_spread=5": "half_spread is 5",
    "rules.costs.slippage=5": "slippage is 5",
    "rules.costs.impact=5": "impact is 5",
    "rules.costs.participation_cap=10": "participation_cap is 10",
    "rules.risk.stop_loss=5": "did you mean 0.05?",
    "rules.risk.trailing_stop=5": "did you mean 0.05?",
    "rules.risk.daily_loss=10": "did you mean 0.1?",
    "rules.risk.max_drawdown=15": "did you mean 0.15?",
    "rules.risk.max_weight=25": "did you mean 0.25?",
    "rules.risk.max_gross=100": "did you mean 1?",
    "rules.risk.max_net=50": "did you mean 0.5?",
    "rules.reserve=1": "reserve is 1",
    "rules.band=5": "band is 5",
    "rules.ruin=10": "ruin is 10",
    # the rest of what can be wrong with a value
    "rules.risk.stop_loss=-0.05": "stop_loss is -0.05",
    "rules.risk.stop_loss=nan": "rules.risk.stop_loss is nan, expected a number",
    "rules.risk.stop_loss=true": "is True, expected a number",
    "rules.risk.stop_loss=tight": "'tight', expected a number, or \"off\"",
    "rules.risk.cooldown_bars=1.5": "is 1.5, expected a whole number",
    "rules.risk.max_order_notional=0": "max_order_notional is 0",
    "rules.leverage=500": "leverage is 500, expected 1 to 125",
    "rules.leverage=off": "is 'off', expected a number",
    "rules.lookback=0": "lookback is 0 bars",
    "rules.clock=1": "is 1, expected true or false",
    "rules.reward=log_retrun": "did you mean log_return?",
    "rules.costs=3": "expected a table [rules.costs]",
    "rules.risk.stop_los=0.05": "did you mean rules.risk.stop_loss?",
    "rule.leverage=2": "did you mean rules?",
    "leverage=2": "is not TABLE.KEY=VALUE",
    "rules.leverage": "is not TABLE.KEY=VALUE",
    "account.capital=0": "account.capital is 0, expected greater than 0",
    "account.capital=lots": "account.capital is 'lots'",
    "market.gap_tolerance_bars=-1": "market.gap_tolerance_bars is -1",
    "market.symbols=BTC": "market.symbols is 'BTC'",
    "features.scaling=robst": "expected one of robust, minmax, none",
    "features.clip=0": "features.clip is 0",
}

TRAINING = {
    "training.algorithm=pp0": "did you mean ppo?",
    "training.steps=0": "steps is 0",
    "training.steps=many": "training.steps is 'many', expected a whole number",
    "training.net=64": "net is 64",
    "training.net=[]": "net is []",
    "training.seed=-1": "seed is -1",
    "training.validation_share=15": "did you mean 0.15?",
    "training.reward=shrape": "reward 'shrape'",
    "training.reward=5": "training.reward is 5, expected a text in quotes",
    "training.reward_scale=big": "training.reward_scale is 'big'",
    "training.tensorboard=yes": "training.tensorboard is 'yes', expected true or false",
    "training.hyperparameters=1": "hyperparameters is 1",
    "training.hyperparameters.gama=0.9": "did you mean training.hyperparameters.gamma?",
    "training.hyperparameters.epochs=off": "training.hyperparameters.epochs is 'off'",
    "training.hyperparameters.gamma=95": "hyperparameters.gamma is 95",
    "features.preset=defalt": "did you mean default?",
    "features.plan=[]": "feature",
    'features.plan=["rsii"]': "rsi",
    "rules.lookback=500": "500",
}

CASES: dict[str, tuple[list[str], str]] = {
    "missing file": (["data", "import", "FILES/absent.csv"], "there is no file or folder"),
    "empty file": (["data", "import", "FILES/empty.csv", "--symbol", "X/Y"], "empty.csv"),
    "header only": (["data", "import", "FILES/header.csv", "--symbol", "X/Y"], "header.csv"),
    "one row": (["data", "import", "FILES/one.csv", "--symbol", "X/Y"], "expected at least two"),
    "nan": (["data", "import", "FILES/nan.csv", "--symbol", "X/Y"], "X/Y"),
    "negative price": (["data", "import", "FILES/negative.csv", "--symbol", "X/Y"], "X/Y"),
    "words for prices": (["data", "import", "FILES/text.csv", "--symbol", "X/Y"], "high"),
    "other columns": (["data", "import", "FILES/columns.csv", "--symbol", "X/Y"], "columns.csv"),
    "wrong bar length": (["data", "import", "FILES/good.csv", "--symbol", "X/Y", "-t", "5m"], "bars of 1m"),
    "no bar length": (["data", "import", "FILES/good.csv", "--symbol", "X/Y", "-t", "five"], "'five'"),
    "fee in percent": (
        ["data", "import", "FILES/good.csv", "--symbol", "X/Y", "--instrument", "FILES/fee.toml"],
        "taker_fee",
    ),
    "tick in words": (
        ["data", "import", "FILES/good.csv", "--symbol", "X/Y", "--instrument", "FILES/tick.toml"],
        "tick is 'wide'",
    ),
    "unknown instrument key": (
        ["data", "import", "FILES/good.csv", "--symbol", "X/Y", "--instrument", "FILES/key.toml"],
        "did you mean taker_fee?",
    ),
    "unknown kind": (["data", "import", "FILES/good.csv", "--kind", "future"], "--kind"),
    "two symbols for files": (["data", "check", "FILES/good.csv", "-s", "A/B", "-s", "C/D"], "name one"),
    "unknown world": (["data", "synth", "W77"], "W77"),
    "one bar of a world": (["data", "synth", "W1", "--bars", "1"], "--bars"),
    "other candles stored": (
        ["data", "synth", "demo", "-s", "AAA/USDT:USDT", "-t", "1h", "--bars", "50"],
        "--replace",
    ),
    "unknown venue": (["data", "download", "binanse", "BTC/USDT", "-t", "1h"], "did you mean binance"),
    "inverted download": (
        ["data", "download", "binance", "B/U", "-t", "1h", "--start", "2025-02-01", "--end", "2025-01-01"],
        "the start 2025-02-01 00:00 is not before the end 2025-01-01",
    ),
    "unknown symbol": ([*TRADE[:2], "-s", "AAA/USDT"], "did you mean AAA/USDT:USDT?"),
    "unknown symbol of several": ([*TRADE, "-s", "ZZZ/USDT:USDT"], "no candles of symbol ZZZ/USDT:USDT"),
    "symbol twice": ([*TRADE, "-s", "AAA/USDT:USDT"], "named twice"),
    "spot and perpetual": (["backtest", "cash", "--venue", "synthetic"], "one agent trades one kind"),
    "venue without candles": ([*TRADE, "--venue", "syntetic"], "did you mean synthetic?"),
    "timeframe without candles": (
        [*TRADE, "-t", "4h"],
        "no candles of timeframe 4h are stored: there are 1h",
    ),
    "no timeframe": ([*TRADE, "-t", "hourly"], "'hourly' is not a bar length"),
    "unknown agent": (["backtest", "smal"], "did you mean small?"),
    "unknown baseline": (["backtest", "buy_and_hodl"], "did you mean buy_and_hold?"),
    "start after end": ([*TRADE, "--start", "2/3", "--end", "1/3"], "not before its end"),
    "start is end": ([*TRADE, "--start", "1/2", "--end", "1/2"], "not before its end"),
    "before the history": ([*TRADE, "--start=-900d"], "outside of what is stored"),
    "after the history": ([*TRADE, "--end", "2099-01-01"], "outside of what is stored"),
    "share above one": ([*TRADE, "--start", "3/2"], "expected a share from 0 to 1"),
    "share of nothing": ([*TRADE, "--start", "1/0"], "expected a share from 0 to 1"),
    "no time": ([*TRADE, "--start", "soon"], "--start soon is no time"),
    "one bar left": ([*TRADE, "--start=-1h"], "more history"),
    "several venues": (["backtest", "cash"], "more than one venue, imported, synthetic"),
    "no capital": ([*TRADE, "--capital", "0"], "expected a positive amount"),
    "negative capital": ([*TRADE, "--capital", "-5"], "expected a positive amount"),
    "capital is no number": ([*TRADE, "--capital", "nan"], "expected a positive amount"),
    "tiny capital": (["backtest", "cash", "-s", "DDD/USDT", "--capital", "1"], "start with 5 or more"),
    "tiny capital on paper": ([*PAPER[:4], "-s", "DDD/USDT", "--capital", "1"], "start with 5 or more"),
    "huge capital": ([*TRADE, "--capital", "1e18"], "start with less"),
    "report is no page": ([*TRADE, "--report", "FILES/report.pdf"], "ends in .html"),
    "unknown report": (["report", "smal"], "is named 'smal'"),
    "rules other than the model's": (["backtest", "small", "--set", "rules.risk.stop_loss=0.5"], "stop_loss"),
    "symbols other than the model's": (["backtest", "small", "-s", "BBB/USDT:USDT"], "BBB/USDT:USDT"),
    "timeframe other than the model's": (["backtest", "small", "-t", "5m"], "5m"),
    "live bars of nothing": (["run", "paper", "cash"], "say --venue, --symbol and --timeframe"),
    "journal exists": ([*PAPER, "--journal", "HOME/journals/small-1.sqlite"], "never overwritten"),
    "no journal": (["replay", "HOME/journals/none.sqlite"], "there is no journal"),
    "journal is a text": (["replay", "FILES/journal.sqlite"], "is not a journal"),
    "journal is another database": (["replay", "FILES/other.sqlite"], "is not a journal"),
    "unknown model": (["model", "show", "smal"], "did you mean small?"),
    "no model": (["model", "verify", "FILES"], "lacks"),
    "import of no model": (
        ["model", "import", "FILES/model.pth", "--spec", "FILES/model.toml"],
        "model.toml",
    ),
    "import without spec": (["model", "import", "FILES/model.pth", "--spec", "FILES/no.toml"], "no.toml"),
    "import outside": (
        ["model", "import", "FILES/model.pth", "--spec", "FILES/model.toml", "--name", "../x"],
        "is no name for a model",
    ),
    "model exists": (["train", "small", "-s", "AAA/USDT:USDT"], "exists already"),
    "name leaves the workspace": (["train", "../x"], "is no name for a model"),
    "unknown algorithm": ([*TRAIN, "--algo", "pp0"], "did you mean ppo?"),
    "unknown features": ([*TRAIN, "--features", "finrl"], "did you mean finrl7?"),
    "no steps": ([*TRAIN, "--steps", "0"], "steps is 0"),
    "seed twice": ([*TRAIN, "--seed", "1", "--seed", "1"], "expected all different"),
    "negative seed": ([*TRAIN, "--seed", "-1"], "--seed"),
    "too much leverage": ([*TRAIN, "--leverage", "1000"], "expected 1 to 125"),
    "leverage below a cap": (
        [*TRAIN, "--leverage", "1", "--set", "rules.leverage=3", "--set", "rules.risk.max_weight=2"],
        "above the leverage of 1",
    ),
    "too few bars to train on": ([*TRAIN, "--start=-30h"], "bars"),
    "no configuration": ([*TRAIN, "--config", "FILES/absent.toml"], "cannot be read"),
    "unknown table": ([*TRAIN, "--config", "FILES/unknown_table.toml"], "did you mean rules?"),
    "unknown key": ([*TRAIN, "--config", "FILES/unknown_key.toml"], "did you mean rules.risk.stop_loss?"),
    "percent": ([*TRAIN, "--config", "FILES/percent.toml"], "did you mean 0.05?"),
    "wrong type": (
        [*TRAIN, "--config", "FILES/type.toml"],
        "rules.lookback is 'ten', expected a whole number",
    ),
    "broken TOML": ([*TRAIN, "--config", "FILES/broken.toml"], "is not TOML"),
    "binary TOML": ([*TRAIN, "--config", "FILES/binary.toml"], "is not TOML"),
    "unknown command": (["trian"], "trian"),
    "unknown option": ([*TRADE, "--capitol", "5"], "--capitol"),
    "missing argument": (["backtest"], "Missing argument"),
    "word for a number": ([*TRADE, "--capital", "much"], "--capital"),
    **{f"setting {given}": ([*TRADE, "--set", given], said) for given, said in SETTINGS.items()},
    **{f"setting {given}": ([*TRAIN, "--set", given], said) for given, said in TRAINING.items()},
}


def refused(told: Any, said: str) -> None:
    assert told.code == 2, (told.code, told.out, told.err)
    assert told.err.startswith("Error: "), told.err
    assert len(told.err.strip().splitlines()) == 1, told.err
    assert "Traceback" not in told.err + told.out
    assert said in told.err


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_sentence_exit_code_2_and_nothing_written(
    case: str, command: Tell, snapshot: Snapshot, workspace: Path, files: Path
) -> None:
    arguments, said = CASES[case]
    before = snapshot(workspace), snapshot(files)
    places = {"FILES": str(files), "HOME": str(workspace)}
    named = [a.replace("FILES", places["FILES"]).replace("HOME", places["HOME"]) for a in arguments]
    takes_home = arguments[:1] not in (["trian"], []) and arguments != ["backtest"]
    told = command(*named, *(["--home", workspace] if takes_home else []))
    refused(told, said)
    assert (snapshot(workspace), snapshot(files)) == before


@pytest.fixture
def own(workspace: Path, tmp_path: Path) -> Path:
    """A workspace to damage."""
    return Path(shutil.copytree(workspace, tmp_path / "home"))


@pytest.mark.parametrize("name", ["weights.safetensors", "spec.json", "manifest.json", "golden.safetensors"])
@pytest.mark.parametrize("damage", ["truncated", "altered", "missing"])
@pytest.mark.fault("D1")
def test_a_damaged_model_is_refused_everywhere(
    name: str, damage: str, own: Path, command: Tell, snapshot: Snapshot
) -> None:
    path = own / "bundles" / "small" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-7] if damage == "truncated" else content[:-1] + b"\x7f")
    before = snapshot(own)
    for arguments in (["model", "verify", "small"], ["model", "show", "small"], ["backtest", "small"]):
        refused(command(*arguments, "--home", own), name)
    paper = ["run", "paper", "small", "--replay"]
    refused(command(*paper, "--home", own), name)
    assert snapshot(own) == before


@pytest.mark.parametrize("damage", ["page", "payload", "lost", "end"])
def test_a_damaged_journal_is_refused(damage: str, own: Path, command: Tell) -> None:
    path = own / "journals" / "small-1.sqlite"
    if damage in ("page", "end"):
        content = bytearray(path.read_bytes())
        if damage == "page":
            content[4096 * 6 :] = b"\xa5" * (len(content) - 4096 * 6)
        path.write_bytes(content if damage == "page" else content[: len(content) // 2])
    else:
        statement = {
            "payload": "update events set payload = cast(payload || ' ' as blob) where number = 300",
            "lost": "delete from events where number = 300",
        }[damage]
        with sqlite3.connect(path) as journal:
            assert journal.execute(statement).rowcount == 1
        journal.close()
    said = "journal" if damage in ("page", "end") else "does not continue the chain"
    refused(command("replay", path, "--home", own), said)


def test_a_damaged_candle_file_is_refused(own: Path, command: Tell, snapshot: Snapshot) -> None:
    (path,) = own.glob("candles/*/AAA*/1h.parquet")
    path.write_bytes(path.read_bytes()[:-100])
    before = snapshot(own)
    for arguments in (["data", "list"], TRADE, TRAIN):
        refused(command(*arguments, "--home", own), "1h.parquet")
    assert snapshot(own) == before


@pytest.mark.parametrize(
    "arguments",
    [TRAIN, ["data", "synth", "W1"], ["data", "import", "good.csv", "--symbol", "X/Y"], TRADE, PAPER],
    ids=lambda a: a[0] + a[1],
)
def test_a_home_that_cannot_be_written_is_refused(
    arguments: list[str], tmp_path: Path, command: Tell, workspace: Path, files: Path
) -> None:
    """Also where candles can be read: below `bundles`, `reports` and `journals` stands a file."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("bundles", "reports", "journals", "training"):
        (home / name).write_text("in the way")
    if arguments[0] == "data":
        (home / "candles").write_text("in the way")
    else:
        shutil.copytree(workspace / "candles", home / "candles")
    named = [str(files / a) if a.endswith(".csv") else a for a in arguments]
    refused(command(*named, "--home", home), "cannot be written")


def test_an_empty_workspace_says_how_to_fill_it(command: Tell, tmp_path: Path) -> None:
    for arguments in (["train", "new"], ["backtest", "cash"], ["run", "paper", "cash", "--replay"]):
        refused(command(*arguments, "--home", tmp_path / "home"), "data synth")
    assert not (tmp_path / "home").exists()


def test_the_first_wrong_file_stops_the_import_of_all(command: Tell, files: Path, tmp_path: Path) -> None:
    named = [
        shutil.copy(files / f"{k}.csv", tmp_path / f"{v}USDT.csv") for k, v in (("good", "A"), ("one", "B"))
    ]
    refused(command("data", "import", *named, "--home", tmp_path / "h"), "B/USDT holds 1 bar")
    assert not (tmp_path / "h").exists()


def test_an_error_keeps_its_square_brackets(command: Tell, workspace: Path) -> None:
    told = command(*TRADE, "--set", "rules.costs=3", "--home", workspace)
    assert "[rules.costs]" in told.err


def _process(*arguments: object, code: str | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
    start = PYTHON if code is None else [sys.executable, "-c", code]
    return subprocess.run(
        [*start, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, **more
    )


def test_as_a_process_the_same(workspace: Path) -> None:
    told = _process("backtest", "buy_and_hodl", "--home", workspace)
    assert told.returncode == 2
    assert told.stdout == ""
    assert told.stderr.startswith("Error: model 'buy_and_hodl' is neither in")
    assert told.stderr.count("\n") == 1


def test_without_the_train_extra_training_says_how_to_get_it(workspace: Path, snapshot: Snapshot) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['stable_baselines3'] = None\n"
        "from tradewind.cli.main import main; main(sys.argv[1:])"
    )
    before = snapshot(workspace)
    told = _process(*TRAIN, "--home", workspace, code=code)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)
    assert "pip install 'tradewind[train]'" in told.stderr
    assert snapshot(workspace) == before
    assert _process("model", "verify", "small", "--home", workspace, code=code).returncode == 0


def test_an_interrupt_is_one_line_and_exit_code_130(workspace: Path, tmp_path: Path) -> None:
    home = shutil.copytree(workspace, tmp_path / "home")
    told = tmp_path / "stderr"
    with open(told, "w") as stderr:
        run = subprocess.Popen(
            [*PYTHON, *TRAIN, "--steps", "100000000", "--home", str(home)],
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        try:
            _until(lambda: "Training PPO" in told.read_text())
            time.sleep(1)
            run.send_signal(signal.SIGINT)
            out, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode in (130, -signal.SIGINT), told.read_text()  # a shell shows both as 130
    assert out == b""
    last = told.read_text().strip().splitlines()[-1]
    kept = any(home.glob("training/new/*/checkpoint.pt"))
    assert last == "Interrupted: " + (
        "the same command goes on from the last checkpoint"
        if kept
        else "nothing was saved yet, the same command starts afresh"
    )
    assert "Traceback" not in told.read_text()
    assert not (home / "bundles" / "new").exists()


def _until(true: Callable[[], bool], seconds: float = 60) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it did not come"
        time.sleep(0.05)
