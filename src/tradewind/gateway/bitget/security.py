"""Who asks: key, time, passphrase, signature, address, permission."""

from __future__ import annotations

import base64
import hmac
import re
from enum import StrEnum
from hashlib import sha256
from urllib.parse import unquote_plus

from tradewind.exchange import ApiKey, Exchange, Permission
from tradewind.gateway.bitget.failure import Failure, known
from tradewind.gateway.wire import Request

WINDOW_MS = 30_000
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{43}=")
_KEY = re.compile(r"[\x21-\x7e]{1,256}")


class Security(StrEnum):
    """What a key must be allowed to do."""

    PUBLIC = "public"
    READ = "read"
    SPOT = "spot trade"
    FUTURES = "futures trade"
    TRADE = "trade"  # spot or futures: the parameters say which
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"


_NEEDED = {
    Security.READ: (Permission.READ,),
    Security.SPOT: (Permission.TRADE,),
    Security.FUTURES: (Permission.FUTURES,),
    Security.TRADE: (Permission.TRADE, Permission.FUTURES),
    Security.TRANSFER: (Permission.TRANSFER,),
    Security.WITHDRAW: (Permission.WITHDRAW,),
}


# How the venue names what is missing; it names more than one where a right to read is.
_ASKED = {Security.SPOT: "spot order write", Security.FUTURES: "future order write"}


def caller(exchange: Exchange, request: Request) -> ApiKey:
    """The key that signed a request; `Failure` unless everything about it is right."""
    headers = request.headers
    name = headers.get("ACCESS-KEY", "")
    if not name:
        raise known("40001")
    if "ACCESS-SIGN" not in headers:
        raise known("40002")
    sign, passphrase = headers["ACCESS-SIGN"], headers.get("ACCESS-PASSPHRASE", "")
    if not sign:
        raise known("40003")
    stamp = headers.get("ACCESS-TIMESTAMP", "")
    check_time(stamp, request.received_ms)
    if not passphrase:
        raise known("40011")
    signed = [_signed_text(stamp, request, request.query)]
    if "%" in request.query or "+" in request.query:
        signed.append(_signed_text(stamp, request, unquote_plus(request.query, errors="replace")))
    return check_key(exchange, name, passphrase, sign, signed, request.address, request.received_ms)


def _signed_text(stamp: str, request: Request, query: str) -> str:
    asked = f"?{query}" if query else ""
    return f"{stamp}{request.method}{request.path}{asked}{request.body.decode('utf-8', 'replace')}"


def check_time(stamp: str, now_ms: int) -> None:
    """A timestamp in ms, at most 30 s off."""
    if not re.fullmatch(r"[0-9]{1,18}", stamp):
        raise known("40005")
    if int(stamp) > now_ms + WINDOW_MS:
        raise known("40004")
    if now_ms - int(stamp) > WINDOW_MS:
        raise known("40008")


def check_key(
    exchange: Exchange,
    name: str,
    passphrase: str,
    sign: str,
    signed: list[str],
    address: str,
    now_ms: int,
) -> ApiKey:
    """The key of that name, if the passphrase and the signature of one of the texts are right."""
    if not _KEY.fullmatch(name):
        raise known("40006")
    key = exchange.treasury.valid_key(name, now_ms)
    if key is None:
        raise known("40037")
    if not hmac.compare_digest(passphrase.encode("utf-8", "replace"), key.passphrase.encode()):
        raise known("40012")
    if not _SIGNATURE.fullmatch(sign) or not any(
        hmac.compare_digest(sign, signature(key.secret, text)) for text in signed
    ):
        raise known("40009")
    if key.addresses and address not in key.addresses:
        raise known("40018")
    return key


def signature(secret: str, text: str) -> str:
    """HMAC-SHA256 in base64, as clients put it into ACCESS-SIGN."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), sha256).digest()).decode()


def check_permission(key: ApiKey, security: Security) -> None:
    needed = _NEEDED[security]
    if not any(permission in key.permissions for permission in needed):
        raise Failure("40014", f"Incorrect permissions, need {_ASKED.get(security, security)} permissions")
