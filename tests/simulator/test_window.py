"""A window of bars in which some are revised is the window of the bars as they are now."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from tests.promises.agents import moody_agent, rules_for
from tests.promises.worldlets import wild_market
from tradewind.data.replaying import Replay
from tradewind.market import Bar, Command, Kind, Snapshot
from tradewind.market.bar import Prices
from tradewind.simulator.window import REVISABLE
from tradewind.trading.engine.window import FeatureWindow

MARKET = wild_market(700, 2, Kind.PERPETUAL, seed=3, fragments=3)
AGENT = moody_agent(MARKET, rules_for(Kind.PERPETUAL))
ITEMS = list(Replay(MARKET))


def fresh() -> FeatureWindow:
    return FeatureWindow(AGENT, MARKET.symbols, MARKET.timeframe)


def take(window: FeatureWindow, item: Snapshot | Command) -> None:
    if isinstance(item, Snapshot):
        window.push(item)
    else:
        window.seam = True


def equal(ours: FeatureWindow, theirs: FeatureWindow) -> None:
    for one, other in zip(ours._arrays(), theirs._arrays(), strict=True):
        assert one.tobytes() == other.tobytes()
    assert ours._stream.state() == theirs._stream.state()
    assert (ours.ready, ours.fresh, ours.seam) == (theirs.ready, theirs.fresh, theirs.seam)


def with_prices(snapshot: Snapshot, place: int, prices: Prices) -> Snapshot:
    """Written apart from the window's own."""
    o, h, low, c, v = prices
    bars = list(snapshot.bars)
    was = bars[place]
    bars[place] = (
        Bar(snapshot.open_time, snapshot.close_time, o, h, low, c, v)
        if was is None
        else replace(was, open=o, high=h, low=low, close=c, volume=v)
    )
    return Snapshot(snapshot.open_time, snapshot.close_time, tuple(bars))


revisions = st.lists(
    st.tuples(
        st.integers(0, len(ITEMS) - 1),  # told after this item
        st.integers(0, REVISABLE - 1),  # how many bars back
        st.integers(0, 1),
        st.floats(0.5, 2.0),
        st.floats(0.0, 500.0),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(revisions, st.integers(1, len(ITEMS)))
def test_any_revisions_give_the_window_of_the_revised_history(
    told: list[tuple[int, int, int, float, float]], length: int
) -> None:
    window, history = fresh(), list[Snapshot | Command]()
    for number, item in enumerate(ITEMS[:length]):
        take(window, item)
        history.append(item)
        for after, back, place, factor, volume in told:
            places = [k for k, one in enumerate(history) if isinstance(one, Snapshot)]
            if after != number or back >= len(places):
                continue
            at = places[-1 - back]
            was = history[at]
            assert isinstance(was, Snapshot)
            price = factor * 100.0
            prices = (price, price * 1.01, price * 0.99, price * 1.005, volume)
            history[at] = with_prices(was, place, prices)
            assert window.revise(was.open_time, place, prices)
    again = fresh()
    for item in history:
        take(again, item)
    equal(window, again)


def test_a_bar_of_long_ago_changes_nothing() -> None:
    window = fresh()
    for item in ITEMS:
        take(window, item)
    before = [array.copy() for array in window._arrays()]
    first = ITEMS[0]
    assert isinstance(first, Snapshot)
    assert not window.revise(first.open_time, 0, (1.0, 1.0, 1.0, 1.0, 1.0))
    for one, other in zip(window._arrays(), before, strict=True):
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def test_a_late_bar_warms_features_as_one_that_came_in_time() -> None:
    """A symbol was masked; its bar comes after the next one."""
    window, again = fresh(), fresh()
    snapshots = [item for item in ITEMS[:60] if isinstance(item, Snapshot)]
    k = next(k for k, s in enumerate(snapshots[30:-1], 30) if all(s.bars))
    bar = snapshots[k].bars[1]
    assert bar is not None
    prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    masked = replace(snapshots[k], bars=(snapshots[k].bars[0], None))
    for j, snapshot in enumerate(snapshots):
        window.push(masked if j == k else snapshot)
        again.push(with_prices(masked, 1, prices) if j == k else snapshot)
    assert window.features.tobytes() != again.features.tobytes()
    assert window.revise(masked.open_time, 1, prices)
    equal(window, again)
