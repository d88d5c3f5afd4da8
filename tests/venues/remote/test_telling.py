"""Every request is told, and nothing that is secret."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import PLACES, Heard, Place, each, exchange_now, listening, seated, until
from tradewind.market import VenueUnavailable

CANARY = "canary+secret/of=this account"


@pytest.mark.parametrize("place", each(PLACES))
def test_requests_are_told_without_secrets(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        heard = Heard()
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            client = seat.venue.client
            async with listening(seat, heard):
                await until(lambda: heard.connections == 1)
                order = seat.resting()
                await seat.venue.send(order)
                await seat.venue.query(order, "")
                await seat.venue.cancel(order, "")
                await seat.venue.account()
                seat.fault("drop", match={"kind": "query"})
                with pytest.raises(VenueUnavailable):
                    await seat.venue.query(order, "")
                seat.local.faults.clear()
                client.secret, client.password, key = CANARY, CANARY, client.apiKey
                refused = seat.resting()
                await seat.venue.send(refused)
            written = repr([asdict(call) for call in seat.told]) + caplog.text
            secrets = [key, CANARY, quote(CANARY), quote(CANARY, safe="")]
            linear = client.options.get("linear") or {}
            secrets += [name for name in [linear.get("listenKey")] if name]
            for secret in secrets:
                assert secret not in written
            placed = next(
                c for c in seat.told if order.client_id in c.parameters.values() and c.method == "POST"
            )
            assert (placed.status, placed.failure) == (200, "")
            assert placed.path.startswith(("/api/", "/fapi/"))
            assert 0 < placed.latency_ms < 5_000
            assert placed.at > 0
            assert [c for c in seat.told if c.status == 0 and c.failure]
            turned_away = [c for c in seat.told if refused.client_id in c.parameters.values()][-1]
            assert turned_away.status >= 400
            assert turned_away.code not in ("", "0", "00000")
            if place.house == "binance":
                assert placed.used_weight is not None
                assert placed.parameters["signature"] == "***"
                assert placed.parameters["recvWindow"] == "5000"

    run_virtually(story())
