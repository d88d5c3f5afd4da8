"""Imports: files as people have them come in right, or are refused in one sentence that says why."""

from __future__ import annotations

import gzip
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradewind.data.choices import Repair, TimesAre, VolumeIn
from tradewind.data.extras import with_funding_and_mark
from tradewind.data.importing import import_file, import_files, store_imported
from tradewind.data.store import CandleStore
from tradewind.data.timestamps import parse_utc, utc_text
from tradewind.market import ConfigError, DataError, Kind, Timeframe

START = parse_utc("2025-01-01")
MINUTE = 60_000
HEADER = "open_time,open,high,low,close,volume"


def _rows(times: list[object], first_price: float = 100.0) -> list[str]:
    return [
        f"{t},{first_price + i},{first_price + i + 2},{first_price + i - 1},{first_price + i + 1},{i + 5}"
        for i, t in enumerate(times)
    ]


def _write(path: Path, lines: list[str], header: str | None = HEADER) -> Path:
    path.write_text("\n".join(([header] if header else []) + lines) + "\n")
    return path


def _minutes(count: int, step: int = MINUTE) -> list[int]:
    return [START + i * step for i in range(count)]


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe", "bars", "first", "last"),
    [
        ("BNBUSDT_5m_12col.csv", "BNB/USDT", "5m", 300, "2025-08-19 15:10", "2025-08-20 16:05"),
        ("BNBUSDT_5m_12col_noheader_us.csv", "BNB/USDT", "5m", 300, "2025-08-19 15:10", "2025-08-20 16:05"),
        ("DOTUSDT_1h_date.csv", "DOT/USDT", "1h", 2000, "2021-04-04 21:00", "2021-06-27 09:00"),
        ("DOTUSDT_1m_tz.csv", "DOT/USDT", "1m", 2000, "2025-05-30 16:41", "2025-06-01 02:00"),
    ],
)
def test_the_foreign_files_come_in(
    real_data: Path, name: str, symbol: str, timeframe: str, bars: int, first: str, last: str
) -> None:
    one = import_file(real_data / "foreign_csv" / name)
    got = (one.series.instrument.symbol, str(one.series.timeframe), len(one.series))
    assert got == (symbol, timeframe, bars)
    assert (utc_text(one.series.open_time[0]), utc_text(one.series.open_time[-1])) == (first, last)


def test_the_two_twelve_column_files_hold_the_same_candles(real_data: Path) -> None:
    named, bare = (
        import_file(real_data / "foreign_csv" / f).series.candles
        for f in ("BNBUSDT_5m_12col.csv", "BNBUSDT_5m_12col_noheader_us.csv")
    )
    assert named.same_rows(bare).all()


TIME_FORMS = {
    "s": lambda ms: ms // 1000,
    "ms": lambda ms: ms,
    "us": lambda ms: ms * 1000,
    "ns": lambda ms: ms * 1_000_000,
    "float s": lambda ms: f"{ms / 1000:.1f}",
    "float ms": lambda ms: f"{ms}.0",
    "iso": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"),
    "iso T Z": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "iso ms": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.000"),
    "no seconds": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
    "slashes": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y/%m/%d %H:%M:%S"),
    "UTC": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
    "offset": lambda ms: datetime.fromtimestamp(ms / 1000 + 7200, UTC).strftime("%Y-%m-%d %H:%M:%S+02:00"),
    "short offset": lambda ms: datetime.fromtimestamp(ms / 1000 - 18000, UTC).strftime(
        "%Y-%m-%d %H:%M:%S-05"
    ),
    "India": lambda ms: datetime.fromtimestamp(ms / 1000 + 19800, UTC).strftime("%Y-%m-%dT%H:%M:%S+0530"),
}


