"""The pages about the command line: every command stands there, and every option they name exists."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tradewind.cli.main import app

DOCS = Path(__file__).parents[2] / "docs"
ROOT: Any = typer.main.get_command(app)


def _commands(group: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            if one.invoke_without_command:
                yield (*path, name)
            yield from _commands(one, (*path, name))
        else:
            yield (*path, name)


def _lines(page: Path) -> list[str]:
    """The command lines that a page shows."""
    found = re.findall(r"^ {4}(tradewind .*)$", page.read_text(), re.MULTILINE)
    return [line.split(" #")[0].strip() for line in found]


def test_the_table_of_commands_has_every_command_and_no_other() -> None:
    rows = re.findall(r"^\| `tradewind ([^`]+)` \|", (DOCS / "commands.md").read_text(), re.MULTILINE)
    written = [tuple(itertools.takewhile(lambda word: re.match("[a-z]", word), row.split())) for row in rows]
    assert sorted(written) == sorted(_commands())


def test_every_command_says_what_it_does() -> None:
    for path in _commands():
        one: Any = ROOT
        for name in path:
            one = one.commands[name]
        assert one.help, path
        for parameter in one.params:
            assert getattr(parameter, "help", None), (path, parameter.name)


@pytest.mark.parametrize("page", sorted(p.name for p in DOCS.glob("*.md") if _lines(p)))
def test_the_command_lines_of_a_page_are_those_there_are(page: str) -> None:
    for line in _lines(DOCS / page):
        words = shlex.split(line)[1:]
        one: Any = ROOT
        while words and hasattr(one, "commands") and words[0] in one.commands:
            one = one.commands[words.pop(0)]
        assert not hasattr(one, "commands") or one.invoke_without_command, line
        words = words[: words.index("--")] if "--" in words else words
        known = {option for parameter in one.params for option in parameter.opts} | {"--help"}
        named = {w.split("=")[0] for w in words if re.match(r"^--?[a-z]", w)}
        assert named <= known, (line, named - known)


def test_the_exit_codes_are_those_of_the_program(command: Callable[..., Any], workspace: Path) -> None:
    from tradewind.cli import main

    text = (DOCS / "commands.md").read_text()
    for code in (main.DONE, main.BAD_INPUT, main.UNREACHABLE, main.INTERRUPTED):
        assert f"| {code} |" in text
    assert command("data", "list", "--home", workspace).code == main.DONE
    assert command("data", "list", "--hom").code == main.BAD_INPUT


def test_help_shows_the_defaults_that_stand_in_brackets(command: Callable[..., Any]) -> None:
    shown = " ".join(command("data", "download", "--help").out.replace("│", " ").split())
    assert "First time, UTC [the first stored bar, else a year ago]" in shown
    assert "[now]" in shown
