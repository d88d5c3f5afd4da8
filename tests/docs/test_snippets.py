"""The Python of a page runs as it stands, from top to bottom, as one script in an empty folder."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

RUN_ELSEWHERE = {"own_bot.md"}  # against an exchange, block by block: test_own_bot.py
GOES_ON = {"bundles.md": "training.md"}  # loads what the other page has saved


def snippets(page: Path) -> list[str]:
    """The blocks that are marked as Python."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


WITH_PYTHON = [page for page in PAGES if snippets(page) and page.name not in RUN_ELSEWHERE]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = GOES_ON.get(page.name)
    for one in [page] if before is None else [ROOT / "docs" / before, page]:
        script = tmp_path / "page.py"
        script.write_text("\n".join(snippets(one)), encoding="utf-8")
        runpy.run_path(str(script))


def test_python_is_marked_as_such() -> None:
    """What is indented or marked otherwise is not run: an import there would not be held true."""
    for page in PAGES:
        text = re.sub(r"^```python\n.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        assert not re.search(r"^\s*(from [\w.]+ import |import [\w.]+( as \w+)?$)", text, re.MULTILINE), (
            page.name
        )
