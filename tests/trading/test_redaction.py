"""No secret gets through, whatever form it comes in; what is no secret stays."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.trading.journal.redaction import HIDDEN, Redactor, is_secret_name, looks_secret

BINANCE_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
BINANCE_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
BITGET_KEY = "bg_" + "0123456789abcdef" * 2
SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
LISTEN_KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
TELEGRAM = "123456789:AAF3kd93kdmNx0sl3kd93kdmNx0slQwErTy"
DISCORD = "1120000000000000000/Ab3dEf-6hIjKlMnOpQrStUvWxYz0123456789"

WITHOUT_BEING_TOLD = [
    (f"GET /api/v3/order?symbol=BTCUSDT&timestamp=1&signature={SIGNATURE}", SIGNATURE),
    (json.dumps({"X-MBX-APIKEY": BINANCE_KEY, "symbol": "BTCUSDT"}), BINANCE_KEY),
    (
        str({"ACCESS-KEY": BITGET_KEY, "ACCESS-SIGN": "kq8J+/4u=", "ACCESS-PASSPHRASE": "open sesame"}),
        "sesame",
    ),
    (str({"ACCESS-SIGN": "kq8J+/4u="}), "kq8J"),
    (f"binance {BINANCE_SECRET} refused", BINANCE_SECRET),
    (f"key {BITGET_KEY} expired", BITGET_KEY),
    (json.dumps({"listenKey": LISTEN_KEY}), LISTEN_KEY),
    (f"PUT /fapi/v1/listenKey?listenKey={LISTEN_KEY}", LISTEN_KEY),
    ("wss://fstream.binance.com/ws/" + "aB3" * 20, "aB3aB3"),
    (f"POST https://api.telegram.org/bot{TELEGRAM}/sendMessage", TELEGRAM[10:]),
    (f"tgram://{TELEGRAM}/4242", "4242"),
    (f"https://discord.com/api/webhooks/{DISCORD} answered 429", DISCORD),
    ("https://hooks.slack.com/services/T0/B0/Ab3dEf6h", "Ab3dEf6h"),
    ("postgresql+psycopg://tradewind:hunter22@db/journal", "hunter22"),
    ("could not connect: postgresql://me:p%40ss@10.0.0.1:5432/x", "p%40ss"),
    ("Authorization: Bearer eyJhbGciOi.abc", "eyJhbGciOi"),
    ("{'Authorization': 'Bearer abc123456789'}", "abc123456789"),
    ("model said no to sk-proj-Ab3dEf6hIjKlMnOpQrStUv", "Ab3dEf6hIjKl"),
    ("TRADEWIND_BITGET_PASSPHRASE=correcthorse", "correcthorse"),
    ("Keys(secret='hunter22')", "hunter22"),
]
STAYS = [
    "bundle sha256 c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
    "order twndABCDEFGH23456723 of BTC/USDT:USDT filled 3 lots at 61234.5",
    "https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1m",
    "wss://stream.binance.com:9443/ws/btcusdt@kline_1m",
    "sqlite:///workspace/runs/one/journal.sqlite",
    "postgresql://127.0.0.1:5432/journal",
    "2026-11-21T14:43:29Z -1021: Timestamp for this request is outside of the recvWindow.",
    "the assignment of 12 signals is a design",
]


@pytest.mark.fault("C3")
@pytest.mark.parametrize(("text", "secret"), WITHOUT_BEING_TOLD)
def test_what_looks_secret_is_taken_out_unasked(text: str, secret: str) -> None:
    shown = Redactor().text(text)
    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize("text", STAYS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().text(text) == text


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=64)


@given(secrets, st.text(max_size=20), st.text(max_size=20))
def test_what_is_known_never_appears_in_any_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor(secret)
    for form in (secret, quote(secret, safe="")):
        shown = redactor.text(before + form + after)
        assert form not in shown or form in HIDDEN * 30


@given(secrets)
def test_data_is_redacted_at_every_depth(secret: str) -> None:
    data: Any = {"list": [{"text": f"<{secret}>"}, (secret,)], secret: 1, "error": ValueError(secret)}
    shown = repr(Redactor(secret).value(data))
    assert secret not in shown or secret in HIDDEN * 30


def test_what_stands_under_a_secret_name_is_hidden_whole() -> None:
    data = {
        "apiKey": "short",
        "params": {"signature": 1234, "passphrase": "a b", "symbol": "BTCUSDT"},
        "binance_testnet_secret": "x",
        "database_url": "anything",
        "token": "",
    }
    assert Redactor().value(data) == {
        "apiKey": HIDDEN,
        "params": {"signature": HIDDEN, "passphrase": HIDDEN, "symbol": "BTCUSDT"},
        "binance_testnet_secret": HIDDEN,
        "database_url": HIDDEN,
        "token": "",
    }


def test_numbers_and_truths_stay_what_they_are() -> None:
    data = {"at": 1, "price": 0.5, "ok": True, "nothing": None}
    assert Redactor("secret1").value(data) == data


def test_it_does_not_show_what_it_knows() -> None:
    redactor = Redactor("hunter22")
    assert "hunter22" not in repr(redactor)
    redactor.know("swordfish", "")
    assert redactor.text("hunter22 swordfish x") == f"{HIDDEN} {HIDDEN} x"


@pytest.mark.parametrize("name", ["secret", "API_KEY", "apiKey", "x.bot_token", "listenKey", "X-MBX-APIKEY"])
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["symbol", "designed", "keys", "max_tokens", "fingerprint", "key_hash"])
def test_ordinary_names(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text", ["", "tgram:///", "postgresql://me@localhost/db", "http://localhost:8080/notify"]
)
def test_an_address_alone_is_no_secret(text: str) -> None:
    assert not looks_secret(text)
