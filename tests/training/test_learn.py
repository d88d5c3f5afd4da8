from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tradewind.market import ConfigError, DataError, Kind
from tradewind.simulator import Rules
from tradewind.training import (
    ALGORITHMS,
    OffPolicy,
    OnPolicy,
    TrainingSettings,
    make_bundle,
    train,
    train_seeds,
)
from tradewind.training import vector as vector_module
from tradewind.training.learn import TrainingResult


def short(algorithm: str, **changes: object) -> TrainingSettings:
    """A run of a second or two that passes several updates and evaluations."""
    if algorithm in ("ppo", "a2c"):
        bars = 16 if algorithm == "ppo" else 5
        parts = OnPolicy(rollout_bars=bars, minibatch=128, epochs=2)
        settings = TrainingSettings(
            algorithm=algorithm,
            steps=16 * bars * 12,
            environments=16,
            hyperparameters=parts,
            evaluate_every=16 * bars * 3,
        )
    else:
        parts = OffPolicy(buffer=900, minibatch=32, warmup_steps=200, gradient_steps=2)
        settings = TrainingSettings(
            algorithm=algorithm, steps=1200, environments=8, hyperparameters=parts, evaluate_every=300
        )
    return replace(settings, net=(16, 16), episode_bars=40, **changes)


class Stopped(Exception):
    """The run was interrupted."""


def assert_same(one: TrainingResult, other: TrainingResult) -> None:
    assert one.evaluations == other.evaluations
    assert one.best == other.best
    assert one.tensors.keys() == other.tensors.keys()
    for name, tensor in one.tensors.items():
        np.testing.assert_array_equal(tensor, other.tensors[name])
    np.testing.assert_array_equal(one.golden_observations, other.golden_observations)
    np.testing.assert_array_equal(one.golden_actions, other.golden_actions)


def state_of(folder: Path) -> dict:
    return torch.load(folder / "checkpoint.pt", weights_only=True)["state"]


