"""What is written reads back the same, to the last bit of every float."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.market import (
    Bar,
    CashFlow,
    CashFlowKind,
    Command,
    CommandKind,
    Decision,
    Fill,
    FillReason,
    Inconsistent,
    Order,
    Reason,
    Review,
    Snapshot,
    TargetWeights,
)
from tradewind.trading.journal.arming import Arm, Override
from tradewind.trading.journal.records import decode, encode, recall
from tradewind.trading.terms.api_call import ApiCall
from tradewind.trading.terms.discrepancy import Discrepancy, Epoch, Settled
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_records import Baseline, Denied, OrderAlarm, Risk, RiskState
from tradewind.trading.terms.order_states import Alarm, Happening, Intent, OrderEvent
from tradewind.trading.terms.session_records import Incident, SessionBegan
from tradewind.validation.stages import StageBegan

times = st.integers(0, 2**53)
texts = st.text(max_size=12)
prices = st.floats(1e-12, 1e12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(allow_nan=False, allow_infinity=False)
marks = prices | st.just(math.nan)
lots = st.integers(-(2**63), 2**63 - 1)
weights = st.none() | numbers


@st.composite
def bars(draw: st.DrawFn) -> Bar | None:
    low, a, b, high = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
    known = {f"mark_{name}": draw(marks) for name in ("open", "high", "low", "close")}
    volume, rate = draw(st.floats(0, 1e15)), draw(numbers)
    return draw(st.none() | st.just(Bar(60_000, 120_000, a, high, low, b, volume, rate, **known)))


snapshots = st.lists(bars(), max_size=4).map(lambda found: Snapshot(60_000, 120_000, tuple(found)))
fills = st.builds(
    Fill, texts, texts, times, texts, lots, decimals, decimals, decimals, texts, st.sampled_from(FillReason)
)
cash_flows = st.builds(CashFlow, texts, times, st.sampled_from(CashFlowKind), decimals, texts)
commands = st.builds(Command, st.sampled_from(CommandKind), times, texts)


events = st.builds(OrderEvent, times, texts, st.sampled_from(Happening), times, texts, texts, texts, texts)
five = st.tuples(prices, prices, prices, prices, st.floats(0, 1e15))
order_records = st.one_of(
    st.builds(Intent, times, texts, texts, lots, st.booleans(), texts, texts),
    events,
    st.builds(Denied, times, texts, texts, lots, texts),
    st.builds(OrderAlarm, times, texts, texts, st.sampled_from(Alarm), texts),
    st.builds(Baseline, times, texts, decimals),
    st.builds(RiskState, times, st.sampled_from(Risk), texts),
    st.builds(Discrepancy, times, texts, decimals, decimals, st.sampled_from(Settled)),
    st.builds(Epoch, times, texts),
    st.builds(Revision, times, texts, times, st.none() | five, five),
    st.builds(
        ApiCall,
        times,
        texts,
        texts,
        st.dictionaries(texts, texts),
        st.integers(0, 599),
        texts,
        numbers,
        st.none() | st.integers(0, 10**6),
        texts,
    ),
    st.builds(SessionBegan, times, texts),
    st.builds(Incident, times, texts, texts),
    st.builds(Arm, times, texts, texts, texts, texts),
    st.builds(Override, times, texts, st.text(min_size=10).filter(lambda t: len(t.strip()) >= 10)),
    st.builds(StageBegan, times, texts, st.integers(0, 2), texts),
)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    width, at = draw(st.integers(1, 4)), draw(times)

    def each(strategy: st.SearchStrategy[Any]) -> tuple[Any, ...]:
        return tuple(draw(st.lists(strategy, min_size=width, max_size=width)))

    return Decision(
        at=at,
        wanted=TargetWeights(each(weights)),
        review=Review(TargetWeights(each(weights)), each(st.integers(0, 8191).map(Reason))),
        orders=each(st.builds(Order, texts, texts, lots, st.booleans(), st.just(at))),
        equity=draw(numbers),
        reward=draw(numbers),
        observation=each(st.floats(width=32, allow_infinity=False)),
        observation_hash=draw(texts),
        model_hash=draw(texts),
        latency_us=draw(st.floats(0, 1e9)),
    )


def exact(value: Any) -> Any:
    """Floats as their bits, every NaN as one; the rest as it prints."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, tuple):
        return [exact(v) for v in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: exact(getattr(value, name)) for name in value.__dataclass_fields__}
    return repr(value)


@given(snapshots | fills | cash_flows | commands | decisions() | order_records)
def test_every_record_reads_back_the_same(record: Any) -> None:
    kind, at, payload = encode(record)
    back = decode(kind, payload)
    assert at == record.at
    assert type(back) is type(record)
    assert exact(back) == exact(record)
    assert encode(back) == (kind, at, payload)


@given(snapshots | fills | commands | decisions() | order_records)
def test_books_are_given_the_same_but_what_was_observed(record: Any) -> None:
    kind, _, payload = encode(record)
    whole, back = decode(kind, payload), recall(kind, payload)
    if isinstance(whole, Decision):
        bare = replace(whole.review, approved=TargetWeights(()))
        whole = replace(whole, review=bare, observation=(), observation_hash="")
    assert exact(back) == exact(whole)


def test_a_mark_that_is_not_known_stays_unknown() -> None:
    bar = Bar(0, 60_000, 2.0, 3.0, 1.0, 2.5, 7.0, 0.1, mark_open=2.1)
    back = decode(*_written(Snapshot(0, 60_000, (bar, None))))
    assert isinstance(back, Snapshot)
    assert back.bars[1] is None
    assert back.bars[0] is not None
    assert back.bars[0].mark_open == 2.1
    assert math.isnan(back.bars[0].mark_close)


def test_a_decimal_keeps_its_zeros() -> None:
    fill = Fill("t", "o", 1, "A", 1, Decimal("0.100"), Decimal("1E+2"), Decimal("0"), "USDT")
    back = decode(*_written(fill))
    assert isinstance(back, Fill)
    assert str(back.quantity) == "0.100"
    assert str(back.price) == "1E+2"


def test_a_kind_of_a_newer_version_is_refused() -> None:
    with pytest.raises(Inconsistent, match="kind 'quote': it was written by a newer version"):
        decode("quote", b"{}")


def _written(record: Any) -> tuple[str, bytes]:
    kind, _, payload = encode(record)
    return kind, payload
