"""The file of a study: the tables of training and backtest, and [study] with its splits, pruning and search."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradewind.config.live import refuse_secret
from tradewind.config.reading import typed
from tradewind.config.tree import Settings, parse_settings
from tradewind.market.errors import ConfigError
from tradewind.market.suggestions import suggestion

if TYPE_CHECKING:
    from tradewind.validation.study.settings import StudySettings

STUDY = "study"
_TABLES = ("market", "features", "rules", "training", "account")  # that a study reads


@dataclass(frozen=True, slots=True)
class StudyFile:
    """What stands in the file. `text` is kept with the study, so that it can go on without the file."""

    study: StudySettings
    settings: Settings
    tree: dict[str, Any]  # without [study]
    text: str

    def with_values(self, values: dict[str, Any]) -> Settings:
        """The settings of a trial: those of the file with what the search chose."""
        tree = self.tree
        for name, value in values.items():
            tree = _with(tree, name.split("."), value)
        return parse_settings(tree)


def read_study(path: Path) -> StudyFile:
    """The file, validated whole; `ConfigError` names it and the first wrong key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        return parse_study(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_study(text: str) -> StudyFile:
    """As `read_study`, from the text."""
    from tradewind.validation.study.settings import StudySettings

    tree = tomllib.loads(text)
    for name in tree:
        if name not in (STUDY, *_TABLES):
            raise ConfigError(f"unknown table [{name}] in a study: {suggestion(name, (STUDY, *_TABLES))}")
    table = tree.pop(STUDY, None)
    if not isinstance(table, dict):
        raise ConfigError("there is no table [study]: it says what is searched, see docs/study.md")
    parts = {item.name: item.default_factory for item in fields(StudySettings)}
    values = typed(StudySettings, table, "study.")
    try:
        for name in ("splits", "pruning"):
            if name in values:
                values[name] = parts[name](**values[name])  # type: ignore[operator]
        study = StudySettings.built(values)
    except ConfigError as error:
        raise ConfigError(f"study.{error}") from error
    if study.storage is not None:
        refuse_secret("study.storage", study.storage)
    return StudyFile(study, parse_settings(tree), tree, text)


def _with(tree: dict[str, Any], names: list[str], value: Any) -> dict[str, Any]:
    if len(names) == 1:
        return {**tree, names[0]: value}
    below = tree.get(names[0], {})
    return {**tree, names[0]: _with(below if isinstance(below, dict) else {}, names[1:], value)}
