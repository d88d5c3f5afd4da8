"""Alignment: every bar keeps its own time, whatever the other symbols do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.data.aligning import align, load_market, series_of
from tradewind.data.importing import import_files, store_imported
from tradewind.data.instruments import build_instrument
from tradewind.data.series import Candles, CandleSeries, Funding
from tradewind.data.store import CandleStore
from tradewind.data.timestamps import parse_utc
from tradewind.market import DataError, Kind, Market, Timeframe

MINUTE = 60_000
START = 1_735_689_600_000
COLUMNS = ("open", "high", "low", "close", "volume")

Make = Callable[..., CandleSeries]


def _series(symbol: str, minutes: set[int], seed: int) -> CandleSeries:
    """Bars whose numbers depend on symbol and minute alone."""
    at = np.array(sorted(minutes), dtype=np.int64)
    base = 100.0 + seed * 1000 + at
    candles = Candles(START + at * MINUTE, base, base + 0.5, base - 0.5, base + 0.25, at + 1.0)
    return CandleSeries(build_instrument("binance", symbol, {}).instrument, Timeframe("1m"), candles)


several = st.lists(st.sets(st.integers(0, 40), min_size=1), min_size=1, max_size=4)


def _markets(minutes: list[set[int]], tolerance: int) -> tuple[list[CandleSeries], Market]:
    made = [_series(f"C{i}/USDT", m, i) for i, m in enumerate(minutes)]
    return made, align(made, tolerance)


@settings(deadline=None, max_examples=150)
@given(minutes=several, tolerance=st.integers(0, 5))
def test_each_symbol_keeps_its_own_values_at_its_own_times(minutes: list[set[int]], tolerance: int) -> None:
    made, market = _markets(minutes, tolerance)
    for a, one in enumerate(made):
        rows = market.tradable[:, a]
        assert np.array_equal(market.open_time[rows], one.open_time)
        for name in COLUMNS:
            assert np.array_equal(getattr(market, name)[rows, a], getattr(one.candles, name))


@settings(deadline=None, max_examples=150)
@given(minutes=several, tolerance=st.integers(0, 5))
def test_nothing_is_filled_in(minutes: list[set[int]], tolerance: int) -> None:
    _, market = _markets(minutes, tolerance)
    for name in COLUMNS:
        assert np.array_equal(np.isfinite(getattr(market, name)), market.tradable)


@settings(deadline=None, max_examples=150)
@given(minutes=several, tolerance=st.integers(0, 5), left_out=st.integers(0, 3))
def test_leaving_a_symbol_out_changes_no_other(
    minutes: list[set[int]], tolerance: int, left_out: int
) -> None:
    made, market = _markets(minutes, tolerance)
    kept = [one for i, one in enumerate(made) if i != left_out % len(made)]
    if not kept:
        return
    smaller = align(kept, tolerance)
    for a, one in enumerate(kept):
        before, after = market.symbols.index(one.instrument.symbol), a
        mine, theirs = market.tradable[:, before], smaller.tradable[:, after]
        assert np.array_equal(market.open_time[mine], smaller.open_time[theirs])
        assert np.array_equal(market.close[mine, before], smaller.close[theirs, after])


@settings(deadline=None, max_examples=150)
@given(minutes=several, tolerance=st.integers(0, 5))
def test_fragments_are_the_runs_without_a_hole_beyond_tolerance(
    minutes: list[set[int]], tolerance: int
) -> None:
    _, market = _markets(minutes, tolerance)
    times = sorted(set().union(*minutes))
    wide = [b for a, b in itertools.pairwise(times) if b - a - 1 > tolerance]
    starts = [START + m * MINUTE for m in [times[0], *wide]]
    assert [int(market.open_time[a]) for a, _ in market.fragments] == starts
    assert market.fragments[0, 0] == 0
    assert market.fragments[-1, 1] == len(market)
    for a, b in market.fragments:
        assert (np.diff(market.open_time[a:b]) == MINUTE).all()
    assert (market.fragments[1:, 0] == market.fragments[:-1, 1]).all()


@settings(deadline=None, max_examples=50)
@given(minutes=several)
def test_series_of_is_the_way_back(minutes: list[set[int]]) -> None:
    made, market = _markets(minutes, 3)
    for one, again in zip(made, series_of(market)):
        assert one.instrument == again.instrument
        assert one.candles.same_rows(again.candles).all()


def test_a_hole_within_tolerance_stays_as_masked_rows(series: Make) -> None:
    market = align([series("BTC/USDT", [0, 1, 4, 5])], gap_tolerance_bars=2)
    assert market.fragments.tolist() == [[0, 6]]
    assert market.tradable[:, 0].tolist() == [True, True, False, False, True, True]
    assert align([series("BTC/USDT", [0, 1, 4, 5])], 1).fragments.tolist() == [[0, 2], [2, 4]]


def test_bars_cut_at_other_times_are_refused(series: Make) -> None:
    shifted = series("ETH/USDT", [2, 7, 12], timeframe="5m")
    with pytest.raises(DataError, match=r"5m bars of ETH/USDT open 120 s off the grid of BTC/USDT"):
        align([series("BTC/USDT", [0, 5, 10], timeframe="5m"), shifted])


def test_series_that_cannot_share_a_market_are_refused(series: Make) -> None:
    with pytest.raises(DataError, match="1m and 5m cannot share a grid"):
        align([series("BTC/USDT", [0, 5]), series("ETH/USDT", [0, 5], timeframe="5m")])
    with pytest.raises(DataError, match="BTC/USDT on binance is named twice"):
        align([series("BTC/USDT", [0, 1]), series("BTC/USDT", [0, 1])])
    with pytest.raises(DataError, match="no series to align"):
        align([])


def _funding(*minutes_and_ms: tuple[float, float]) -> Funding:
    times, rates = zip(*minutes_and_ms)
    return Funding(np.array([START + round(m * MINUTE) for m in times], dtype=np.int64), np.array(rates))


def test_funding_is_charged_at_the_row_that_opens_then(series: Make) -> None:
    funding = _funding((2, 0.001), (3 + 3 / 60_000, 0.002))  # the second one stamped 3 ms late
    perp = series("BTC/USDT:USDT", range(6), funding=funding)
    spot = series("ETH/USDT", range(6))
    market = align([perp, spot])
    assert market.funding_rate is not None
    assert market.funding_rate[:, 0].tolist() == [0, 0, 0.001, 0.002, 0, 0]
    assert not market.funding_rate[:, 1].any()


def test_funding_inside_a_bar_is_charged_at_the_next_open(series: Make) -> None:
    market = align([series("BTC/USDT:USDT", range(4), funding=_funding((1.5, 0.001), (1.7, 0.002)))])
    assert market.funding_rate is not None
    assert market.funding_rate[:, 0].tolist() == [0, 0, 0.003, 0]


@given(st.integers(0, 4 * MINUTE), st.sampled_from(["1m", "5m"]))
def test_a_live_bar_takes_a_payment_at_the_open_that_a_stored_one_does(after_ms: int, text: str) -> None:
    frame = Timeframe(text)
    opens = START - START % frame.ms + np.arange(8, dtype=np.int64) * frame.ms
    flat = np.full(8, 100.0)
    one = build_instrument("binance", "BTC/USDT:USDT", {}).instrument
    due = int(opens[1]) + after_ms
    paid = Funding(np.array([due], np.int64), np.array([0.001]))
    market = align([CandleSeries(one, frame, Candles(opens, flat, flat, flat, flat, flat), paid)])
    assert market.funding_rate is not None
    assert market.open_time[np.flatnonzero(market.funding_rate[:, 0])].tolist() == [frame.charges_at(due)]


def test_funding_waits_for_the_instruments_next_bar_but_never_crosses_a_seam(series: Make) -> None:
    btc = series(
        "BTC/USDT:USDT", [0, 1, 4, 5, 20, 21], funding=_funding((2, 0.001), (5.5, 0.5), (12, 0.7), (30, 0.9))
    )
    eth = series("ETH/USDT:USDT", [0, 1, 2, 3, 4, 5, 20, 21])
    market = align([btc, eth])
    assert market.funding_rate is not None
    due = {int((t - START) // MINUTE): r for t, r in zip(market.open_time, market.funding_rate[:, 0]) if r}
    assert due == {4: 0.001}
    assert market.fragments.tolist() == [[0, 6], [6, 8]]


def test_without_any_funding_or_mark_there_is_none(series: Make) -> None:
    market = align([series("BTC/USDT", range(3))])
    assert market.funding_rate is None
    assert market.mark is None


def test_mark_prices_are_the_marks_where_there_are_some_else_the_traded_ones(series: Make) -> None:
    mark = series("BTC/USDT:USDT", [0, 1, 3], seed=9).candles
    btc, eth = series("BTC/USDT:USDT", range(4), mark=mark), series("ETH/USDT:USDT", [1, 2, 3])
    market = align([btc, eth])
    assert market.mark is not None
    assert market.mark.shape == (4, 2, 4)
    assert market.mark[[0, 1, 3], 0, 3].tolist() == mark.close.tolist()
    assert market.mark[2, 0].tolist() == [
        getattr(btc.candles, n)[2] for n in ("open", "high", "low", "close")
    ]
    assert np.isnan(market.mark[0, 1]).all()
    assert market.mark[1:, 1, 3].tolist() == eth.candles.close.tolist()


def test_load_market_names_what_is_missing(series: Make, tmp_path: Path) -> None:
    store, frame = CandleStore(tmp_path), Timeframe("1m")
    store.write(series("BTC/USDT", range(10)))
    with pytest.raises(DataError, match=r"no 1m candles of ETH/USDT on binance: it holds BTC/USDT 1m"):
        load_market(store, "binance", ["BTC/USDT", "ETH/USDT"], frame)
    with pytest.raises(DataError, match=r"BTC/USDT on binance has no 1m bars from 2026-01-01 00:00"):
        load_market(store, "binance", ["BTC/USDT"], frame, start=parse_utc("2026-01-01"))
    with pytest.raises(DataError, match="no symbols were named"):
        load_market(store, "binance", [], frame)
    cut = load_market(store, "binance", ["BTC/USDT"], frame, START + 2 * MINUTE, START + 5 * MINUTE)
    assert len(cut) == 3


def test_the_five_real_perpetuals_align_though_one_starts_a_bar_later(
    real_data: Path, tmp_path: Path
) -> None:
    store, frame = CandleStore(tmp_path), Timeframe("5m")
    found = import_files([real_data / "perp_5m"], kind=Kind.PERPETUAL)
    assert store_imported(store, found) == [25_920] * 5
    symbols = [f"{c}/USDT:USDT" for c in ("BTC", "ETH", "SOL", "XRP", "BNB")]
    market = load_market(store, "imported", symbols, frame)
    assert len(market) == 25_921
    assert market.fragments.tolist() == [[0, 25_921]]
    assert market.tradable[0].tolist() == [True, True, True, False, True]
    assert market.tradable[-1].tolist() == [False, False, False, True, False]
    assert market.tradable[1:-1].all()
    by_time = {one.series.instrument.symbol: one.series for one in found}
    for a, symbol in enumerate(symbols):
        rows = market.tradable[:, a]
        assert np.array_equal(market.open_time[rows], by_time[symbol].open_time)
        assert np.array_equal(market.close[rows, a], by_time[symbol].candles.close)


def test_the_ten_real_spot_pairs_have_five_fragments(real_data: Path) -> None:
    found = import_files([real_data / "binance_spot_1h"])
    market = align([one.series for one in found])
    assert market.fragments.tolist() == [[0, 366], [366, 487], [487, 3121], [3121, 4250], [4250, 15_257]]
    first = dict(zip(market.symbols, market.tradable[0].tolist()))
    assert [s for s, there in first.items() if there] == ["BTC/USDT", "ETH/USDT"]
    assert market.tradable[1:].all()
    assert align([one.series for one in found], gap_tolerance_bars=4).fragments.tolist() == [[0, 15_257 + 11]]
