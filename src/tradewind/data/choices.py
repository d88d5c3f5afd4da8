"""What a person chooses about files of candles. Apart from the readers, so that asking for help loads none."""

from __future__ import annotations

from enum import StrEnum

DEFAULT_VENUE = "imported"


class Repair(StrEnum):
    """What an import does with rows that cannot be trusted."""

    REFUSE = "refuse"
    DROP = "drop"  # leave them out and say so; nothing is put in their place


class TimesAre(StrEnum):
    """What the times of a file name: when its bars opened, or when they closed."""

    OPEN = "open"
    CLOSE = "close"


class VolumeIn(StrEnum):
    """What the volume column counts."""

    BASE = "base"
    QUOTE = "quote"


class Holds(StrEnum):
    """What the columns of a track record hold."""

    RETURNS = "returns"  # of the time since the row before, as fractions
    EQUITY = "equity"
