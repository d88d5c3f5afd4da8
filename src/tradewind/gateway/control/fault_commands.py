"""Commands about faults, lines and what went over the wire."""

from __future__ import annotations

from typing import Any

from tradewind.gateway.control.commands import Commands
from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.faults import rule_of
from tradewind.gateway.faults.reading import Values
from tradewind.market import ConfigError

commands = Commands()


@commands.on("GET", "faults")
def faults(desk: ControlDesk, values: Values) -> Any:
    """The rules, with how often each matched and fired."""
    values.done()
    return {"faults": [rule.as_dict() for rule in desk.faults.rules], "removed": desk.faults.fired_before}


@commands.on("POST", "faults/add")
def add(desk: ControlDesk, values: Values) -> Any:
    """A rule: name, where, match, when, and what. Its id is returned."""
    return desk.faults.add(rule_of(values.rest())).as_dict()


@commands.on("POST", "faults/remove")
def remove(desk: ControlDesk, values: Values) -> Any:
    """Take one rule away: id."""
    number = values.whole("id")
    values.done()
    if not desk.faults.remove(number):
        raise ConfigError(f"there is no fault {number}: list them with /tradewind/faults")


@commands.on("POST", "faults/clear")
def clear(desk: ControlDesk, values: Values) -> Any:
    """Take all rules away, let go what they hold back, end bans and maintenance."""
    values.done()
    desk.faults.clear()


@commands.on("GET", "traffic", lines=True)
def traffic(desk: ControlDesk, values: Values) -> Any:
    """What clients sent, with a seq above since, one JSON object a line: limit (1,000 unless told)."""
    since, limit = values.whole("since", 0), values.whole("limit", 1000, 1, 100_000)
    values.done()
    return (sent.as_dict() for sent in desk.faults.traffic.since(since, limit))


@commands.on("GET", "lines")
def lines(desk: ControlDesk, values: Values) -> Any:
    """The open WebSockets."""
    values.done()
    return {
        "lines": [
            {
                "path": line.path,
                "opened_ms": line.opened_ms,
                "frozen": line.frozen,
                "dialect": seen.dialect,
                "account": line.account,
            }
            for line, seen in desk.faults.lines.items()
        ]
    }


@commands.on("POST", "lines/close")
def close_lines(desk: ControlDesk, values: Values) -> Any:
    """End WebSockets, as at 24 hours: path (a pattern, all without), code (1001; 0 cuts), reason."""
    path, code = values.text("path", "*"), values.whole("code", 1001, 0, 4999)
    reason = values.text("reason", "")
    values.done()
    return {"closed": desk.faults.close_lines(path, code, reason)}


@commands.on("POST", "lines/expire_keys")
def expire_keys(desk: ControlDesk, values: Values) -> Any:
    """All listen keys expire now."""
    values.done()
    return {"expired": desk.faults.expire_listen_keys()}
