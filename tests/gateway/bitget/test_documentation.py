"""What the tables of the documentation are made from, and what ccxt can do."""

from __future__ import annotations

from pathlib import Path

import ccxt.async_support as ccxt

from tests.exchange.worlds import PERP, SPOT, instrument
from tradewind.gateway.bitget.listings import MOST_ORDERS, MOST_PLANS, bitget_listing
from tradewind.gateway.bitget.routes import Route
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.v2.dialect import ROUTES as V2
from tradewind.gateway.bitget.v2.refused import REFUSED as REFUSED_V2
from tradewind.gateway.bitget.v3.dialect import ROUTES as V3
from tradewind.gateway.bitget.v3.refused import REFUSED as REFUSED_V3

ROUTES = (*V2, *V3)


def test_every_route_says_what_it_is():
    for route in ROUTES:
        assert route.endpoint.__doc__, route.path
        assert route.weight > 0
        assert isinstance(route.security, Security)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_what_is_refused_are_methods_that_ccxt_has():
    has = ccxt.bitget().has
    for refused in (REFUSED_V2, REFUSED_V3):
        assert all(has[name] for name in refused)
        assert all(reason for reason in refused.values())


def test_what_changes_something_is_posted_and_asks_for_more_than_reading():
    for route in ROUTES:
        changes = route.security not in (Security.PUBLIC, Security.READ)
        assert changes is (route.method == "POST"), route.path


def test_bitget_takes_more_open_orders_and_plans_than_the_core_does_by_itself():
    for symbol in (SPOT, PERP):
        filters = bitget_listing(instrument(symbol)).filters
        assert (filters.max_orders, filters.max_algo_orders) == (MOST_ORDERS, MOST_PLANS)


def table(routes: tuple[Route, ...]) -> str:
    """The paths as `docs/bitget.md` shows them."""
    lines = ["| path | a second | key | what |", "|---|---|---|---|"]
    for route in routes:
        what = " ".join((route.endpoint.__doc__ or "").split())
        lines.append(f"| {route.method} `{route.path}` | {route.weight:g} | {route.security} | {what} |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_path():
    page = Path(__file__).parents[3] / "docs" / "bitget.md"
    text = page.read_text(encoding="utf-8")
    assert table(V2) in text
    assert text.endswith(table(V3))
