"""Caps, stops, daily loss, kill switch: pure functions over the account, the same in every mode."""

from tradewind.risk.judge import judge
from tradewind.risk.limits import RiskLimits
from tradewind.risk.review import review
from tradewind.risk.stops import liquidation_price, stop_level

__all__ = ["RiskLimits", "judge", "liquidation_price", "review", "stop_level"]