def assert_equal_states(one: object, other: object) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal_states(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for ours, theirs in zip(one, other, strict=True):
            assert_equal_states(ours, theirs)
    elif isinstance(one, torch.Tensor):
        assert (
            torch.equal(one.nan_to_num(), other.nan_to_num())
            if one.is_floating_point()
            else torch.equal(one, other)
        )
    else:
        assert one == other


VARIANTS = {
    **{algorithm: short(algorithm) for algorithm in ALGORITHMS},
    "ppo, plain": short(
        "ppo", hyperparameters=OnPolicy(rollout_bars=16, minibatch=128, counterfactual=False)
    ),
    "sac, own temperature": short(
        "sac", hyperparameters=OffPolicy(buffer=900, minibatch=32, warmup_steps=200, temperature=None)
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(tape, tmp_path, variant):
    settings = VARIANTS[variant]
    whole = train(tape, Rules(), settings, folder=tmp_path / "whole")

    def stop(progress: object) -> None:
        if progress.step >= settings.steps // 2:
            raise Stopped

    with pytest.raises(Stopped):
        train(tape, Rules(), settings, folder=tmp_path / "cut", on_progress=stop)
    assert 0 < state_of(tmp_path / "cut")["num_timesteps"] < settings.steps
    resumed = train(tape, Rules(), settings, folder=tmp_path / "cut", resume=True)
    assert_same(whole, resumed)
    assert_equal_states(state_of(tmp_path / "whole"), state_of(tmp_path / "cut"))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", list(Kind))
def test_the_same_seed_gives_the_same_bundle_bit_for_bit(tape_of, tmp_path, algorithm, kind):
    tape = tape_of(kind=kind, instruments=2, bars=400)
    rules = Rules(clock=True)
    settings = short(algorithm, seed=5)
    for name in ("one", "two"):
        torch.manual_seed(hash(name) % 1000)  # what was drawn before does not matter
        make_bundle(train(tape, rules, settings), tape, rules, features={"a": 1}).save(tmp_path / name)
    for file in ("weights.safetensors", "spec.json", "golden.safetensors", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_another_seed_gives_another_network(tape):
    one, other = (train(tape, Rules(), short("ppo", seed=seed)) for seed in (1, 2))
    assert not np.array_equal(one.tensors["layer_0.weight"], other.tensors["layer_0.weight"])


def test_training_leaves_the_callers_randomness_and_threads_alone(tape):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()  # noqa: NPY002
    train(tape, Rules(), short("a2c"))
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    assert before[2] == torch.get_num_threads()
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_validation_rows_are_never_trained_on(tape_of, monkeypatch, algorithm):
    tape = tape_of(bars=500, breaks=(150, 430))
    touched = set()
    step_wait = vector_module.TradingVecEnv.step_wait

    def watched(self):
        touched.update(self.batch.simulator.accounts["row"].tolist())
        return step_wait(self)

    monkeypatch.setattr(vector_module.TradingVecEnv, "step_wait", watched)
    result = train(tape, Rules(), short(algorithm, purge_bars=11))
    assert result.train_segments.tolist() == [[0, 150], [150, 425]]
    assert result.validation_segments[-1].tolist() == [436, 500]
    assert min(touched) > 0
    assert 300 < max(touched) < 425
    assert result.best.bars == 500 - 436 - 1


def test_what_comes_after_the_training_rows_changes_nothing(tape_of):
    """The trainer is given the training rows only; the same rows cut from another future train the same."""
    from tradewind.simulator import build_tape

    long = tape_of(bars=600)
    results = []
    for bars in (600, 450):
        market = tape_of(bars=bars).market.rows(0, 400)
        tape = build_tape(market, long.features[:400].copy(), long.raw_features[:400].copy(), long.columns)
        results.append(train(tape, Rules(), short("ppo")))
    assert np.array_equal(tape_of(bars=450).market.close, long.market.close[:450])
    assert_same(*results)


def test_the_best_evaluation_is_kept_and_patience_ends_a_run(tape):
    result = train(tape, Rules(), short("ppo", patience=1))
    scores = [e.score for e in result.evaluations]
    assert result.best.score == max(scores)
    assert result.best.step == result.evaluations[int(np.argmax(scores))].step
    assert result.stopped_early == (len(scores) < 4)
    if result.stopped_early:
        assert scores[-1] <= max(scores[:-1])
    steps = [e.step for e in result.evaluations]
    assert steps == [768 * (k + 1) for k in range(len(steps))]


def test_a_folder_in_use_other_data_and_broken_files_are_refused(tape, tape_of, tmp_path):
    settings = short("a2c")
    with pytest.raises(ConfigError, match="no run to resume"):
        train(tape, Rules(), settings, folder=tmp_path, resume=True)
    train(tape, Rules(), settings, folder=tmp_path)
    with pytest.raises(ConfigError, match="exists already"):
        train(tape, Rules(), settings, folder=tmp_path)
    for other in (
        (tape_of(seed=9), Rules(), settings),
        (tape, Rules(band=0.02), settings),
        (tape, Rules(), replace(settings, seed=8)),
    ):
        with pytest.raises(ConfigError, match="other data, rules or settings"):
            train(*other, folder=tmp_path, resume=True)
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match="no checkpoint that can be read"):
        train(tape, Rules(), settings, folder=tmp_path, resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_hostile_checkpoint_is_not_executed(tape, tmp_path):
    class Hostile:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    torch.save({"format": 1, "state": Hostile()}, tmp_path / "checkpoint.pt")
    with pytest.raises(DataError, match="no checkpoint that can be read"):
        train(tape, Rules(), short("ppo"), folder=tmp_path, resume=True)
    assert not (tmp_path / "executed").exists()


def test_a_finished_run_is_resumed_to_its_result(tape, tmp_path):
    done = train(tape, Rules(), short("a2c"), folder=tmp_path)
    assert_same(done, train(tape, Rules(), short("a2c"), folder=tmp_path, resume=True))


def test_progress_tells_how_far_and_how_long(tape):
    told = []
    train(tape, Rules(), short("ppo"), on_progress=told.append)
    assert [p.step for p in told] == [256 * (k + 1) for k in range(12)]
    assert told[0].score is None
    assert told[-1].best_score is not None
    assert told[-1].seconds_left == 0
    assert told[0].seconds_left is None, "the first update warms up"
    assert all(p.steps_per_second > 0 for p in told)
    assert all(p.seconds_left > 0 for p in told[1:-1])


def test_several_seeds_in_processes_equal_those_run_one_by_one(tape, tmp_path):
    settings = short("a2c")
    alone = train_seeds(tape, Rules(), settings, [3, 4])
    told = []
    spread = train_seeds(tape, Rules(), settings, [3, 4], folder=tmp_path, workers=2, on_progress=told.append)
    for one, other in zip(alone, spread, strict=True):
        assert_same(one, other)
    assert [r.settings.seed for r in spread] == [3, 4] == [p.seed for p in told]
    assert (tmp_path / "seed-3" / "checkpoint.pt").exists()
    with pytest.raises(ConfigError, match="all different"):
        train_seeds(tape, Rules(), settings, [1, 1])


def test_tensorboard_is_written_on_request(tape, tmp_path):
    train(tape, Rules(), short("a2c", tensorboard=True), folder=tmp_path)
    assert list((tmp_path / "tensorboard").glob("events.*"))
    with pytest.raises(ConfigError, match="no folder"):
        train(tape, Rules(), short("a2c", tensorboard=True))


def test_the_daily_sharpe_can_be_the_score(tape):
    result = train(tape, Rules(), short("ppo", score="daily_sharpe"))
    assert all(e.score == e.daily_sharpe for e in result.evaluations)