@pytest.mark.parametrize("form", TIME_FORMS)
def test_every_form_of_time_means_the_same_moment(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        path = _write(tmp_path / "BTCUSDT.csv", _rows([TIME_FORMS[form](t) for t in _minutes(5)]))
        assert import_file(path).series.open_time.tolist() == _minutes(5)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_dates_alone_are_days(tmp_path: Path) -> None:
    path = _write(tmp_path / "BTCUSDT.csv", _rows(["2025-01-01", "2025-01-02", "2025-01-03"]))
    assert str(import_file(path).series.timeframe) == "1d"


def test_a_file_that_changes_from_ms_to_us_is_read_right(tmp_path: Path) -> None:
    times = [t if i < 3 else t * 1000 for i, t in enumerate(_minutes(6))]
    assert import_file(_write(tmp_path / "BTCUSDT.csv", _rows(times))).series.open_time.tolist() == _minutes(
        6
    )


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_parquet_datetimes_are_utc_unless_they_say_otherwise(
    tmp_path: Path, unit: str, zone: str | None
) -> None:
    moments = pl.Series(_minutes(4)).cast(pl.Datetime("ms", "UTC"))
    moments = moments.dt.replace_time_zone(None) if zone is None else moments.dt.convert_time_zone(zone)
    ones = pl.Series([1.0, 1.0, 1.0, 1.0])
    frame = pl.DataFrame({"Date": moments.cast(pl.Datetime(unit, zone)), "Open": ones, "High": ones})  # type: ignore[arg-type]
    frame = frame.with_columns(Low=ones, Close=ones, Volume=ones)
    frame.write_parquet(tmp_path / "BTC-USDT.parquet")
    one = import_file(tmp_path / "BTC-USDT.parquet")
    assert one.series.open_time.tolist() == _minutes(4)
    assert one.series.instrument.symbol == "BTC/USDT"


def test_compressed_and_oddly_dressed_files_come_in(tmp_path: Path) -> None:
    text = "\n".join([HEADER, *_rows(_minutes(4))])
    (tmp_path / "BTCUSDT-1m.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "ETHUSDT-1m-2025-01.zip", "w") as archive:
        archive.writestr("ETHUSDT-1m-2025-01.csv", "\n".join(_rows(_minutes(4))))
    (tmp_path / "XRP_USDT.csv").write_text("\ufeff" + text.replace(",", ";"))
    titled = "https://www.example.com\nUnix,Date,Symbol,Open,High,Low,Close,Volume SOL,Volume USDT\n"
    rows = [f"{t},2025,SOL/USDT,1,1,1,1,{i},9" for i, t in enumerate(_minutes(4))]
    (tmp_path / "x.csv").write_text(titled + "\n".join(rows))
    found = {one.series.instrument.symbol: one.series.candles for one in import_files([tmp_path])}
    assert set(found) == {"BTC/USDT", "ETH/USDT", "XRP/USDT", "SOL/USDT"}
    assert all(c.open_time.tolist() == _minutes(4) for c in found.values())
    assert found["SOL/USDT"].volume.tolist() == [0, 1, 2, 3]


def test_one_file_with_several_tickers_becomes_several_series(tmp_path: Path) -> None:
    rows = [f"{row},{ticker}" for ticker in ("BTCUSDT", "ETHUSDT") for row in _rows(_minutes(3))]
    path = _write(tmp_path / "both.csv", rows, HEADER + ",tic")
    found = import_files([path], kind=Kind.PERPETUAL)
    assert [o.series.instrument.symbol for o in found] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert [o.series.open_time.tolist() for o in found] == [_minutes(3)] * 2
    with pytest.raises(ConfigError, match="the files hold BTCUSDT, ETHUSDT"):
        import_files([path], symbol="BTC/USDT")


def test_files_of_one_symbol_join_whatever_their_order(tmp_path: Path) -> None:
    lines = _rows(_minutes(9))
    _write(tmp_path / "BTCUSDT-b.csv", lines[:5])
    _write(tmp_path / "BTCUSDT-a.csv", lines[4:])
    one = import_files([tmp_path])[0]
    assert one.series.open_time.tolist() == _minutes(9)
    assert any("1 bar occur twice with equal numbers" in n for n in one.notes)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT.csv", "BTC/USDT"),
        ("Binance_ETHUSDT_1h.csv", "ETH/USDT"),
        ("STETH_USDT-1h.csv", "STETH/USDT"),
        ("1000PEPEUSDT-5m-2025-01.csv", "1000PEPE/USDT"),
        ("btc-usd.csv", "BTC/USD"),
        ("ETHBTC.csv", "ETH/BTC"),
        ("BTCFDUSD.csv", "BTC/FDUSD"),
    ],
)
def test_symbols_are_read_from_file_names(tmp_path: Path, name: str, symbol: str) -> None:
    assert import_file(_write(tmp_path / name, _rows(_minutes(3)))).series.instrument.symbol == symbol


