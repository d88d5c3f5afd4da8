"""docs/runbook.md says of every alarm what to do."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT
from tradewind.trading.books.order_ledger import HALTS
from tradewind.trading.terms.order_states import Alarm

PAGE = ROOT / "docs" / "runbook.md"
ROWS = re.findall(
    r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)


def test_every_alarm_has_a_row_and_every_row_an_alarm() -> None:
    assert sorted(name for name, *_ in ROWS) == sorted(alarm.value for alarm in Alarm)


def test_the_page_says_which_alarms_halt() -> None:
    assert {name for name, _, follows, _ in ROWS if "halted" in follows} == {alarm.value for alarm in HALTS}
