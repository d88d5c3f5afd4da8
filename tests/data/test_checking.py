"""The check tells every fault there is, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tradewind.data.checking import Severity, check_candles, check_files, check_store
from tradewind.data.series import Candles, CandleSeries
from tradewind.data.store import CandleStore
from tradewind.market import DataError, Timeframe

START = 1_735_689_600_000
MINUTE = 60_000
Make = Callable[..., CandleSeries]


def _candles(minutes: list[float]) -> Candles:
    at = np.array([START + round(m * MINUTE) for m in minutes], dtype=np.int64)
    base = 100.0 + np.arange(len(at))
    return Candles(at, base, base + 1, base - 1, base, np.ones(len(at)))


def _kinds(candles: Candles, timeframe: str | None = None) -> dict[str, int]:
    report = check_candles("BTC/USDT", candles, Timeframe(timeframe) if timeframe else None)
    return {f.kind: f.count for f in report.findings}


def test_good_candles_have_no_finding() -> None:
    assert _kinds(_candles(list(range(20)))) == {}


def test_gaps_are_told_with_their_place_and_length() -> None:
    report = check_candles("BTC/USDT", _candles([0, 1, 2, 5, 6, 10]))
    assert [(g.start, g.end, g.bars) for g in report.gaps] == [
        (START + 3 * MINUTE, START + 5 * MINUTE, 2),
        (START + 7 * MINUTE, START + 10 * MINUTE, 3),
    ]
    assert report.findings[0].text == "2 gaps, 5 bars missing, longest 3 from 2025-01-01 00:07"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("high", 1.0),
        ("open", 1e9),
        ("close", 1.0),
        ("low", 0.0),
        ("open", -1.0),
        ("close", np.nan),
        ("volume", -1.0),
    ],
)
def test_an_impossible_value_is_bad(column: str, value: float) -> None:
    candles = _candles(list(range(20)))
    getattr(candles, column)[7] = value
    report = check_candles("BTC/USDT", candles)
    assert [(f.kind, f.severity, f.count) for f in report.findings] == [("impossible bars", Severity.BAD, 1)]
    assert "2025-01-01 00:07" in report.findings[0].text


def test_zero_volume_is_a_warning() -> None:
    candles = _candles(list(range(20)))
    candles.volume[[3, 4]] = 0
    assert _kinds(candles) == {"zero volume": 2}


def test_duplicates_disorder_and_strays_are_told_apart() -> None:
    candles = _candles([0, 1, 2, 3, 3, 4, 6, 5, 7, 7.5, 8])
    assert _kinds(candles) == {"disorder": 1, "conflicting duplicates": 2, "off grid": 1}
    candles = _candles([0, 1, 2, 3, 4])
    assert _kinds(candles.take(np.array([0, 1, 1, 2, 3, 4]))) == {"duplicates": 1}


def test_another_timeframe_than_expected_is_bad() -> None:
    assert _kinds(_candles([0, 5, 10, 15]), "5m") == {}
    assert _kinds(_candles(list(range(20))), "5m")["timeframe"] == 1


def test_symbols_that_do_not_line_up_are_told(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(30)))
    store.write(series("ETH/USDT", [m for m in range(3, 28) if m not in (9, 10)]))
    report = check_store(store)
    assert report.severity is Severity.WARNING
    assert {f.kind: f.text for f in report.between} == {
        "starts differ": "ETH/USDT starts 2025-01-01 00:03; the others 2025-01-01 00:00",
        "ends differ": "ETH/USDT ends 2025-01-01 00:27; the others 2025-01-01 00:29",
        "holes": "ETH/USDT lacks 2 bars that others have, first 2025-01-01 00:09",
    }


def test_symbols_cut_at_other_times_are_bad(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(0, 50, 5), timeframe="5m"))
    store.write(series("ETH/USDT", range(2, 52, 5), timeframe="5m"))
    report = check_store(store)
    assert "grids differ" in {f.kind for f in report.between}
    assert report.severity is Severity.BAD


def test_venues_and_timeframes_are_not_compared_with_each_other(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(30)))
    store.write(series("ETH/USDT", [10, 15, 20], timeframe="5m"))
    assert check_store(store).severity is Severity.FINE


def test_a_name_that_is_not_stored_is_refused(series: Make, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    with pytest.raises(DataError, match="it holds nothing"):
        check_store(store)
    store.write(series("BTC/USDT", range(30)))
    with pytest.raises(DataError, match=r"no candles of ETH/USDT: it holds BTC/USDT 1m \(binance\)"):
        check_store(store, symbols=["BTC/USDT", "ETH/USDT"])


def test_a_stored_file_changed_by_hand_is_told_not_refused(series: Make, tmp_path: Path) -> None:
    import polars as pl

    store = CandleStore(tmp_path)
    store.write(series("BTC/USDT", range(30)))
    path = tmp_path / "binance" / "BTC_USDT" / "1m.parquet"
    frame = pl.read_parquet(path)
    pl.concat([frame, frame[:1]]).write_parquet(path)
    report = check_store(store)
    assert {f.kind for f in report.series[0].findings} == {"disorder", "duplicates"}


def test_the_real_files_show_what_is_known_of_them(real_data: Path) -> None:
    perps = check_files([real_data / "perp_5m"])
    assert perps.severity is Severity.WARNING
    assert all(s.findings == () for s in perps.series)
    assert [f.kind for f in perps.between] == ["starts differ", "ends differ"]
    assert all(f.text.startswith("XRP/USDT") for f in perps.between)
    spot = check_files([real_data / "binance_spot_1h"])
    assert all([g.bars for g in s.gaps] == [2, 3, 4, 2] for s in spot.series)
    assert [f.kind for f in spot.between] == ["starts differ"]
    minute = check_files([real_data / "perp_1m"])
    assert minute.severity <= Severity.WARNING
