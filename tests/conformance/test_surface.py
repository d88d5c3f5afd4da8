"""ccxt's whole unified surface, a method at a time."""

from __future__ import annotations

import asyncio

import ccxt.async_support as ccxt
import pytest

from tests.conformance.here import Served, connected
from tests.conformance.places import Place
from tests.conformance.recorded import keep, record
from tests.conformance.surface import ASKED, METHODS, REFUSED, SURFACES, Method


@pytest.mark.parametrize(("place", "method"), ASKED, ids=lambda value: getattr(value, "name", value))
def test_unified_method(place: Place, method: Method, served: Served) -> None:
    async def run() -> None:
        async with connected(place, served) as here:
            await asyncio.wait_for(method.probe(here), 40)
            assert here.reading is not None
            found = here.reading.fields()
            keep(place.name, method.name, found)
            for parser, fields in record().get(place.name, {}).get(method.name, {}).items():
                gone = set(fields) - set(found.get(parser, ()))
                assert not gone, f"{parser} no longer finds {sorted(gone)}"

    asyncio.run(run())


@pytest.mark.parametrize(("place", "method"), REFUSED, ids=lambda value: getattr(value, "name", value))
def test_what_ccxt_cannot_do_is_refused(place: Place, method: Method, served: Served) -> None:
    async def run() -> None:
        async with connected(place, served) as here:
            with pytest.raises(ccxt.ExchangeError, match=r"40085|40301|40017"):
                await asyncio.wait_for(method.probe(here), 40)

    asyncio.run(run())


def test_probes_use_the_clients_own_methods() -> None:
    assert {m.name for m in METHODS.values()} <= {name for place in SURFACES for name in place.known()}
