"""Limits that are crossed, of an account between decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tradewind.market import Instrument
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.order_records import Risk


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is crossed: entries wait at once, `then` follows when a second reading says the same."""

    name: str
    at: int  # of the reading, UTC ms
    text: str
    then: Risk | None = None


def margin_breaches(
    limits: GuardSettings, reading: AccountReading | None, instruments: Mapping[str, Instrument]
) -> Iterator[Breach]:
    """How near to its end the margin of each position is; of no reading nothing is known."""
    for symbol, position in () if reading is None else reading.positions.items():
        if reading is None or symbol not in instruments or not position.quantity:
            continue
        ratio = position.margin_ratio
        if limits.max_margin_ratio is not None and ratio is not None and ratio >= limits.max_margin_ratio:
            text = (
                f"{ratio:.0%} of the margin of {symbol} is needed, the most is {limits.max_margin_ratio:.0%}"
            )
            yield Breach(f"margin {symbol}", reading.at, text, Risk.FLATTENING)
        if limits.min_liquidation_distance is None or not position.mark or position.liquidation is None:
            continue
        distance = abs(float(position.liquidation / position.mark) - 1.0)
        if position.liquidation > 0 and distance < limits.min_liquidation_distance:
            text = f"{symbol} is {distance:.1%} from its liquidation price"
            yield Breach(f"liquidation {symbol}", reading.at, text, Risk.REDUCING)
