"""A venue whose certificate cannot be trusted is not spoken to, whatever it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt
import pytest

from tests.clients.test_connect import Recorder
from tests.gateway.exchange_here import KEYS, opened
from tradewind.clients import Loopback, connect
from tradewind.clients.outcomes import Asked, of_error
from tradewind.data.patience import VenueReader
from tradewind.gateway.reach import authority_in
from tradewind.market import Kind, ManualClock, Unknown, VenueUnavailable, WallClock
from tradewind.venues.remote import open_account


@pytest.mark.fault("E11")
@pytest.mark.asyncio
@pytest.mark.parametrize("venue", ["binance", "binanceusdm", "bitget"])
async def test_a_certificate_of_another_authority_ends_everything_before_a_byte_is_said(
    tmp_path: Path, venue: str
) -> None:
    seen = Recorder()
    kind = Kind.PERPETUAL if venue == "binanceusdm" else Kind.SPOT
    async with opened(tmp_path) as exchange:
        exchange.server.interceptor = seen
        stranger = authority_in(tmp_path / "stranger")
        client: Any = connect(
            venue, "live", keys=KEYS, at=Loopback(exchange.tls_port, stranger.certificate), kinds=[kind]
        )
        try:
            with pytest.raises(ccxt.NetworkError) as error:
                await client.fetch_time()
            outcome = of_error(error.value, Asked.PLACE)
            assert isinstance(outcome, Unknown)
            assert "CERTIFICATE_VERIFY_FAILED" in outcome.text
            reader = VenueReader(client, ManualClock())
            with pytest.raises(VenueUnavailable, match="whose certificate cannot be trusted"):
                await reader.call("load_markets")
            with pytest.raises(VenueUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await open_account(client, kind, clock=WallClock())
        finally:
            await client.close()
    assert seen.asked == []
