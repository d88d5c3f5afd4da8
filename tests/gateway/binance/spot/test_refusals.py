"""Every error, provoked over a socket: its code, and the class that ccxt makes of it when its URLs are overridden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import ccxt.async_support as ccxt
import orjson
import pytest
import pytest_asyncio

from tests.gateway.binance.spot.venue import Venue, within_a_minute
from tests.gateway.here import D, Running, house, running, spot_client
from tradewind.exchange import Permission

pytestmark = pytest.mark.asyncio
B = "BTCUSDT"
HUGE = "1" + "0" * 30
DAY_MS = 86_400_000


@dataclass
class Case:
    call: str
    params: dict[str, Any]
    code: int
    kind: type[Exception]
    text: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.call} {self.text}"


def order(code: int, kind: type[Exception], text: str = "", **changes: Any) -> Case:
    params = {
        "symbol": B,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "90",
    }
    merged = {k: v for k, v in (params | changes).items() if v is not None}
    return Case("privatePostOrder", merged, code, kind, text)


def market(code: int, kind: type[Exception], text: str = "", **changes: Any) -> Case:
    return order(code, kind, text, **({"type": "MARKET", "timeInForce": None, "price": None} | changes))


def stop(code: int, kind: type[Exception], text: str = "", **changes: Any) -> Case:
    base = {"type": "STOP_LOSS", "timeInForce": None, "price": None, "side": "SELL", "stopPrice": "90"}
    return order(code, kind, text, **(base | changes))


Bad, Invalid = ccxt.BadRequest, ccxt.InvalidOrder
PAIR = {
    "symbol": B,
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "95",
}
CASES = [
    # public
    Case("publicGetKlines", {"symbol": B}, -1102, Bad, "interval"),
    Case("publicGetKlines", {"symbol": B, "interval": "7m"}, -1120, Bad),
    Case("publicGetKlines", {"symbol": B, "interval": "1m", "startTime": "now"}, -1100, Bad, "startTime"),
    Case("publicGetKlines", {"symbol": B, "interval": "1m", "limit": 0}, -1130, Bad, "limit"),
    Case("publicGetKlines", {"symbol": B, "interval": "1m", "timeZone": "99"}, -1130, Bad, "timeZone"),
    Case("publicGetDepth", {"symbol": "NOPE"}, -1121, ccxt.BadSymbol),
    Case("publicGetDepth", {"symbol": "b t"}, -1100, Bad, "symbol"),
    Case("publicGetDepth", {"symbol": ""}, -1105, Bad, "symbol"),
    Case(
        "publicGetDepth", {"symbol": B, "color": "red"}, -1104, Bad, "read '1' parameter(s) but was sent '2'"
    ),
    Case("publicGetPing", {"x": 1}, -1104, Bad),
    Case("publicGetTicker24hr", {"symbol": B, "symbols": f'["{B}"]'}, -1128, Bad),
    Case("publicGetTicker24hr", {"symbols": f'["{B}","{B}"]'}, -1151, ccxt.ExchangeError),
    Case("publicGetTicker24hr", {"symbols": "BTCUSDT"}, -1100, Bad),
    Case("publicGetTicker24hr", {"symbol": B, "type": "TINY"}, -1139, ccxt.ExchangeError),
    Case("publicGetTicker", {}, -1102, Bad),
    Case("publicGetTicker", {"symbol": B, "windowSize": "60m"}, -1130, Bad),
    Case("publicGetExchangeInfo", {"symbol": B, "symbolStatus": "TRADING"}, -1128, Bad),
    Case("publicGetAggTrades", {"symbol": B, "fromId": 1, "startTime": 1}, -1128, Bad),
    # how an order is written
    order(-1102, Bad, "symbol", symbol=None),
    order(-1102, Bad, "side", side=None),
    order(-1102, Bad, "type", type=None),
    order(-1102, Bad, "price", price=None),
    order(-1102, Bad, "timeInForce", timeInForce=None),
    order(-1102, Bad, "quantity", quantity=None),
    order(-1121, ccxt.BadSymbol, symbol="NOPE"),
    order(-1117, Bad, side="HOLD"),
    order(-1116, Bad, type="ICEBERG"),
    order(-1115, Bad, timeInForce="GTX"),
    order(-1130, Bad, "newOrderRespType", newOrderRespType="LONG"),
    order(-1130, Bad, "selfTradePreventionMode", selfTradePreventionMode="SOME"),
    order(-1130, Bad, "strategyType", strategyType=5),
    order(-1100, Bad, "newClientOrderId", newClientOrderId="a b"),
    order(-1100, Bad, "quantity", quantity="-1"),
    order(-1100, Bad, "quantity", quantity="1e3"),
    order(-1100, Bad, "quantity", quantity="NaN"),
    order(-1100, Bad, "quantity", quantity=HUGE),
    order(-1105, Bad, "quantity", quantity=""),
    order(-1111, Bad, "quantity", quantity="1.123456789"),
    order(-1111, Bad, "price", price="90.000000001"),
    order(-1106, Bad, "stopPrice", stopPrice="80"),
    order(-1104, Bad, reduceOnly="true"),
    market(-1106, Bad, "price", price="90"),
    market(-1106, Bad, "timeInForce", timeInForce="GTC"),
    market(-1128, Bad, quoteOrderQty="100"),
    market(-1102, Bad, "quantity", quantity=None),
    stop(-1102, Bad, "stopPrice", stopPrice=None),
    stop(-1106, Bad, "price", price="80"),
    order(-1106, Bad, "trailingDelta", trailingDelta=100),
    stop(-1106, Bad, "icebergQty", icebergQty="0.1"),
    order(-1014, Invalid, "order combination", icebergQty="0.1", timeInForce="IOC"),
    order(-2010, Invalid, "IcebergQty exceeds", icebergQty="1.5"),
    order(-2010, Invalid, "Pegged orders", pegPriceType="PRIMARY_PEG"),
    # what the market refuses
    order(-1013, Bad, "Invalid quantity", quantity="0"),
    order(-1013, Invalid, "LOT_SIZE", quantity="1.0001"),
    order(-1013, Invalid, "PRICE_FILTER", price="90.001"),
    order(-1013, Bad, "NOTIONAL", quantity="0.001"),
    order(-1013, Invalid, "PERCENT_PRICE_BY_SIDE", price="1000"),
    order(-2010, ccxt.InsufficientFunds, "insufficient balance", quantity="1000"),
    market(-2010, ccxt.InsufficientFunds, "insufficient balance", side="SELL", quantity="11"),
    order(-2010, ccxt.OrderImmediatelyFillable, "match", type="LIMIT_MAKER", timeInForce=None, price="110"),
    stop(-2010, ccxt.OrderImmediatelyFillable, "trigger", stopPrice="110"),
    order(-2010, Invalid, "Duplicate order sent", newClientOrderId="resting"),
    order(-1013, Bad, "ICEBERG_PARTS", icebergQty="0.01"),
    stop(-1013, Bad, "TRAILING_DELTA", trailingDelta=5),
    stop(-1013, Bad, "TRAILING_DELTA", trailingDelta=-5),
    # order lists
    Case("privatePostOrderListOco", {"symbol": B}, -1102, Bad, "side"),
    Case("privatePostOrderListOco", PAIR | {"belowType": "LIMIT"}, -1158, ccxt.ExchangeError),
    Case(
        "privatePostOrderListOco",
        PAIR | {"belowStopPrice": "101"},
        -2010,
        Invalid,
        "relationship of the prices",
    ),
    Case("privatePostOrderOco", {"symbol": B, "side": "BUY", "quantity": "1"}, -1102, Bad, "stopPrice"),
    Case("privatePostOrderListOto", {"symbol": B}, -2010, Invalid, "OTO"),
    Case("privateDeleteOrderList", {"symbol": B, "orderListId": 9}, -2011, ccxt.OrderNotFound, "order list"),
    # cancels and questions
    Case("privateDeleteOrder", {"symbol": B}, -1102, Bad, "origClientOrderId"),
    Case("privateDeleteOrder", {"symbol": B, "orderId": 999}, -2011, ccxt.OrderNotFound),
    Case("privateDeleteOrder", {"symbol": B, "origClientOrderId": "?"}, -2011, ccxt.OrderNotFound),
    Case(
        "privateDeleteOrder",
        {"symbol": B, "origClientOrderId": "resting", "cancelRestrictions": "ONLY_PARTIALLY_FILLED"},
        -2011,
        ccxt.OrderNotFound,
        "cancel restrictions",
    ),
    Case(
        "privateDeleteOrder",
        {"symbol": B, "origClientOrderId": "resting", "cancelRestrictions": "SOME"},
        -1145,
        ccxt.ExchangeError,
    ),
    Case("privateGetOrder", {"symbol": B, "orderId": 999}, -2013, ccxt.OrderNotFound),
    Case("privateGetOrder", {"symbol": B}, -1102, Bad, "Param 'origClientOrderId' or 'orderId'"),
    Case("privateGetMyTrades", {"symbol": B, "startTime": 0, "endTime": DAY_MS + 1}, -1127, Bad),
    Case("privateGetAllOrders", {"symbol": B, "startTime": 0, "endTime": DAY_MS + 1}, -1127, Bad),
    Case("privateGetMyTrades", {"symbol": B, "fromId": 1, "startTime": 1}, -1128, Bad),
    Case("privateGetOrderList", {"orderListId": 1}, -2018, ccxt.ExchangeError),
    Case("publicPutUserDataStream", {"listenKey": "gone"}, -1125, ccxt.AuthenticationError),
    # time
    Case("privateGetAccount", {"recvWindow": 60_001}, -1131, ccxt.ExchangeError),
    Case("privateGetAccount", {"timestamp": 1}, -1021, ccxt.InvalidNonce, "outside of the recvWindow"),
    Case("privateGetAccount", {"timestamp": 9_999_999_999_999}, -1021, ccxt.InvalidNonce, "ahead"),
]


@pytest_asyncio.fixture
async def here() -> AsyncIterator[tuple[Running, Any]]:
    async with running(house(limits=0)) as found:
        client = spot_client(found.origin)
        client.enableRateLimit = False
        try:
            await client.load_markets()
            await client.create_order("BTC/USDT", "limit", "buy", 1, 80, {"newClientOrderId": "resting"})
            yield found, client
        finally:
            await client.close()


def code_of(client: Any) -> int:
    """Of the last body that came."""
    return orjson.loads(client.last_http_response)["code"]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_refused(here: tuple[Running, Any], case: Case) -> None:
    found, client = here
    before = found.house.exchange.ledger.digest()
    with pytest.raises(ccxt.BaseError) as caught:
        await getattr(client, case.call)(case.params)
    assert code_of(client) == case.code, str(caught.value)
    assert case.text in str(caught.value)
    assert type(caught.value) is case.kind, type(caught.value)
    assert found.house.exchange.ledger.digest() == before


async def test_keys(here: tuple[Running, Any]) -> None:
    found, client = here
    control = found.house.exchange.control
    control.add_key("me", "reader", "r" * 64, frozenset({Permission.READ}))
    control.add_key("me", "elsewhere", "e" * 64, addresses=("10.0.0.1",))
    for key, secret, code, call in [
        ("", "x", -2014, client.privateGetAccount),
        ("unknown", "x", -2015, client.privateGetAccount),
        ("k" * 64, "x", -1022, client.privateGetAccount),
        ("elsewhere", "e" * 64, -2015, client.privateGetAccount),
        ("reader", "r" * 64, -2015, client.privateDeleteOpenOrders),
    ]:
        client.apiKey, client.secret = key or " ", secret
        if not key:
            client.apiKey = "x" * 300
        with pytest.raises((ccxt.AuthenticationError, ccxt.DDoSProtection)):
            await call({"symbol": B} if call is client.privateDeleteOpenOrders else {})
        assert code_of(client) == code


async def test_a_key_that_nobody_has_is_told_differently_by_trading_and_wallet() -> None:
    venue = Venue()
    venue.house.exchange.control.add_key("me", "elsewhere", "e" * 64, addresses=("10.0.0.1",))
    for key, path, expected in [
        ("nobody", "/api/v3/account", (401, -2015)),
        ("nobody", "/sapi/v1/account/status", (400, -2008)),
        ("nobody", "/sapi/v1/capital/config/getall", (400, -2008)),
        ("elsewhere", "/sapi/v1/account/status", (401, -2015)),
    ]:
        query = f"timestamp={venue.house.wire.now_ms()}&signature={'f' * 64}"
        reply = venue.raw("GET", path, query, headers={"X-MBX-APIKEY": key})
        assert (reply.status, orjson.loads(reply.body)["code"]) == expected


async def test_an_account_that_may_not_trade(here: tuple[Running, Any]) -> None:
    found, client = here
    found.house.exchange.account("me").can_trade = False
    with pytest.raises(ccxt.ExchangeError, match="This action is disabled on this account"):
        await client.create_order("BTC/USDT", "market", "buy", 1)
    assert code_of(client) == -2010


async def test_markets_that_are_closed(here: tuple[Running, Any]) -> None:
    found, client = here
    found.house.exchange.control.halt("BTC/USDT")
    with pytest.raises(ccxt.MarketClosed, match="Market is closed"):
        await client.create_order("BTC/USDT", "market", "buy", 1)


async def test_archived_orders(here: tuple[Running, Any]) -> None:
    found, client = here
    made = await client.create_order("BTC/USDT", "limit", "buy", 1, 80)
    await client.cancel_order(made["id"], "BTC/USDT")
    exchange = found.house.exchange
    exchange.records.find("me", "BTC/USDT", int(made["id"])).updated_ms -= 91 * DAY_MS
    with pytest.raises(ccxt.ExchangeError):
        await client.fetch_order(made["id"], "BTC/USDT")
    assert code_of(client) == -2026
    assert made["id"] not in {o["id"] for o in await client.fetch_orders("BTC/USDT")}


async def test_too_much_weight_is_429_then_418() -> None:
    async with running(house(limits=0.1)) as found:
        within_a_minute(found.house)
        client = spot_client(found.origin)
        client.enableRateLimit = False
        try:
            for _ in range(30):
                await client.publicGetExchangeInfo()
            statuses = []
            for _ in range(12):
                with pytest.raises(ccxt.DDoSProtection) as caught:
                    await client.publicGetExchangeInfo()
                assert code_of(client) == -1003
                assert int(client.last_response_headers["Retry-After"]) >= 1
                statuses.append(418 if " 418 " in str(caught.value) else 429)
            assert statuses[0] == 429
            assert statuses[-1] == 418
        finally:
            await client.close()


async def test_too_many_orders() -> None:
    async with running(house(limits=0.05)) as found:
        client = spot_client(found.origin)
        client.enableRateLimit = False
        order = {"symbol": B, "side": "BUY", "type": "MARKET", "quantity": "0.1"}

        async def many() -> None:
            for _ in range(12):
                await client.privatePostOrder(order)

        try:
            with pytest.raises(ccxt.DDoSProtection):
                await many()
            assert code_of(client) == -1015
            assert int(client.last_response_headers["Retry-After"]) >= 1
            filled = [o for o in found.house.exchange.records.orders("me") if o.filled == D("0.1")]
            assert 5 <= len(filled) < 12
        finally:
            await client.close()
