"""What faults look for by kind: every path and every call that trades, or asks about orders, has one."""

from __future__ import annotations

import pytest

from tests.gateway.binance.usdm.venue import Desk
from tradewind.gateway.binance.security import Security as BinanceSecurity
from tradewind.gateway.binance.spot.dialect import ROUTES as SPOT
from tradewind.gateway.binance.spot.ws_api.methods import METHODS as SPOT_METHODS
from tradewind.gateway.binance.usdm.dialect import METHODS as USDM_METHODS
from tradewind.gateway.bitget.security import Security as BitgetSecurity
from tradewind.gateway.bitget.v2.dialect import ROUTES as V2
from tradewind.gateway.bitget.v3.dialect import ROUTES as V3
from tradewind.gateway.faults.kinds import Kind, kind_of_request, kind_of_word

USDM = Desk().dialect.rest.routes
TRADES = {BinanceSecurity.TRADE, BitgetSecurity.SPOT, BitgetSecurity.FUTURES, BitgetSecurity.TRADE}
TRADING = [(route.method, route.path) for route in (*SPOT, *V2, *V3) if route.security in TRADES] + [
    key for key, route in USDM.items() if route.security in TRADES
]
OF_ACCOUNTS = {
    *(Kind.PLACE, Kind.AMEND, Kind.CANCEL, Kind.QUERY, Kind.TRADES, Kind.BALANCE, Kind.POSITIONS)
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [row for row in TRADING if not row[1].endswith("/test")])
def test_whatever_trades_has_a_kind(method: str, path: str) -> None:
    found = kind_of_request(method, path)
    assert found in OF_ACCOUNTS | {Kind.SETTINGS}, found


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v3/orderList", Kind.QUERY),
        ("/api/v3/openOrderList", Kind.QUERY),
        ("/api/v3/allOrderList", Kind.QUERY),
        ("/api/v3/order/amendments", Kind.QUERY),
        ("/fapi/v1/forceOrders", Kind.OTHER),
        ("/api/v3/rateLimit/order", Kind.OTHER),
        ("/api/v2/spot/trade/plan-sub-order", Kind.QUERY),
        ("/api/v2/mix/order/detail", Kind.QUERY),
        ("/api/v3/trade/fills", Kind.TRADES),
    ],
)
def test_questions_about_orders_have_one_and_no_others(path: str, kind: Kind) -> None:
    assert kind_of_request("GET", path) is kind


def test_a_call_over_a_socket_is_of_the_kind_of_the_same_request() -> None:
    rest = {name: kind_of_request(method, "/api/v3" + path) for name, (method, path) in SPOT_METHODS.items()}
    told = {name: kind_of_word({"method": name}) for name in rest}
    assert {n: told[n] for n, kind in rest.items() if kind in OF_ACCOUNTS} == {
        n: kind for n, kind in rest.items() if kind in OF_ACCOUNTS
    }
    assert len([kind for kind in told.values() if kind in OF_ACCOUNTS]) > 20


def test_calls_about_futures_have_one() -> None:
    words = [
        name for name in USDM_METHODS if name.rpartition("/")[2].startswith(("order", "algo", "account"))
    ]
    assert len(words) >= 9
    assert all(kind_of_word({"method": name}) in OF_ACCOUNTS for name in words)
