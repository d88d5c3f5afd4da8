"""Accounts at real venues, through ccxt."""

from tradewind.venues.remote.account import RemoteAccount
from tradewind.venues.remote.opening import open_account

__all__ = ["RemoteAccount", "open_account"]
