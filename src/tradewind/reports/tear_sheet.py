"""The report of a backtest: one HTML file that needs nothing else, a picture, and the numbers as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.backtest.figures import Figures
from tradewind.backtest.result import BacktestResult
from tradewind.backtest.summary import summary
from tradewind.files import replacing
from tradewind.market.errors import DataError
from tradewind.reports import curves, details, sections
from tradewind.reports import numbers as n
from tradewind.reports.picture import draw_equity
from tradewind.reports.tables import section, table
from tradewind.reports.verdict import Verdict, judge, strongest_baseline


@dataclass(frozen=True, slots=True)
class Section:
    """Something the caller adds, shown before the data and assumptions. All of it is text and is escaped."""

    title: str
    text: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What was written, and what it says."""

    html: Path
    png: Path
    json: Path
    verdict: Verdict
    figures: tuple[Figures, ...]  # in the order of the results


def write_report(
    path_html: Path,
    results: Sequence[BacktestResult],
    *,
    title: str,
    subject_index: int = 0,
    verdict: str | None = None,
    provenance: Mapping[str, object] | None = None,
    extra: Sequence[Section] = (),
    seed: int = 0,
    path_png: Path | None = None,
    path_json: Path | None = None,
) -> Report:
    """Write HTML, PNG and JSON (beside the HTML unless named); the same input gives the same bytes.

    `results[subject_index]` is judged, the others are what it is compared with, on the same bars.
    `verdict` is a sentence of the caller's: it is shown above the measured one and does not replace it.
    `provenance` names data, hashes, costs and seeds; `seed` draws the bootstrap intervals.
    """
    figures = _figures(results, subject_index, seed)
    measured = judge(figures[subject_index])
    facts = dict(provenance or {}) | {"Seed of the intervals": seed}
    page = _page(results, figures, subject_index, title, measured, verdict, facts, extra)
    content = report_json(title, figures, subject_index, measured, facts)
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    png, plain = path_png or path_html.with_suffix(".png"), path_json or path_html.with_suffix(".json")
    with replacing(path_html, png, plain) as (html_at, png_at, plain_at):
        draw_equity(png_at, results, title=title, subject_index=subject_index, said=measured.headline)
        plain_at.write_text(text, encoding="utf-8")
        html_at.write_text(page, encoding="utf-8")
    return Report(path_html, png, plain, measured, tuple(figures))


def _figures(results: Sequence[BacktestResult], subject_index: int, seed: int) -> list[Figures]:
    """Of every result; those of the subject against the strongest of the others."""
    if not 0 <= subject_index < len(results):
        raise DataError(f"result {subject_index} is to be judged, but there are {len(results)} results")
    times = results[subject_index].close_time
    for other in results:
        if not np.array_equal(other.close_time, times):
            raise DataError(f"{other.name} was tested on other bars than the rest: run all on the same")
    figures = [summary(r, rng=np.random.default_rng(seed)) for r in results]
    rival = strongest_baseline(figures, subject_index)
    if rival is not None:
        figures[subject_index] = summary(
            results[subject_index], rng=np.random.default_rng(seed), benchmark=results[rival]
        )
    return figures


def report_json(
    title: str, figures: Sequence[Figures], subject_index: int, verdict: Verdict, facts: Mapping[str, object]
) -> dict[str, Any]:
    """What the JSON file holds."""
    return {
        "title": title,
        "verdict": {
            "standing": str(verdict.standing),
            "headline": verdict.headline,
            "sentence": verdict.sentence,
        },
        "subject": subject_index,
        "figures": [f.to_json() for f in figures],
        "provenance": _plain(facts),
    }


def _plain(value: object) -> Any:
    """The value as JSON has it; what JSON does not know becomes its text."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    known = (
        value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and isfinite(value))
    )
    return value if known else str(value)


def _page(
    results: Sequence[BacktestResult],
    figures: Sequence[Figures],
    subject_index: int,
    title: str,
    measured: Verdict,
    verdict: str | None,
    facts: Mapping[str, object],
    extra: Sequence[Section],
) -> str:
    result, own = results[subject_index], figures[subject_index]
    quote = sections.quote_of(result.symbols)
    body = [
        _header(title, own, measured, verdict),
        section("Key figures", sections.key_figures(own)),
        curves.equity(results, figures, subject_index),
        curves.drawdown(result, own),
        sections.comparison(figures, subject_index),
        *(_extra(one) for one in extra),
        sections.months(own),
        sections.costs(own, quote),
        curves.positions(result, own),
        details.instruments(own, quote),
        curves.daily(result, own),
        details.interventions(own),
        details.trade_list(result, own, quote),
        details.assumptions(own, facts),
        "<footer>Made by Tradewind. Net of all costs; what was is no promise of what will be.</footer>",
    ]
    style = files("tradewind.reports").joinpath("style.css").read_text(encoding="utf-8")
    text = "\n".join(part for part in body if part)
    text = re.sub(r"(?<=\d) (?=%)", "&nbsp;", text)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + text
        + "\n</main>\n</body>\n</html>\n"
    )


def _header(title: str, own: Figures, measured: Verdict, verdict: str | None) -> str:
    said = f'<p class="said">{escape(verdict)}</p>' if verdict else ""
    span = (
        f"{own.name} on {', '.join(own.symbols)} at {own.timeframe}, "
        f"{n.date(own.start_ms)} to {n.date(own.end_ms)}"
    )
    sentence = measured.sentence[:1].upper() + measured.sentence[1:]
    return (
        f'<header class="standing-{measured.standing.replace(" ", "-")}"><h1>{escape(title)}</h1>'
        f'<p class="span">{escape(span)}</p><p class="headline">{escape(measured.headline)}</p>{said}'
        f'<p class="said">{escape(sentence)}</p></header>'
    )


def _extra(one: Section) -> str:
    rows = [("", list(row)) for row in one.rows]
    return section(one.title, table(list(one.header), rows) if rows else "", note=one.text)
