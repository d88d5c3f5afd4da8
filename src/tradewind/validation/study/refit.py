"""The chosen recipe once more, on all of development: several seeds, one bundle that answers with their mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tradewind.market import Market
from tradewind.policy import Bundle
from tradewind.policy.ensemble import ensemble
from tradewind.training.progress import OnProgress
from tradewind.training.recipe import Recipe


def refit(
    recipe: Recipe,
    market: Market,
    seeds: Sequence[int],
    *,
    folder: Path | None = None,
    workers: int = 1,
    on_progress: OnProgress | None = None,
) -> Bundle:
    """One bundle of all seeds, trained on every row of `market`, which is development without the vault.

    The models of the splits are thrown away: they judged the method, and have seen the future of their tests. With a
    `folder` it goes on where it was interrupted.
    """
    made = recipe.train(market, seeds, folder=folder, workers=workers, on_progress=on_progress)
    bundles = [bundle for bundle, _ in made]
    network, tensors = ensemble(bundles[0].spec.network, [bundle.tensors for bundle in bundles])
    roots = {f"root_{k}": seed for k, seed in enumerate(seeds)}
    hyperparameters = {k: v for k, v in bundles[0].spec.hyperparameters.items() if k != "seed"}
    spec = bundles[0].spec.model_copy(
        update={
            "network": network,
            "seeds": roots,
            "hyperparameters": {**hyperparameters, "ensemble": len(seeds)},
        }
    )
    return Bundle.create(spec, tensors, bundles[0].golden_observations)
