"""python-binance finds what it reads itself from replies."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from binance import AsyncClient

from tests.conformance.here import Served
from tests.conformance.places import PLACES
from tests.conformance.python_binance import READ, reads

ROOT = Path(__file__).parents[2]


def test_all_that_it_reads_is_listed() -> None:
    assert {name: keys for name, (keys, _) in READ.items()} == reads()


@pytest.mark.parametrize("name", READ)
def test_each_has_a_test_or_a_reason(name: str) -> None:
    proof = READ[name][1]
    if not proof.startswith("refused: "):
        path, _, test = proof.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")


def test_what_it_reads_itself(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    url = served.exchange.url
    for name, path in (("API_URL", "/api"), ("MARGIN_API_URL", "/sapi"), ("FUTURES_URL", "/fapi")):
        monkeypatch.setattr(AsyncClient, name, url + path)
    _, keys = served.open_account(PLACES[0])

    async def run() -> None:
        client = await AsyncClient.create(keys.key, keys.secret)
        try:
            made = await client.withdraw(coin="USDT", amount="5", address="an-address")
            assert (await client.get_withdraw_history_id(made["id"]))["id"] == made["id"]
            assert await client.stream_get_listen_key()
            assert await client.futures_stream_get_listen_key()
        finally:
            await client.close_connection()

    asyncio.run(run())
