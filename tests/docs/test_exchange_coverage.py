"""docs/exchange_coverage.md is what the tests say."""

from __future__ import annotations

from tests.conformance.parsers import parsers
from tests.conformance.recorded import record
from tests.conformance.refusals import VENUES
from tests.conformance.surface import ASKED
from tests.conformance.table import PAGE, found_fields, page


def test_the_page_is_the_one_that_is_made() -> None:
    made = PAGE.read_text(encoding="utf-8")
    assert made == page(), "make it anew: python -m tests.conformance.table"


def test_fields_are_recorded_of_calls_that_the_suite_makes() -> None:
    asked = {(place.name, method.name) for place, method in ASKED}
    assert {(place, method) for place, methods in record().items() for method in methods} <= asked


def test_each_recorded_field_is_one_that_ccxt_reads() -> None:
    for venue in VENUES:
        for parser, keys in found_fields()[venue].items():
            assert keys <= parsers(venue)[parser]
