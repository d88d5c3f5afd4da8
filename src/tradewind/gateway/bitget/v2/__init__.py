"""Bitget's v2 API: classic accounts."""

from tradewind.gateway.bitget.v2.dialect import BitgetV2

__all__ = ["BitgetV2"]
