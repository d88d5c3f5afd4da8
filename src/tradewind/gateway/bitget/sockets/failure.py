"""Errors on a socket, with Bitget's codes and texts."""

from __future__ import annotations

from typing import Any

TEXTS = {
    30002: "Illegal request",
    30003: "Invalid op",
    30004: "User needs to log in",
    30005: "Login failed, please try again",
    30006: "Request too many",
    30007: "Request over limit,connection close",
    30011: "Invalid ACCESS_KEY",
    30012: "Invalid ACCESS_PASSPHRASE",
    30013: "Invalid ACCESS_TIMESTAMP",
    30014: "Request timestamp expired",
    30015: "Invalid sign",
    30016: "Param error",
}


class LineFailure(Exception):
    """What a client sent gets `{"event": "error", "code", "msg"}`."""

    def __init__(self, code: int, msg: str = "") -> None:
        self.code = code
        self.msg = msg or TEXTS[code]
        super().__init__(f"{code} {self.msg}")

    def frame(self, **more: Any) -> dict[str, Any]:
        return {"event": "error", **more, "code": self.code, "msg": self.msg}


def no_such_channel(arg: dict[str, Any]) -> LineFailure:
    """30001 names what was asked for."""
    named = ",".join(f"{name}:{value}" for name, value in list(arg.items())[:6])
    return LineFailure(30001, f"{named[:300]} doesn't exist")
