"""Every status meets everything that can happen: it moves, stays, or says that this cannot be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tradewind.market import Fill, FillReason, Inconsistent
from tradewind.trading.terms.order_states import (
    DONE,
    Alarm,
    Happening,
    Intent,
    OrderEvent,
    OrderState,
    Status,
    Step,
    client_id,
    transition,
)

BUY = Intent(1000, "twndA", "BTC/USDT", 10, False, "d1", "")
SOLD = replace(BUY, lots=-10)

# "=": no news. "!": it cannot be.
TABLE = """
               sent doubted accepted refused  cancel_asked cancel_failed canceled expired absent
    intent     sent unknown open     rejected !            !             canceled expired !
    sent       !    unknown open     rejected !            !             canceled expired !
    unknown    !    =       open     rejected !            !             canceled expired not_placed
    open       !    =       =        !        cancel_sent  =             canceled expired !
    partial    !    =       =        !        cancel_sent  =             canceled expired !
    cancel_sent !   =       =        !        =            open          canceled expired canceled
    canceled   !    =       =        !        !            =             =        =       !
    filled     !    =       =        !        !            =             =        =       !
    expired    !    =       =        !        !            =             =        =       !
    rejected   !    !       !        =        !            !             !        !       !
    not_placed !    !       !        !        !            !             !        !       =
