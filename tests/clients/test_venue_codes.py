"""The tables of codes: whole, unambiguous, the same as the page, and with all that the local exchange says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewind.clients.venue_codes import TABLES, Row, row_for
from tradewind.gateway.binance.spot import words as spot_words
from tradewind.gateway.binance.usdm import words as usdm_words
from tradewind.gateway.bitget.failure import TEXTS
from tradewind.gateway.faults import REASONS

PAGE = Path(__file__).parents[2] / "docs" / "venue_codes.md"
SPOT, USDM, BITGET = TABLES["Binance Spot"], TABLES["Binance USD-M"], TABLES["Bitget"]
# Of listen keys, of settings that no order touches, and of a page that is gone: no answer to an order.
NOT_OF_ORDERS = {"-1125", "30005", "-4046", "-4047", "-4048", "-4049", "-4059"}
OF_FUTURES = {"reduce_only", "wrong_service", "position_side", "mode_refused"}  # spot has no such thing


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.fault("E16")
def test_a_code_and_its_words_stand_once(name: str) -> None:
    seen = [(row.code, row.having) for row in TABLES[name]]
    assert len(set(seen)) == len(seen)
    assert all(row.says and row.why for row in TABLES[name])


@pytest.mark.parametrize("name", TABLES)
def test_every_row_can_be_found(name: str) -> None:
    for row in TABLES[name]:
        assert row_for(TABLES[name], row.code, f"Well: {row.having.upper()}!") is row


def test_what_no_table_has_is_nothing() -> None:
    assert row_for(SPOT, "-9999", "?") is None
    assert row_for(SPOT, "", "?") is None


def test_faults_say_nothing_that_is_not_in_the_tables() -> None:
    for name, reason in REASONS.items():
        bitget = [words for words in (reason.bitget, reason.mix, reason.unified) if words is not None]
        said = [(SPOT, reason.spot), (USDM, reason.usdm), *((BITGET, words) for words in bitget)]
        for table, (_, code, text) in said:
            if str(code) not in NOT_OF_ORDERS and not (table is SPOT and name in OF_FUTURES):
                row = row_for(table, str(code), text)
                assert row is not None, (name, code)
                if reason.unclear:
                    assert row.kind is None, (name, code)


@pytest.mark.fault("E16")
def test_refusals_of_orders_are_all_in_the_tables() -> None:
    for table, words in ((SPOT, spot_words._WORDS), (USDM, usdm_words._WORDS)):
        for code, text in words.values():
            assert str(code) in NOT_OF_ORDERS or row_for(table, str(code), text), (code, text)
    for code, text in TEXTS.items():
        assert row_for(BITGET, code, text), (code, text)


def page_table(table: tuple[Row, ...]) -> str:
    """One venue's codes as the page shows them."""
    lines = ["| code | what it says | kind | definite because, or not because |", "|---|---|---|---|"]
    for row in table:
        code = f"{row.code}, with “{row.having}”" if row.having else row.code
        lines.append(f"| {code} | {row.says} | {row.kind.name if row.kind else '**unknown**'} | {row.why} |")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", TABLES)
def test_the_page_is_current(name: str) -> None:
    expected = f"## {name}\n{page_table(TABLES[name])}"
    assert expected in PAGE.read_text(encoding="utf-8"), f"docs/venue_codes.md should have:\n{expected}"
