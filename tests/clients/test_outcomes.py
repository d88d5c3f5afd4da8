"""Outcomes without a venue: replies that name no order, errors that no reply stands behind."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import ccxt.async_support as ccxt
import pytest

from tradewind.clients.outcomes import Asked, of_error, of_reply
from tradewind.market import Accepted, Rejected, RejectKind, Unknown


@pytest.mark.parametrize(
    "reply",
    [
        {},
        None,
        [],
        "",
        "<html>",
        {"id": None},
        {"id": ""},
        {"id": 5},
        {"id": "0"},
        {"id": "-1"},
        {"id": "True"},
        {"info": {}, "clientOrderId": "mine"},
    ],
)
def test_a_reply_without_an_id_says_nothing(reply: object) -> None:
    assert isinstance(of_reply(reply), Unknown)
    assert isinstance(of_reply(reply, "mine"), Unknown)


@pytest.mark.parametrize("named", ["other", "", None])
def test_a_reply_about_another_order_says_nothing(named: str | None) -> None:
    assert isinstance(of_reply({"id": "7", "clientOrderId": named}, "mine"), Unknown)


def test_a_reply_with_both_ids_is_an_order() -> None:
    assert of_reply({"id": "7", "clientOrderId": "mine"}, "mine") == Accepted("7")
    assert of_reply({"id": "7", "clientOrderId": "of the cancel"}) == Accepted("7")


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize("asked", Asked)
@pytest.mark.parametrize(
    "error",
    [
        ccxt.RequestTimeout("binance POST"),
        ccxt.ExchangeNotAvailable("binance POST"),
        ccxt.OperationFailed("binance"),
        ccxt.ExchangeError("bitget {}"),
        ccxt.BadResponse("binance"),
        ccxt.InsufficientFunds("nobody said so"),
        ccxt.OrderNotFound("nobody said so"),
        caused(ccxt.InvalidOrder("in between"), aiohttp.ClientPayloadError("half")),
        TypeError("unsupported operand"),
        KeyError("orderId"),
        TimeoutError(),
        ConnectionResetError(104, "reset"),
        ValueError("InvalidOrder"),
        asyncio.IncompleteReadError(b"", 5),
    ],
    ids=lambda error: type(error).__name__,
)
def test_without_a_reply_nothing_is_known(error: Exception, asked: Asked) -> None:
    found = of_error(error, asked)
    assert isinstance(found, Unknown)
    assert type(error).__name__ in found.text


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ccxt.InvalidOrder("amount must be greater"), RejectKind.FILTER),
        (ccxt.BadSymbol("no market"), RejectKind.NOT_TRADING),
        (ccxt.ArgumentsRequired("a price"), RejectKind.OTHER),
        (ccxt.AuthenticationError("requires apiKey"), RejectKind.AUTH),
    ],
)
def test_what_ccxt_refuses_by_itself_was_never_sent(error: Exception, kind: RejectKind) -> None:
    found: Any = of_error(error)
    assert isinstance(found, Rejected)
    assert (found.kind, found.code) == (kind, type(error).__name__)
