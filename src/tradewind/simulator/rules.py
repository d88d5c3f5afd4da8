"""Every rule that an agent lives under, as one validated value and as the kernels' record."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np

from tradewind.account.records import RULES, Records
from tradewind.market import Kind
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import refuse_unknown
from tradewind.risk.limits import RiskLimits
from tradewind.simulator.reward import Reward


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs beside the instrument's fee. Rates are fractions of the price.

    Execution is `reference * (1 +- (half_spread + slippage + impact * sqrt(participation)))`; at most
    `participation_cap` of the trailing mean volume (over `volume_window` bars) fills in one bar.
    """

    half_spread: float = 0.0001
    slippage: float = 0.0002
    impact: float = 0.002
    participation_cap: float | None = 0.10
    volume_window: int = 30

    def __post_init__(self) -> None:
        for name in ("half_spread", "slippage", "impact"):
            value = getattr(self, name)
            if not 0 <= value < 0.1:
                raise ConfigError(f"{name} is {value}, expected a fraction of the price such as 0.0002")
        if self.participation_cap is not None and not 0 < self.participation_cap <= 1:
            raise ConfigError(
                f"participation_cap is {self.participation_cap}, expected more than 0, at most 1"
            )
        if self.volume_window < 1:
            raise ConfigError(f"volume_window is {self.volume_window} bars, expected 1 or more")

    def scaled(self, factor: float) -> Costs:
        """The same costs `factor` times as high; the participation cap stays."""
        return replace(
            self,
            half_spread=self.half_spread * factor,
            slippage=self.slippage * factor,
            impact=self.impact * factor,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """Costs, sizing, risk, reward and what the observation holds. The same in every mode."""

    costs: Costs = field(default_factory=Costs)
    risk: RiskLimits = field(default_factory=RiskLimits)
    leverage: float = 1.0
    reserve: float = 0.01  # of equity, kept in cash on spot
    band: float = 0.01  # of equity; smaller changes are no trade
    lookback: int = 1
    clock: bool = False
    reward: Reward = Reward.LOG_RETURN
    reward_scale: float = 1.0
    reward_penalty: float = 0.1
    score_rate: float = 0.01  # of the differential Sharpe
    ruin: float = 0.10  # an episode ends below this fraction of its start
    terminate_on_kill: bool = False  # training ends the episode where a backtest would latch

    def __post_init__(self) -> None:
        if not 1 <= self.leverage <= 125:
            raise ConfigError(f"leverage is {self.leverage}, expected 1 to 125")
        for name in ("reserve", "band", "ruin"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}, expected a fraction of equity from 0 to 1"
                )
        if self.lookback < 1:
            raise ConfigError(f"lookback is {self.lookback} bars, expected 1 or more")

    def record(self, instruments: int, kind: Kind) -> Records:
        """The kernels' view [1], with the defaults that depend on the number and kind of instruments."""
        risk, costs = self.risk, self.costs
        leverage = self.leverage if kind is Kind.PERPETUAL else 1.0
        rules = np.zeros(1, RULES)
        values: dict[str, float] = {
            "half_spread": costs.half_spread,
            "slippage": costs.slippage,
            "impact": costs.impact,
            "participation_cap": costs.participation_cap or 0.0,
            "reserve": self.reserve,
            "band": self.band,
            "leverage": leverage,
            "max_weight": min(self.max_weight(instruments, kind), leverage),
            "max_gross": leverage if risk.max_gross is None else min(risk.max_gross, leverage),
            "max_net": leverage if risk.max_net is None else min(risk.max_net, leverage),
            "max_order_notional": math.inf if risk.max_order_notional is None else risk.max_order_notional,
            "stop_loss": risk.stop_loss or 0.0,
            "trailing_stop": risk.trailing_stop or 0.0,
            "daily_loss": risk.daily_loss or 0.0,
            "max_drawdown": risk.max_drawdown or 0.0,
            "ruin": self.ruin,
            "reward_scale": self.reward_scale,
            "reward_penalty": self.reward_penalty,
            "score_rate": self.score_rate,
            "cooldown_bars": risk.cooldown_bars,
            "streak_losses": risk.streak_losses or 0,
            "streak_bars": risk.streak_bars,
            "terminate_on_kill": self.terminate_on_kill,
            "reward_kind": int(self.reward),
            "lookback": self.lookback,
            "clock": self.clock,
        }
        for name, value in values.items():
            rules[name] = value
        return rules

    def max_weight(self, instruments: int, kind: Kind) -> float:
        """The cap on one instrument: as set, else all of it for one, a quarter for several."""
        if self.risk.max_weight is not None:
            return self.risk.max_weight
        share = 1.0 if instruments == 1 else 0.25
        return share * (self.leverage if kind is Kind.PERPETUAL else 1.0)

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` gives an equal value."""
        values = asdict(self)
        values["reward"] = self.reward.name.lower()
        if values["risk"]["max_weight"] == math.inf:
            values["risk"]["max_weight"] = "inf"
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """`ConfigError` on unknown keys and wrong values."""
        values = dict(values)
        for name, part in (("costs", Costs), ("risk", RiskLimits)):
            if name in values:
                given = dict(values[name])
                refuse_unknown(given, part, f"{name}.")
                if given.get("max_weight") == "inf":
                    given["max_weight"] = math.inf
                values[name] = part(**given)
        refuse_unknown(values, cls, "")
        if "reward" in values and not isinstance(values["reward"], Reward):
            names = [r.name.lower() for r in Reward]
            if values["reward"] not in names:
                raise ConfigError(f"reward is {values['reward']!r}, expected one of {', '.join(names)}")
            values["reward"] = Reward[values["reward"].upper()]
        return cls(**values)

    def for_baselines(self) -> Rules:
        """The same costs, lots and fills, without caps, stops and kill switch."""
        return replace(self, risk=RiskLimits.none(), terminate_on_kill=False)

    def for_training(self) -> Rules:
        return replace(self, terminate_on_kill=True)
