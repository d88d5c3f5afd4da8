"""Tables that never cut a number: where the terminal is narrow they leave out what matters least."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

_ENDLESS = 10_000  # columns of a file or a pipe
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `spare` columns are left out where they do not fit, the highest first; 0 always stays.

    `wraps` is the least width to which a column of words may be folded; None keeps a cell on one line.
    """

    header: str
    right: bool = False
    spare: int = 0
    wraps: int | None = None


def number(header: str, spare: int = 0) -> Column:
    """A column of figures: flush right, never folded."""
    return Column(header, right=True, spare=spare)


def stdout() -> Console:
    """Where results go. A file or a pipe has no edge, so lines stay whole there."""
    return _console(sys.stdout)


def stderr() -> Console:
    """Where progress and errors go."""
    return _console(sys.stderr)


def _console(file: TextIO) -> Console:
    console = Console(file=file, highlight=False, markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _ENDLESS
    return console


def say(console: Console, text: str, style: str = "") -> None:
    """Print a sentence: in a terminal folded between words, elsewhere a whole line."""
    console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def print_table(
    console: Console,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
) -> None:
    """Print rows of text under their headers; a style for each row where given."""
    kept = _fitting(columns, rows, console.width)
    columns = [columns[k] for k in kept]
    rows = [[row[k] for k in kept] for row in rows]
    widths = _widths(columns, rows, console.width)
    _print_row(console, columns, [c.header for c in columns], widths, "bold")
    console.print("─" * (sum(widths) + len(_GAP) * (len(widths) - 1)), style="dim", soft_wrap=True)
    for k, row in enumerate(rows):
        _print_row(console, columns, row, widths, styles[k] if styles else "")


def print_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    """Names and values, a line each; long values are folded under themselves."""
    print_rows = [[name, value] for name, value in facts]
    columns = [Column(""), Column("", wraps=30)]
    widths = _widths(columns, print_rows, console.width)
    for row in print_rows:
        _print_row(console, columns, row, widths, "")


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that stay: spare ones go, one by one, until the rest fits."""
    kept = list(range(len(columns)))
    while sum(_least(columns[k], [r[k] for r in rows]) + len(_GAP) for k in kept) - len(_GAP) > width:
        spare = [k for k in kept if columns[k].spare]
        if not spare:
            break
        kept.remove(max(spare, key=lambda k: columns[k].spare))
    return kept


def _natural(column: Column, cells: Sequence[str]) -> int:
    return max(len(text) for text in (column.header, *cells))


def _least(column: Column, cells: Sequence[str]) -> int:
    natural = _natural(column, cells)
    return natural if column.wraps is None else min(natural, max(column.wraps, len(column.header)))


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Folding columns share what the others leave."""
    cells = [[row[k] for row in rows] for k in range(len(columns))]
    widths = [_least(column, texts) for column, texts in zip(columns, cells, strict=True)]
    free = width - sum(widths) - len(_GAP) * (len(widths) - 1)
    for k, column in enumerate(columns):
        if column.wraps is not None and free > 0:
            more = min(free, _natural(column, cells[k]) - widths[k])
            widths[k], free = widths[k] + more, free - more
    return widths


def _print_row(
    console: Console, columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int], style: str
) -> None:
    folded = [
        textwrap.wrap(cell, width, break_on_hyphens=False) or [""] if column.wraps is not None else [cell]
        for column, cell, width in zip(columns, cells, widths, strict=True)
    ]
    for line in range(max(len(cell) for cell in folded)):
        parts = [cell[line] if line < len(cell) else "" for cell in folded]
        text = _GAP.join(
            part.rjust(width) if column.right else part.ljust(width)
            for column, part, width in zip(columns, parts, widths, strict=True)
        )
        console.print(Text(text.rstrip(), style=style), soft_wrap=True)
