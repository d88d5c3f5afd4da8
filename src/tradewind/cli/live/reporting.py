"""The report of a run by its name: the one that is there, or a new one where the journal has gone on since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tradewind.cli.live.books import journal_named
from tradewind.cli.live.reaching import described, folder_of
from tradewind.market import ConfigError
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder

FOLDER = "reports"  # of a run


def reports_of_runs(home: Path) -> Iterator[tuple[str, Path]]:
    """Names of runs, each with its newest report."""
    for path in sorted((home / "runs").glob(f"*/{FOLDER}")):
        if newest := _newest(RunFolder(path.parent)):
            yield path.parent.name, newest


def is_run(home: Path, name: str) -> bool:
    folder = folder_of(home, name)
    return folder.journal.exists() or (folder.path / "run.json").exists()


def report_of(home: Path, name: str) -> Path:
    """The page, with its JSON beside it, of all that the journal holds now, whether the run works or not."""
    from tradewind.cli.run import agent_for
    from tradewind.market import WallClock
    from tradewind.reports.session import write_session_report
    from tradewind.trading.panic.estate import readable
    from tradewind.trading.told.tally import Tally

    folder = folder_of(home, name)
    about = described(folder)
    with readable(journal_named(home, name)) as place, Journal.open(place) as journal:
        newest = _newest(folder)
        if newest is not None and _records_in(newest) == len(journal):
            return newest
        if not Tally.of(journal).glance().decisions:
            raise ConfigError(f"run {name!r} has decided nothing yet: there is nothing to report")
        agent = agent_for(journal, home)
        return write_session_report(folder.path, journal, agent, WallClock().now_ms(), about).html


def _newest(folder: RunFolder) -> Path | None:
    return max((folder.path / FOLDER).glob("*.html"), default=None)


def _records_in(page: Path) -> int | None:
    """How many records of the journal it tells of; None where it does not say."""
    try:
        found = json.loads(page.with_suffix(".json").read_text(encoding="utf-8")).get("records")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, int) else None
