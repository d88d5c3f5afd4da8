"""Errors as Binance words them. The texts are those of its error lists."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.wire import Reply, json_reply


class Failure(Exception):
    """A request that gets `{"code", "msg"}` instead of an answer, and `data` where the error has some."""

    def __init__(
        self,
        code: int,
        msg: str,
        status: int = 400,
        headers: dict[str, str] | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status
        self.headers = headers or {}
        self.data = data

    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = {"code": self.code, "msg": self.msg}
        if self.data is not None:
            found["data"] = self.data
        return found

    def reply(self) -> Reply:
        reply = json_reply(self.body(), self.status)
        reply.headers.update(self.headers)
        return reply


def malformed(name: str) -> Failure:
    return Failure(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str, legal: str) -> Failure:
    return Failure(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def empty(name: str) -> Failure:
    return Failure(-1105, f"Parameter '{name}' was empty.")


def not_required(name: str) -> Failure:
    return Failure(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> Failure:
    return Failure(-1111, f"Parameter '{name}' has too much precision.")


def one_of(first: str, second: str) -> Failure:
    return Failure(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def not_together() -> Failure:
    return Failure(-1128, "Combination of optional parameters invalid.")


def invalid(name: str) -> Failure:
    return Failure(-1130, f"Data sent for parameter '{name}' is not valid.")


def too_long() -> Failure:
    return Failure(-1101, "Too many parameters sent for this endpoint.", 413)


def unreadable() -> Failure:
    """Of a body that is not encoded as it says."""
    return Failure(-1100, "Illegal characters found in a parameter.")
