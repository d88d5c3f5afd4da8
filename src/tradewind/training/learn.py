"""Train an agent on one tape: learn, judge on inner validation rows, keep the best, save, resume."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.logger import configure

from tradewind.market import ConfigError
from tradewind.policy import Network, NetworkSpec
from tradewind.simulator import Rules, Tape
from tradewind.training import checkpoint
from tradewind.training.actions import ActionMap
from tradewind.training.batch import EpisodeBatch
from tradewind.training.episodes import Segments, inner_split
from tradewind.training.evaluate import Evaluation, Evaluator
from tradewind.training.export import network_of, tape_hash
from tradewind.training.learners import Course, make_learner
from tradewind.training.progress import OnProgress, TrainingProgress
from tradewind.training.reproducible import Seeds, reproducible
from tradewind.training.settings import TrainingSettings
from tradewind.training.vector import TradingVecEnv

GOLDEN_COUNT = 64


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """The best network of a run, by its evaluations, and how it came about."""

    settings: TrainingSettings
    action_map: ActionMap
    network: NetworkSpec
    tensors: dict[str, NDArray[np.float32]]
    golden_observations: NDArray[np.float32]  # [64, D], met in training
    golden_actions: NDArray[np.float32]  # [64, A], as the learner answers them
    evaluations: tuple[Evaluation, ...]
    best: Evaluation
    steps: int
    stopped_early: bool
    seeds: dict[str, int]
    train_segments: Segments
    validation_segments: Segments


def train(
    tape: Tape,
    rules: Rules,
    settings: TrainingSettings,
    *,
    folder: Path | None = None,
    resume: bool = False,
    on_progress: OnProgress | None = None,
) -> TrainingResult:
    """Train on a tape that holds training rows only.

    Its last rows (`validation_share`) choose the checkpoint and are never trained on. With a `folder` the run
    is saved at every evaluation; `resume` goes on from there as if it had never stopped. The same seed gives
    the same network, bit for bit, on the same machine's CPU.
    """
    with reproducible():
        run = _Run(tape, rules, settings, folder, on_progress)
        run.begin(resume)
        while not run.over:
            run.update()
        return run.result()


class _Run:
    """What happens in one training run, in order."""

    def __init__(
        self,
        tape: Tape,
        rules: Rules,
        settings: TrainingSettings,
        folder: Path | None,
        on_progress: OnProgress | None,
    ) -> None:
        self.settings, self.folder, self.on_progress = settings, folder, on_progress
        if settings.reward is not None:
            rules = replace(rules, reward=settings.reward)
        learning = replace(rules, reward_scale=settings.reward_scale).for_training()
        self.seeds = Seeds.grow(settings.seed)
        self.action_map = ActionMap.standard(tape, rules)
        purge = settings.purge_for(rules.lookback)
        self.train_segments, self.validation_segments = inner_split(
            tape.segments, settings.validation_share, purge
        )
        environment = TradingVecEnv(
            tape,
            learning,
            settings.parallel,
            segments=self.train_segments,
            episode_bars=settings.episode_bars,
            action_map=self.action_map,
        )
        learner = make_learner(settings, environment, self.seeds.learner)
        environment.seed(self.seeds.episodes)
        self.environment = environment
        self.course = Course(learner, settings.steps, self._logger())
        self.evaluator = Evaluator(tape, rules, self.validation_segments, self.action_map, settings.score)
        self.golden = self._meet_observations(tape, learning)
        self.fingerprint = _fingerprint(tape, rules, settings)
        self.evaluations: list[Evaluation] = []
        self.best: dict[str, Any] = {}
        self.over = False
        self._saved_at = 0
        self._first_step, self._began = 0, time.perf_counter()
        self._cold = True  # the rate is not known yet

    def _logger(self) -> Any:
        if not self.settings.tensorboard:
            return None
        if self.folder is None:
            raise ConfigError("tensorboard is on, but the run has no folder to write to: give it one")
        return configure(str(self.folder / "tensorboard"), ["tensorboard"])

    def _meet_observations(self, tape: Tape, rules: Rules) -> NDArray[np.float32]:
        """64 observations of a policy that acts at random on the training rows."""
        generator = np.random.default_rng(self.seeds.golden)
        batch = EpisodeBatch(
            tape,
            rules,
            environments=GOLDEN_COUNT,
            segments=self.train_segments,
            episode_bars=16,
            action_map=self.action_map,
            generator=generator,
        )
        batch.begin_all()
        for _ in range(8):
            batch.advance(generator.uniform(-1, 1, batch.actions.shape))
            batch.renew(batch.ended())
        return batch.observations.copy()

    def begin(self, resume: bool) -> None:
        path = None if self.folder is None else self.folder / checkpoint.CHECKPOINT_FILE
        if not resume:
            if path is not None and path.exists():
                raise ConfigError(f"{path} exists already: resume that run, or choose another folder")
            return
        if path is None or not path.exists():
            raise ConfigError(f"there is no run to resume in {self.folder}: train without resume first")
        self._restore(checkpoint.load(path), path)

    def _restore(self, content: dict[str, Any], path: Path) -> None:
        if content["fingerprint"] != self.fingerprint:
            raise ConfigError(
                f"{path} is of a run with other data, rules or settings: resume it with its own"
            )
        checkpoint.restore(content["state"], self.course.learner, self.environment)
        self.evaluations = [Evaluation(**values) for values in json.loads(content["evaluations"])]
        self.best = {
            "evaluation": Evaluation(**json.loads(content["best"])),
            "tensors": checkpoint.arrays_of(content["tensors"]),
            "golden_actions": content["golden_actions"].numpy().copy(),
        }
        self.over = bool(content["over"])
        self._saved_at = self._first_step = self.course.step

    def update(self) -> None:
        """Collect, learn, and where it is due: judge, save, stop."""
        self.course.update()
        step, settings = self.course.step, self.settings
        judged_at = self.evaluations[-1].step if self.evaluations else 0
        if self.course.done or step - judged_at >= settings.evaluation_interval:
            self._judge(step)
            self.over = self.course.done or self._out_of_patience()
        every = settings.checkpoint_every or settings.evaluation_interval
        if self.evaluations and (self.over or step - self._saved_at >= every):
            self._save(step)
        self._report(step)

    def _judge(self, step: int) -> None:
        spec, tensors = network_of(self.course.learner)
        evaluation = self.evaluator(Network(spec, tensors), step)
        self.evaluations.append(evaluation)
        if not self.best or evaluation.score > self.best["evaluation"].score:
            actions = self.course.actions(self.golden)
            self.best = {"evaluation": evaluation, "tensors": tensors, "golden_actions": actions}
        logger = self.course.learner.logger
        for name in ("score", "log_growth", "daily_sharpe", "turnover"):
            logger.record(f"validation/{name}", getattr(evaluation, name))
        logger.dump(step)

    def _out_of_patience(self) -> bool:
        best = self.best["evaluation"].step
        since = sum(e.step > best for e in self.evaluations)
        return self.settings.patience is not None and since >= self.settings.patience

    def _save(self, step: int) -> None:
        self._saved_at = step
        if self.folder is None:
            return
        content = {
            "fingerprint": self.fingerprint,
            "state": checkpoint.capture(self.course.learner, self.environment),
            "evaluations": json.dumps([asdict(e) for e in self.evaluations]),
            "best": json.dumps(asdict(self.best["evaluation"])),
            "tensors": checkpoint.tensors_of(self.best["tensors"]),
            "golden_actions": checkpoint.tensors_of({"_": self.best["golden_actions"]})["_"],
            "over": self.over,
        }
        checkpoint.save(self.folder / checkpoint.CHECKPOINT_FILE, content)

    def _report(self, step: int) -> None:
        if self.on_progress is None:
            return
        now = time.perf_counter()
        speed = (step - self._first_step) / max(now - self._began, 1e-9)
        left = None if self._cold else max(self.settings.steps - step, 0) / speed
        if self.over:
            left = 0.0
        if self._cold:
            self._cold, self._first_step, self._began = False, step, now
        score = self.evaluations[-1].score if self.evaluations else None
        best = self.best["evaluation"].score if self.best else None
        steps = self.settings.steps
        self.on_progress(TrainingProgress(self.seeds.root, step, steps, speed, left, score, best))

    def result(self) -> TrainingResult:
        spec, _ = network_of(self.course.learner)
        return TrainingResult(
            settings=self.settings,
            action_map=self.action_map,
            network=spec,
            tensors=self.best["tensors"],
            golden_observations=self.golden,
            golden_actions=self.best["golden_actions"],
            evaluations=tuple(self.evaluations),
            best=self.best["evaluation"],
            steps=self.course.step,
            stopped_early=not self.course.done,
            seeds=self.seeds.as_dict(),
            train_segments=self.train_segments,
            validation_segments=self.validation_segments,
        )


def _fingerprint(tape: Tape, rules: Rules, settings: TrainingSettings) -> str:
    """What must be equal for a run to be the same run."""
    values = json.dumps([rules.as_dict(), settings.as_dict()], sort_keys=True)
    return hashlib.sha256(f"{tape_hash(tape)} {values}".encode()).hexdigest()


def train_seeds(
    tape: Tape,
    rules: Rules,
    settings: TrainingSettings,
    seeds: Sequence[int],
    *,
    folder: Path | None = None,
    workers: int = 1,
    on_progress: OnProgress | None = None,
) -> list[TrainingResult]:
    """The same run for several seeds, in their order; each has a folder `seed-<n>` of its own and one thread.

    With more than one worker they run in processes of their own, and `on_progress` is called as each ends.
    A seed whose folder already holds a finished or interrupted run goes on from there.
    """
    if len(set(seeds)) != len(seeds) or not seeds:
        raise ConfigError(f"seeds are {list(seeds)}, expected one or more, all different")
    jobs = [
        (tape, rules, replace(settings, seed=seed), None if folder is None else folder / f"seed-{seed}")
        for seed in seeds
    ]
    if workers == 1:
        return [_train_or_resume(*job, on_progress) for job in jobs]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        results = []
        for outcome in [pool.submit(_train_or_resume, *job) for job in jobs]:
            result = outcome.result()
            results.append(result)
            if on_progress is not None:
                done = result.steps
                score = result.evaluations[-1].score
                root = result.settings.seed
                on_progress(TrainingProgress(root, done, done, 0.0, 0.0, score, result.best.score))
        return results


def _train_or_resume(
    tape: Tape,
    rules: Rules,
    settings: TrainingSettings,
    folder: Path | None,
    on_progress: OnProgress | None = None,
) -> TrainingResult:
    saved = folder is not None and (folder / checkpoint.CHECKPOINT_FILE).exists()
    return train(tape, rules, settings, folder=folder, resume=saved, on_progress=on_progress)
