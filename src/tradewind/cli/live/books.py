"""Where the journal of a run is: a file of its folder, or a schema of the database that the settings name."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from tradewind.clients.credentials import read_env_file
from tradewind.config.live import filled_in
from tradewind.market import ConfigError
from tradewind.trading.journal.database import Database, Place
from tradewind.trading.journal.run_folder import RunFolder

DATABASE = "database"  # in `run.json`: the URL as the settings have it, with its ${NAME}
_LONGEST = 40


def place_of_journal(folder: RunFolder, url: str | None) -> Place:
    """`url` as the settings have it: what is secret in it comes from the environment or `.env`."""
    if url is None:
        return folder.journal
    variables = {**read_env_file(Path()), **os.environ}
    return Database(filled_in(url, variables, "database.url"), schema_of(folder.name))


def known_place(folder: RunFolder) -> Place:
    """As the folder says where the run that worked there last had its journal."""
    try:
        about: dict[str, Any] = folder.about
    except ConfigError:
        return folder.journal
    return place_of_journal(folder, about.get(DATABASE))


def schema_of(name: str) -> str:
    """The schema of a run: its name in small letters, with a hash where that alone would not tell runs apart."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_LONGEST]
    if plain == name:
        return f"run_{plain}"
    return f"run_{plain}_{hashlib.blake2b(name.encode(), digest_size=3).hexdigest()}"


def journal_named(home: Path, name: str) -> Place:
    """The journal of a run by its name, or a journal file by its path; `ConfigError` where there is neither."""
    path, folder = Path(name), RunFolder(home / "runs" / name)
    if path.is_file():
        return path
    if (folder.path / "run.json").exists() or folder.journal.exists():
        return known_place(folder)
    if path.suffix or len(path.parts) > 1:
        raise ConfigError(f"there is no journal at {name}: check the path")
    _ = folder.about  # says which runs there are
    return folder.journal
