"""What a bar refuses: nothing impossible reaches the books."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tradewind.market import Bar, DataError

BAR = Bar(60_000, 120_000, 2.0, 3.0, 1.0, 2.5, 7.0, 0.0001, 2.1, 2.9, 1.1, 2.4)


@pytest.mark.parametrize("name", ["mark_open", "mark_high", "mark_low", "mark_close"])
def test_a_mark_is_a_price_or_not_known(name: str) -> None:
    assert math.isnan(getattr(replace(BAR, **{name: math.nan}), name))
    for wrong in (0.0, -1.0, math.inf, -math.inf):
        with pytest.raises(
            DataError, match=r"bar at 60000 has mark prices .* must be positive and finite, or NaN"
        ):
            replace(BAR, **{name: wrong})


@pytest.mark.parametrize("rate", [math.nan, math.inf, -math.inf])
def test_funding_is_a_finite_rate(rate: float) -> None:
    assert replace(BAR, funding_rate=-0.01).funding_rate == -0.01
    with pytest.raises(DataError, match=r"bar at 60000 has funding rate .* must be finite, 0 if none is due"):
        replace(BAR, funding_rate=rate)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"close_time": 60_000}, "closes at 60000, not after it opened"),
        ({"open": 0.0}, "all must be positive and finite"),
        ({"close": math.nan}, "all must be positive and finite"),
        ({"high": 2.4}, "outside high and low"),
        ({"low": 2.1}, "outside high and low"),
        ({"volume": -1.0}, "it must be zero or more"),
        ({"volume": math.nan}, "it must be zero or more"),
    ],
)
def test_prices_times_and_volume_are_possible(change: dict[str, float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        replace(BAR, **change)  # type: ignore[arg-type]
