"""The tables of a run that no component of trading reads: what runs, and whom it tells."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from tradewind.config.symbols import check_symbols
from tradewind.market import ConfigError, Timeframe
from tradewind.trading.journal.redaction import looks_secret
from tradewind.trading.terms.discrepancy import Policy

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class OnStop(StrEnum):
    """What becomes of positions when a run is stopped."""

    KEEP = "keep"
    FLATTEN = "flatten"


class Level(StrEnum):
    """How grave a message is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What runs. Whether it is paper, testnet or live is the command's to say, never the file's."""

    name: str | None = None  # None: that of the agent, and the mode
    agent: str | None = None  # a model, or a baseline
    venue: str | None = None  # None: where the model was trained
    symbols: tuple[str, ...] = ()  # none: those of the model
    timeframe: str | None = None  # None: that of the model
    allocation: float | None = None  # quote currency; None: that of [account]
    on_stop: OnStop = OnStop.KEEP
    on_difference: Policy = Policy.HALT  # where the venue holds other than the books say
    unified: bool = False  # Bitget: whether the account is a unified one

    def __post_init__(self) -> None:
        if self.name is not None and not _NAME.match(self.name):
            raise ConfigError(
                f"name is {self.name!r}, expected letters, digits, dots, dashes and underscores, at most 64: "
                "it becomes a folder"
            )
        if self.allocation is not None and not (self.allocation > 0 and math.isfinite(self.allocation)):
            raise ConfigError(
                f"allocation is {self.allocation:g}, expected a positive amount of quote currency"
            )
        if self.timeframe is not None:
            try:
                Timeframe(self.timeframe)
            except ConfigError as error:
                raise ConfigError(f"timeframe is {self.timeframe!r}: {error}") from error
        check_symbols(self.symbols)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Whom to tell. A channel is an address of apprise; what is secret in it stands as ${NAME}."""

    channels: tuple[str, ...] = ()
    level: Level = Level.INFO  # the least grave that is told

    def __post_init__(self) -> None:
        for number, channel in enumerate(self.channels):
            refuse_secret(f"channels.{number}", channel)
            if "://" not in channel and not _PLACEHOLDER.search(channel):
                raise ConfigError(
                    f"channels.{number} is {channel!r}, expected an address such as "
                    '"tgram://${TELEGRAM_TOKEN}/${TELEGRAM_CHAT}", or "${NAME}" of a variable that holds one'
                )


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where Prometheus may ask. No port: nowhere."""

    port: int | None = None
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        if self.port is not None and not 0 <= self.port <= 65535:
            raise ConfigError(f"port is {self.port}, expected 0 to 65535")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the journal is. No address: a file of SQLite in the folder of the run."""

    url: str | None = None

    def __post_init__(self) -> None:
        if self.url is None:
            return
        refuse_secret("url", self.url)
        if not re.match(r"postgresql(\+psycopg)?://|\$\{", self.url):
            raise ConfigError(
                f'url is {self.url!r}, expected postgresql://..., or "${{NAME}}" of a variable that holds it'
            )


def filled_in(text: str, variables: dict[str, str], setting: str) -> str:
    """The text with every ${NAME} replaced by its variable; `ConfigError` names the first that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not variables.get(name):
            raise ConfigError(
                f"{setting} needs the variable {name}, which is not set: put it into the environment or .env"
            )
        return variables[name]

    return _PLACEHOLDER.sub(value, text)


def refuse_secret(setting: str, text: str) -> None:
    """A secret in the file is refused, and not repeated."""
    if looks_secret(_PLACEHOLDER.sub("", text)):
        raise ConfigError(
            f"{setting} looks as if it held a secret: put that into the environment or .env, and write the name "
            "of its variable here, as ${NAME}"
        )