def test_a_name_without_a_symbol_asks_for_one(tmp_path: Path) -> None:
    path = _write(tmp_path / "my_candles.csv", _rows(_minutes(3)))
    with pytest.raises(ConfigError, match=r"my_candles.csv names no symbol: give it as --symbol"):
        import_file(path)
    assert import_file(path, symbol="BTC/USDT:USDT").series.instrument.kind is Kind.PERPETUAL
    with pytest.raises(ConfigError, match="is a perpetual, but --kind says spot"):
        import_file(path, symbol="BTC/USDT:USDT", kind=Kind.SPOT)


def test_close_times_are_moved_only_when_told_so(tmp_path: Path) -> None:
    closes = [t + MINUTE - 1 for t in _minutes(4)]
    path = _write(tmp_path / "BTCUSDT.csv", _rows(closes), HEADER.replace("open_time", "close_time"))
    with pytest.raises(DataError, match="only 'close_time' as time: say --times close"):
        import_file(path)
    one = import_file(path, times=TimesAre.CLOSE)
    assert one.series.open_time.tolist() == _minutes(4)
    assert any("closes: bars moved" in n for n in one.notes)
    exclusive = _write(
        tmp_path / "ETHUSDT.csv",
        _rows([t + MINUTE for t in _minutes(4)]),
        HEADER.replace("open_time", "date"),
    )
    assert import_file(exclusive, times=TimesAre.CLOSE).series.open_time.tolist() == _minutes(4)
    with pytest.raises(ConfigError, match="holds opens"):
        import_file(_write(tmp_path / "XRPUSDT.csv", _rows(_minutes(4))), times=TimesAre.CLOSE)


def test_volume_in_quote_currency_is_converted_only_when_told_so(tmp_path: Path) -> None:
    rows = [f"{t},10,12,8,10,500" for t in _minutes(3)]
    path = _write(tmp_path / "BTCUSDT.csv", rows, HEADER.replace("volume", "quote_volume"))
    with pytest.raises(DataError, match="say --volume-in quote"):
        import_file(path)
    assert import_file(path, volume_in=VolumeIn.QUOTE).series.candles.volume.tolist() == [50, 50, 50]


def _with_faults(tmp_path: Path) -> Path:
    """Good minutes, a high below its low, a repeated time with other numbers, a row out of order."""
    lines = _rows(_minutes(10))
    bad = f"{START + 2 * MINUTE},100,90,95,100,1"
    other = f"{START + 4 * MINUTE},100,101,99,100,1"
    return _write(
        tmp_path / "BTCUSDT.csv",
        [*lines[:2], bad, *lines[3:5], other, *lines[5:7], lines[8], lines[7], lines[9]],
    )


