"""Error codes that a client must know, each with a call that is refused with it and the classes of ccxt.

What no request can cause, a fault causes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import ccxt

from tests.exchange.worlds import PERP, D
from tradewind.exchange import Exchange, OrderRequest, OrderType, Permission, Tier
from tradewind.market import Side

Kind = type[Exception]
Values = Mapping[str, Any]
NOTHING: Values = {}


@dataclass(frozen=True)
class Row:
    """`kind` is the class at the venue's host names; `elsewhere` that at any other URL, where it differs.

    `before` changes the exchange first, `fault` is a rule, `headers` replace those that ccxt sends (None: leave out).
    """

    code: int | str
    kind: Kind
    client: str
    call: str
    params: Values = field(default_factory=dict)
    elsewhere: Kind | None = None
    text: str = ""
    before: Callable[[Exchange], Any] | None = None
    fault: Values | None = None
    headers: Values = field(default_factory=dict)
    key: str = "me-key"
    secret: str = "me-secret"

    def __str__(self) -> str:
        return " ".join(filter(None, [str(self.code), self.client, self.text or "-"]))


def spot(code: int, kind: Kind, call: str, params: Values = NOTHING, **more: Any) -> Row:
    return Row(code, kind, "binance", call, params, **more)


def usdm(code: int, kind: Kind, call: str, params: Values = NOTHING, **more: Any) -> Row:
    return Row(code, kind, "binanceusdm", call, params, **more)


def bitget(code: str, kind: Kind, call: str, params: Values = NOTHING, **more: Any) -> Row:
    return Row(code, kind, "bitget", call, params, **more)


def reason(name: str) -> dict[str, Any]:
    return {"do": "refuse", "reason": name}


def words(code: int | str, message: str, status: int = 400) -> dict[str, Any]:
    return {"do": "refuse", "code": str(code), "message": message, "status": status}


# --- what the exchange is brought to


def bought(quantity: str) -> Callable[[Exchange], None]:
    def buy(exchange: Exchange) -> None:
        exchange.place(
            "me", OrderRequest(symbol=PERP, side=Side.BUY, type=OrderType.MARKET, quantity=D(quantity))
        )

    return buy


def resting(exchange: Exchange) -> None:
    exchange.place(
        "me", OrderRequest(symbol=PERP, side=Side.BUY, type=OrderType.LIMIT, quantity=D(1), price=D(90))
    )


def few_positions(exchange: Exchange) -> None:
    """Little may be held at a leverage of 100."""
    exchange.positions.set_leverage("me", PERP, 100)
    tiers = (Tier(D(0), D(50_000), D("0.004"), D(0), 100), Tier(D(50_000), D(10**15), D("0.01"), D(300), 20))
    exchange.control.change_listing(PERP, tiers=tiers)


def with_key(
    name: str, *permissions: Permission, addresses: tuple[str, ...] = ()
) -> Callable[[Exchange], None]:
    def add(exchange: Exchange) -> None:
        exchange.control.add_key(
            "me", name, "me-secret", frozenset(permissions or Permission), "me-pass", addresses
        )

    return add


def expired(exchange: Exchange) -> None:
    exchange.treasury.add_key(replace(exchange.treasury.keys["me-key"], expires_ms=1))


def unified(exchange: Exchange) -> None:
    exchange.account("me").unified = True


# --- Binance

B = "BTCUSDT"
LIMIT = {"symbol": B, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "90"}
MARKET = {"symbol": B, "side": "BUY", "type": "MARKET", "quantity": "1"}
STOP = {"symbol": B, "side": "SELL", "type": "STOP_LOSS", "quantity": "1", "stopPrice": "90"}
ALGO = {"symbol": B, "side": "SELL", "type": "STOP_MARKET", "algoType": "CONDITIONAL", "quantity": "1"}
KLINES = {"symbol": B, "interval": "1m"}
ORDER, ACCOUNT, FORDER = "privatePostOrder", "privateGetAccount", "fapiPrivatePostOrder"
PERCENT = "The counterparty's best price does not meet the PERCENT_PRICE filter limit."
QUANT = (
    "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later."
)
MATCHING = "Timestamp for this request is outside of the ME recvWindow."

Bad, Auth, Nonce, Invalid = ccxt.BadRequest, ccxt.AuthenticationError, ccxt.InvalidNonce, ccxt.InvalidOrder
Funds, Missing, Error, Rejected = (
    ccxt.InsufficientFunds,
    ccxt.OrderNotFound,
    ccxt.ExchangeError,
    ccxt.OperationRejected,
)
AtOnce, NotNow, Failed = ccxt.OrderImmediatelyFillable, ccxt.OrderNotFillable, ccxt.OperationFailed
Limit, Denied = ccxt.RateLimitExceeded, ccxt.PermissionDenied

ANYWHERE = [  # codes of Binance that no request causes: class at its hosts, class elsewhere, rule
    (-1000, Failed, None, reason("busy")),
    (-1001, Failed, None, reason("unavailable")),
    (-1002, Auth, None, words(-1002, "You are not authorized to execute this request.", 401)),
    (-1003, Limit, None, words(-1003, "Too many requests; please use the websocket for live updates.")),
    (-1003, ccxt.DDoSProtection, None, reason("rate_limited")),
    (-1003, ccxt.DDoSProtection, None, reason("banned")),
    (-1006, Failed, None, reason("unexpected")),
    (-1007, ccxt.RequestTimeout, None, reason("timeout")),
    (-1008, Failed, Error, reason("overloaded")),
    (-1015, Limit, None, words(-1015, "Too many new orders; current limit is 100 orders per 10 SECOND.")),
    (-1103, Bad, None, words(-1103, "An unknown parameter was sent.")),
    (-1114, Bad, None, words(-1114, "TimeInForce parameter sent when not required.")),
    (-1118, Bad, None, words(-1118, "New client order ID was empty.")),
]
BINANCE = [
    *(spot(code, kind, ORDER, LIMIT, elsewhere=other, fault=rule) for code, kind, other, rule in ANYWHERE),
    spot(-1013, Invalid, ORDER, LIMIT | {"quantity": "1.0001"}, text="LOT_SIZE"),
    spot(-1013, Invalid, ORDER, LIMIT | {"price": "90.001"}, text="PRICE_FILTER"),
    spot(-1013, Invalid, ORDER, LIMIT | {"price": "1000"}, text="PERCENT_PRICE_BY_SIDE"),
    spot(-1013, Bad, ORDER, LIMIT | {"quantity": "0.001"}, text="NOTIONAL"),
    spot(-1013, Bad, ORDER, LIMIT | {"quantity": "0"}, text="Invalid quantity"),
    spot(-1021, Nonce, ACCOUNT, {"timestamp": 1}, text="outside of the recvWindow"),
    spot(-1021, Nonce, ACCOUNT, {"timestamp": 9_999_999_999_999}, text="ahead of the server"),
    spot(-1022, Auth, ACCOUNT, secret="wrong"),
    spot(-1100, Bad, ORDER, LIMIT | {"quantity": "1e3"}, text="Illegal characters"),
    spot(-1101, Bad, "/api/v3/depth?symbol=BTCUSDT&symbol=BTCUSDT", text="Duplicate values"),
    spot(-1102, Bad, "publicGetKlines", {"symbol": B}, text="interval"),
    spot(
        -1104,
        Bad,
        "publicGetDepth",
        {"symbol": B, "color": "red"},
        text="read '1' parameter(s) but was sent '2'",
    ),
    spot(-1105, Bad, "publicGetDepth", {"symbol": ""}, text="'symbol' was empty"),
    spot(-1106, Bad, ORDER, LIMIT | {"stopPrice": "80"}, text="sent when not required"),
    spot(-1111, Bad, ORDER, LIMIT | {"price": "90.000000001"}, text="too much precision"),
    spot(-1115, Bad, ORDER, LIMIT | {"timeInForce": "GTX"}, text="Invalid timeInForce"),
    spot(-1116, Bad, ORDER, LIMIT | {"type": "ICEBERG"}, text="Invalid orderType"),
    spot(-1117, Bad, ORDER, LIMIT | {"side": "HOLD"}, text="Invalid side"),
    spot(-1120, Bad, "publicGetKlines", {"symbol": B, "interval": "7m"}, text="Invalid interval"),
    spot(-1121, ccxt.BadSymbol, "publicGetDepth", {"symbol": "NOPE"}, text="Invalid symbol"),
    spot(-1125, Auth, "publicPutUserDataStream", {"listenKey": "gone"}, text="listenKey"),
    spot(-1127, Bad, "privateGetMyTrades", {"symbol": B, "startTime": 0, "endTime": 86_400_001}),
    spot(-1128, Bad, ORDER, MARKET | {"quoteOrderQty": "100"}, text="Combination of optional parameters"),
    spot(-1130, Bad, ORDER, LIMIT | {"newOrderRespType": "LONG"}, text="is not valid"),
    spot(
        -1131,
        Bad,
        ACCOUNT,
        {"recvWindow": 60_001},
        elsewhere=Error,
        text="recvWindow must be less than 60000",
    ),
    spot(
        -1145,
        Bad,
        "privateDeleteOrder",
        {"symbol": B, "orderId": 1, "cancelRestrictions": "SOME"},
        elsewhere=Error,
    ),
    spot(-2008, Auth, ACCOUNT, elsewhere=Error, fault=reason("key_gone"), text="Invalid Api-Key ID"),
    spot(-2010, Funds, ORDER, LIMIT | {"quantity": "5000"}, text="insufficient balance"),
    spot(
        -2010,
        AtOnce,
        ORDER,
        {k: v for k, v in LIMIT.items() if k != "timeInForce"} | {"type": "LIMIT_MAKER", "price": "110"},
        text="immediately match",
    ),
    spot(-2010, AtOnce, ORDER, STOP | {"stopPrice": "110"}, text="trigger immediately"),
    spot(-2010, Invalid, ORDER, LIMIT, fault=reason("duplicate_order"), text="Duplicate order sent"),
    spot(
        -2010,
        ccxt.MarketClosed,
        ORDER,
        LIMIT,
        fault=words(-2010, "Market is closed."),
        text="Market is closed",
    ),
    spot(
        -1013,
        ccxt.MarketClosed,
        ORDER,
        LIMIT,
        before=lambda e: e.control.halt("BTC/USDT"),
        text="Market is closed",
    ),
    spot(-2011, Missing, "privateDeleteOrder", {"symbol": B, "orderId": 999}, text="Unknown order sent"),
    spot(-2013, Missing, "privateGetOrder", {"symbol": B, "orderId": 999}, text="Order does not exist"),
    spot(-2014, Auth, ACCOUNT, key="x" * 300, text="format invalid"),
    spot(-2015, Auth, ACCOUNT, before=expired, text="Invalid API-key"),
    spot(-2015, Auth, ACCOUNT, key="nobody", text="Invalid API-key"),
    spot(-2015, Auth, ORDER, LIMIT, key="reader", before=with_key("reader", Permission.READ)),
    spot(-2015, Auth, ACCOUNT, key="far", before=with_key("far", addresses=("10.0.0.1",))),
]
G = "/fapi/v1/"
USDM = [
    *(usdm(code, kind, FORDER, LIMIT, elsewhere=other, fault=rule) for code, kind, other, rule in ANYWHERE),
    usdm(-1021, Nonce, "fapiPrivateV3GetBalance", {"timestamp": 1}),
    usdm(-1022, Auth, "fapiPrivateV3GetBalance", secret="wrong"),
    usdm(-1100, Bad, FORDER, LIMIT | {"quantity": "NaN"}),
    usdm(-1101, Bad, G + "depth?symbol=BTCUSDT&symbol=BTCUSDT"),
    usdm(-1102, Bad, FORDER, {"symbol": B}, text="'side' was not sent"),
    usdm(-1105, Bad, FORDER, LIMIT | {"quantity": ""}),
    usdm(-1106, Bad, FORDER, MARKET | {"price": "90"}),
    usdm(-1111, Bad, FORDER, LIMIT | {"price": "90.001"}, text="Precision is over the maximum"),
    usdm(-1115, Bad, FORDER, LIMIT | {"timeInForce": "GTT"}),
    usdm(-1116, Bad, FORDER, LIMIT | {"type": "ICEBERG"}),
    usdm(-1117, Bad, FORDER, LIMIT | {"side": "HOLD"}),
    usdm(-1120, Bad, "fapiPublicGetKlines", {"symbol": B, "interval": "7m"}),
    usdm(-1121, ccxt.BadSymbol, FORDER, LIMIT | {"symbol": "NOPE"}),
    usdm(-1125, Auth, "fapiPrivatePutListenKey"),
    usdm(-1127, Bad, "fapiPrivateGetAllOrders", {"symbol": B, "startTime": 0, "endTime": 10**12}),
    usdm(-1128, Bad, "fapiPrivateGetUserTrades", {"symbol": B, "fromId": 1, "startTime": 1}),
    usdm(-1130, Bad, FORDER, LIMIT | {"newOrderRespType": "FULL"}),
    usdm(-2011, Missing, "fapiPrivateDeleteOrder", {"symbol": B, "orderId": 7}),
    usdm(-2013, Missing, "fapiPrivateGetOrder", {"symbol": B, "orderId": 7}),
    usdm(-2014, Auth, "fapiPrivateV3GetBalance", key="x" * 300),
    usdm(-2015, Auth, "fapiPrivateV3GetBalance", before=expired),
    usdm(-2015, Auth, "fapiPrivateV3GetBalance", key="nobody"),
    usdm(
        -2015, Auth, FORDER, LIMIT, key="trader", before=with_key("trader", Permission.READ, Permission.TRADE)
    ),
    usdm(-2018, Funds, FORDER, LIMIT, elsewhere=Error, fault=words(-2018, "Balance is insufficient.")),
    usdm(-2019, Funds, FORDER, LIMIT | {"quantity": "5000"}, elsewhere=Error, text="Margin is insufficient"),
    usdm(-2021, AtOnce, "fapiPrivatePostAlgoOrder", ALGO | {"triggerPrice": "110"}, elsewhere=Error),
    usdm(-2022, Invalid, FORDER, MARKET | {"side": "SELL", "reduceOnly": "true"}, elsewhere=Error),
    usdm(-2024, Funds, FORDER, LIMIT, elsewhere=Error, fault=words(-2024, "Position is not sufficient.")),
    usdm(
        -2027,
        Rejected,
        FORDER,
        LIMIT | {"quantity": "600", "price": "99"},
        elsewhere=Error,
        before=few_positions,
    ),
    usdm(
        -2028,
        Rejected,
        "fapiPrivatePostLeverage",
        {"symbol": B, "leverage": 2},
        elsewhere=Error,
        before=bought("1000"),
    ),
    usdm(
        -4046, ccxt.MarginModeAlreadySet, "fapiPrivatePostMarginType", {"symbol": B, "marginType": "CROSSED"}
    ),
    usdm(
        -4047, Rejected, "fapiPrivatePostMarginType", {"symbol": B, "marginType": "ISOLATED"}, before=resting
    ),
    usdm(
        -4048,
        Rejected,
        "fapiPrivatePostMarginType",
        {"symbol": B, "marginType": "ISOLATED"},
        before=bought("1"),
    ),
    usdm(-4059, Rejected, "fapiPrivatePostPositionSideDual", {"dualSidePosition": "false"}),
    usdm(-4061, Rejected, FORDER, LIMIT | {"positionSide": "LONG"}),
    usdm(-4120, Invalid, FORDER, MARKET | {"type": "STOP_MARKET", "stopPrice": "90"}, elsewhere=Error),
    usdm(-4131, Rejected, FORDER, MARKET, elsewhere=Error, fault=words(-4131, PERCENT)),
    usdm(
        -4164,
        Invalid,
        FORDER,
        LIMIT | {"quantity": "0.001"},
        elsewhere=Error,
        text="notional must be no smaller",
    ),
    usdm(-4400, Denied, FORDER, LIMIT, elsewhere=Error, fault=words(-4400, QUANT)),
    usdm(-5021, NotNow, FORDER, LIMIT | {"timeInForce": "FOK"}, elsewhere=Invalid, text="the FOK order"),
    usdm(-5022, NotNow, FORDER, LIMIT | {"price": "110", "timeInForce": "GTX"}, elsewhere=Invalid),
    usdm(-5028, Bad, FORDER, LIMIT, elsewhere=Invalid, fault=words(-5028, MATCHING)),
    # the same endpoints by ccxt's client of all markets
    Row(-5021, NotNow, "binance", FORDER, LIMIT | {"timeInForce": "FOK"}, elsewhere=Error),
    Row(-5022, NotNow, "binance", FORDER, LIMIT | {"price": "110", "timeInForce": "GTX"}, elsewhere=Error),
]

# --- Bitget

ASSETS, PLACE = "privateSpotGetV2SpotAccountAssets", "privateSpotPostV2SpotTradePlaceOrder"
MIX = "privateMixPostV2MixOrder"
SPOT_LIMIT = {"symbol": B, "side": "buy", "orderType": "limit", "price": "90", "size": "1", "force": "gtc"}
CONTRACT = SPOT_LIMIT | {"productType": "USDT-FUTURES", "marginMode": "crossed", "marginCoin": "USDT"}
NAMED = {"symbol": B, "productType": "USDT-FUTURES", "orderId": "9"}


def said(code: str, message: str, kind: Kind, text: str = "") -> Row:
    """A code of Bitget that no request causes."""
    return bitget(code, kind, PLACE, SPOT_LIMIT, fault=words(code, message), text=text)


BITGET = [
    bitget("40001", Auth, ASSETS, headers={"ACCESS-KEY": None}, text="ACCESS_KEY cannot be empty"),
    bitget("40002", Auth, ASSETS, headers={"ACCESS-SIGN": None}),
    bitget("40003", Auth, ASSETS, headers={"ACCESS-SIGN": ""}, text="Signature cannot be empty"),
    bitget("40004", Nonce, ASSETS, headers={"ACCESS-TIMESTAMP": "9999999999999"}),
    bitget("40005", Nonce, ASSETS, headers={"ACCESS-TIMESTAMP": "noon"}, text="Invalid ACCESS_TIMESTAMP"),
    bitget("40006", Auth, ASSETS, headers={"ACCESS-KEY": "no key"}, text="Invalid ACCESS_KEY"),
    bitget(
        "40007", Bad, PLACE, SPOT_LIMIT, headers={"Content-Type": "text/plain"}, text="Invalid Content_Type"
    ),
    bitget("40008", Nonce, ASSETS, headers={"ACCESS-TIMESTAMP": "1"}, text="Request timestamp expired"),
    bitget("40009", Auth, ASSETS, secret="wrong", text="sign signature error"),
    said("40010", "Request timed out", Auth),
    bitget(
        "40011", Auth, ASSETS, headers={"ACCESS-PASSPHRASE": ""}, text="ACCESS_PASSPHRASE cannot be empty"
    ),
    bitget(
        "40012", Auth, ASSETS, headers={"ACCESS-PASSPHRASE": "wrong"}, text="apikey/password is incorrect"
    ),
    bitget("40014", Denied, PLACE, SPOT_LIMIT, key="reader", before=with_key("reader", Permission.READ)),
    bitget("40017", Bad, PLACE, SPOT_LIMIT | {"side": "up"}, text="Parameter verification failed side"),
    bitget(
        "40018", Denied, ASSETS, key="far", before=with_key("far", addresses=("10.0.0.1",)), text="Invalid IP"
    ),
    bitget("40019", Bad, PLACE, SPOT_LIMIT | {"size": ""}, text="Parameter size cannot be empty"),
    bitget("40037", Auth, ASSETS, before=expired, text="Apikey does not exist"),
    bitget(
        "40014",
        Denied,
        f"{MIX}PlaceOrder",
        CONTRACT,
        key="trader",
        before=with_key("trader", Permission.READ, Permission.TRADE),
        text="need future order write permissions",
    ),
    bitget("40037", Auth, ASSETS, key="nobody", text="Apikey does not exist"),
    bitget("40085", Denied, ASSETS, before=unified, text="Unified Account mode"),
    said("40200", "Server upgrade, please try again later", ccxt.OnMaintenance),
    bitget(
        "40309",
        ccxt.BadSymbol,
        PLACE,
        SPOT_LIMIT,
        before=lambda e: e.control.delist("BTC/USDT"),
        text="has been removed",
    ),
    said("40711", "Insufficient contract account balance", Funds),
    said("40712", "Insufficient margin", Funds),
    bitget("40762", Funds, f"{MIX}PlaceOrder", CONTRACT | {"size": "99999"}, text="exceeds the balance"),
    bitget("40768", Missing, f"{MIX}CancelOrder", NAMED, text="Order does not exist"),
    bitget("40774", Invalid, f"{MIX}PlaceOrder", CONTRACT | {"tradeSide": "open"}),
    bitget("40808", Invalid, PLACE, SPOT_LIMIT | {"price": "90.123"}, text="checkBDScale"),
    bitget("43001", Missing, "privateSpotPostV2SpotTradeCancelOrder", {"symbol": B, "orderId": "9"}),
    bitget(
        "43011",
        Invalid,
        "privateSpotPostV2SpotTradePlacePlanOrder",
        SPOT_LIMIT | {"triggerPrice": "95", "executePrice": "0"},
    ),
    bitget("43012", Funds, PLACE, SPOT_LIMIT | {"size": "9999"}, text="Insufficient balance"),
    bitget("43025", Invalid, "privateSpotPostV2SpotTradeCancelPlanOrder", {"orderId": "9"}),
    said("43111", "Parameter error: the address is not in the address book", Denied),
    bitget(
        "45110", Invalid, PLACE, SPOT_LIMIT | {"size": "0.01"}, text="less than the minimum amount 5 USDT"
    ),
    bitget("429", ccxt.DDoSProtection, PLACE, SPOT_LIMIT, fault=reason("rate_limited")),
    # without a class of their own
    bitget("22001", Error, f"{MIX}BatchCancelOrders", {"symbol": B, "productType": "USDT-FUTURES"}),
    bitget("40786", Error, PLACE, SPOT_LIMIT, fault=reason("duplicate_order")),
    said("40923", "Order size and price have not changed, and the order modification failed.", Error),
    bitget("43004", Error, "privateSpotPostV2SpotTradeBatchCancelPlanOrder", text="no order to cancel"),
    said("45006", "Insufficient position", Error),
]

SOCKETS = [  # code, class, what is wrong with the client, a change of the exchange, a rule
    (30001, Bad, {}, None, words(30001, "instType:SPOT,channel:orders,instId:default doesn't exist")),
    (30002, Auth, {}, None, words(30002, "Illegal request")),
    (30003, Bad, {}, None, words(30003, "Invalid op")),
    (30004, Auth, {}, None, words(30004, "User needs to log in")),
    (30005, Auth, {}, unified, None),
    (30005, Auth, {}, with_key("me-key", Permission.TRADE), None),
    (30005, Auth, {}, with_key("me-key", addresses=("10.0.0.1",)), None),
    (30006, Limit, {}, None, words(30006, "Request too many")),
    (30007, Limit, {}, None, words(30007, "Request over limit,connection close")),
    (30011, Auth, {"apiKey": "nobody"}, None, None),
    (30011, Auth, {}, expired, None),
    (30012, Auth, {"password": "wrong"}, None, None),
    (30014, Bad, {"seconds": lambda: 1_000_000}, None, None),
    (30013, Auth, {"seconds": lambda: "noon"}, None, None),
    (30015, Auth, {"secret": "wrong"}, None, None),
    (30016, Bad, {}, None, words(30016, "Param error")),
]
