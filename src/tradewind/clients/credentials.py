"""The keys of an account: from the environment, from `.env`, or from the system's keyring; from nowhere else.

Each environment of a venue has names of its own, and keys of one are never taken for another.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from tradewind.clients.connect import VENUES, Environment
from tradewind.clients.keys import Keys
from tradewind.market import ConfigError

ENV_FILE = ".env"
KEYRING_SERVICE = "tradewind"
WITH_PASSPHRASE = ("bitget",)
_OLD_NAMES = {
    "API_KEY_BINANCE": "TRADEWIND_BINANCE_KEY",
    "API_SECRET_BINANCE": "TRADEWIND_BINANCE_SECRET",
    "API_KEY_BITGET": "TRADEWIND_BITGET_KEY",
    "API_SECRET_BITGET": "TRADEWIND_BITGET_SECRET",
    "API_PASSPHRASE_BITGET": "TRADEWIND_BITGET_PASSPHRASE",
}

Lookup = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys, and where they belong. Neither this nor its `repr` shows a secret."""

    keys: Keys
    venue: str
    environment: Environment
    source: str  # where they were found, for people

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits by which a key is known again; the key does not follow from them."""
        account = f"{_account(self.venue)}|{self.keys.key}"
        return hashlib.blake2b(account.encode(), digest_size=8).hexdigest()

    def secrets(self) -> tuple[str, ...]:
        """What a `Redactor` must know."""
        return self.keys.key, self.keys.secret, self.keys.passphrase


def load_credentials(
    venue: str,
    environment: Environment | str,
    *,
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
    keyring: bool = True,
) -> Credentials:
    """The keys of a venue's environment: the first place that names them must hold them whole.

    `variables` are those of this process, `folder` is the current one. `ConfigError` says which names are missing
    and where to put them, when a file of keys can be read by others, and when a key stands for two environments.
    """
    place = Environment(environment)
    if venue not in VENUES:
        raise ConfigError(f"no orders can be sent to {venue!r}: choose from {', '.join(VENUES)}")
    given = os.environ if variables is None else variables
    file = read_env_file(folder or Path())
    sources: list[tuple[str, Lookup]] = [("the environment", given.get), (ENV_FILE, file.get)]
    if keyring:
        sources.append(("the keyring", _from_keyring))
    _refuse_shared(venue, {**file, **given})
    wanted = names_of(venue, place)
    for source, look_up in sources:
        found = [look_up(name) or "" for name in wanted]
        if any(found):
            return Credentials(_whole(wanted, found, source), venue, place, source)
    raise ConfigError(_missing(venue, place, {*file, *given}))


def names_of(venue: str, environment: Environment) -> tuple[str, ...]:
    """The variables that hold key, secret and, where the venue has one, passphrase."""
    middle = "" if environment is Environment.LIVE else f"_{environment.value.upper()}"
    start = f"TRADEWIND_{_account(venue).upper()}{middle}"
    kinds = ("KEY", "SECRET", "PASSPHRASE") if venue in WITH_PASSPHRASE else ("KEY", "SECRET")
    return tuple(f"{start}_{kind}" for kind in kinds)


def read_env_file(folder: Path) -> dict[str, str]:
    """The variables of `.env` there, none without one; `ConfigError` if other users can read it."""
    from dotenv import dotenv_values

    path = folder / ENV_FILE
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    if mode & 0o077:
        raise ConfigError(
            f"{path} can be read by other users of this machine (mode {mode & 0o777:o}): type chmod 600 {path}"
        )
    try:
        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text: check the file") from error


def all_variables(folder: Path | None = None) -> dict[str, str]:
    """What ${NAME} in the settings may stand for: `.env` of the folder, and over it the environment."""
    return {**read_env_file(folder or Path()), **os.environ}


def _account(venue: str) -> str:
    """One account of Binance has spot and futures, and one key for both."""
    return "binance" if venue == "binanceusdm" else venue


def _whole(wanted: Iterable[str], found: Iterable[str], source: str) -> Keys:
    absent = [name for name, value in zip(wanted, found, strict=True) if not value]
    if absent:
        raise ConfigError(
            f"{' and '.join(absent)} not in {source}, where the rest of the keys is: put it there too"
        )
    return Keys(*found)


def _refuse_shared(venue: str, known: Mapping[str, str]) -> None:
    """One key under the names of two environments is a slip that may send orders to the wrong one."""
    seen: dict[str, str] = {}
    for place in Environment:
        name = names_of(venue, place)[0]
        key = known.get(name)
        if key and key in seen:
            raise ConfigError(
                f"{seen[key]} and {name} are the same key, and a key belongs to one environment: remove the one "
                "that is wrong"
            )
        if key:
            seen[key] = name


def _missing(venue: str, place: Environment, known: Iterable[str]) -> str:
    wanted, there = names_of(venue, place), set(known)
    said = (
        f"no keys for {venue} {place}: set {', '.join(wanted)} in the environment or in {ENV_FILE} (mode 600)"
    )
    if not _keyring_is_there():
        said += ", or keep them in the system's keyring (pip install 'tradewind[keyring]')"
    others = [one for one in Environment if one is not place and names_of(venue, one)[0] in there]
    old = [name for name, new in _OLD_NAMES.items() if name in there and new in wanted]
    near = [name for one in wanted for name in get_close_matches(one, _unknown(there), n=1, cutoff=0.8)]
    if others:
        said += f"; those of {' and '.join(others)} are there, and are not used here"
    if old:
        said += f"; {', '.join(old)} had the old names: rename them"
    elif near:
        said += f"; {near[0]} is no name that is read"
    return said


def _unknown(names: Iterable[str]) -> list[str]:
    known = {name for venue in VENUES for place in Environment for name in names_of(venue, place)}
    return [name for name in names if name.startswith("TRADEWIND_") and name not in known]


def _keyring_is_there() -> bool:
    from importlib.util import find_spec

    return find_spec("keyring") is not None


def _from_keyring(name: str) -> str | None:
    """What the keyring holds under that name; None without the extra, or without a keyring on this machine."""
    if not _keyring_is_there():
        return None
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, name)
    except NoKeyringError:
        return None
    except KeyringError as error:
        raise ConfigError(
            f"the keyring of this machine did not answer ({type(error).__name__}): unlock it, or set {name} in the "
            f"environment or in {ENV_FILE}"
        ) from error
