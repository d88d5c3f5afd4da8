"""From a market to bundles: features, a scaler learnt on the rows that train, a tape, a learner, what it learnt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tradewind.features import FeaturePlan, Scaler, compute
from tradewind.market import DataError, Market
from tradewind.policy import Bundle
from tradewind.simulator import Rules, Tape, build_tape
from tradewind.simulator.tape import segments_of
from tradewind.training.episodes import Segments, inner_split
from tradewind.training.export import make_bundle
from tradewind.training.learn import TrainingResult, train_seeds
from tradewind.training.progress import OnProgress
from tradewind.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that is chosen before training: the same recipe on the same market gives the same bundle."""

    plan: FeaturePlan
    rules: Rules
    settings: TrainingSettings
    scaling: str = "robust"
    clip: float = 5.0

    def prepare(self, market: Market, training: Segments | None = None) -> tuple[Tape, Scaler]:
        """Lay out a market; the scaler learns from the rows that train.

        `training` [K, 2] are the row ranges that may be learnt from, None all of them: no episode and no window of
        features leaves one. What trains are the learner's own rows: neither the inner validation rows nor the
        purged ones are among them. Indicators are of the whole history before each row, as they are when it trades.
        """
        matrix = compute(market, self.plan)
        if not matrix.ready.any():
            raise DataError(
                f"{len(market)} bars are fewer than the features' warm-up needs "
                f"({self.plan.warmup_on(market.timeframe)} bars a fragment): give more history"
            )
        allowed = market.fragments if training is None else training
        segments = segments_of(matrix.values, allowed, self.rules.lookback)
        if not len(segments):
            raise DataError(
                f"{len(market)} bars leave none with a whole window of {self.rules.lookback} bars of features: "
                "give more history, or a shorter lookback"
            )
        train, _ = inner_split(
            segments, self.settings.validation_share, self.settings.purge_for(self.rules.lookback)
        )
        learning = np.concatenate([np.arange(start, stop) for start, stop in train])
        scaler = Scaler.fit(matrix.values, learning, kind=self.scaling, clip=self.clip)
        tape = build_tape(
            market,
            scaler.transform(matrix.values),
            matrix.values,
            matrix.columns,
            lookback=self.rules.lookback,
            volume_window=self.rules.costs.volume_window,
        )
        return replace(tape, segments=segments), scaler

    def bundle(self, result: TrainingResult, tape: Tape, scaler: Scaler) -> Bundle:
        """What trades as this run learnt."""
        features, scales = json.loads(self.plan.to_json()), json.loads(scaler.to_json())
        return make_bundle(result, tape, self.rules, features=features, scaler=scales)

    def train(
        self,
        market: Market,
        seeds: Sequence[int],
        *,
        folder: Path | None = None,
        workers: int = 1,
        on_progress: OnProgress | None = None,
    ) -> list[tuple[Bundle, TrainingResult]]:
        """A bundle for each seed, in their order."""
        tape, scaler = self.prepare(market)
        results = train_seeds(
            tape, self.rules, self.settings, seeds, folder=folder, workers=workers, on_progress=on_progress
        )
        return [(self.bundle(result, tape, scaler), result) for result in results]
