"""A journal is looked at before it is opened, copied once a day, and never silently begun anew."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tradewind.files import write_whole
from tradewind.market import ConfigError, Inconsistent
from tradewind.trading.journal.database import Place, back_up, is_taken
from tradewind.trading.journal.run_folder import RunFolder

KEPT = 7  # backups
DAY_MS = 86_400_000
_BEGAN = "journal.json"
_TIME = "%Y-%m-%d_%H%M%S"


def require_safe(folder: RunFolder, place: Place) -> bool:
    """Whether a journal is there, whole. `Inconsistent` if it is damaged, `ConfigError` if it was there and is gone."""
    there = is_taken(place)
    if not there:
        _refuse_lost(folder, place)
    elif isinstance(place, Path):
        _refuse_damaged(folder, place)
    return there


def note_begun(folder: RunFolder, place: Place) -> None:
    """From now on the folder says that there is a journal, and where."""
    text = json.dumps({"journal": str(place)}) + "\n"
    write_whole(folder.path / _BEGAN, lambda part: part.write_text(text, encoding="utf-8"))


def back_up_daily(folder: RunFolder, place: Place, now_ms: int) -> Path | None:
    """Copy a file that is whole when the last copy is older than a day; a database is its server's to back up."""
    if not isinstance(place, Path):
        return None
    kept = backups(folder)
    if kept and now_ms - _taken_at(kept[-1]) < DAY_MS:
        return None
    name = datetime.fromtimestamp(now_ms / 1000, UTC).strftime(_TIME)
    target = folder.path / "backups" / f"journal-{name}.sqlite"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, lambda part: back_up(place, part))
    for old in [*kept, target][:-KEPT]:
        old.unlink()
    return target


def backups(folder: RunFolder) -> list[Path]:
    """Oldest first."""
    return sorted((folder.path / "backups").glob("journal-*.sqlite"))


def _taken_at(path: Path) -> int:
    text = path.stem.removeprefix("journal-")
    return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp() * 1000)


def _refuse_damaged(folder: RunFolder, place: Path) -> None:
    try:
        with closing(sqlite3.connect(place)) as connection:
            said = str(connection.execute("pragma quick_check").fetchone()[0])
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise Inconsistent(f"{place} is damaged ({' '.join(said.split())}): {_remedy(folder)}")


def _refuse_lost(folder: RunFolder, place: Place) -> None:
    try:
        began = json.loads((folder.path / _BEGAN).read_text(encoding="utf-8"))["journal"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return
    where = f"{place}" if str(place) == began else f"{place}, it began in {began}"
    raise ConfigError(f"run {folder.name!r} had a journal, and none is at {where}: {_remedy(folder)}")


def _remedy(folder: RunFolder) -> str:
    kept = backups(folder)
    last = f"put {kept[-1]} in its place" if kept else "there is no backup of it"
    return f"{last}, then compare with tradewind reconcile {folder.name}; or begin a run of another name"
