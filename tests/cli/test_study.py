"""`tradewind study` as a person types it: run, kill, resume, plan, refit, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradewind.policy import Bundle
from tradewind.validation.ledger import Ledger

Tell = Callable[..., Any]

STUDY = """
[study]
name = "tiny"
trials = 2
batch = 2
steps = 256
seeds = [1, 2]

[study.splits]
scheme = "kfold"
groups = 3
embargo_bars = 250

[study.search]
"training.hyperparameters.learning_rate" = { low = 1e-4, high = 1e-2, log = true }

[features]
plan = ["log_return"]

[training]
net = [4]
environments = 8
"""


@pytest.fixture(scope="module")
def candles(tmp_path_factory: pytest.TempPathFactory, command: Tell) -> Path:
    home = tmp_path_factory.mktemp("study")
    assert command("data", "synth", "demo", "--bars", 3000, "--home", home).code == 0
    return home


@pytest.fixture
def home(candles: Path, tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "candles").symlink_to(candles / "candles")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def finished(candles: Path, command: Tell) -> Path:
    """A home in which the study ran without a break."""
    file = candles / "tiny.toml"
    file.write_text(STUDY)
    told = command("study", "run", file, "--home", candles, "--workers", 1, "--json")
    assert told.code == 0, told.err
    assert len(json.loads(told.out)["trials"]) == 2
    return candles


def trials(home: Path) -> list[dict[str, Any]]:
    return [dataclasses.asdict(one) for one in Ledger(home / "ledger").trials()]


def finished_runs(home: Path) -> list[tuple[Any, ...]]:
    path = home / "studies" / "tiny" / "study.sqlite"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        try:
            return connection.execute("select * from runs order by trial, seed_index, split").fetchall()
        except sqlite3.OperationalError:
            return []  # it is just being made


def children_of(process: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def test_killed_and_resumed_it_ends_as_if_nothing_had_happened(
    finished: Path, home: Path, command: Tell
) -> None:
    file = home.parent / "tiny.toml"
    file.write_text(STUDY)
    line = [sys.executable, "-m", "tradewind.cli", "study", "run", file, "--home", home, "--workers", "2"]
    with (home.parent / "log").open("w") as log, subprocess.Popen(line, stdout=log, stderr=log) as process:
        while len(finished_runs(home)) < 2:
            assert process.poll() is None, (home.parent / "log").read_text()
            time.sleep(0.05)
        workers = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
    assert len(workers) >= 2
    kept = finished_runs(home)
    assert 2 <= len(kept) < 12
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}").exists() and _alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "workers outlived the study"
        time.sleep(0.1)

    told = command("study", "resume", "tiny", "--home", home, "--workers", 2, "--json")
    assert told.code == 0, told.err
    after = finished_runs(home)
    assert len(after) == 12
    assert set(kept) <= set(after)
    assert trials(home) == trials(finished)


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_worker_that_dies_loses_nothing_that_is_finished(home: Path, command: Tell) -> None:
    file = home.parent / "tiny.toml"
    file.write_text(STUDY)
    line = [sys.executable, "-m", "tradewind.cli", "study", "run", file, "--home", home, "--workers", "1"]
    with (home.parent / "log").open("w") as log, subprocess.Popen(line, stdout=log, stderr=log) as process:
        while len(finished_runs(home)) < 1:
            assert process.poll() is None, (home.parent / "log").read_text()
            time.sleep(0.05)
        names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children_of(process.pid)}
        os.kill(next(pid for pid, name in names.items() if b"spawn_main" in name), signal.SIGKILL)
    said = (home.parent / "log").read_text()
    assert process.returncode == 2, said
    assert "a worker died during trial" in said
    assert "Traceback" not in said
    assert finished_runs(home)


def test_ctrl_c_is_one_sentence_from_all_processes(home: Path) -> None:
    file = home.parent / "tiny.toml"
    file.write_text(STUDY)
    line = [sys.executable, "-m", "tradewind.cli", "study", "run", file, "--home", home, "--workers", "2"]
    log = home.parent / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(line, stdout=out, stderr=out, start_new_session=True) as process,
    ):
        while "0 of 2 trials" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        while len(children_of(process.pid)) < 3:  # two workers and what watches their semaphores
            time.sleep(0.05)
        time.sleep(0.5)  # they are importing
        os.killpg(process.pid, signal.SIGINT)
    said = log.read_text()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith(
        "Interrupted: what is finished is kept, tradewind study resume tiny"
    )


def test_a_finished_study_is_told_again_at_once(finished: Path, command: Tell) -> None:
    before = finished_runs(finished)
    told = command("study", "resume", "tiny", "--home", finished)
    assert told.code == 0, told.err
    assert "2 configurations were tried on these candles so far" in told.out
    assert finished_runs(finished) == before
    assert len(trials(finished)) == 2


def test_a_refit_is_one_model_of_all_seeds_and_never_saw_the_vault(finished: Path, command: Tell) -> None:
    told = command("study", "refit", "tiny", "whole", "--home", finished, "--workers", 1, "--json")
    assert told.code == 0, told.err
    bundle = Bundle.load(finished / "bundles" / "whole")
    assert bundle.spec.network.layers[1:-1] == (8,)  # two of 4
    assert bundle.spec.seeds == {"root_0": 1, "root_1": 2}
    assert bundle.spec.evidence["study"]["trial"] == json.loads(told.out)["trial"]  # type: ignore[index,call-overload]
    assert bundle.spec.data is not None
    assert bundle.spec.data.end_ms == trials(finished)[0]["scope"]["end_ms"]
    assert not (finished / "training").exists()
    again = command("study", "refit", "tiny", "whole", "--home", finished)
    assert again.code == 2
    assert "exists already" in again.err


def test_a_plan_says_what_could_be_proven_before_anything_is_done(
    finished: Path, home: Path, command: Tell, snapshot: Tell
) -> None:
    file = home.parent / "tiny.toml"
    file.write_text(STUDY)
    told = command("study", "plan", file, "--home", home, "--workers", 1, "--json")
    assert told.code == 0, told.err
    made = json.loads(told.out)
    assert (made["runs"], made["splits"], made["seeds"]) == (12, 3, 2)
    assert (made["configurations_before"], made["configurations_after"]) == (0, 2)
    assert made["seconds"] > 0
    assert made["least_sharpe"] > 2
    assert [p.name for p in home.iterdir()] == ["candles"]
    later = json.loads(command("study", "plan", file, "--home", finished, "--workers", 1, "--json").out)
    assert later["configurations_before"] == 2
    assert later["least_sharpe"] > made["least_sharpe"]


BAD = {
    "fewer groups than tested": (
        'scheme = "kfold"\ngroups = 3',
        "groups = 2\ntested = 2",
        2,
        "leave nothing to train on",
    ),
    "too many groups": ("groups = 3", "groups = 30", 2, "take fewer groups"),
    "one trial": ("trials = 2", "trials = 1", 2, "one trial is no search"),
    "unknown algorithm": ("seeds = [1, 2]", 'algorithms = ["ppq"]', 2, "did you mean ppo?"),
    "unknown scheme": ('"kfold"', '"kfolds"', 2, "did you mean kfold?"),
    "unknown setting": ("trials = 2", "trails = 2", 2, "study.trails"),
    "unknown searched setting": (
        "hyperparameters.learning_rate",
        "hyperparameters.lr",
        2,
        "that is study.search",
    ),
    "a range the wrong way round": ("low = 1e-4", "low = 1.0", 2, "expected low below high"),
    "storage unreachable": (
        "batch = 2",
        'storage = "postgresql://me@127.0.0.1:1/db"',
        3,
        "is the server at work",
    ),
    "a secret in the file": ("batch = 2", 'storage = "postgresql://me:hunter2secret@host/db"', 2, "secret"),
    "no such variable": ("batch = 2", 'storage = "${NO_SUCH_VARIABLE}"', 2, "NO_SUCH_VARIABLE"),
    "no table": ("[study]", "[studies]", 2, "did you mean study?"),
    "symbols that are not there": (
        "[features]",
        '[market]\nsymbols = ["NOT/USDT"]\n[features]',
        2,
        "NOT/USDT",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_nothing_is_written(case: str, home: Path, command: Tell) -> None:
    old, new, code, said = BAD[case]
    assert old in STUDY
    file = home.parent / "bad.toml"
    file.write_text(STUDY.replace(old, new))
    told = command("study", "run", file, "--home", home)
    assert (told.code, told.err.count("\n")) == (code, 1), told.err
    assert said in told.err
    assert "hunter2" not in told.err
    assert [p.name for p in home.iterdir()] == ["candles"]


def test_a_study_that_was_never_begun_is_not_resumed(finished: Path, home: Path, command: Tell) -> None:
    told = command("study", "resume", "tinny", "--home", finished)
    assert told.code == 2
    assert "there are tiny" in told.err
    assert command("study", "resume", "tiny", "--home", home).code == 2


def test_another_study_under_the_same_name_is_refused(finished: Path, command: Tell) -> None:
    file = finished / "other.toml"
    file.write_text(STUDY.replace("steps = 256", "steps = 512"))
    told = command("study", "run", file, "--home", finished)
    assert told.code == 2
    assert "is of a study with other settings or candles" in told.err
