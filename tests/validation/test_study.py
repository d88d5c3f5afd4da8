"""The same study gives the same trials and the same ledger, however often it was stopped."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.validation.studies import design, settings, study_in, told
from tradewind.market import ConfigError
from tradewind.validation.study.runs import Job, Outcome, Run
from tradewind.validation.study.settings import PruningSettings
from tradewind.validation.study.storage import Storage


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    with (study := study_in(home)).storage:
        study.run()
    return home


def test_two_fresh_homes_have_the_same_ledger(finished: Path, tmp_path: Path) -> None:
    with (study := study_in(tmp_path)).storage:
        study.run()
    assert told(tmp_path) == told(finished)
    assert [entry["status"] for entry in told(tmp_path)] == ["done"] * 3
    assert len({entry["configuration"] for entry in told(tmp_path)}) == 3


def test_a_finished_study_does_nothing_again(finished: Path) -> None:
    with (study := study_in(finished)).storage:
        results = study.run()
        assert study.executor.done == []  # type: ignore[attr-defined]
        assert [r.objective for r in results] == [entry["objective"] for entry in told(finished)]
        assert study.best.objective == max(r.objective or -9 for r in results)
    assert len(told(finished)) == 3


class Stopped(Exception):
    pass


def test_stopped_at_any_run_it_goes_on_without_losing_or_repeating_one(
    finished: Path, tmp_path: Path
) -> None:
    done: Counter[Run] = Counter()

    def until(limit: int):  # type: ignore[no-untyped-def]
        started = 0

        def outcome(job: Job) -> None:
            nonlocal started
            if started == limit:
                raise Stopped
            started += 1
            done[job.run] += 1

        return outcome

    for limit in (1, 5, 8, 99):
        with (study := study_in(tmp_path, outcomes=until(limit))).storage:
            if limit == 99:
                study.run()
            else:
                with pytest.raises(Stopped):
                    study.run()
    assert set(done.values()) == {1}
    assert len(done) == 3 * 2 * 3
    assert told(tmp_path) == told(finished)


def scored(score: float, job: Job) -> Outcome:
    """A run with that Sharpe ratio, and tests that do not matter."""
    rng = np.random.default_rng([job.run.trial, job.run.split, job.seed])
    equity = {
        group.number: np.concatenate([[1.0], np.cumprod(1 + rng.normal(0, 1e-3, len(group) - 1))])
        for group in job.split.test
    }
    return Outcome(sharpe=score, equity=equity)


def test_a_bad_trial_is_pruned_early_and_its_other_runs_are_never_done(tmp_path: Path) -> None:
    chosen = settings(trials=6, batch=3, pruning=PruningSettings(warmup_trials=3))

    def outcome(job: Job) -> Outcome:
        return scored(-5.0 if job.run.trial == 4 else 1.0 + job.run.trial / 10, job)

    with (study := study_in(tmp_path, design(chosen), outcome)).storage:
        results = study.run()
        done = Counter(run.trial for run in study.executor.done)  # type: ignore[attr-defined]
    assert [r.status for r in results] == ["done", "done", "done", "done", "pruned", "done"]
    assert done == {0: 6, 1: 6, 2: 6, 3: 6, 4: 2, 5: 6}
    entries = told(tmp_path)
    assert [entry["status"] for entry in entries] == [r.status for r in results]
    assert entries[4]["sharpe_daily"] is None
    assert "after 2 of 6 runs it scored -5, below earlier trials" in entries[4]["reason"]


def test_trials_of_one_batch_do_not_judge_each_other(tmp_path: Path) -> None:
    chosen = settings(trials=6, batch=6, pruning=PruningSettings(warmup_trials=1))
    with (study := study_in(tmp_path, design(chosen), lambda job: scored(-job.run.trial, job))).storage:
        assert [r.status for r in study.run()] == ["done"] * 6


def test_pruning_can_be_off(tmp_path: Path) -> None:
    chosen = settings(trials=6, pruning=PruningSettings(quantile=None, warmup_trials=1))
    with (study := study_in(tmp_path, design(chosen), lambda job: scored(-job.run.trial, job))).storage:
        assert [r.status for r in study.run()] == ["done"] * 6


def test_a_failed_trial_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    def outcome(job: Job) -> Outcome | None:
        if job.run.trial == 1 and job.run.split == 2:
            return Outcome(error="the network answers with NaN")
        return scored(1.0, job)

    with (study := study_in(tmp_path, outcomes=outcome)).storage:
        assert [r.status for r in study.run()] == ["done", "failed", "done"]
    assert told(tmp_path)[1]["reason"] == "the network answers with NaN"
    assert told(tmp_path)[1]["sharpe_daily"] is None


def test_values_that_make_no_recipe_are_a_failed_trial(tmp_path: Path) -> None:
    base = design()

    def refuse(values: dict[str, object]) -> object:
        if values.get("training.net") == [6, 4]:
            raise ConfigError("net is too wide")
        return base.recipe_of(values)

    chosen = replace(base, recipe_of=refuse)  # type: ignore[arg-type]
    with (study := study_in(tmp_path, chosen, lambda job: scored(1.0, job))).storage:
        results = study.run()
    failed = [r for r in results if r.status == "failed"]
    assert {r.reason for r in failed} == {"net is too wide"}
    assert 0 < len(failed) < 3
    assert len(told(tmp_path)) == 3


def test_the_storage_of_another_study_is_refused(finished: Path) -> None:
    other = design(settings(seed=1))
    with pytest.raises(ConfigError, match="is of a study with other settings or candles"):
        Storage.in_file(finished / "studies" / "tiny", other.hash)


def test_one_process_runs_a_study_of_a_file(finished: Path) -> None:
    with study_in(finished).storage, pytest.raises(ConfigError, match="is run by another process"):
        study_in(finished)


def test_what_is_no_study_is_refused(tmp_path: Path) -> None:
    (tmp_path / "studies" / "tiny").mkdir(parents=True)
    (tmp_path / "studies" / "tiny" / "study.sqlite").write_text(
        "nothing of the kind, and longer than a header"
    )
    with pytest.raises(ConfigError, match="is not a study"):
        study_in(tmp_path)


def test_a_run_leaves_its_model_and_its_tests(finished: Path) -> None:
    with (study := study_in(finished)).storage:
        outcome = study.storage.outcome(Run(0, 0, 0))
        assert outcome.model().spec.seeds["root"] == 1
        split = study.design.data.scheme.splits[0]
        assert {g: len(curve) for g, curve in outcome.equity.items()} == {
            g.number: len(g) for g in split.test
        }
        returns = study.returns(0)
        assert returns.by_seed.shape == (2, 2, len(returns.day))
        assert returns.sharpe == told(finished)[0]["sharpe_daily"]
