"""A person's word that an account may be traded: given once, in words, and bound to what it was given for.

A restart of the same account, bundle and configuration starts unattended; any change asks again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from tradewind.files import write_whole
from tradewind.market import ConfigError
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.validation.stages import StageBegan

_SHORTEST_REASON = 10  # characters
_FILE = "arm.json"

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Armed:
    """What is armed, as hashes: the same three start unattended."""

    account: str
    bundle: str
    configuration: str


@dataclass(frozen=True, slots=True)
class Arm:
    """Somebody typed the confirmation. A record of the journal."""

    at: int  # UTC ms
    account: str
    bundle: str
    configuration: str
    text: str  # what was typed

    def matches(self, armed: Armed) -> bool:
        """Whether the word was given for exactly this."""
        return not self.changes(armed)

    def changes(self, armed: Armed) -> tuple[str, ...]:
        """What is another than when the word was given: "account", "bundle", "configuration"."""
        return tuple(f.name for f in fields(Armed) if getattr(self, f.name) != getattr(armed, f.name))


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody let a bundle trade real money that no gate has passed, and said why. A record of the journal."""

    at: int  # UTC ms
    bundle: str
    reason: str

    def __post_init__(self) -> None:
        if len(self.reason.strip()) < _SHORTEST_REASON:
            raise ConfigError(
                f"the reason to go live without a passed gate is {self.reason!r}: say in a sentence why this "
                "model may trade real money"
            )


GrantRecord = Arm | Override | StageBegan  # what a run is allowed, beside its limits


def account_hash(fingerprint: str, venue: str, environment: str) -> str:
    """32 hexadecimal digits of whose account it is and where; `fingerprint` is that of the key."""
    text = json.dumps([fingerprint, venue, environment])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def confirmation(venue: str, environment: str, allocation: float, quote: str) -> str:
    """The words to type."""
    return f"trade {allocation:.15g} {quote} on {venue} {environment}"


def arm(
    folder: RunFolder,
    armed: Armed,
    words: str,
    ask: Callable[[str], str] | None,
    now_ms: int,
) -> Arm | None:
    """The new word, to be journaled and then kept; None where the one of before still holds.

    `ask` shows a question and returns what was typed; None where nobody can be asked. `ConfigError` without the
    exact words.
    """
    before = kept_arm(folder)
    if before is not None and before.matches(armed):
        return None
    why = _why(before, armed)
    if ask is None:
        raise ConfigError(f'{why}: start it once in a terminal, or say --confirm "{words}"')
    typed = " ".join(ask(f"{why}. Type “{words}” to let it trade: ").split())
    if typed != words:
        raise ConfigError(f"nothing was started: typed was {typed!r}, expected {words!r}")
    return Arm(now_ms, armed.account, armed.bundle, armed.configuration, typed)


def keep_arm(folder: RunFolder, given: Arm) -> None:
    """Keep the word for the next start; after it is in the journal."""
    _write(folder, {"arm": asdict(given)})


def kept_arm(folder: RunFolder) -> Arm | None:
    """The word that was kept last; `ConfigError` if the file cannot be read as one."""
    return _read(folder, "arm", Arm)


def keep_override(folder: RunFolder, given: Override) -> None:
    """Keep the override for the next start; after it is in the journal."""
    _write(folder, {"override": asdict(given)})


def kept_override(folder: RunFolder, bundle: str) -> Override | None:
    """The override that was kept, if it is one for this bundle."""
    kept = _read(folder, "override", Override)
    return kept if kept is not None and kept.bundle == bundle else None


def _why(before: Arm | None, armed: Armed) -> str:
    if before is None:
        return "this run was never armed"
    changed = before.changes(armed)
    return f"{' and '.join(changed)} changed since this run was armed"


def _write(folder: RunFolder, entry: dict[str, Any]) -> None:
    path = folder.path / _FILE
    text = json.dumps({**_entries(folder), **entry}, indent=1) + "\n"
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def _entries(folder: RunFolder) -> dict[str, Any]:
    path = folder.path / _FILE
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: remove it, and confirm the run again") from error
    if not isinstance(entries, dict):
        raise ConfigError(f"{path} is damaged: remove it, and confirm the run again")
    return entries


def _read(folder: RunFolder, name: str, kind: type[K]) -> K | None:
    entry = _entries(folder).get(name)
    if entry is None:
        return None
    try:
        return kind(**entry)
    except TypeError as error:
        raise ConfigError(
            f"{folder.path / _FILE} is damaged: remove it, and confirm the run again"
        ) from error
