"""Logging in on a socket."""

from __future__ import annotations

import hmac
import re
from typing import Any

from tradewind.exchange import ApiKey, Exchange, Permission
from tradewind.gateway.bitget.security import WINDOW_MS, signature
from tradewind.gateway.bitget.sockets.failure import LineFailure


def log_in(exchange: Exchange, arg: dict[str, Any], address: str, now_ms: int, unified: bool) -> ApiKey:
    """The key that signed `timestamp + "GET/user/verify"`; `LineFailure` when anything is wrong with it."""
    values = [arg.get(name) for name in ("apiKey", "passphrase", "timestamp", "sign")]
    if any(not isinstance(value, str | int) or isinstance(value, bool) or value == "" for value in values):
        raise LineFailure(30016)
    name, passphrase, stamp, sign = (str(value) for value in values)
    _check_time(stamp, now_ms)
    key = exchange.treasury.valid_key(name, now_ms)
    if key is None:
        raise LineFailure(30011)
    if not _same(passphrase, key.passphrase):
        raise LineFailure(30012)
    if not _same(sign, signature(key.secret, f"{stamp}GET/user/verify")):
        raise LineFailure(30015)
    barred = key.addresses and address not in key.addresses
    if barred or Permission.READ not in key.permissions:
        raise LineFailure(30005)
    if exchange.account(key.account).unified is not unified:
        raise LineFailure(30005)
    return key


def _check_time(stamp: str, now_ms: int) -> None:
    """Seconds, or milliseconds as some clients send."""
    if not re.fullmatch(r"[0-9]{1,16}", stamp):
        raise LineFailure(30013)
    sent = int(stamp) if len(stamp) > 11 else int(stamp) * 1000
    if abs(now_ms - sent) > WINDOW_MS:
        raise LineFailure(30014)


def _same(sent: str, expected: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode())
