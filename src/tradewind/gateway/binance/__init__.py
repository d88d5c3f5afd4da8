"""Binance's protocols: spot and USD-M futures."""
