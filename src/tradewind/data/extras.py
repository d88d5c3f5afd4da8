"""What belongs to a perpetual beside its candles, taken from files: funding and mark prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tradewind.data.choices import Repair
from tradewind.data.importing import Imported, settled
from tradewind.data.reading import read_candles, read_funding
from tradewind.data.series import Candles, CandleSeries, Funding
from tradewind.market import ConfigError, Kind


def with_funding_and_mark(
    found: Sequence[Imported], funding: Path | None = None, mark: Path | None = None
) -> list[Imported]:
    """The imported series with the funding and the mark candles that two files hold.

    `ConfigError` unless exactly one perpetual was imported; `DataError` for files that cannot be trusted.
    """
    if funding is None and mark is None:
        return list(found)
    if len(found) != 1 or found[0].series.instrument.kind is not Kind.PERPETUAL:
        named = ", ".join(one.series.instrument.symbol for one in found)
        raise ConfigError(f"--funding and --mark belong to one perpetual, but {named} was imported")
    series = found[0].series
    payments = series.funding if funding is None else read_funding(funding)
    prices = series.mark if mark is None else _mark(series, mark)
    return [replace(found[0], series=_with(series, payments, prices))]


def _mark(series: CandleSeries, path: Path) -> Candles:
    pieces = read_candles(path, needs_volume=False)
    return settled(f"mark of {series.instrument.symbol}", pieces, series.timeframe, Repair.REFUSE)[0]


def _with(series: CandleSeries, funding: Funding | None, mark: Candles | None) -> CandleSeries:
    return CandleSeries(series.instrument, series.timeframe, series.candles, funding, mark)
