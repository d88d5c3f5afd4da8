"""The commented file that `tradewind init` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tradewind.config.tree import LIVE_PARTS

Tables = Mapping[str, Mapping[str, Any]]

_HEADING = re.compile(r"^\[([a-z.]+)\]")
_SETTING = re.compile(r"^(\w+) = (.*?)(?: *(#.*))?$")
_REMARKS_FROM = 33  # columns before them


def commented_toml(values: Tables) -> str:
    """The file with every setting of a run, its default replaced where `values` has another.

    Tables that are no table of a run ("rules", "rules.risk") follow at the end, with these values alone.
    """
    template = files("tradewind.config").joinpath("live.toml").read_text(encoding="utf-8")
    table, lines = "", []
    for line in template.splitlines():
        if heading := _HEADING.match(line):
            table = heading[1]
        elif (setting := _SETTING.match(line)) and setting[1] in values.get(table, {}):
            line = _line(setting[1], values[table][setting[1]], setting[3] or "")
        lines.append(line)
    others = {name: held for name, held in values.items() if name not in LIVE_PARTS and held}
    if others:
        lines += [
            "",
            "# What the agent lives with. A model keeps the rules that it was trained under: to trade under",
        ]
        lines += ["# these, train it with this file (tradewind train NAME --config THIS), else delete them."]
    for name, held in others.items():
        lines += [f"[{name}]", *(_line(key, value) for key, value in held.items()), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _line(key: str, value: Any, remark: str = "") -> str:
    text = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{text.ljust(_REMARKS_FROM - 2)}  {remark}" if remark else text
