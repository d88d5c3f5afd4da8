"""A ccxt client whose time is that of the candles, while its requests are signed with the time of the wire."""

from __future__ import annotations

from typing import Any

from tradewind.market import Clock


def live_in_market_time(client: Any, market: Clock, wire: Clock) -> None:
    """`milliseconds` become those of `market`; nonces, logins and keep-alives stay with `wire`.

    Market time may run at any speed, so the difference is taken anew for every nonce.
    """
    nonce = client.nonce

    def wire_nonce() -> Any:
        client.options["timeDifference"] = market.now_ms() - wire.now_ms()
        return nonce()

    client.options["adjustForTimeDifference"] = False  # it would take the difference once, and from the venue
    client.milliseconds = market.now_ms
    client.nonce = wire_nonce
    client.seconds = lambda: wire.now_ms() // 1000  # signs Bitget's logins
    if hasattr(client, "handle_pong"):
        _answer_pongs(client, wire)


def _answer_pongs(client: Any, wire: Clock) -> None:
    """ccxt compares the last pong with the wall."""

    def handle_pong(line: Any, message: Any) -> Any:
        line.lastPong = wire.now_ms()
        return message

    client.handle_pong = handle_pong
