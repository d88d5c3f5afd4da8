"""How each venue words what a fault says, so that rules name a reason instead of codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tradewind.exchange import Refusal, Refused
from tradewind.gateway.binance.failure import Failure as BinanceFailure
from tradewind.gateway.binance.spot import words as spot_words
from tradewind.gateway.binance.usdm import words as usdm_words
from tradewind.gateway.bitget import words as bitget_words
from tradewind.gateway.bitget.failure import Failure as BitgetFailure
from tradewind.gateway.bitget.v3 import words as unified_words
from tradewind.gateway.wire import Dialect, Reply, json_reply

Words = tuple[int, int | str, str]  # HTTP status, code, text


@dataclass(frozen=True, slots=True)
class Reason:
    """What Binance Spot, Binance USD-M and Bitget say. `unclear`: the request may have been done or not.

    `mix` is what Bitget says about futures, `unified` to unified accounts, where that is something else.
    """

    spot: Words
    usdm: Words
    bitget: Words
    unclear: bool = False
    mix: Words | None = None
    unified: Words | None = None


def _binance(status: int, code: int, text: str, bitget: Words, unclear: bool = False) -> Reason:
    return Reason((status, code, text), (status, code, text), bitget, unclear)


def _told(failure: BinanceFailure | BitgetFailure) -> Words:
    return failure.status, failure.code, failure.msg


def _own(
    refusal: Refusal, usdm: Refusal | None = None, spot: bool = True, bitget: BitgetFailure | None = None
) -> Reason:
    """As the dialects word a refusal of the exchange; without `spot`, one that spot markets do not know."""
    refused_ = Refused(refusal)
    futures = _told(usdm_words.worded(Refused(usdm or refusal), None))
    return Reason(
        _told(spot_words.place_failure(refused_)) if spot else futures,
        futures,
        _told(bitget or bitget_words.worded(refused_, False)),
        mix=_told(bitget or bitget_words.worded(refused_, True)),
        unified=_told(bitget or unified_words.worded(refused_)),
    )


_BUSY = "Unknown error, please check your request or try again later."
_OVERLOADED = "Server is currently overloaded with other requests. Please try again in a few minutes."
_KEY = "Invalid API-key, IP, or permissions for action."

REASONS: dict[str, Reason] = {
    "unexpected": _binance(
        500,
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
        (500, "40015", "System is abnormal, please try again later"),
        True,
    ),
    "timeout": _binance(
        504,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        (504, "40010", "Request timed out"),
        True,
    ),
    "busy": _binance(503, -1000, _BUSY, (503, "40725", "service return an error"), True),
    "unavailable": _binance(
        503, -1001, "Service Unavailable.", (503, "40725", "service return an error"), True
    ),
    "overloaded": _binance(503, -1008, _OVERLOADED, (503, "40725", "service return an error"), True),
    "duplicate_order": _own(Refusal.DUPLICATE_CLIENT_ID),
    "unknown_order": replace(
        _own(Refusal.UNKNOWN_ORDER), usdm=_told(usdm_words.unknown_order(cancelling=True))
    ),
    "no_such_order": replace(
        _own(Refusal.UNKNOWN_ORDER), spot=_told(spot_words.worded(Refused(Refusal.UNKNOWN_ORDER), None))
    ),
    "insufficient_balance": _own(Refusal.INSUFFICIENT_BALANCE, usdm=Refusal.INSUFFICIENT_MARGIN),
    "lot_size": replace(
        _own(Refusal.LOT_SIZE, bitget=bitget_words.too_small(mix=False)),
        mix=_told(bitget_words.too_small(mix=True)),
        unified=_told(bitget_words.too_small(mix=True)),
    ),
    "min_notional": replace(
        _own(Refusal.NOTIONAL, bitget=bitget_words.too_little("5", "USDT")),
        usdm=_told(usdm_words.too_little("100")),
    ),
    "reduce_only": _own(Refusal.REDUCE_ONLY, spot=False),
    "would_trigger": _own(Refusal.WOULD_TRIGGER, bitget=bitget_words.stop_past("")),
    "would_take": _own(Refusal.WOULD_TAKE),
    "wrong_service": _binance(
        400,
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        (410, "40404", "Request URL NOT FOUND"),
    ),
    "position_side": _own(Refusal.POSITION_SIDE, spot=False),
    "mode_refused": _binance(
        400,
        -4068,
        "Position side cannot be changed if there exists position.",
        (400, "40731", "There is currently a position or order, the position mode cannot be adjusted"),
    ),
    "rate_limited": _binance(
        429,
        -1003,
        "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket "
        "Streams for live updates to avoid polling the API.",
        (429, "429", "Too Many Requests"),
    ),
    "too_many_orders": _binance(
        429,
        -1015,
        "Too many new orders; current limit is 100 orders per 10 SECOND.",
        (429, "429", "Too Many Requests"),
    ),
    "banned": _binance(
        418,
        -1003,
        "Way too much request weight used; IP banned until {until_ms}. Please use WebSocket Streams for live "
        "updates to avoid bans.",
        (429, "429", "Too Many Requests"),
    ),
    "bad_key": _binance(
        401, -2015, _KEY, (400, "40014", "Incorrect permissions, need spot trade permissions")
    ),
    "key_gone": Reason(
        (401, -2008, "Invalid Api-Key ID."),
        (401, -2015, _KEY),
        (400, "40037", "Apikey does not exist"),
    ),
    "wrong_address": _binance(401, -2015, _KEY, (400, "40018", "Invalid IP")),
    "wrong_environment": Reason(
        (401, -2008, "Invalid Api-Key ID."),
        (401, -2008, "Invalid Api-Key ID."),
        (400, "40099", "exchange environment is incorrect"),
    ),
    "clock_skew": _binance(
        400,
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
        (400, "40008", "Request timestamp expired"),
    ),
    "market_closed": _own(Refusal.NOT_TRADING),
    "maintenance": _binance(
        503,
        -1016,
        "This service is no longer available.",
        (503, "41114", "The current service is under maintenance"),
    ),
    "retired": _binance(
        410, -1000, "This endpoint has been retired.", (410, "40404", "Request URL NOT FOUND")
    ),
    "no_listen_key": _binance(400, -1125, "This listenKey does not exist.", (400, "30005", "error")),
}


def refusal(
    dialect: str, reason: str, status: int, code: str, message: str, path: str = "", **known: Any
) -> Words:
    """Status, code and text that a venue answers at a path: those of `reason`, unless others are given."""
    if reason:
        words = _words(dialect, REASONS[reason], path)
        text = words[2].format(**known) if known else words[2]
        return status or words[0], code or words[1], message or text
    return status or 400, code or -1000, message or "An unknown error occurred while processing the request."


def refused(dialect: Dialect, words: Words, wire_ms: int, retry_after: int = 0) -> Reply:
    """A reply in the venue's envelope."""
    status, code, text = words
    reply = json_reply(envelope(dialect.name, code, text, wire_ms), status)
    if retry_after:
        reply.headers["Retry-After"] = str(retry_after)
    return reply


