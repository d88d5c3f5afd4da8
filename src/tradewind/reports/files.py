"""Files appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tradewind.market.errors import ConfigError


@contextmanager
def replacing(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Names beside `paths` to write to; they take their places at the end, or all vanish on an error.

    Raises `ConfigError` when a path cannot be written.
    """
    temporary = tuple(path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in paths)
    try:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        for written, path in zip(temporary, paths):
            os.replace(written, path)
    except OSError as error:
        names = ", ".join(map(str, paths))
        raise ConfigError(
            f"{names} cannot be written ({error.strerror}): name a folder that you may use"
        ) from error
    finally:
        for left in temporary:
            if left.parent.is_dir():
                left.unlink(missing_ok=True)
