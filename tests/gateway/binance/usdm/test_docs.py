"""The page on Binance names every path of USD-M futures with its methods, and every method of its WebSocket API."""

from __future__ import annotations

import re
from pathlib import Path

from tests.gateway.binance.usdm.venue import Desk
from tradewind.gateway.binance.usdm.dialect import METHODS

PAGE = (Path(__file__).parents[4] / "docs" / "binance.md").read_text()


def named() -> set[tuple[str, str]]:
    """(method, path) of the table of REST."""
    found: set[tuple[str, str]] = set()
    for row in re.findall(r"^\| [a-z ]+ \| ((?:GET|POST|PUT|DELETE).*) \|$", PAGE, re.MULTILINE):
        for part in row.split(";"):
            methods = re.findall(r"\b(GET|POST|PUT|DELETE)\b", part)
            paths = re.findall(r"\b(v[123]/[A-Za-z0-9/]+)", part)
            found |= {(method, f"/fapi/{path}") for method in methods for path in paths}
    return found


def test_the_table_of_rest_is_the_table_of_routes() -> None:
    routes = {key for key in Desk().dialect.rest.routes if key[1].startswith("/fapi/")}
    assert named() == routes


def test_the_methods_of_the_websocket_api_are_named() -> None:
    section = PAGE[PAGE.index("### WebSocket API") : PAGE.index("### ccxt")]
    words = set(re.findall(r"`([^`]+)`", section))
    for method in METHODS:
        name = method.removeprefix("v2/")
        assert name in words or f".{name.partition('.')[2]}" in words, method
