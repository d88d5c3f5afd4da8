"""Who asks: key, signature, time window, address, permission."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from enum import StrEnum

from tradewind.exchange import ApiKey, Exchange, Permission
from tradewind.gateway.binance import ed25519
from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.params import Params

MAX_WINDOW_MS = 60_000
DEFAULT_WINDOW_MS = 5_000
MAX_AHEAD_MS = 1_000


class Security(StrEnum):
    """What a request must prove, as Binance's documentation names it."""

    NONE = "NONE"
    KEY = "USER_STREAM"  # the key's header only
    READ = "USER_DATA"  # signed
    TRADE = "TRADE"  # signed, with permission to trade

    @property
    def signed(self) -> bool:
        return self in (Security.READ, Security.TRADE)


def find_key(
    exchange: Exchange, name: str, address: str, now_ms: int, unknown: Callable[[], Failure]
) -> ApiKey:
    """The key of that name; `Failure` when it may not be used from here, `unknown` when there is none any more."""
    if not name or len(name) > 256 or not name.isascii():
        raise Failure(-2014, "API-key format invalid.", 401)
    key = exchange.treasury.valid_key(name, now_ms)
    if key is None:
        raise unknown()
    if key.addresses and address not in key.addresses:
        raise refused_key()
    return key


def refused_key() -> Failure:
    return Failure(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def no_such_key() -> Failure:
    """What the wallet's endpoints answer to a key that nobody has; trading answers `refused_key`."""
    return Failure(-2008, "Invalid Api-Key ID.")


def check_permission(key: ApiKey, security: Security, trade: Permission) -> None:
    """`trade` is what the product asks of a key that trades: TRADE on spot, FUTURES on futures."""
    needed = trade if security is Security.TRADE else Permission.READ
    if needed not in key.permissions:
        raise refused_key()


def check_signature(key: ApiKey, signed: str, signature: str) -> None:
    """HMAC-SHA256 in hex, or Ed25519 in base64 where the key is a public one; `Failure` -1022 otherwise."""
    if ed25519.is_public(key):
        if not ed25519.verifies(key, signed, signature):
            raise Failure(-1022, "Signature for this request is not valid.")
        return
    expected = hmac.digest(key.secret.encode(), signed.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
        raise Failure(-1022, "Signature for this request is not valid.")


def check_time(params: Params, now_ms: int) -> None:
    """The request's time window, against wire time."""
    asked = params.maybe_decimal("recvWindow")  # the venue takes parts of a millisecond
    window = DEFAULT_WINDOW_MS if asked is None else asked
    if not 0 < window <= MAX_WINDOW_MS:
        raise Failure(-1131, "recvWindow must be less than 60000")
    sent = params.integer("timestamp")
    if sent > now_ms + MAX_AHEAD_MS:
        raise Failure(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - sent > window:
        raise Failure(-1021, "Timestamp for this request is outside of the recvWindow.")
