"""Commands about faults, lines and what went over the wire."""

from __future__ import annotations

from tradewind.gateway.control.commands import Act, Commands
from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.faults import rule_of
from tradewind.gateway.faults.reading import Values
from tradewind.market import ConfigError

commands = Commands()


@commands.on("GET", "faults")
def faults(_values: Values) -> Act:
    """The rules, with how often each matched and fired."""
    return lambda desk: {
        "faults": [rule.as_dict() for rule in desk.faults.rules],
        "removed": desk.faults.fired_before,
    }


@commands.on("POST", "faults/add")
def add(values: Values) -> Act:
    """A rule: name, where, match, when, and what. Its id is returned."""
    rule = rule_of(values.rest())
    return lambda desk: desk.faults.add(rule).as_dict()


@commands.on("POST", "faults/remove")
def remove(values: Values) -> Act:
    """Take one rule away: id."""
    number = values.whole("id")

    def act(desk: ControlDesk) -> None:
        if not desk.faults.remove(number):
            raise ConfigError(f"there is no fault {number}: list them with /tradewind/faults")

    return act


@commands.on("POST", "faults/clear")
def clear(_values: Values) -> Act:
    """Take all rules away, let go what they hold back, end bans and maintenance."""
    return lambda desk: desk.faults.clear()


@commands.on("GET", "traffic", lines=True)
def traffic(values: Values) -> Act:
    """What clients sent, with a seq above since, one JSON object a line: limit (1,000 unless told)."""
    since, limit = values.whole("since", 0), values.whole("limit", 1000, 1, 100_000)
    return lambda desk: (sent.as_dict() for sent in desk.faults.traffic.since(since, limit))


@commands.on("GET", "lines")
def lines(_values: Values) -> Act:
    """The open WebSockets."""
    return lambda desk: {
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
def close_lines(values: Values) -> Act:
    """End WebSockets, as at 24 hours: path (a pattern, all without), code (1001; 0 cuts), reason."""
    path, code = values.text("path", "*"), values.whole("code", 1001, 0, 4999)
    reason = values.text("reason", "")
    return lambda desk: {"closed": desk.faults.close_lines(path, code, reason)}


@commands.on("POST", "lines/expire_keys")
def expire_keys(_values: Values) -> Act:
    """All listen keys expire now."""
    return lambda desk: {"expired": desk.faults.expire_listen_keys()}
