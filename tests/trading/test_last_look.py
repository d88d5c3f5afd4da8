"""What a session's last look at the venue finds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.accounting import Office
from tests.trading.ordering import PERP, SPOT
from tests.trading.test_reconcile import play
from tradewind.trading.comparing.last_look import look_last
from tradewind.trading.journal.journal import Journal
from tradewind.trading.terms.session_records import BooksCompared


@pytest.mark.parametrize(
    ("moved", "lots"),
    [
        ({}, 0),
        ({SPOT.symbol: Decimal("-0.3")}, 3),
        ({SPOT.symbol: Decimal("0.05")}, 0),
        ({SPOT.symbol: Decimal("0.1"), PERP.symbol: Decimal("-0.02")}, 3),
    ],
)
def test_the_drift_is_counted_in_lots_of_all_symbols(
    tmp_path: Path, moved: dict[str, Decimal], lots: int
) -> None:
    async def scenario(office: Office) -> None:
        await office.buy(SPOT.symbol, 10)
        office.venue.moved = moved
        looking = office.work(look_last(office.manager, office.venue, office.clock))
        await office.clock.advance(1)
        assert looking.done()

    play(tmp_path, scenario)
    with Journal.open(tmp_path / "run.sqlite") as journal:
        found = [record for _, record in journal.records() if isinstance(record, BooksCompared)]
    assert [one.drift_lots for one in found] == [lots]
