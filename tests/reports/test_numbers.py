from __future__ import annotations

import pytest

from tradewind.reports import numbers as n


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (n.percent(0.01234), "1.23 %"),
        (n.percent(-0.1234), "−12.3 %"),
        (n.percent(12.5, signed=True), "+1,250 %"),
        (n.percent(-0.00001), "0.00 %"),
        (n.percent(None), "—"),
        (n.ratio(-1.456), "−1.46"),
        (n.money(1234.5, "USDT"), "1,234.50 USDT"),
        (n.money(-1_234_567.8), "−1,234,568"),
        (n.basis_points(0.00015), "1.5 bp"),
        (n.price(64_123.456), "64,123.46"),
        (n.price(0.000012345), "0.000012345"),
        (n.price(float("nan")), "—"),
        (n.span(30), "30 days"),
        (n.span(1), "1 day"),
        (n.span(0.25), "6 hours"),
        (n.span(2.5), "2.5 days"),
        (n.span(985), "2.7 years"),
        (n.span(0), "0 minutes"),
        (n.date(1_767_225_600_000), "1 Jan 2026"),
        (n.moment(1_767_225_600_000), "2026-01-01 00:00"),
    ],
)
def test_numbers_as_people_read_them(text, expected):
    assert text == expected
