"""Writes docs/fault_rows.md: every fault that the live system must survive, and the tests that hold it.

python -m tests.promises.fault_table
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "fault_rows.md"
ROWS = Path(__file__).with_name("fault_rows.toml")
TITLES = {
    "orders": "Orders",
    "market": "Market data",
    "exchange": "Exchange, network, clock",
    "account": "Account, risk, futures",
    "process": "Process, storage, operations",
    "model": "Model, features, configuration",
}
_HEAD = """# What may go wrong, and the tests that hold it

Made from the tests by `python -m tests.promises.fault_table`; a test holds it true. Rows in bold come first. How faults
are injected stands in [faults](faults.md).

"""


@dataclass(frozen=True)
class Row:
    """One thing that may go wrong. `lacks` and `waiting` say what no test holds."""

    id: str
    group: str
    fault: str
    then: str
    first: bool
    lacks: str = ""
    waiting: str = ""


class Collected:
    """A plugin of pytest that keeps which tests hold which row."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            name = item.nodeid.partition("[")[0].removeprefix("tests/")
            for mark in item.iter_markers("fault"):
                held = self.tests.setdefault(mark.args[0], [])
                if name not in held:
                    held.append(name)


def rows() -> list[Row]:
    """In the order of the file."""
    told = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    first = set(_names(told.pop("first")))
    return [
        Row(name, group, first=name in first, **texts)
        for group, named in told.items()
        for name, texts in named.items()
    ]


def _names(spans: list[str]) -> Iterator[str]:
    for span in spans:
        letter, start, end = re.fullmatch(r"([A-Z])(\d+)(?:-[A-Z](\d+))?", span).groups()  # type: ignore[union-attr]
        yield from (f"{letter}{number}" for number in range(int(start), int(end or start) + 1))


def collect() -> dict[str, list[str]]:
    """By row, the tests that are marked with it, slow ones too: `pytest` reads the files that mark any."""
    marked = [p for p in sorted(TESTS.rglob("test_*.py")) if ".fault(" in p.read_text(encoding="utf-8")]
    collected, said = Collected(), io.StringIO()
    asked = ["--collect-only", "-q", "-n0", "-p", "no:cacheprovider", "--rootdir", str(TESTS.parent)]
    with contextlib.redirect_stdout(said):
        code = pytest.main([*asked, *map(str, marked)], plugins=[collected])
    if code != 0:
        raise RuntimeError(f"the tests cannot be collected: {said.getvalue()[-2000:]}")
    return collected.tests


def page(tests: Mapping[str, list[str]]) -> str:
    """The whole page."""
    listed = rows()
    unknown = sorted(set(tests) - {row.id for row in listed})
    if unknown:
        raise ValueError(f"tests are marked with rows that {ROWS.name} does not have: {', '.join(unknown)}")
    parts = [_HEAD, _counts(listed, tests)]
    for group, title in TITLES.items():
        parts.append(
            f"\n## {title}\n| | what goes wrong | what then happens | held by |\n|---|---|---|---|\n"
        )
        parts += [_line(row, tests.get(row.id, [])) for row in listed if row.group == group]
    return "".join(parts)


def _counts(listed: list[Row], tests: Mapping[str, list[str]]) -> str:
    partly = sum(bool(row.lacks) for row in listed)
    waiting = sum(row.id not in tests for row in listed)
    whole = len(listed) - partly - waiting
    return f"{len(listed)} rows: {whole} held, {partly} held in part, {waiting} waiting for their part of the system.\n"


def _line(row: Row, tests: list[str]) -> str:
    held = [f"`{name}`" for name in tests]
    if row.lacks:
        held.append(f"not yet: {row.lacks}")
    if not tests:
        held.append(f"waiting: {row.waiting}")
    name = f"**{row.id}**" if row.first else row.id
    return f"| {name} | {row.fault} | {row.then} | {'<br>'.join(held)} |\n"


def wrong(tests: Mapping[str, list[str]]) -> list[str]:
    """Rows that claim what is not so: no test and no reason for it, or a reason in spite of tests."""
    found = []
    for row in rows():
        if not tests.get(row.id) and (row.lacks or not row.waiting):
            found.append(f"{row.id} has no test: write one, or say what it is waiting for")
        if tests.get(row.id) and row.waiting:
            found.append(f"{row.id} has tests and is said to be waiting")
    return found


def main(arguments: list[str]) -> int:
    """Write the page; with `check`, only look whether it is as it would be written. The exit code."""
    tests = collect()
    said = wrong(tests)
    if arguments == ["check"]:
        if page(tests) != PAGE.read_text(encoding="utf-8"):
            said.append(f"docs/{PAGE.name} is not current: python -m tests.promises.fault_table")
    else:
        PAGE.write_text(page(tests), encoding="utf-8")
    print(*(said or ["every row has a test, or says what it waits for"]), sep="\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
