"""Bitget: classic accounts (v2) for spot and USDT perpetuals, and what unified accounts (v3) share with them."""
