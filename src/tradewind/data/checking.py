"""What is wrong with candles, told rather than refused: files before an import, or what the store holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tradewind.data import faults
from tradewind.data.choices import TimesAre, VolumeIn
from tradewind.data.importing import by_symbol, kind_of
from tradewind.data.reading import files_of, read_candles
from tradewind.data.series import Candles, Times
from tradewind.data.store import CandleStore, StoredSeries
from tradewind.data.timestamps import utc_text
from tradewind.market import ConfigError, DataError, Kind, Timeframe


class Severity(IntEnum):
    """How bad a finding is; the worst one is the exit code of `data check`."""

    FINE = 0
    WARNING = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing bars: `bars` of them, the first at `start`; the next that is there opens at `end` (UTC ms)."""

    start: int
    end: int
    bars: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed in one series, or between several: what, how often, and in words."""

    kind: str
    severity: Severity
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """One symbol: its span (UTC ms), its length, its gaps and all findings."""

    symbol: str
    timeframe: str
    bars: int
    start: int | None
    end: int | None
    gaps: tuple[Gap, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Every series by itself, and what was found between them."""

    series: tuple[SeriesReport, ...]
    between: tuple[Finding, ...] = field(default=())

    @property
    def severity(self) -> Severity:
        """The worst of all findings."""
        found = [f.severity for s in self.series for f in s.findings] + [f.severity for f in self.between]
        return max(found, default=Severity.FINE)


@dataclass(frozen=True, slots=True, eq=False)
class _Checked:
    symbol: str
    timeframe: Timeframe | None
    candles: Candles
    backward: NDArray[np.bool_]  # rows earlier than the row above, in the file's own order
    newest_first: bool = False


def check_store(
    store: CandleStore,
    venue: str | None = None,
    symbols: Sequence[str] = (),
    timeframe: Timeframe | None = None,
) -> Report:
    """What the store holds, or the part that is named. `DataError` when nothing of that name is stored."""
    chosen = [
        s
        for s in store.list()
        if (venue is None or s.venue == venue)
        and (not symbols or s.symbol in symbols)
        and (timeframe is None or s.timeframe == timeframe)
    ]
    missing = set(symbols) - {s.symbol for s in chosen}
    if missing or not chosen:
        held = ", ".join(f"{s.symbol} {s.timeframe} ({s.venue})" for s in store.list()[:12]) or "nothing"
        raise DataError(
            f"the store has no candles of {', '.join(sorted(missing)) or 'that name'}: it holds {held}"
        )
    groups: dict[tuple[str, int], list[StoredSeries]] = {}
    for entry in chosen:
        groups.setdefault((entry.venue, entry.timeframe.ms), []).append(entry)
    reports = [_stored_report(store, group) for group in groups.values()]
    return Report(tuple(s for r in reports for s in r.series), tuple(f for r in reports for f in r.between))


def check_files(
    paths: Sequence[Path],
    *,
    kind: Kind | None = None,
    symbol: str | None = None,
    timeframe: Timeframe | None = None,
    times: TimesAre = TimesAre.OPEN,
    volume_in: VolumeIn = VolumeIn.BASE,
) -> Report:
    """Files as they are, before an import. Only what cannot be read at all is a `DataError`."""
    files = files_of(list(paths))
    raw = [r for p in files for r in read_candles(p, times=times, volume_in=volume_in, timeframe=timeframe)]
    checked = []
    for name, pieces in by_symbol(raw, symbol, kind_of(kind, symbol)).items():
        newest_first = all(len(p.candles) > 1 and (np.diff(p.candles.open_time) < 0).all() for p in pieces)
        ordered = sorted(pieces, key=lambda p: int(p.candles.open_time.min()))
        backward = np.concatenate([faults.backward_steps(p.candles) for p in ordered])
        joined = Candles.joined([p.candles for p in ordered])
        checked.append(_Checked(name, timeframe, joined, backward, newest_first))
    return _report(checked)


def check_candles(symbol: str, candles: Candles, timeframe: Timeframe | None = None) -> SeriesReport:
    """One set of candles by itself."""
    return _series_report(_Checked(symbol, timeframe, candles, faults.backward_steps(candles)))


def _stored_report(store: CandleStore, group: Sequence[StoredSeries]) -> Report:
    checked = []
    for entry in group:
        candles = store.candles(entry.venue, entry.symbol, entry.timeframe)
        checked.append(_Checked(entry.symbol, entry.timeframe, candles, faults.backward_steps(candles)))
    return _report(checked)


def _report(checked: Sequence[_Checked]) -> Report:
    return Report(tuple(_series_report(c) for c in checked), tuple(_between(checked)))


def _series_report(checked: _Checked) -> SeriesReport:
    candles = checked.candles
    if not len(candles):
        empty = Finding("empty", Severity.BAD, 1, "holds no bars")
        return SeriesReport(checked.symbol, str(checked.timeframe or "?"), 0, None, None, (), (empty,))
    findings = [*_order(checked), *_values(candles)]
    times = np.unique(candles.open_time)
    step = faults.most_frequent_step(times)
    gaps: tuple[Gap, ...] = ()
    if step is not None:
        frame = checked.timeframe.ms if checked.timeframe else step
        findings += _grid_findings(times, step, frame)
        gaps = find_gaps(times[~faults.off_grid(times, frame)], frame)
    if gaps:
        lost = sum(g.bars for g in gaps)
        worst = max(gaps, key=lambda g: g.bars)
        text = f"{len(gaps)} gaps, {lost} bars missing, longest {worst.bars} from {utc_text(worst.start)}"
        findings.append(Finding("gaps", Severity.WARNING, len(gaps), text))
    name = str(checked.timeframe) if checked.timeframe else _named(step)
    return SeriesReport(
        checked.symbol, name, len(candles), int(times[0]), int(times[-1]), gaps, tuple(findings)
    )


