"""Requests of an account in its journal: all of them, and nothing that is secret."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.promises.virtual_time import run_virtually
from tests.venues.remote.seats import BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT, Place, exchange_now, seated
from tradewind.market import Accepted, VenueUnavailable
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.api_call import ApiCall
from tradewind.venues.remote.telling import redactor_of


@pytest.mark.parametrize("place", [BINANCE_SPOT, BINANCE_USDM, BITGET_SPOT], ids=lambda place: place.name)
def test_requests_in_a_journal_hold_no_secret(place: Place, tmp_path: Path) -> None:
    async def story() -> None:
        async with exchange_now(tmp_path) as local, seated(local, place) as seat:
            order = seat.resting()
            assert isinstance(await seat.venue.send(order), Accepted)
            await seat.venue.account()
            seat.fault("refuse", reason="unavailable")
            with pytest.raises(VenueUnavailable):
                await seat.venue.account()
            with Journal.create(tmp_path / "run.sqlite", {"mode": "testnet"}) as journal:
                for call in seat.told:
                    journal.note(call)
            with Journal.open(tmp_path / "run.sqlite") as journal:
                kept = [record for _, record in journal.records()]
            client = seat.venue.client
            secrets = [client.apiKey, client.secret, client.password or client.secret]
        assert kept == seat.told
        assert all(isinstance(call, ApiCall) for call in kept)
        sent = [c for c in seat.told if c.method == "POST" and order.client_id in str(c.parameters)]
        assert len(sent) == 1
        assert sent[0].status == 200
        assert 0 < sent[0].latency_ms < 60_000
        assert seat.told[-1].status >= 500
        file = (tmp_path / "run.sqlite").read_bytes()
        for secret in secrets:
            assert secret.encode() not in file
            assert quote(secret, safe="").encode() not in file
        assert b"signature=" not in file

    run_virtually(story())


def test_what_is_told_of_one_request_costs_little(tmp_path: Path) -> None:
    class Client:
        apiKey, secret, password = "canary-key-1", "canary-secret-2", ""

    redactor = redactor_of(Client())
    parameters = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.001", "signature": "f" * 64}
    began = time.perf_counter()
    for _ in range(200):
        shown = redactor.value(parameters)
    assert (time.perf_counter() - began) / 200 < 0.002
    assert shown["signature"] == "***"
    assert shown["quantity"] == "0.001"
