"""What settings are in force, as TOML that reads back to the same; and their hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from enum import Enum
from typing import Any

from tradewind.config.reading import OFF
from tradewind.config.tree import LIVE_PARTS, Settings
from tradewind.trading.journal.redaction import Redactor


def effective_toml(settings: Settings, agent_rules: dict[str, Any] | None = None) -> str:
    """Every setting of a run with its value, defaults too. No secret stands in them; none would be shown.

    `agent_rules` are the rules of the agent that runs (`Rules.as_dict`), where they are not the file's.
    """
    lines = []
    for name, values in _tables(settings, agent_rules).items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), ""]
    redactor = Redactor()
    return "\n".join(redactor.text(line) for line in lines)


def settings_hash(settings: Settings, agent_rules: dict[str, Any] | None = None) -> str:
    """32 hexadecimal digits that change with any setting of a run."""
    text = json.dumps(_tables(settings, agent_rules), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _tables(settings: Settings, agent_rules: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Tables in the order of the file, plain values; what is off says so."""
    tables = {name: _plain(asdict(getattr(settings, name))) for name in LIVE_PARTS}
    rules = settings.rules.as_dict() if agent_rules is None else dict(agent_rules)
    below = {f"rules.{name}": _plain(rules.pop(name)) for name in ("costs", "risk") if name in rules}
    return tables | {"rules": _plain(rules)} | below


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain_value(value) for key, value in values.items()}


def _plain_value(value: Any) -> Any:
    match value:
        case None:
            return OFF
        case Enum():
            return value.value
        case tuple() | list():
            return list(value)
    return value


def _toml(value: Any) -> str:
    """One plain value. JSON writes texts, lists and truths as TOML does; floats keep their point."""
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
