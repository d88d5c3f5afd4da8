"""Numbers, times and names as Bitget prints them: almost everything is text."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange import Interval, Listing, PositionSide, TimeInForce, TriggerBy
from tradewind.market import Side

PRODUCT = "USDT-FUTURES"
OTHER_PRODUCTS = (
    "COIN-FUTURES",
    "USDC-FUTURES",
    "SUSDT-FUTURES",
    "SCOIN-FUTURES",
    "SUSDC-FUTURES",
)


def text(amount: Decimal) -> str:
    """Without exponent and trailing zeros."""
    return f"{amount.normalize():f}" if amount else "0"


def places(step: Decimal) -> int:
    """Decimals of a grid."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def price_text(price: Decimal, listing: Listing) -> str:
    """With all the decimals of the market's prices."""
    return f"{price:.{places(listing.filters.tick)}f}"


def rounded(amount: Decimal, digits: int = 8) -> str:
    """At most so many decimals: for figures that are divisions."""
    return text(round(amount, digits))


def yes_no(flag: bool) -> str:
    return "YES" if flag else "NO"


SIDES = {"buy": Side.BUY, "sell": Side.SELL}
FORCES = {
    "gtc": TimeInForce.GTC,
    "normal": TimeInForce.GTC,
    "post_only": TimeInForce.GTX,
    "ioc": TimeInForce.IOC,
    "fok": TimeInForce.FOK,
}
FORCE_NAMES = {
    TimeInForce.GTC: "gtc",
    TimeInForce.GTX: "post_only",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
}
TRIGGERS = {
    "fill_price": TriggerBy.LAST,
    "market_price": TriggerBy.LAST,
    "last_price": TriggerBy.LAST,
    "mark_price": TriggerBy.MARK,
}
TRIGGER_NAMES = {TriggerBy.LAST: "fill_price", TriggerBy.MARK: "mark_price"}
POSITION_SIDES = {PositionSide.LONG: "long", PositionSide.SHORT: "short", PositionSide.BOTH: "net"}


def mode_name(hedge: bool) -> str:
    return "hedge_mode" if hedge else "one_way_mode"


def margin_name(isolated: bool) -> str:
    return "isolated" if isolated else "crossed"


_SPOT_NAMES = {"1min": "1m", "3min": "3m", "5min": "5m", "15min": "15m", "30min": "30m"}
_SAME = ("1m", "3m", "5m", "15m", "30m")
_LONG = ("1h", "2h", "4h", "6h", "12h", "1d", "3d", "1w")


def _names() -> dict[str, Interval]:
    found = {name: Interval.of(name) for name in _SAME}
    found |= {name: Interval.of(plain) for name, plain in _SPOT_NAMES.items()}
    for name in _LONG:
        interval = Interval.of(name)
        found |= dict.fromkeys((name, name.upper(), f"{name.upper()}utc"), interval)
    found |= {"1M": Interval.of("1M"), "1Mutc": Interval.of("1M")}
    return found


GRANULARITIES = _names()
