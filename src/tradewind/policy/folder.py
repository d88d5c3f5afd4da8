"""A folder of few files, written whole or not at all, and read with nothing beside what is expected."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from tradewind.files import sync
from tradewind.market import ConfigError
from tradewind.policy.errors import BundleError

MAX_FILE_BYTES = 512 * 1024 * 1024


def write_folder(folder: Path, files: Mapping[str, bytes], replace: bool) -> None:
    """Write the files beside the target and rename; `ConfigError` where it exists and `replace` is off."""
    target = Path(folder)
    if os.path.lexists(target) and not replace:
        raise ConfigError(f"{target} exists already: choose another name, or say that it may be replaced")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".{target.name}.{secrets.token_hex(6)}.partial"
    fresh.mkdir()
    try:
        for name, content in files.items():
            _write_synced(fresh / name, content)
        sync(fresh)
        _put_in_place(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _put_in_place(fresh: Path, target: Path) -> None:
    """Rename; an old folder steps aside first and comes back if the new one cannot take its place."""
    aside = target.parent / f".{target.name}.{secrets.token_hex(6)}.old"
    replaces = os.path.lexists(target)
    if replaces:
        os.rename(target, aside)
    try:
        os.rename(fresh, target)
    except OSError:
        if replaces:
            os.rename(aside, target)
        raise
    sync(target.parent)
    if replaces and aside.is_symlink():
        aside.unlink()
    elif replaces:
        shutil.rmtree(aside)


def _write_synced(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_folder(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The content of exactly these files. Links, missing, unknown and oversized files are refused."""
    try:
        found = sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        raise BundleError(f"{folder} is no bundle that can be read: {error.strerror}") from error
    missing = sorted(set(names) - set(found))
    if missing:
        raise BundleError(f"{folder} lacks {', '.join(missing)}: it is no whole bundle, take a fresh copy")
    unknown = sorted(set(found) - set(names))
    if unknown:
        raise BundleError(
            f"{folder} holds {', '.join(unknown[:5])}, which no bundle has: remove what was added"
        )
    return {name: _read_plain(Path(folder) / name) for name in sorted(names)}


def _read_plain(path: Path) -> bytes:
    """The bytes of a plain file, read once: what is checked is what is used."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BundleError(
            f"{path} cannot be opened as a plain file (links are refused): {error.strerror}"
        ) from error
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"{path} is not a plain file")
        if status.st_size > MAX_FILE_BYTES:
            raise BundleError(
                f"{path} has {status.st_size} bytes, more than the {MAX_FILE_BYTES} that are allowed"
            )
        return file.read()
