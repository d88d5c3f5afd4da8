"""What `tradewind data` shows to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from tradewind.cli.tables import Column, number, print_table, say, stdout
from tradewind.data.checking import Finding, Report, Severity
from tradewind.data.importing import Imported
from tradewind.data.instruments import told
from tradewind.data.store import StoredSeries
from tradewind.data.timestamps import utc_text

if TYPE_CHECKING:  # the download's client takes half a second to import
    from tradewind.data.downloading import Downloaded

GAPS_PRINTED = 20
_COLOURS = {Severity.FINE: "green", Severity.WARNING: "yellow", Severity.BAD: "red"}
_VERDICTS = {Severity.FINE: "fine", Severity.WARNING: "usable, with warnings", Severity.BAD: "bad"}
_NEXT = {
    Severity.WARNING: "use them as they are, a missing bar is neither filled in nor traded; data download asks a "
    "venue for what is missing",
    Severity.BAD: "data import FILE --repair drop leaves out the rows that cannot be trusted; symbols that cannot be "
    "aligned are traded apart, each with --symbol",
}
_SPAN = (Column("first (UTC)"), Column("last (UTC)"))


def print_imported(found: Sequence[Imported], new: Sequence[int], kind_assumed: bool = False) -> None:
    """What was imported, what was done to it, and under which assumed rules it trades."""
    columns = [
        Column("venue", spare=1),
        Column("symbol"),
        Column("bar"),
        number("bars"),
        number("new"),
        *_SPAN,
    ]
    rows = []
    for one, bars in zip(found, new):
        s = one.series
        span = (utc_text(s.open_time[0]), utc_text(s.open_time[-1]))
        name = (s.instrument.venue, s.instrument.symbol, str(s.timeframe))
        rows.append([*name, f"{len(s):,}", f"{bars:,}", *span])
    console = stdout()
    print_table(console, columns, rows)
    for one in found:
        for note in one.notes:
            _plain(console, f"{one.series.instrument.symbol}: {note}")
    if kind_assumed:
        _plain(console, "assumed, as no --kind was given: kind spot; for perpetuals add --kind perpetual")
    assumed = _assumptions(found)
    if assumed:
        _plain(console, f"assumed, as no --instrument FILE.toml states them: {assumed}")


def print_list(held: Sequence[StoredSeries]) -> None:
    """What the store holds."""
    if not held:
        _plain(stdout(), "nothing is stored yet: data import, data download or data synth bring candles")
        return
    columns = [
        Column("venue"),
        Column("symbol"),
        Column("bar"),
        number("bars"),
        *_SPAN,
        Column("with", spare=1),
    ]
    rows = []
    for s in held:
        extras = ", ".join(name for name, there in (("funding", s.funding), ("mark", s.mark)) if there)
        span = (utc_text(s.start), utc_text(s.end))
        rows.append([s.venue, s.symbol, str(s.timeframe), f"{s.bars:,}", *span, extras])
    print_table(stdout(), columns, rows)


def print_report(report: Report) -> None:
    """Each series in a line, then every finding once, with the symbols that it is about."""
    console = stdout()
    columns = [Column("symbol"), Column("bar"), number("bars"), *_SPAN, Column("verdict", wraps=12)]
    rows, styles = [], []
    for s in report.series:
        worst = max((f.severity for f in s.findings), default=Severity.FINE)
        kinds = ", ".join(dict.fromkeys(f.kind for f in s.findings)) or "fine"
        span = ("-", "-") if s.start is None or s.end is None else (utc_text(s.start), utc_text(s.end))
        rows.append([s.symbol, s.timeframe, f"{s.bars:,}", *span, kinds])
        styles.append("" if worst is Severity.FINE else _COLOURS[worst])
    print_table(console, columns, rows, styles)
    for text, (finding, symbols) in _grouped(report).items():
        _coloured(console, finding.severity, f"{_named(symbols, len(report.series))}: {text}")
    for finding in report.between:
        _coloured(console, finding.severity, f"{finding.kind}: {finding.text}")
    _print_gaps(console, report)
    _coloured(console, report.severity, f"verdict: {_VERDICTS[report.severity]}")
    if report.severity in _NEXT:
        _plain(console, f"next: {_NEXT[report.severity]}")


def print_downloaded(done: Sequence[Downloaded]) -> None:
    """What came, what the venue does not have, and which rules it did not tell."""
    columns = [Column("symbol"), number("new"), number("bars"), *_SPAN, number("missing")]
    rows = []
    for d in done:
        span = (utc_text(d.start) if d.start else "-", utc_text(d.end) if d.end else "-")
        rows.append([d.symbol, f"{d.new_bars:,}", f"{d.bars:,}", *span, f"{d.missing:,}"])
    console = stdout()
    print_table(console, columns, rows)
    for d in done:
        if d.new_mark_bars or d.new_funding:
            _plain(
                console, f"{d.symbol}: {d.new_mark_bars:,} mark bars and {d.new_funding:,} funding payments"
            )
        if d.missing:
            _plain(console, f"{d.symbol}: the venue has no bars for {d.missing:,} of the times asked for")
        if d.dropped:
            _plain(console, f"{d.symbol}: {d.dropped:,} impossible bars of the venue were left out")
        if d.assumed:
            _plain(
                console, f"{d.symbol}: the venue does not tell {', '.join(d.assumed)}: defaults are stored"
            )


def _plain(console: Console, text: str) -> None:
    say(console, text)


def _coloured(console: Console, severity: Severity, text: str) -> None:
    say(console, text, _COLOURS[severity])


def _assumptions(found: Sequence[Imported]) -> str:
    """Every assumed value, once when it is the same for all symbols."""
    parts = []
    for name in dict.fromkeys(n for one in found for n in one.known.assumed):
        values = {
            one.known.instrument.symbol: told(getattr(one.known.instrument, name))
            for one in found
            if name in one.known.assumed
        }
        if len(set(values.values())) == 1:
            parts.append(f"{name} {next(iter(values.values()))}")
        else:
            parts.append(f"{name} {', '.join(f'{value} ({symbol})' for symbol, value in values.items())}")
    return "; ".join(parts)


def _grouped(report: Report) -> dict[str, tuple[Finding, list[str]]]:
    groups: dict[str, tuple[Finding, list[str]]] = {}
    for s in report.series:
        for finding in s.findings:
            groups.setdefault(finding.text, (finding, []))[1].append(s.symbol)
    return groups


def _print_gaps(console: Console, report: Report) -> None:
    gaps: dict[str, list[str]] = {}
    for s in report.series:
        for gap in s.gaps:
            text = f"{gap.bars} bars missing from {utc_text(gap.start)} to {utc_text(gap.end)}"
            gaps.setdefault(text, []).append(s.symbol)
    for text, symbols in list(gaps.items())[:GAPS_PRINTED]:
        _plain(console, f"  {_named(symbols, len(report.series))}: {text}")
    if len(gaps) > GAPS_PRINTED:
        _plain(console, f"  and {len(gaps) - GAPS_PRINTED} more gaps, all listed with --json")


def _named(symbols: Sequence[str], of: int) -> str:
    return f"all {of}" if len(symbols) == of > 1 else ", ".join(symbols)
