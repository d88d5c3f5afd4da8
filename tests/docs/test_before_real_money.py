"""docs/before_real_money.md names every check of the doctor, and no other."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "before_real_money.md"
SOURCE = ROOT / "src" / "tradewind" / "cli" / "live" / "examining.py"


def test_every_check_has_a_row() -> None:
    told = set(re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    source = SOURCE.read_text(encoding="utf-8")
    made = set(re.findall(r'^ +"([\w-]+)": (?:_told|partial)\(', source, re.MULTILINE))
    made |= set(re.findall(r'checks\["([\w-]+)"\] =', source))
    made |= set(re.findall(r'\{"([\w-]+)": (?:_candles|Finding|partial)', source))
    assert told == made
