"""Bitget's v3 API: unified accounts."""

from tradewind.gateway.bitget.v3.dialect import BitgetV3

__all__ = ["BitgetV3"]