def test_what_cannot_be_trusted_is_refused_with_counts(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        import_file(_with_faults(tmp_path))
    said = str(refused.value)
    assert "1 bar with a high below the low, first at 2025-01-01 00:02" in said
    assert "2 rows that give one time different numbers, first at 2025-01-01 00:04" in said
    assert "1 bar earlier than the row above in BTCUSDT.csv, first at 2025-01-01 00:07" in said
    assert "--repair drop" in said


def test_repair_leaves_such_rows_out_and_fills_nothing(tmp_path: Path) -> None:
    one = import_file(_with_faults(tmp_path), repair=Repair.DROP)
    minutes = ((one.series.open_time - START) // MINUTE).tolist()
    assert minutes == [0, 1, 3, 5, 6, 7, 8, 9]
    assert len([n for n in one.notes if n.startswith("left out or sorted")]) == 3


@pytest.mark.parametrize(
    "row",
    [
        "nan,101,99,100,1",
        ",101,99,100,1",
        "0,101,0,100,1",
        "-1,101,-2,100,1",
        "100,101,99,102,1",
        "100,101,99,100,-1",
        "100,inf,99,100,1",
    ],
)
def test_every_impossible_bar_is_refused(tmp_path: Path, row: str) -> None:
    path = _write(tmp_path / "BTCUSDT.csv", [*_rows(_minutes(4)), f"{START + 4 * MINUTE},{row}"])
    with pytest.raises(DataError, match="1 bar with"):
        import_file(path)
    assert len(import_file(path, repair=Repair.DROP).series) == 4


def test_newest_first_is_turned_round_and_said(tmp_path: Path) -> None:
    one = import_file(_write(tmp_path / "BTCUSDT.csv", _rows(_minutes(5))[::-1]))
    assert one.series.open_time.tolist() == _minutes(5)
    assert any("newest bar to the oldest" in n for n in one.notes)


def test_bars_off_the_grid_are_refused(tmp_path: Path) -> None:
    times = [*_minutes(5, 5 * MINUTE), START + 26 * MINUTE]
    path = _write(tmp_path / "BTCUSDT.csv", _rows(times))
    with pytest.raises(DataError, match="1 bar off the 5m grid of the others, first at 2025-01-01 00:26"):
        import_file(path)


def test_another_timeframe_than_was_said_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "BTCUSDT.csv", _rows(_minutes(5, 5 * MINUTE)))
    with pytest.raises(DataError, match="has bars of 5m, but --timeframe says 1h"):
        import_file(path, timeframe=Timeframe("1h"))
    with pytest.raises(DataError, match="bars 1 seconds apart"):
        import_file(_write(tmp_path / "ETHUSDT.csv", _rows(_minutes(5, 1000))))


def test_gaps_stay_gaps(tmp_path: Path) -> None:
    times = [t for i, t in enumerate(_minutes(20)) if i not in (7, 8)]
    assert import_file(_write(tmp_path / "BTCUSDT.csv", _rows(times))).series.open_time.tolist() == times


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (HEADER, "holds no rows"),
        (f"{HEADER}\n{START},1,1,1,1,1", "holds 1 bar that can be used"),
        (
            f"open_time,open,high,low,volume\n{START},2,3,4,5\n",
            "no column for close among open_time, open, high, low, volume",
        ),
        ("open,high,low,close,volume\n1,1,1,1,1\n", "no time column"),
        (f"open_time,open,high,low,close\n{START},1,1,1,1\n", "no column for volume among open_time"),
        (
            f"{HEADER}\n{START},1,1,1,1,1\n{START + MINUTE},x,1,1,1,1",
            "column 'open' holds 'x' at data row 2, expected a number",
        ),
        (f"{HEADER}\nyesterday,1,1,1,1,1\n", "holds 'yesterday' at data row 1, which is no time"),
        (f"{HEADER}\n12,1,1,1,1,1\n", "is no time that can be read"),
        (f"{HEADER}\n01/02/2025,1,1,1,1,1\n", "holds '01/02/2025' at data row 1"),
        (f"{START},1,1,1,1,1,1\n{START + MINUTE},1,1,1,1,1,1\n", "has 7 columns and no header"),
        (f"{HEADER}\n{START},1,1,1,1,1,77,88\n", "cannot be read"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "BTCUSDT.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=said) as refused:
        import_file(path)
    assert "\n" not in str(refused.value)


def test_what_is_no_candle_file_is_refused(tmp_path: Path) -> None:
    for name, content in (
        ("BTCUSDT.parquet", b"PAR1nonsense"),
        ("BTCUSDT.zip", b"no zip"),
        ("BTCUSDT.csv.gz", b"no gzip"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name} cannot be read"):
            import_file(tmp_path / name)
    (tmp_path / "BTCUSDT.xlsx").write_bytes(b"")
    with pytest.raises(DataError, match="of a kind that cannot be read"):
        import_file(tmp_path / "BTCUSDT.xlsx")
    with pytest.raises(DataError, match="there is no file or folder"):
        import_file(tmp_path / "absent.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no candle files"):
        import_files([tmp_path / "empty"])


def test_an_instrument_file_states_the_rules_and_the_rest_is_called_assumed(tmp_path: Path) -> None:
    path = _write(tmp_path / "BTCUSDT.csv", _rows(_minutes(3), 100.25))
    plain = import_file(path)
    assert plain.known.assumed == ("tick", "lot", "min_notional", "taker_fee", "maker_fee", "fee_asset")
    assert str(plain.known.instrument.tick) == "0.01"  # as fine as the prices are
    (tmp_path / "i.toml").write_text('lot = 0.001\ntick = "0.5"\ntaker_fee = 0.0004\n')
    stated = import_file(path, instrument=tmp_path / "i.toml")
    assert stated.known.assumed == ("min_notional", "maker_fee", "fee_asset")
    got = stated.series.instrument
    assert (str(got.tick), str(got.lot), got.taker_fee) == ("0.5", "0.001", 0.0004)
    assert "min_notional 5" in stated.known.sentence()


def test_funding_and_mark_come_from_files_of_their_own(tmp_path: Path) -> None:
    candles = _write(tmp_path / "BTCUSDT.csv", _rows(_minutes(5)))
    mark = _write(
        tmp_path / "mark.csv",
        [",".join(r.split(",")[:5]) for r in _rows(_minutes(5), 50)],
        HEADER[: -len(",volume")],
    )
    funding = _write(
        tmp_path / "funding.csv",
        [f"{START},8,0.0001", f"{START + MINUTE},8,-0.0002"],
        "calc_time,funding_interval_hours,last_funding_rate",
    )
    found = with_funding_and_mark(import_files([candles], kind=Kind.PERPETUAL), funding, mark)
    store = CandleStore(tmp_path / "store")
    store_imported(store, found)
    got = store.read("imported", "BTC/USDT:USDT", Timeframe("1m"))
    assert got.funding is not None
    assert got.funding.rate.tolist() == [0.0001, -0.0002]
    assert got.mark is not None
    assert got.mark.open.tolist() == [50, 51, 52, 53, 54]
    with pytest.raises(ConfigError, match="belong to one perpetual, but BTC/USDT was imported"):
        with_funding_and_mark(import_files([candles]), funding)


def test_nothing_is_stored_when_one_of_several_symbols_conflicts(tmp_path: Path) -> None:
    store = CandleStore(tmp_path / "store")
    for name in ("ETHUSDT", "BTCUSDT"):
        _write(tmp_path / f"{name}.csv", _rows(_minutes(4)))
    store_imported(store, import_files([tmp_path / "ETHUSDT.csv"]))
    _write(tmp_path / "ETHUSDT.csv", _rows(_minutes(4), 500))
    found = import_files([tmp_path / "BTCUSDT.csv", tmp_path / "ETHUSDT.csv"])
    with pytest.raises(DataError, match="ETH/USDT: 4 bars are stored with other numbers"):
        store_imported(store, found)
    assert [s.symbol for s in store.list()] == ["ETH/USDT"]
    assert store_imported(store, found, replace=True) == [4, 4]
    assert store.read("imported", "ETH/USDT", Timeframe("1m")).candles.open[0] == 500


def test_a_year_of_minutes_comes_in_within_seconds(tmp_path: Path) -> None:
    n = 525_600
    rng = np.random.default_rng(1)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 1e-4, n))), 2)
    frame = pl.DataFrame(
        {
            "t": START + np.arange(n) * MINUTE,
            "o": close,
            "h": close + 1,
            "l": close - 1,
            "c": close,
            "v": close,
        }
    )
    frame.write_csv(tmp_path / "BTCUSDT.csv")
    frame.with_columns(pl.col("t").cast(pl.Datetime("ms")).dt.to_string("%Y-%m-%d %H:%M:%S+00:00")).write_csv(
        tmp_path / "ETHUSDT.csv"
    )
    for name in ("BTCUSDT.csv", "ETHUSDT.csv"):
        began = time.process_time()
        store_imported(CandleStore(tmp_path / "store"), [import_file(tmp_path / name)])
        took = time.process_time() - began  # about 1 s; neighbours on the machine do not count
        assert took < 6, f"{name} took {took:.1f} s of CPU"


def test_files_of_one_symbol_with_bars_of_different_lengths_are_refused(tmp_path: Path) -> None:
    _write(tmp_path / "DOTUSDT_1h.csv", _rows(_minutes(40, 60 * MINUTE)))
    later = START + 30 * 24 * 60 * MINUTE
    _write(tmp_path / "DOTUSDT_1m.csv", _rows([later + t - START for t in _minutes(40)]))
    with pytest.raises(DataError, match=r"DOT/USDT has bars of .*60 minutes in DOTUSDT_1h.csv.*1 minutes in"):
        import_files([tmp_path])
    with pytest.raises(DataError, match="one timeframe at a time"):
        import_files([tmp_path], timeframe=Timeframe("1m"))
