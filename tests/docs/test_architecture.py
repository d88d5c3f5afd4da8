"""docs/architecture.md tells the truth: its tables are the packages, the types and the functions that there are."""

from __future__ import annotations

import re
import tomllib

from tests.docs.pages import ROOT
from tests.docs.test_links import resolves

PAGE = ROOT / "docs" / "architecture.md"
SOURCE = ROOT / "src" / "tradewind"


def first_cells(heading: str) -> list[str]:
    """The code in the first cell of each row of the table below a heading."""
    return re.findall(r"^\| (`.+?) \|", section(heading), re.MULTILINE)


def section(heading: str) -> str:
    return PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]


def test_the_packages_are_those_of_the_import_contract_in_its_order() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    named = [cell.strip("`").removesuffix(".py") for cell in first_cells("The packages")]
    assert named == [layer.removeprefix("tradewind.") for layer in reversed(layers)]


def test_the_packages_of_a_live_run_are_those_of_their_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][1]["layers"]
    assert [cell.strip("`") for cell in first_cells("The packages of a live run")] == list(reversed(layers))


def test_every_package_is_named() -> None:
    there = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file()}
    there |= {path.name for path in SOURCE.glob("*.py")} - {"__init__.py"}
    assert there == {cell.strip("`") for cell in first_cells("The packages")}


def test_every_central_type_exists() -> None:
    named = [name for cell in first_cells("The central types") for name in re.findall(r"`(.+?)`", cell)]
    assert len(named) > 10
    assert [name for name in named if not resolves(f"tradewind.{name}")] == []


def test_every_rule_lives_where_the_page_says() -> None:
    rows = re.findall(r"^\| [^`|]+ \| (`.+?`) \| `(.+?)` \|$", section("Where a rule lives"), re.MULTILINE)
    assert len(rows) > 8
    for cell, file in rows:
        text = (SOURCE / file).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", cell):
            assert re.search(rf"^(def|class) {name}\b", text, re.MULTILINE), (name, file)
