"""docs/own_bot.md can be typed as it stands: every block runs against a running exchange and prints what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "own_bot.md"
_BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SAYS = re.compile(r"(?:print|echo).*  # (.+)$", re.MULTILINE)
BLOCKS = _BLOCK.findall(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An exchange on free ports, in the place of the one that the page starts."""
    environment = os.environ | {"TRADEWIND_AUTHORITY": str(tmp_path_factory.mktemp("authority"))}
    command = [sys.executable, "-m", "tradewind.cli", "exchange", "--port", "0", "--tls-port", "0", "--json"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert run.stdout is not None
    try:
        yield json.loads(run.stdout.readline())
    finally:
        run.terminate()
        assert run.wait(30) == 0


@pytest.mark.parametrize(("language", "text"), BLOCKS, ids=[f"{k}-{b[0]}" for k, b in enumerate(BLOCKS)])
def test_every_block_does_what_it_says(
    language: str, text: str, here: dict[str, Any], tmp_path: Path
) -> None:
    says = _SAYS.findall(text)
    assert says, "a block that promises nothing proves nothing"
    for default, own in (
        ("8800", str(here["port"])),
        ("8843", str(here["tls_port"])),
        ("~/.local/share/tradewind/authority/ca.pem", here["certificate"]),
    ):
        text = text.replace(default, own)
    program = [sys.executable, "-c"] if language == "python" else ["sh", "-euc"]
    done = subprocess.run([*program, text], capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in says:
        assert words in done.stdout, done.stdout + done.stderr


def test_the_page_shows_every_way_in() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(BLOCKS) >= 6
    for way in ("ccxt", "connect(", "Loopback", "from binance import", "requests", "curl"):
        assert way in page
