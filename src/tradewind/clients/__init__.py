"""Ready ccxt clients. Only what is public so far: market data needs no key."""

from tradewind.clients.public import public_client

__all__ = ["public_client"]
