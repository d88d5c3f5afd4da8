"""Every fault of the table has a test or says what it waits for, and the page shows it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.promises.fault_table import TESTS, page, rows, wrong


def test_every_row_is_held_or_says_why_not_and_the_page_is_current() -> None:
    """In a process of its own: the tests are collected, slow ones too, and the collected are told apart from these."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.promises.fault_table", "check"],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_there_are_101_rows_and_59_come_first() -> None:
    listed = rows()
    assert len({row.id for row in listed}) == len(listed) == 101
    assert sum(row.first for row in listed) == 59


def test_what_is_not_so_is_told() -> None:
    nothing: dict[str, list[str]] = {}
    assert any(text.startswith("O1 has no test") for text in wrong(nothing))
    waiting = next(row.id for row in rows() if row.waiting)
    assert wrong({row.id: ["a"] for row in rows()}) == [
        f"{row.id} has tests and is said to be waiting" for row in rows() if row.waiting
    ]
    assert not any(waiting in text for text in wrong(nothing))
    with pytest.raises(ValueError, match="X9"):
        page({"X9": ["a"]})
