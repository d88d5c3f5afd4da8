"""The candles of a study: development with its splits, and a vault that stays shut."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tradewind.market import ConfigError, Market
from tradewind.statistics import DAY_MS, MIN_DAYS
from tradewind.training.recipe import Recipe
from tradewind.validation.entries import Scope, canonical, configuration_hash
from tradewind.validation.schemes import cpcv, hold_out, k_fold, walk_forward
from tradewind.validation.splits import Group, Margins, Scheme, Timeline, Times
from tradewind.validation.study.settings import SchemeName, StudySettings


@dataclass(frozen=True, slots=True, eq=False)
class StudyData:
    """`market` holds development rows alone, split by `scheme`; `vault` says which rows are kept back."""

    market: Market
    scheme: Scheme
    scope: Scope  # of development
    vault: Scope | None


def divide(market: Market, settings: StudySettings, reach_bars: int) -> StudyData:
    """Keep the vault back and split the rest. `reach_bars` is the most that any feature of the study looks back on.

    `ConfigError` where groups, fragments or what purge and embargo leave of them are too few or too short.
    """
    whole = Timeline.of(market)
    chosen = settings.splits

    def margins(rows: int) -> Margins:
        return Margins.usual(
            rows,
            lookback_bars=reach_bars,
            embargo_bars=chosen.embargo_bars,
            least_bars=chosen.least_bars,
        )

    development, vault = market, None
    if settings.vault is not None:
        held = hold_out(whole, settings.vault, margins(len(whole)))
        development = market.rows(0, held.development.fragments[-1].stop)
        vault = scope_of(market.rows(held.vault[0].start, held.vault[-1].stop))
    timeline = Timeline.of(development)
    apart = margins(len(timeline))
    if chosen.scheme is SchemeName.CPCV:
        scheme = cpcv(timeline, chosen.groups, chosen.tested, apart)
    elif chosen.scheme is SchemeName.K_FOLD:
        scheme = k_fold(timeline, chosen.groups, apart)
    else:
        scheme = walk_forward(
            timeline, chosen.groups, apart, first_groups=chosen.first_groups, rolling=chosen.rolling
        )
    _refuse_few_days(scheme)
    return StudyData(development, scheme, scope_of(development), vault)


def _refuse_few_days(scheme: Scheme) -> None:
    """`ConfigError` where a split tests fewer days than a Sharpe ratio needs."""
    for split in scheme.splits:
        days = len(tested_days(scheme, split.test))
        if days < MIN_DAYS:
            raise ConfigError(
                f"split {split.number} of the {scheme.name} tests {days} days, and a Sharpe ratio needs {MIN_DAYS}: "
                "take fewer groups, or bring more candles"
            )


def tested_days(scheme: Scheme, groups: Iterable[Group]) -> Times:
    """The UTC days of these groups, counted from 1970. Their number, not that of bars, is what a ratio is sure by."""
    rows = np.concatenate([np.arange(f.start + 1, f.stop) for group in groups for f in group.fragments])
    return np.unique((scheme.timeline.close_time[rows] - 1) // DAY_MS)


def scope_of(market: Market) -> Scope:
    """What these bars are, for the ledger."""
    return Scope(
        symbols=market.symbols,
        timeframe=market.timeframe.text,
        start_ms=int(market.open_time[0]),
        end_ms=int(market.close_time[-1]),
        data_sha256=_market_hash(market),
    )


def reach_of(recipe: Recipe, market: Market) -> int:
    """Bars that an observation of this recipe looks back on."""
    return recipe.plan.warmup_on(market.timeframe) + recipe.rules.lookback


def configuration_of(recipe: Recipe) -> dict[str, Any]:
    """What makes a configuration distinct: everything of a recipe but its seed and what only tells or saves."""
    training = recipe.settings.as_dict()
    for name in ("seed", "tensorboard", "checkpoint_every"):
        del training[name]
    return {
        "features": recipe.plan.to_json(),
        "scaling": recipe.scaling,
        "clip": recipe.clip,
        "rules": recipe.rules.as_dict(),
        "training": training,
    }


def study_hash(settings: StudySettings, data: StudyData, base: Mapping[str, Any]) -> str:
    """What makes a study this study, not its name, nor where it is kept. `base` is what the search varies."""
    chosen = asdict(settings)
    del chosen["name"], chosen["storage"]
    scopes = {"development": asdict(data.scope), "vault": None if data.vault is None else asdict(data.vault)}
    apart = asdict(data.scheme.margins)
    return configuration_hash({"study": chosen, "base": dict(base), "margins": apart, **scopes})


def _market_hash(market: Market) -> str:
    """SHA-256 over every bar and what is known of the instruments."""
    digest = hashlib.sha256(canonical([str(asdict(one)) for one in market.instruments]).encode())
    for name in market.array_names():
        array = np.ascontiguousarray(getattr(market, name))
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
