"""The pages name only what is there: links, commands, modules, files and targets of make."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.docs.pages import PAGES, ROOT, anchors, blocks, links, named_commands, spans, typed_commands
from tradewind.cli.main import app

_PLACES = (ROOT, ROOT / "src" / "tradewind", ROOT / "docs")
_FOLDERS = ("src/", "tests/", "docs/", "scripts/", "benchmarks/")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that these words name, and what is left of them; `LookupError` where there is none."""
    command, rest = typer.main.get_command(app), list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            raise LookupError(f"tradewind {' '.join(words)}: there is no command {rest[0]}")
        command = command.commands[rest.pop(0)]
    return command, rest


def refusal(words: list[str], whole: bool) -> str | None:
    """Why the command line refuses these words, or None. `whole`: all arguments must be there as well."""
    try:
        command, rest = command_of(words)
    except LookupError as error:
        return str(error)
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        option = word.partition("=")[0]
        if re.match(r"--?[a-z]", word) and option not in {*known, "--help"} and not re.match(r"-\d", word):
            return f"tradewind {' '.join(words)}: there is no option {option}"
    if whole and "--help" not in rest and not hasattr(command, "commands"):
        try:
            command.make_context(command.name, list(rest))
        except Exception as error:  # noqa: BLE001 - the class of usage errors is typer's own
            said = error.format_message() if hasattr(error, "format_message") else str(error)
            return f"tradewind {' '.join(words)}: {said or type(error).__name__}"
    return None


def resolves(path: str) -> bool:
    """Is `tradewind.a.b` a module, or something in one?"""
    names = path.split(".")
    for length in range(len(names), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(names[:length]))
        except ModuleNotFoundError:
            continue
        for name in names[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def imported_names(text: str) -> list[str]:
    """`from tradewind.a import b, c` as tradewind.a.b and tradewind.a.c."""
    found = re.findall(r"^from (tradewind[\w.]*) import ([\w, ]+)", text, re.MULTILINE)
    return [f"{module}.{name.strip()}" for module, names in found for name in names.split(",")]


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        name, _, anchor = target.partition("#")
        there = page if not name else (page.parent / name).resolve()
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert not broken


@every_page
def test_every_command_exists_and_takes_its_options(page: Path) -> None:
    refused = [refusal(words, whole=True) for words in typed_commands(page)]
    refused += [refusal(words, whole=False) for words in named_commands(page)]
    assert [one for one in refused if one] == []


@every_page
def test_every_module_and_name_exists(page: Path) -> None:
    code = [*blocks(page), *spans(page)]
    named = {path for text in code for path in re.findall(r"\btradewind(?:\.[A-Za-z_]\w*)+", text)}
    named |= {path for text in code for path in imported_names(text)}
    assert [path for path in sorted(named) if not resolves(path)] == []


@every_page
def test_every_file_of_this_repository_exists(page: Path) -> None:
    named = [s for s in spans(page) if re.fullmatch(r"[\w./-]+", s) and "/" in s]
    named = [s for s in named if s.startswith(_FOLDERS) or s.endswith(".py")]
    assert [s for s in named if not any((place / s).exists() for place in _PLACES)] == []


@every_page
def test_every_target_of_make_exists(page: Path) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", text, re.MULTILINE))
    code = [*spans(page), *(line for block in blocks(page) for line in block.splitlines())]
    named = {found[1] for one in code if (found := re.match(r"(?:\$ )?make ([a-z][\w-]*)", one.strip()))}
    assert named <= targets


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    there = {page.name for page in index.parent.glob("*.md")} - {index.name}
    assert there <= {Path(target.partition("#")[0]).name for target in links(index)}


@pytest.mark.parametrize(
    ("words", "whole", "said"),
    [
        (["data", "downlod"], False, "there is no command downlod"),
        (["train", "first", "--stepz", "3"], True, "there is no option --stepz"),
        (["replay"], True, "Missing argument NAME|JOURNAL"),
        (["replay"], False, None),
        (["backtest", "first", "--start", "-7d"], True, None),
    ],
)
def test_what_is_wrong_with_a_command_is_found(words: list[str], whole: bool, said: str | None) -> None:
    found = refusal(words, whole)
    assert found is None if said is None else said in (found or "").replace("'", "")


def test_a_module_that_is_not_there_is_found() -> None:
    assert resolves("tradewind.trading.engine.engine.Engine.process")
    assert not resolves("tradewind.trading.engin")
    assert not resolves("tradewind.trading.engine.engine.Engin")
