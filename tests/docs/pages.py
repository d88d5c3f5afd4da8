"""What the tests of the pages read: text, code, links and commands."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs" / "tour.md"
PAGES = tuple(
    path
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md")
    for path in sorted(ROOT.glob(name))
)

_FENCE = re.compile(r"^```.*?^```[^\n]*$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?:(?: {4}|\t)[^\n]*\n(?:[ \t]*\n(?= {4}))*)+")
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PROMPT = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(tradewind(?: .*)?)$")


@dataclass(frozen=True, slots=True)
class Shown:
    """One command of a console block, and the lines that the page shows below it."""

    command: str
    output: tuple[str, ...]


def blocks(page: Path) -> list[str]:
    """The code blocks of a page, fenced or indented, without their marks."""
    text = page.read_text(encoding="utf-8")
    fenced = [re.sub(r"\A```[^\n]*\n|\n?```[^\n]*\Z", "", found) for found in _FENCE.findall(text)]
    rest = _FENCE.sub("", text)
    return fenced + [re.sub(r"^(?: {4}|\t)", "", b, flags=re.MULTILINE) for b in _INDENTED.findall(rest)]


def spans(page: Path) -> list[str]:
    """What stands between single backticks in the text of a page."""
    return _SPAN.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def links(page: Path) -> list[str]:
    """Targets of the links of a page that lead to another place in this repository."""
    text = _SPAN.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in _LINK.findall(text) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The names under which the headings of a page can be reached."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def typed_commands(page: Path) -> list[list[str]]:
    """The lines of code blocks that begin with `tradewind`, as words; comments and brackets are left out."""
    found = []
    for block in blocks(page):
        for line in block.replace("\\\n", " ").splitlines():
            if command := _PROMPT.match(line.strip()):
                found.append(shlex.split(command[1].replace("[", "").replace("]", ""), comments=True)[1:])
    return found


def named_commands(page: Path) -> list[list[str]]:
    """The commands that the text names in backticks, as words."""
    return [shlex.split(c[1])[1:] for span in spans(page) if (c := _PROMPT.match(span.strip()))]


def shown(page: Path) -> list[Shown]:
    """Every command of the page's console blocks, in order, with what is shown below it."""
    found: list[Shown] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.splitlines()
            found.append(Shown(command, tuple(line for line in output if line.strip(" ."))))
    return found
