"""What a request or a frame is about, whatever the venue calls it."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any


class Kind(StrEnum):
    """Of requests up to `status`; of frames from a client `subscribe` and `login`; of frames to it the rest."""

    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    QUERY = "query"  # of orders, one or many
    TRADES = "trades"  # of the account
    BALANCE = "balance"
    POSITIONS = "positions"
    SETTINGS = "settings"
    CANDLES = "candles"
    MARKET = "market"  # other public data
    INFO = "info"  # markets and their filters
    TIME = "time"
    LISTEN_KEY = "listen_key"
    STATUS = "status"
    SUBSCRIBE = "subscribe"
    LOGIN = "login"
    CANDLE = "candle"
    TRADE = "trade"
    TICKER = "ticker"
    BOOK = "book"
    MARK = "mark"
    ORDER = "order"  # of the account
    REPLY = "reply"  # to what the client said
    OTHER = "other"


_BINANCE: dict[str, dict[str, Kind]] = {
    "POST": {
        "order": Kind.PLACE,
        "algoOrder": Kind.PLACE,
        "batchOrders": Kind.PLACE,
        "oco": Kind.PLACE,
        "oto": Kind.PLACE,
        "otoco": Kind.PLACE,
        "opo": Kind.PLACE,
        "opoco": Kind.PLACE,
        "cancelReplace": Kind.AMEND,
        "countdownCancelAll": Kind.CANCEL,
        "leverage": Kind.SETTINGS,
        "marginType": Kind.SETTINGS,
        "dual": Kind.SETTINGS,
        "multiAssetsMargin": Kind.SETTINGS,
        "feeBurn": Kind.SETTINGS,
        "positionMargin": Kind.SETTINGS,
    },
    "PUT": {"order": Kind.AMEND, "batchOrders": Kind.AMEND, "keepPriority": Kind.AMEND},
    "DELETE": {
        "order": Kind.CANCEL,
        "openOrders": Kind.CANCEL,
        "allOpenOrders": Kind.CANCEL,
        "algoOrder": Kind.CANCEL,
        "algoOpenOrders": Kind.CANCEL,
        "batchOrders": Kind.CANCEL,
        "orderList": Kind.CANCEL,
    },
    "GET": {
        "order": Kind.QUERY,
        "openOrder": Kind.QUERY,
        "openOrders": Kind.QUERY,
        "allOrders": Kind.QUERY,
        "algoOrder": Kind.QUERY,
        "openAlgoOrders": Kind.QUERY,
        "allAlgoOrders": Kind.QUERY,
        "amendments": Kind.QUERY,
        "orderList": Kind.QUERY,
        "openOrderList": Kind.QUERY,
        "allOrderList": Kind.QUERY,
        "myTrades": Kind.TRADES,
        "userTrades": Kind.TRADES,
        "account": Kind.BALANCE,
        "balance": Kind.BALANCE,
        "positionRisk": Kind.POSITIONS,
        "klines": Kind.CANDLES,
        "uiKlines": Kind.CANDLES,
        "markPriceKlines": Kind.CANDLES,
        "exchangeInfo": Kind.INFO,
        "time": Kind.TIME,
        "status": Kind.STATUS,
        "depth": Kind.MARKET,
        "trades": Kind.MARKET,
        "aggTrades": Kind.MARKET,
        "24hr": Kind.MARKET,
        "price": Kind.MARKET,
        "bookTicker": Kind.MARKET,
        "premiumIndex": Kind.MARKET,
    },
}
_LISTEN_KEYS = {"userDataStream", "listenKey"}
_BITGET: dict[str, Kind] = {
    "place-order": Kind.PLACE,
    "place-plan-order": Kind.PLACE,
    "place-tpsl-order": Kind.PLACE,
    "place-pos-tpsl": Kind.PLACE,
    "place-strategy-order": Kind.PLACE,
    "place-batch": Kind.PLACE,
    "batch-orders": Kind.PLACE,
    "batch-place-order": Kind.PLACE,
    "close-positions": Kind.PLACE,
    "cancel-replace-order": Kind.AMEND,
    "batch-cancel-replace-order": Kind.AMEND,
    "modify-order": Kind.AMEND,
    "batch-modify-order": Kind.AMEND,
    "modify-plan-order": Kind.AMEND,
    "modify-tpsl-order": Kind.AMEND,
    "modify-strategy-order": Kind.AMEND,
    "orderInfo": Kind.QUERY,
    "order-info": Kind.QUERY,
    "detail": Kind.QUERY,
    "unfilled-orders": Kind.QUERY,
    "history-orders": Kind.QUERY,
    "current-plan-order": Kind.QUERY,
    "history-plan-order": Kind.QUERY,
    "plan-sub-order": Kind.QUERY,
    "orders-pending": Kind.QUERY,
    "orders-history": Kind.QUERY,
    "orders-plan-pending": Kind.QUERY,
    "orders-plan-history": Kind.QUERY,
    "unfilled-strategy-orders": Kind.QUERY,
    "history-strategy-orders": Kind.QUERY,
    "fill-history": Kind.TRADES,
    "assets": Kind.BALANCE,
    "accounts": Kind.BALANCE,
    "account": Kind.BALANCE,
    "all-position": Kind.POSITIONS,
    "single-position": Kind.POSITIONS,
    "current-position": Kind.POSITIONS,
    "symbols": Kind.INFO,
    "contracts": Kind.INFO,
    "instruments": Kind.INFO,
    "coins": Kind.INFO,
    "time": Kind.TIME,
}
_WORDS: dict[str, Kind] = {
    "order.place": Kind.PLACE,
    "algoOrder.place": Kind.PLACE,
    "sor.order.place": Kind.PLACE,
    "orderList.place": Kind.PLACE,
    "orderList.place.oco": Kind.PLACE,
    "orderList.place.oto": Kind.PLACE,
    "orderList.place.otoco": Kind.PLACE,
    "orderList.place.opo": Kind.PLACE,
    "orderList.place.opoco": Kind.PLACE,
    "order.modify": Kind.AMEND,
    "order.amend.keepPriority": Kind.AMEND,
    "order.cancelReplace": Kind.AMEND,
    "order.cancel": Kind.CANCEL,
    "algoOrder.cancel": Kind.CANCEL,
    "orderList.cancel": Kind.CANCEL,
    "openOrders.cancelAll": Kind.CANCEL,
    "order.status": Kind.QUERY,
    "openOrders.status": Kind.QUERY,
    "allOrders": Kind.QUERY,
    "order.amendments": Kind.QUERY,
    "orderList.status": Kind.QUERY,
    "openOrderLists.status": Kind.QUERY,
    "allOrderLists": Kind.QUERY,
    "myTrades": Kind.TRADES,
    "account.status": Kind.BALANCE,
    "v2/account.status": Kind.BALANCE,
    "account.balance": Kind.BALANCE,
    "v2/account.balance": Kind.BALANCE,
    "account.position": Kind.POSITIONS,
    "v2/account.position": Kind.POSITIONS,
    "klines": Kind.CANDLES,
    "exchangeInfo": Kind.INFO,
    "time": Kind.TIME,
    "session.logon": Kind.LOGIN,
    "login": Kind.LOGIN,
    "place-order": Kind.PLACE,
    "cancel-order": Kind.CANCEL,
    "SUBSCRIBE": Kind.SUBSCRIBE,
    "subscribe": Kind.SUBSCRIBE,
}
_EVENTS: dict[str, Kind] = {
    "kline": Kind.CANDLE,
    "trade": Kind.TRADE,
    "aggTrade": Kind.TRADE,
    "24hrTicker": Kind.TICKER,
    "24hrMiniTicker": Kind.TICKER,
    "bookTicker": Kind.TICKER,
    "depthUpdate": Kind.BOOK,
    "markPriceUpdate": Kind.MARK,
    "executionReport": Kind.ORDER,
    "ORDER_TRADE_UPDATE": Kind.ORDER,
    "TRADE_LITE": Kind.ORDER,
    "ALGO_UPDATE": Kind.ORDER,
    "outboundAccountPosition": Kind.BALANCE,
    "balanceUpdate": Kind.BALANCE,
    "ACCOUNT_UPDATE": Kind.BALANCE,
}
_CHANNELS: dict[str, Kind] = {
    "ticker": Kind.TICKER,
    "trade": Kind.TRADE,
    "publicTrade": Kind.TRADE,
    "orders": Kind.ORDER,
    "order": Kind.ORDER,
    "orders-algo": Kind.ORDER,
    "strategy-order": Kind.ORDER,
    "fill": Kind.ORDER,
    "account": Kind.BALANCE,
    "positions": Kind.POSITIONS,
    "position": Kind.POSITIONS,
}

# What each can be about: a rule that looks for another kind there would never fire.
OF_REQUESTS = frozenset(
    {
        *(kind for kinds in _BINANCE.values() for kind in kinds.values()),
        *_BITGET.values(),
        *(Kind.LISTEN_KEY, Kind.OTHER),
    }
)
OF_WORDS = frozenset({*_WORDS.values(), Kind.OTHER})
OF_FRAMES = frozenset(
    {*_EVENTS.values(), *_CHANNELS.values(), Kind.CANDLE, Kind.BOOK, Kind.REPLY, Kind.OTHER}
)


@lru_cache(maxsize=4096)
def kind_of_request(method: str, path: str) -> Kind:
    """By the last part of the path, which both venues name well."""
    parts = path.rstrip("/").split("/")
    last = parts[-1]
    if "market" in parts and last.endswith("candles"):
        return Kind.CANDLES
    if "rateLimit" in parts:
        return Kind.OTHER  # how many orders were sent, not what became of any
    if last in _BITGET and ("-" in last or len(parts) > 4):
        return _BITGET[last]
    if last == "fills":
        return Kind.MARKET if "market" in parts else Kind.TRADES
    if last.startswith(("cancel-", "batch-cancel")):
        return Kind.CANCEL
    if last.startswith("set-"):
        return Kind.SETTINGS
    if last in _LISTEN_KEYS:
        return Kind.LISTEN_KEY
    if "market" in parts:
        return Kind.MARKET
    return _BINANCE.get(method, {}).get(last, Kind.OTHER)


def kind_of_word(message: Any) -> Kind:
    """Of a frame from a client."""
    if not isinstance(message, dict):
        return Kind.OTHER
    name = message.get("method") or message.get("topic") or message.get("op")
    if isinstance(name, str) and name.startswith("userDataStream"):
        return Kind.SUBSCRIBE
    return _WORDS.get(name, Kind.OTHER) if isinstance(name, str) else Kind.OTHER


def payload_of(message: Any) -> dict[str, Any]:
    """The object within a frame that carries the event."""
    if isinstance(message, list):
        message = message[0] if message else {}
    if not isinstance(message, dict):
        return {}
    for name in ("data", "event"):
        inner = message.get(name)
        if isinstance(inner, list):
            inner = inner[0] if inner else None
        if isinstance(inner, dict):
            return inner
    return message


def kind_of_frame(message: Any) -> Kind:
    """Of a frame to a client."""
    if isinstance(message, dict) and isinstance(message.get("arg"), dict) and "data" in message:
        channel = str(message["arg"].get("channel", message["arg"].get("topic", "")))
        if channel.startswith(("candle", "kline")):
            return Kind.CANDLE
        return Kind.BOOK if channel.startswith("books") else _CHANNELS.get(channel, Kind.OTHER)
    payload = payload_of(message)
    event = payload.get("e")
    if isinstance(event, str):
        return _EVENTS.get(event, Kind.OTHER)
    if "u" in payload and "b" in payload and "a" in payload:
        return Kind.TICKER  # a bookTicker of spot, which names no event
    if isinstance(message, dict) and ("id" in message or "event" in message or "result" in message):
        return Kind.REPLY
    return Kind.OTHER