def envelope(dialect: str, code: int | str, text: str, wire_ms: int) -> dict[str, Any]:
    if dialect.startswith("bitget"):
        return {"code": str(code), "msg": text, "requestTime": wire_ms, "data": None}
    return {"code": _number(code), "msg": text}


def word_refused(dialect: str, message: Any, words: Words) -> dict[str, Any]:
    """The frame that refuses what a client said on a line."""
    status, code, text = words
    said = message if isinstance(message, dict) else {}
    if dialect.startswith("bitget"):
        args = said.get("args")
        arg = args[0] if isinstance(args, list) and args else {}
        return {"event": "error", "arg": arg, "code": str(code), "msg": text, "op": said.get("op", "")}
    error = {"code": _number(code), "msg": text}
    name = said.get("method")
    if isinstance(name, str) and not name.isupper():  # a call of the WebSocket API
        return {"id": said.get("id"), "status": status, "error": error}
    return {"error": error, "id": said.get("id")}


def page(status: int) -> Reply:
    """What a proxy in front of a venue answers: a web page."""
    titles = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
    title = f"{status} {titles.get(status, 'Internal Server Error')}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Reply(status, body.encode(), {"Content-Type": "text/html"})


def _words(dialect: str, reason: Reason, path: str) -> Words:
    if dialect == "bitget-v3":
        return reason.unified or reason.bitget
    if dialect.startswith("bitget"):
        return reason.mix or reason.bitget if "/mix/" in path else reason.bitget
    return reason.usdm if dialect.startswith("binance-usd") else reason.spot


def _number(code: int | str) -> int | str:
    return int(code) if isinstance(code, int) or code.lstrip("-").isdecimal() else code
