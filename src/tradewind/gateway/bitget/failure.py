"""Errors as Bitget words them: a code of digits, a text, mostly HTTP 400."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.wire import Reply, json_reply

TEXTS = {
    "22001": "No order to cancel",
    "40001": "ACCESS_KEY cannot be empty",
    "40002": "SECRET_KEY cannot be empty",
    "40003": "Signature cannot be empty",
    "40004": "Request timestamp expired",
    "40005": "Invalid ACCESS_TIMESTAMP",
    "40006": "Invalid ACCESS_KEY",
    "40007": "Invalid Content_Type",
    "40008": "Request timestamp expired",
    "40009": "sign signature error",
    "40010": "Request timed out",
    "40011": "ACCESS_PASSPHRASE cannot be empty",
    "40012": "apikey/password is incorrect",
    "40014": "Incorrect permissions",
    "40018": "Invalid IP",
    "40037": "Apikey does not exist",
    "40084": "You are in Classic Account mode, and the Unified Account API is not supported at this time",
    "40085": "You are in Unified Account mode, and the Classic Account API is not supported at this time",
    "40109": "The data of the order cannot be found, please confirm the order number",
    "40200": "Server upgrade, please try again later",
    "40301": "Permission has not been obtained yet. If you need to use it, please contact customer service",
    "40308": "The contract is being temporarily maintained",
    "40309": "The contract has been removed",
    "40404": "Request URL NOT FOUND",
    "40711": "Insufficient contract account balance",
    "40712": "Insufficient margin",
    "40762": "The order amount exceeds the balance",
    "40768": "Order does not exist",
    "40774": "The order type for unilateral position must also be the unilateral position type.",
    "40786": "Duplicate clientOid",
    "43001": "The order does not exist",
    "43004": "There is no order to cancel",
    "43011": "The parameter does not meet the specification executePrice <= 0",
    "43012": "Insufficient balance",
    "43025": "Plan order does not exist",
    "429": "Too Many Requests",
}


class Failure(Exception):
    """A request that gets `{"code", "msg", "requestTime", "data": null}` instead of an answer."""

    def __init__(self, code: str, msg: str, status: int = 400) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status

    def anew(self) -> Failure:
        """The same once more: one that is kept and raised again and again would gather frames."""
        return Failure(self.code, self.msg, self.status)

    def reply(self, wire_ms: int) -> Reply:
        return json_reply(envelope(None, wire_ms, self.code, self.msg), self.status)


def envelope(data: Any, wire_ms: int, code: str = "00000", msg: str = "success") -> dict[str, Any]:
    """What every answer is wrapped in."""
    return {"code": code, "msg": msg, "requestTime": wire_ms, "data": data}


def known(code: str) -> Failure:
    """An error whose text is always the same."""
    return Failure(code, TEXTS[code], _STATUS.get(code, 400))


_STATUS = {"429": 429, "40404": 404, "40200": 503}


def missing(name: str) -> Failure:
    return Failure("40019", f"Parameter {name} cannot be empty")


def wrong(name: str) -> Failure:
    """A value that cannot be read, or is none of those allowed."""
    return Failure("40017", f"Parameter verification failed {name}")


def does_not_exist(name: str) -> Failure:
    return Failure("40034", f"Parameter {name} does not exist")