"""
_HEAD, *_ROWS = [line.split() for line in TABLE.strip().splitlines()]
CASES = [(row[0], happening, after) for row in _ROWS for happening, after in zip(_HEAD, row[1:], strict=True)]


def event(happening: Happening, filled: int = 0, venue_id: str = "") -> OrderEvent:
    return OrderEvent(2000, BUY.client_id, happening, filled, venue_id)


def fill(lots: int, trade_id: str = "t1", symbol: str = "BTC/USDT") -> Fill:
    quantity = lots * Decimal("0.1")
    return Fill(
        trade_id,
        BUY.client_id,
        3000,
        symbol,
        lots,
        quantity,
        Decimal(100),
        Decimal(0),
        "USDT",
        FillReason.ORDER,
    )


def test_the_table_names_every_status_and_every_happening() -> None:
    assert {row[0] for row in _ROWS} == set(Status)
    assert set(_HEAD) == set(Happening)


@pytest.mark.parametrize(("status", "happening", "after"), CASES)
def test_what_happens_moves_an_order_as_the_table_says(status: str, happening: str, after: str) -> None:
    before = OrderState(BUY, Status(status), since=1000, let_go=happening == Happening.CANCEL_ASKED)
    if after == "!":
        with pytest.raises(Inconsistent, match="compare it with the venue"):
            transition(before, event(Happening(happening)))
    elif after == "=":
        assert transition(before, event(Happening(happening))).state == before
    else:
        assert transition(before, event(Happening(happening))).state == replace(
            before, status=Status(after), since=2000
        )


def test_a_cancellation_of_ours_is_remembered_until_the_venue_refuses_it() -> None:
    asked = transition(OrderState(BUY, Status.OPEN), event(Happening.CANCEL_ASKED)).state
    assert asked.let_go
    slow = transition(asked, event(Happening.CANCEL_FAILED)).state
    assert (slow.status, slow.let_go) == (Status.OPEN, True)
    refused = transition(asked, replace(event(Happening.CANCEL_FAILED), kind="limit")).state
    assert (refused.status, refused.let_go) == (Status.OPEN, False)
    assert transition(asked, fill(4)).state.let_go


@pytest.mark.parametrize("status", Status)
def test_o6_a_fill_may_come_in_every_status_and_counts(status: Status) -> None:
    before = OrderState(BUY, status, since=1000)
    part, whole = transition(before, fill(4)), transition(before, fill(10))
    assert (part.state.filled, whole.state.filled) == (4, 10)
    assert whole.state.status is Status.FILLED
    stays = (Status.CANCELED, Status.EXPIRED, Status.CANCEL_SENT, Status.FILLED)
    assert part.state.status is (status if status in stays else Status.PARTIAL)
    assert part.alarm is (Alarm.LATE_FILL if status in DONE else None)


def test_o16_more_than_was_asked_for_is_taken_and_alarmed() -> None:
    before = OrderState(BUY, Status.PARTIAL, filled=9)
    after = transition(before, fill(2))
    assert (after.state.status, after.state.filled, after.alarm) == (Status.FILLED, 11, Alarm.OVERFILL)


@pytest.mark.parametrize("wrong", [fill(-1), fill(1, symbol="ETH/USDT"), fill(0)])
def test_a_fill_that_cannot_be_of_the_order_is_refused(wrong: Fill) -> None:
    with pytest.raises(Inconsistent, match="its order twndA was 10 lots"):
        transition(OrderState(BUY, Status.OPEN), wrong)


@pytest.mark.parametrize("happening", [Happening.ACCEPTED, Happening.CANCELED, Happening.EXPIRED])
def test_o15_a_report_with_less_than_the_fills_is_stale(happening: Happening) -> None:
    before = OrderState(BUY, Status.PARTIAL, filled=5, reported=5)
    assert transition(before, event(happening, filled=4)) == Step(before, Alarm.STALE)


@pytest.mark.parametrize("happening", [Happening.CANCELED, Happening.EXPIRED])
@pytest.mark.parametrize("told", [2, 3])
@pytest.mark.fault("O15")
def test_o15_an_end_with_less_than_was_reported_is_stale(happening: Happening, told: int) -> None:
    """An order filled on after its end: the report of that end is older than the one of the fill."""
    before = OrderState(BUY, Status.PARTIAL, filled=3, reported=4)
    assert transition(before, event(happening, filled=told)) == Step(before, Alarm.STALE)
    whole = transition(before, fill(1)).state
    assert transition(whole, event(happening, filled=4)).state.status is Status(happening.value)


def test_o15_open_after_the_end_is_stale() -> None:
    before = OrderState(BUY, Status.FILLED, filled=10, venue_id="7")
    assert transition(before, event(Happening.ACCEPTED, filled=10)) == Step(before, Alarm.STALE)


def test_o6_an_acknowledgement_after_a_fill_only_names_the_order() -> None:
    before = OrderState(BUY, Status.PARTIAL, filled=5)
    assert transition(before, event(Happening.ACCEPTED, venue_id="7")) == Step(replace(before, venue_id="7"))


def test_o9_no_end_before_its_fills() -> None:
    before = OrderState(BUY, Status.CANCEL_SENT, filled=2)
    with pytest.raises(Inconsistent, match="with 5 lots filled, the fills say 2: ask for its trades first"):
        transition(before, event(Happening.CANCELED, filled=5))
    known = transition(before, event(Happening.ACCEPTED, filled=5)).state
    assert (known.status, known.lacks_fills, known.in_doubt) == (Status.CANCEL_SENT, True, True)
    whole = transition(known, fill(3)).state
    assert not whole.lacks_fills
    assert transition(whole, event(Happening.CANCELED, filled=5)).state.status is Status.CANCELED


def test_o11_a_cancellation_without_effect_leaves_what_was() -> None:
    before = OrderState(BUY, Status.CANCEL_SENT, filled=2)
    assert transition(before, event(Happening.CANCEL_FAILED)).state.status is Status.PARTIAL


def test_what_remains_is_signed_and_ends_with_the_order() -> None:
    assert OrderState(BUY, Status.PARTIAL, filled=4).remaining == 6
    assert OrderState(SOLD, Status.PARTIAL, filled=4).remaining == -6
    assert OrderState(SOLD, Status.CANCELED, filled=4).remaining == 0


def test_the_same_decision_has_the_same_id_and_every_part_counts() -> None:
    first = client_id("testnet", "main", "BTC/USDT", 60_000)
    assert first == client_id("testnet", "main", "BTC/USDT", 60_000)
    assert len(first) == 20
    assert first.isalnum()
    others = {
        client_id("live", "main", "BTC/USDT", 60_000),
        client_id("testnet", "second", "BTC/USDT", 60_000),
        client_id("testnet", "main", "ETH/USDT", 60_000),
        client_id("testnet", "main", "BTC/USDT", 120_000),
        client_id("testnet", "main", "BTC/USDT", 60_000, leg="stop"),
        client_id("testnet", "main", "BTC/USDT", 60_000, revision=1),
        client_id("testnet", "main", "BTC/USDT", 60_000, attempt=1),
    }
    assert len(others | {first}) == 8
