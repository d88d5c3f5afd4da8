"""Sockets of Binance end after a day of wire time, whatever is spoken over them. Bitget's are with its conversation."""

from __future__ import annotations

import pytest

from tests.gateway.binance.spot.venue import Socket, stepped
from tests.gateway.binance.usdm.test_frames import Socket as Line
from tests.gateway.binance.usdm.venue import Desk

DAY_SECONDS = 86_400
OVER = (1001, "24 hours are over")


@pytest.mark.parametrize("path", ["/ws", "/ws/btcusdt@trade", "/stream", "/ws-api/v3"])
def test_spot(path: str) -> None:
    venue, wire = stepped()
    socket = Socket(venue, path)
    wire.advance(DAY_SECONDS - 1)
    venue.dialect.tick()
    assert socket.closed == []
    wire.advance(1)
    venue.dialect.tick()
    assert socket.closed == [OVER]


@pytest.mark.parametrize(
    "path", ["/ws", "/stream", "/public/ws", "/market/stream", "/private/ws", "/ws-fapi/v1"]
)
def test_usdm(path: str) -> None:
    desk = Desk()
    socket = Line(desk, path)
    desk.wire.advance(DAY_SECONDS - 1)
    desk.dialect.tick()
    assert socket.closed is None
    desk.wire.advance(1)
    desk.dialect.tick()
    assert socket.closed == OVER
