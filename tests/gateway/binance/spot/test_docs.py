"""The page about Binance Spot says what is served."""

from __future__ import annotations

from pathlib import Path

import ccxt.pro as ccxt
import pytest

from tests.gateway.binance.spot.venue import Venue
from tradewind.gateway.binance.spot.refused import REFUSED
from tradewind.gateway.binance.spot.streams.names import PLAIN
from tradewind.gateway.binance.tables import endpoint_table, refused_table

PAGE = Path(__file__).parents[4] / "docs" / "binance_spot.md"


@pytest.mark.parametrize("part", ["rest", "wallet"])
def test_its_endpoints_are_those_that_answer(part: str) -> None:
    table = endpoint_table(getattr(Venue().dialect, part).routes.values())
    assert table in PAGE.read_text(), f"the table of {part} is now:\n{table}"


def test_what_is_refused_is_named() -> None:
    assert refused_table(REFUSED) in PAGE.read_text()
    assert [name for name in REFUSED if not ccxt.binance().has.get(name)] == []


def test_its_streams_are_those_that_answer() -> None:
    page = PAGE.read_text()
    assert all(f"`{name}`" in page for name in PLAIN)
