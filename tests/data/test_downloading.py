"""The download against a real socket: complete, closed bars only, whatever the venue does on the way."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.clients import public_client
from tradewind.data.downloading import Downloaded, Plan, download, missing_spans
from tradewind.data.patience import Patience, VenueReader
from tradewind.data.store import CandleStore
from tradewind.market import ConfigError, DataError, FeeAsset, ManualClock, Timeframe, VenueUnavailable

MINUTE = 60_000
HOUR = Timeframe("1h")


def _plan(venue: Any, *symbols: str, hours: int = 50, **changes: Any) -> Plan:
    settings: dict[str, Any] = {"timeframe": HOUR, "start": venue.now - hours * HOUR.ms} | changes
    return Plan(venue="binance", symbols=symbols or ("BTC/USDT",), **settings)


def _fetch(
    venue: Any, store: CandleStore, plan: Plan, clock: ManualClock | None = None, progress: Any = None
) -> list[Downloaded]:
    async def go() -> list[Downloaded]:
        client = public_client("binance", base_urls=venue.url)
        client.enableRateLimit = False
        try:
            reader = VenueReader(client, clock or ManualClock(venue.now), Patience(), random.Random(1))
            return await download(reader, store, plan, progress)
        finally:
            await client.close()

    return asyncio.run(go())


def _expected(venue: Any, symbol: str, start: int, step: int = HOUR.ms, interval: str = "1h") -> np.ndarray:
    bar = sys.modules["binance_server"].bar
    times = [t for t in range(-(-start // step) * step, venue.now - step + 1, step) if t not in venue.absent]
    return np.array([[float(v) for v in bar(symbol, t, interval)[:6]] for t in times])


def _stored(store: CandleStore, symbol: str = "BTC/USDT", timeframe: Timeframe = HOUR) -> np.ndarray:
    found = store.read("binance", symbol, timeframe).candles
    return np.stack([getattr(found, n).astype(float) for n in found.names()], axis=1)


def test_the_store_holds_every_closed_bar_and_not_the_forming_one(venue: Any, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    (done,) = _fetch(venue, store, _plan(venue))
    assert done.error is None
    assert done.missing == 0
    expected = _expected(venue, "BTCUSDT", venue.now - 50 * HOUR.ms)
    assert np.array_equal(_stored(store), expected)
    assert expected[-1, 0] + HOUR.ms <= venue.now < expected[-1, 0] + 2 * HOUR.ms


def test_the_venues_clock_decides_what_has_closed(venue: Any, tmp_path: Path) -> None:
    fast = ManualClock(venue.now + 10 * HOUR.ms)
    _fetch(venue, CandleStore(tmp_path), _plan(venue), clock=fast)
    assert _stored(CandleStore(tmp_path))[-1, 0] + HOUR.ms <= venue.now


def test_many_pages_join_without_a_seam(venue: Any, tmp_path: Path) -> None:
    venue.page_limit = 7
    store = CandleStore(tmp_path)
    seen: list[tuple[str, int, int]] = []
    _fetch(venue, store, _plan(venue, chunk_bars=20), progress=lambda *step: seen.append(step))
    assert np.array_equal(_stored(store), _expected(venue, "BTCUSDT", venue.now - 50 * HOUR.ms))
    done = [d for _, d, _ in seen]
    assert done == sorted(done)
    assert seen[-1][1] == seen[-1][2] > 0


@pytest.mark.parametrize("fault", ["500", "429", "disconnect", "half a page", "broken answer", "not json"])
def test_a_passing_fault_costs_time_but_no_bar(venue: Any, tmp_path: Path, fault: str) -> None:
    venue.faults = [fault, "", fault]
    venue.page_limit = 20
    clock = ManualClock(venue.now)
    (done,) = _fetch(venue, CandleStore(tmp_path), _plan(venue), clock)
    assert done.error is None
    assert np.array_equal(
        _stored(CandleStore(tmp_path)), _expected(venue, "BTCUSDT", venue.now - 50 * HOUR.ms)
    )
    if fault not in ("half a page", "disconnect"):  # aiohttp repeats a GET on a dropped connection by itself
        assert clock.now_ms() > venue.now  # it waited before it asked again


def test_a_rate_limit_is_waited_out_as_long_as_the_venue_asks(venue: Any, tmp_path: Path) -> None:
    venue.faults = ["429"]
    clock = ManualClock(venue.now)
    _fetch(venue, CandleStore(tmp_path), _plan(venue), clock)
    assert clock.now_ms() - venue.now >= 7_000


def test_a_single_attempt_is_one_also_before_the_venue_said_anything() -> None:
    async def go() -> None:
        client = public_client("binance", base_urls="http://127.0.0.1:9")
        try:
            with pytest.raises(VenueUnavailable, match="fetch_time in 1 attempts"):
                await VenueReader(client, ManualClock(), Patience(attempts=1)).call("fetch_time")
        finally:
            await client.close()

    asyncio.run(go())


def test_waits_double_up_to_a_limit_and_are_spread() -> None:
    patience = Patience(first_seconds=1, longest_seconds=10)
    assert [patience.wait_seconds(n, 1.0) for n in (1, 2, 3, 4, 5, 9)] == [1, 2, 4, 8, 10, 10]
    assert patience.wait_seconds(3, 0.0) == 2


def test_a_venue_that_stays_away_is_told_in_one_sentence_and_keeps_what_came(
    venue: Any, tmp_path: Path
) -> None:
    venue.page_limit = 20
    venue.faults = ["", *["500"] * 50]
    (done,) = _fetch(venue, CandleStore(tmp_path), _plan(venue))
    assert done.unreachable
    assert done.error is not None
    assert "did not answer fetch_ohlcv in 6 attempts" in done.error
    assert ("what came before is stored" in done.error) is (done.new_bars > 0)
    kept = _stored(CandleStore(tmp_path))
    assert np.array_equal(kept, _expected(venue, "BTCUSDT", venue.now - 50 * HOUR.ms)[:20])
    venue.faults = []
    (again,) = _fetch(venue, CandleStore(tmp_path), _plan(venue))
    assert again.error is None
    assert again.new_bars == again.bars - 20


def test_one_symbol_that_fails_does_not_stop_the_others(venue: Any, tmp_path: Path) -> None:
    venue.faults = ["500"] * 6
    done = _fetch(venue, CandleStore(tmp_path), _plan(venue, "BTC/USDT", "ETH/USDT", concurrency=1))
    assert [d.error is None for d in done] == [False, True]
    assert np.array_equal(
        _stored(CandleStore(tmp_path), "ETH/USDT"), _expected(venue, "ETHUSDT", venue.now - 50 * HOUR.ms)
    )


def test_a_second_run_goes_on_behind_the_last_stored_bar(venue: Any, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    _fetch(venue, store, _plan(venue))
    before = len(venue.asked("klines"))
    venue.now += 3 * HOUR.ms
    (done,) = _fetch(venue, store, Plan("binance", ("BTC/USDT",), HOUR))
    assert done.new_bars == 3
    assert len(venue.asked("klines")) == before + 1
    assert np.array_equal(_stored(store), _expected(venue, "BTCUSDT", venue.now - 53 * HOUR.ms))


def test_gaps_in_the_store_are_filled(venue: Any, tmp_path: Path) -> None:
    whole, holed = CandleStore(tmp_path / "whole"), CandleStore(tmp_path / "holed")
    _fetch(venue, whole, _plan(venue))
    series = whole.read("binance", "BTC/USDT", HOUR)
    keep = np.ones(len(series), dtype=bool)
    keep[[5, 6, 7, 20]] = False
    holed.write(type(series)(series.instrument, HOUR, series.candles.take(keep)))
    (done,) = _fetch(venue, holed, _plan(venue))
    assert done.new_bars == 4
    assert np.array_equal(_stored(holed), _stored(whole))


def test_what_the_venue_does_not_have_stays_missing_and_is_counted(venue: Any, tmp_path: Path) -> None:
    hour = venue.now // HOUR.ms * HOUR.ms
    venue.absent = {hour - 10 * HOUR.ms, hour - 11 * HOUR.ms}
    (done,) = _fetch(venue, CandleStore(tmp_path), _plan(venue))
    assert done.missing == 2
    assert len(_stored(CandleStore(tmp_path))) == 49 - 2


def test_an_impossible_bar_of_the_venue_is_left_out_and_counted(venue: Any, tmp_path: Path) -> None:
    spoilt = venue.now // HOUR.ms * HOUR.ms - 10 * HOUR.ms
    venue.spoilt = {spoilt}
    (done,) = _fetch(venue, CandleStore(tmp_path), _plan(venue))
    assert done.dropped >= 1
    assert done.missing == 1
    assert spoilt not in _stored(CandleStore(tmp_path))[:, 0]


def test_a_symbol_listed_later_starts_when_it_was_listed(venue: Any, tmp_path: Path) -> None:
    first = sys.modules["binance_server"].FIRST
    (done,) = _fetch(venue, CandleStore(tmp_path), _plan(venue, start=first - 30 * 86_400_000))
    assert done.start == first
    assert done.error is None


def test_several_symbols_are_fetched_at_the_same_time(venue: Any, tmp_path: Path) -> None:
    venue.delay_seconds = 0.3
    began = time.monotonic()
    done = _fetch(venue, CandleStore(tmp_path), _plan(venue, "BTC/USDT", "ETH/USDT", "XRP/USDT"))
    assert all(d.error is None for d in done)
    requests = len(venue.asked("klines"))
    assert requests >= 3
    assert time.monotonic() - began < 0.3 * requests + 0.25


def test_a_perpetual_comes_with_funding_mark_and_instrument(venue: Any, tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    (done,) = _fetch(venue, store, _plan(venue, "BTC/USDT:USDT"))
    assert done.error is None
    got = store.read("binance", "BTC/USDT:USDT", HOUR)
    assert got.mark is not None
    assert np.array_equal(got.mark.open_time, got.open_time)
    assert not np.array_equal(got.mark.close, got.candles.close)
    assert got.funding is not None
    assert done.new_funding == len(got.funding) == 6
    assert (got.funding.rate == 0.0001).all()
    known = store.instrument("binance", "BTC/USDT:USDT")
    assert (str(known.instrument.tick), str(known.instrument.lot), known.instrument.min_notional) == (
        "0.01",
        "0.001",
        10,
    )
    assert known.assumed == ("tiers",)
    (again,) = _fetch(venue, store, _plan(venue, "BTC/USDT:USDT"))
    assert (again.new_bars, again.new_mark_bars, again.new_funding) == (0, 0, 0)


def test_a_spot_instrument_pays_its_fee_in_what_it_receives(venue: Any, tmp_path: Path) -> None:
    _fetch(venue, CandleStore(tmp_path), _plan(venue))
    known = CandleStore(tmp_path).instrument("binance", "BTC/USDT")
    assert known.instrument.fee_asset is FeeAsset.BASE
    assert known.instrument.taker_fee == 0.001
    assert known.assumed == ()


def test_unknown_symbols_and_timeframes_are_refused_before_anything_is_written(
    venue: Any, tmp_path: Path
) -> None:
    store = CandleStore(tmp_path / "store")
    with pytest.raises(ConfigError, match="no symbol BTC/USDC: did you mean BTC/USDT"):
        _fetch(venue, store, _plan(venue, "ETH/USDT", "BTC/USDC"))
    with pytest.raises(ConfigError, match="has no 7m candles: it has 1s, 1m"):
        _fetch(venue, store, _plan(venue, timeframe=Timeframe("7m")))
    with pytest.raises(ConfigError, match="is not before the end"):
        _fetch(venue, store, _plan(venue, end=venue.now - 90 * HOUR.ms))
    assert not (tmp_path / "store").exists()


def test_a_span_without_bars_is_an_error_and_leaves_nothing(venue: Any, tmp_path: Path) -> None:
    first = sys.modules["binance_server"].FIRST
    plan = _plan(venue, start=first - 90 * HOUR.ms, end=first - 40 * HOUR.ms)
    (done,) = _fetch(venue, CandleStore(tmp_path), plan)
    assert done.error is not None
    assert "has no closed 1h bars of BTC/USDT" in done.error
    assert ": its bars are of 2024-11-22 02:00 to " in done.error
    assert done.error.endswith(", so add --start 2024-11-22")
    assert CandleStore(tmp_path).list() == ()


def test_a_venue_without_an_address_is_unavailable(venue: Any, tmp_path: Path) -> None:
    venue.url = "http://127.0.0.1:1"
    with pytest.raises(VenueUnavailable, match="did not answer load_markets in 2 attempts"):
        _fetch(venue, CandleStore(tmp_path), _plan(venue))


def test_an_unknown_venue_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match=r"no venue is called 'binanse': did you mean binance"):
        public_client("binanse")
    with pytest.raises(ConfigError, match="is no address"):
        public_client("binance", base_urls="localhost:80")


def _cli(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from tradewind.cli.data import data_app; data_app()", *arguments]


def test_the_command_downloads_and_a_kill_loses_at_most_a_chunk(venue: Any, tmp_path: Path) -> None:
    venue.page_limit, venue.delay_seconds = 1000, 0.1
    command = _cli(
        *("download", "binance", "BTC/USDT", "-t", "1m", "--start", "2024-12-05", "--json"),
        *("--base-url", venue.url, "--home", str(tmp_path)),
    )
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    file = tmp_path / "candles" / "binance" / "BTC_USDT" / "1m.parquet"
    _wait_until(file.exists)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    minute = Timeframe("1m")
    kept = _stored(CandleStore(tmp_path / "candles"), timeframe=minute)
    start = kept[0, 0]
    assert len(kept) >= 20_000
    venue.delay_seconds = 0.0
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr
    whole = _stored(CandleStore(tmp_path / "candles"), timeframe=minute)
    assert np.array_equal(whole, _expected(venue, "BTCUSDT", int(start), MINUTE, "1m"))
    assert f'"new_bars": {len(whole) - len(kept)}' in finished.stdout


def test_the_command_refuses_an_unknown_venue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tradewind.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["data", "download", "binanse", "BTC/USDT", "-t", "1h", "--home", str(tmp_path)])
    assert ended.value.code == 2
    assert "did you mean binance" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.02)


@given(
    stored=st.sets(st.integers(0, 60)),
    start=st.integers(-20, 70),
    length=st.integers(0, 60),
)
def test_missing_spans_hold_exactly_the_times_that_are_not_stored(
    stored: set[int], start: int, length: int
) -> None:
    times = np.array(sorted(stored), dtype=np.int64) * MINUTE
    spans = missing_spans(times, start * MINUTE, (start + length) * MINUTE, MINUTE)
    found = [t for a, b in spans for t in range(a, b, MINUTE)]
    wanted = [m * MINUTE for m in range(start, start + length) if m not in stored]
    assert found == wanted


def test_no_symbols_is_an_error(venue: Any, tmp_path: Path) -> None:
    with pytest.raises((ConfigError, DataError), match="no symbols"):
        _fetch(venue, CandleStore(tmp_path), Plan("binance", (), HOUR))
