"""What each venue's codes say about an order request: definite or not, and why."""

from tradewind.clients.venue_codes import binance, bitget
from tradewind.clients.venue_codes.rows import Row, row_for

TABLES: dict[str, tuple[Row, ...]] = {
    "Binance Spot": binance.SPOT,
    "Binance USD-M": binance.USDM,
    "Bitget": bitget.ALL,
}

__all__ = ["TABLES", "Row", "row_for"]
