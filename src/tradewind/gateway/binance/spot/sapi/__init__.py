"""What clients of Binance Spot ask under /sapi: coins, fees, permissions, transfers."""

from tradewind.gateway.binance.spot.sapi import history, margin, wallet

ROUTES = (*wallet.routes, *wallet.third, *history.routes, *margin.routes)

__all__ = ["ROUTES"]