def find_gaps(times: Times, step: int) -> tuple[Gap, ...]:
    """The holes in increasing times on one grid."""
    missing = np.diff(times) // step - 1
    return tuple(
        Gap(int(times[row]) + step, int(times[row + 1]), int(missing[row]))
        for row in np.flatnonzero(missing > 0)
    )


def _order(checked: _Checked) -> list[Finding]:
    found = []
    if checked.newest_first:
        found.append(Finding("newest first", Severity.WARNING, 1, "runs from the newest bar to the oldest"))
    elif checked.backward.any():
        count = int(checked.backward.sum())
        when = utc_text(checked.candles.open_time[int(np.argmax(checked.backward))])
        found.append(
            Finding("disorder", Severity.BAD, count, f"{count} rows earlier than the row above, first {when}")
        )
    ordered = checked.candles.take(np.argsort(checked.candles.open_time, kind="stable"))
    conflict = faults.conflicting_duplicates(ordered)
    same = faults.identical_duplicates(ordered) & ~conflict
    for kind, rows, severity, what in (
        ("duplicates", same, Severity.WARNING, "rows repeat a bar with equal numbers"),
        ("conflicting duplicates", conflict, Severity.BAD, "rows give one time different numbers"),
    ):
        if rows.any():
            when = utc_text(ordered.open_time[int(np.argmax(rows))])
            found.append(Finding(kind, severity, int(rows.sum()), f"{int(rows.sum())} {what}, first {when}"))
    return found


def _values(candles: Candles) -> list[Finding]:
    found = [
        Finding("impossible bars", Severity.BAD, fault.count, fault.sentence())
        for fault in faults.impossible_bars(candles)
    ]
    quiet = candles.volume == 0
    if quiet.any():
        when = utc_text(candles.open_time[int(np.argmax(quiet))])
        text = f"{int(quiet.sum())} bars without volume, first {when}"
        found.append(Finding("zero volume", Severity.WARNING, int(quiet.sum()), text))
    return found


def _grid_findings(times: Times, step: int, frame: int) -> list[Finding]:
    found = []
    if step != frame:
        text = f"bars are {_named(step)} apart, expected {_named(frame)}"
        found.append(Finding("timeframe", Severity.BAD, 1, text))
    stray = faults.off_grid(times, frame)
    if stray.any():
        when = utc_text(times[int(np.argmax(stray))])
        text = f"{int(stray.sum())} bars off the grid of the others, first {when}"
        found.append(Finding("off grid", Severity.BAD, int(stray.sum()), text))
    return found


def _between(checked: Sequence[_Checked]) -> list[Finding]:
    """How several series lie against each other: starts, ends, grids and the holes that only one has."""
    filled = [c for c in checked if len(c.candles) > 1]
    if len(filled) < 2:
        return []
    times = {c.symbol: np.unique(c.candles.open_time) for c in filled}
    steps = {name: faults.most_frequent_step(t) or 1 for name, t in times.items()}
    if len(set(steps.values())) > 1:
        told = ", ".join(f"{name} {_named(step)}" for name, step in steps.items())
        return [Finding("timeframes differ", Severity.BAD, len(set(steps.values())), told)]
    found = [*_edges(times, 0, "starts"), *_edges(times, -1, "ends")]
    found += _shifted_grids(times, next(iter(steps.values())))
    return found + _lone_holes(times)


def _edges(times: dict[str, Times], row: int, word: str) -> list[Finding]:
    edges = {name: int(t[row]) for name, t in times.items()}
    if len(set(edges.values())) == 1:
        return []
    told = list(edges.values())
    widest = 1 if row else -1  # of two equally frequent edges the one that leaves the longer span
    usual = max(told, key=lambda ms: (told.count(ms), widest * ms))
    others = [f"{name} {word[:-1]}s {utc_text(ms)}" for name, ms in edges.items() if ms != usual]
    text = f"{', '.join(others)}; the others {utc_text(usual)}"
    return [Finding(f"{word} differ", Severity.WARNING, len(others), text)]


def _shifted_grids(times: dict[str, Times], step: int) -> list[Finding]:
    phases = {name: faults.grid_phase(t, step) for name, t in times.items()}
    if len(set(phases.values())) == 1:
        return []
    told = ", ".join(f"{name} +{phase / 1000:g} s" for name, phase in phases.items())
    text = f"bars are cut at different times ({told}): they cannot be aligned"
    return [Finding("grids differ", Severity.BAD, len(set(phases.values())), text)]


def _lone_holes(times: dict[str, Times]) -> list[Finding]:
    """For each symbol, times within its own span at which another symbol has a bar and it has none."""
    union = np.unique(np.concatenate(list(times.values())))
    found = []
    for name, own in times.items():
        inside = union[(union >= own[0]) & (union <= own[-1])]
        lacking = np.setdiff1d(inside, own)
        if len(lacking):
            text = f"{name} lacks {len(lacking)} bars that others have, first {utc_text(lacking[0])}"
            found.append(Finding("holes", Severity.WARNING, len(lacking), text))
    return found


def _named(step_ms: int | None) -> str:
    if step_ms is None:
        return "?"
    try:
        return str(Timeframe.from_ms(step_ms))
    except ConfigError:
        return f"{step_ms / 1000:g} s"
