"""`tradewind model` as a person types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tradewind.policy import ActionSpec, Bundle, BundleSpec, NetworkSpec, ObservationSpec
from tradewind.policy.network import random_tensors

Tell = Callable[..., Any]

SPEC = """
adapter = "finrl7"
venue = "binance"
symbols = ["BTC/USDT", "ETH/USDT"]
timeframe = "5m"
kind = "spot"
algorithm = "PPO"

[parameters]
first_prices = [40000.0, 3000.0]
"""


@pytest.fixture
def run(command: Callable[..., Any]) -> Callable[..., Any]:
    def tell(*arguments: object, home: Path) -> Any:
        return command("model", *arguments, "--home", home)

    return tell


@pytest.fixture
def home(tmp_path: Path) -> Path:
    spec = BundleSpec(
        network=NetworkSpec(
            layers=(3, 4, 1), activations=("tanh",), head="gaussian_mean", low=(-1.0,), high=(1.0,)
        ),
        observation=ObservationSpec(names=("a", "b", "c"), schema_hash="abc", lookback=1),
        action=ActionSpec(scale=(1.0,), offset=(0.0,)),
        venue="binance",
        symbols=("BTC/USDT:USDT",),
        kinds=("perpetual",),
        timeframe="5m",
        algorithm="A2C",
        rules={"stop_loss": 0.05},
        code_version="0.1.0",
    )
    Bundle.create(spec, random_tensors(spec.network, 1)).save(tmp_path / "bundles" / "first")
    return tmp_path


@pytest.fixture
def actor(tmp_path: Path) -> Path:
    net = torch.nn.Sequential(torch.nn.Linear(17, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    torch.save({f"net.{k}": v for k, v in net.state_dict().items()}, tmp_path / "actor.pth")
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path / "actor.pth"


def test_an_empty_workspace_says_what_to_do(tmp_path: Path, run: Tell) -> None:
    result = run("list", home=tmp_path)
    assert result.code == 0
    assert "tradewind model import" in result.out
    assert json.loads(run("list", "--json", home=tmp_path).out) == []


def test_list_shows_whole_and_refused_models(home: Path, run: Tell) -> None:
    assert run("list", home=home).code == 0
    broken = home / "bundles" / "second"
    Bundle.load(home / "bundles" / "first").save(broken)
    (broken / "spec.json").unlink()
    result = run("list", "--json", home=home)
    assert result.code == 1
    rows = {row["model"]: row for row in json.loads(result.out)}
    assert rows["first"]["refused"] is None
    assert rows["first"]["symbols"] == ["BTC/USDT:USDT"]
    assert "lacks spec.json" in rows["second"]["refused"]
    assert "second" in run("list", home=home).out


def test_show_tells_limits_and_hash(home: Path, run: Tell) -> None:
    shown = json.loads(run("show", "first", "--json", home=home).out)
    assert shown["rules"] == {"stop_loss": 0.05}
    assert shown["sha256"] == Bundle.load(home / "bundles" / "first").sha256
    assert "stop_loss" in run("show", "first", home=home).out


def test_show_keeps_the_hash_whole_in_a_terminal_of_80_columns(
    home: Path, run: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("show", "first", home=home).out.splitlines()
    assert f"sha256  {Bundle.load(home / 'bundles' / 'first').sha256}" in lines
    assert max(map(len, lines)) <= 80


def test_verify_accepts_a_whole_bundle_and_refuses_an_altered_one(home: Path, run: Tell) -> None:
    result = run("verify", "first", home=home)
    assert result.code == 0
    assert "64 of 64 golden actions" in result.out
    by_path = run("verify", home / "bundles" / "first", "--json", home=Path("elsewhere"))
    assert json.loads(by_path.out)["whole"] is True
    weights = home / "bundles" / "first" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00")
    refused = run("verify", "first", home=home)
    assert refused.code == 2
    assert "weights.safetensors" in refused.err


def test_an_unknown_model_is_refused_with_the_known_ones(home: Path, run: Tell) -> None:
    result = run("show", "fisrt", home=home)
    assert result.code == 2
    assert "did you mean first?" in result.err


def test_import_makes_a_bundle_that_list_and_verify_accept(home: Path, actor: Path, run: Tell) -> None:
    result = run("import", actor, "--spec", actor.parent / "spec.toml", "--name", "old", home=home)
    assert result.code == 0, result.err
    assert "Imported PPO 17 x 8 x 2 as old" in result.out
    assert run("verify", "old", home=home).code == 0
    names = [row["model"] for row in json.loads(run("list", "--json", home=home).out)]
    assert names == ["first", "old"]


def test_import_does_not_overwrite_unless_told(home: Path, actor: Path, run: Tell) -> None:
    arguments = ("import", actor, "--spec", actor.parent / "spec.toml", "--name", "first")
    before = Bundle.load(home / "bundles" / "first").sha256
    assert "exists already" in run(*arguments, home=home).err
    assert Bundle.load(home / "bundles" / "first").sha256 == before
    result = run(*arguments, "--replace", "--json", home=home)
    assert json.loads(result.out)["sha256"] == Bundle.load(home / "bundles" / "first").sha256 != before


def test_a_refused_import_leaves_nothing(home: Path, actor: Path, run: Tell) -> None:
    (actor.parent / "spec.toml").write_text(SPEC.replace("3000.0]", "3000.0, 1.0]"))
    result = run("import", actor, "--spec", actor.parent / "spec.toml", "--name", "old", home=home)
    assert "first_prices has 3 values for 2 symbols" in result.err
    assert [p.name for p in (home / "bundles").iterdir()] == ["first"]


@pytest.mark.parametrize("name", ["../outside", "a/b", ".hidden", ""])
def test_a_name_that_leaves_the_workspace_is_refused(name: str, home: Path, actor: Path, run: Tell) -> None:
    result = run("import", actor, "--spec", actor.parent / "spec.toml", "--name", name, home=home)
    if name:
        assert result.code == 2
        assert "is no name for a model" in result.err
    else:
        assert (home / "bundles" / "actor").is_dir()  # no name: the file's own


def test_home_comes_from_the_environment(home: Path, command: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_HOME", str(home))
    assert command("model", "verify", "first").code == 0
