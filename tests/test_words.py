"""Words that follow a number."""

from __future__ import annotations

import pytest

from tradewind.words import counted, ordered


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 orders"), (1, "1 order"), (2, "2 orders"), (1_234, "1,234 orders")]
)
def test_only_one_is_one(number: int, told: str) -> None:
    assert counted(number, "order") == told


def test_lots_are_bought_or_sold() -> None:
    assert (ordered(5), ordered(-1)) == ("buy 5 lots", "sell 1 lot")
