"""The store: what is written is read, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.data.naming import file_name, symbol_of_file
from tradewind.data.series import CandleSeries, Funding
from tradewind.data.store import CandleStore
from tradewind.files import write_whole
from tradewind.market import DataError, Timeframe

MINUTE = Timeframe("1m")
Make = Callable[..., CandleSeries]


def test_what_is_written_is_read_bit_for_bit(series: Make, tmp_path: Path) -> None:
    funding = Funding(np.array([1_735_689_600_000], dtype=np.int64), np.array([0.0001]))
    mark = series("BTC/USDT:USDT", range(5), seed=3).candles
    made = series("BTC/USDT:USDT", [0, 1, 2, 7], funding=funding, mark=mark)
    CandleStore(tmp_path).write(made, assumed=("lot",))
    again = CandleStore(tmp_path).read("binance", "BTC/USDT:USDT", MINUTE)
    assert again.instrument == made.instrument
    assert made.candles.same_rows(again.candles).all()
    assert again.mark is not None
    assert mark.close.tolist() == again.mark.close.tolist()
    assert again.funding is not None
    assert again.funding.rate.tolist() == [0.0001]
    assert CandleStore(tmp_path).instrument("binance", "BTC/USDT:USDT").assumed == ("lot",)


@given(st.text(min_size=1, max_size=20))
def test_file_names_are_safe_and_reversible(symbol: str) -> None:
    try:
        symbol.encode()
    except UnicodeEncodeError:
        return
    name = file_name(symbol)
    assert symbol_of_file(name) == symbol
    assert all(c.isascii() and (c.isalnum() or c in "-_@%") for c in name)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "candles"
    target.write_text("old")

    def half(path: Path) -> None:
        path.write_text("ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(target, half)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["candles"]


def test_append_adds_only_what_is_new(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    whole = series("BTC/USDT", range(20))
    part = CandleSeries(whole.instrument, MINUTE, whole.candles.take(np.r_[0:8, 12:15]))
    rest = CandleSeries(whole.instrument, MINUTE, whole.candles.take(np.r_[5:20]))
    assert store.append(part) == 11
    assert store.append(rest) == 9
    assert store.append(rest) == 0
    assert whole.candles.same_rows(store.read("binance", "BTC/USDT", MINUTE).candles).all()


def test_a_bar_stored_with_other_numbers_is_refused_and_nothing_written(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(5)))
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(DataError, match=r"5 bars are stored with other numbers, first at 2025-01-01 00:00"):
        store.append(series("BTC/USDT", range(8), seed=7))
    assert before == {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}


def test_bars_off_the_stored_grid_are_refused(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", [0, 5, 10], timeframe="5m"))
    with pytest.raises(DataError, match="does not lie on the grid"):
        store.append(series("BTC/USDT", [17, 22], timeframe="5m"))


def test_the_list_tells_what_is_there(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("ETH/USDT", range(3)))
    store.write(series("BTC/USDT:USDT", range(3), mark=series("BTC/USDT:USDT", range(3)).candles))
    store.write(series("BTC/USDT:USDT", [0, 5], timeframe="5m"))
    told = [(s.symbol, str(s.timeframe), s.bars, s.mark) for s in store.list()]
    assert told == [
        ("BTC/USDT:USDT", "1m", 3, True),
        ("BTC/USDT:USDT", "5m", 2, False),
        ("ETH/USDT", "1m", 3, False),
    ]
    assert CandleStore(tmp_path / "nowhere").list() == ()


def test_reading_a_span_cuts_candles_funding_and_mark(series: Make, tmp_path: Path) -> None:
    start = 1_735_689_600_000
    funding = Funding(start + 60_000 * np.arange(10, dtype=np.int64), np.arange(10) / 1e4)
    mark = series("BTC/USDT:USDT", range(10)).candles
    CandleStore(tmp_path).write(series("BTC/USDT:USDT", range(10), funding=funding, mark=mark))
    cut = CandleStore(tmp_path).read("binance", "BTC/USDT:USDT", MINUTE, start + 120_000, start + 300_000)
    assert cut.mark is not None
    assert cut.funding is not None
    for times in (cut.open_time, cut.mark.open_time, cut.funding.time):
        assert ((times - start) // 60_000).tolist() == [2, 3, 4]


@pytest.mark.parametrize("damage", ["truncated", "other columns"])
def test_a_damaged_file_is_told_in_one_sentence(series: Make, tmp_path: Path, damage: str) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(50)))
    path = tmp_path / "binance" / "BTC_USDT" / "1m.parquet"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    else:
        pl.DataFrame({"a": [1]}).write_parquet(path)
    with pytest.raises(DataError, match="cannot be read as candles"):
        store.read("binance", "BTC/USDT", MINUTE)


def test_candles_changed_by_hand_into_impossible_ones_are_refused(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(50)))
    path = tmp_path / "binance" / "BTC_USDT" / "1m.parquet"
    pl.read_parquet(path).with_columns(high=pl.lit(1.0)).write_parquet(path)
    with pytest.raises(DataError, match="a high below the low"):
        store.read("binance", "BTC/USDT", MINUTE)


def test_a_folder_of_another_symbol_is_refused(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(5)))
    (tmp_path / "binance" / "BTC_USDT").rename(tmp_path / "binance" / "ETH_USDT")
    with pytest.raises(DataError, match="is of BTC/USDT on binance, expected ETH/USDT"):
        store.read("binance", "ETH/USDT", MINUTE)


def test_two_processes_that_append_lose_nothing(tmp_path: Path) -> None:
    code = """
import sys
import numpy as np
from tradewind.data.instruments import build_instrument
from tradewind.data.series import Candles, CandleSeries
from tradewind.data.store import CandleStore
from tradewind.market import Timeframe
store, offset = CandleStore(sys.argv[1]), int(sys.argv[2])
instrument = build_instrument("binance", "BTC/USDT", {}).instrument
for i in range(offset, 60, 2):
    one = np.ones(1)
    bar = Candles(np.array([i * 60_000], dtype=np.int64), one, one, one, one, one)
    store.append(CandleSeries(instrument, Timeframe("1m"), bar))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen([*command, str(offset)], env=os.environ) for offset in (0, 1)]
    assert [p.wait(60) for p in both] == [0, 0]
    got = CandleStore(tmp_path).read("binance", "BTC/USDT", MINUTE)
    assert (got.open_time // 60_000).tolist() == list(range(60))


def test_the_stored_instrument_stays_when_bars_are_appended(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    first = series("BTC/USDT", range(3))
    store.append(first)
    other = CandleSeries(
        type(first.instrument)("binance", "BTC/USDT", "BTC", "USDT", first.instrument.kind, lot=Decimal("1")),
        MINUTE,
        series("BTC/USDT", [7, 8]).candles,
    )
    store.append(other)
    assert store.read("binance", "BTC/USDT", MINUTE).instrument == first.instrument
