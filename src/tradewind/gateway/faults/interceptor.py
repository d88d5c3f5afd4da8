"""Faults as the server meets them: rules applied to requests, lines and frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tradewind.gateway.faults.frames import Frames
from tradewind.gateway.faults.kinds import Kind
from tradewind.gateway.faults.passage import Passage
from tradewind.gateway.faults.rules import Rule, Where
from tradewind.gateway.faults.seen import Seen, see_request, see_word
from tradewind.gateway.faults.traffic import Told, Traffic
from tradewind.gateway.faults.wording import refusal, refused, word_refused
from tradewind.gateway.house import House
from tradewind.gateway.wire import Dialect, ExpiresListenKeys, Line, Reply, Request, Talk, json_reply
from tradewind.market import ConfigError

MOST_RULES = 1_000


@dataclass(slots=True)
class OpenLine:
    """A line as faults know it; `key` is who logged in on it, once seen."""

    dialect: str
    key: str = ""


class Faults:
    """The interceptor of a server. Without rules it hands everything through."""

    def __init__(self, houses: Sequence[House], dialects: Iterable[Dialect] = ()) -> None:
        self.houses = {house.venue: house for house in houses}
        self.dialects = list(dialects)
        self.rules: list[Rule] = []
        self.fired_before: dict[str, int] = {}  # by name, of rules that were taken away
        self.traffic = Traffic()
        self.maintenance: set[str] = set()
        self.lines: dict[Line, OpenLine] = {}
        self._bans: dict[tuple[str, str], tuple[int, int]] = {}  # venue, address -> until, length (wire ms)
        self._numbers = 0
        self._wire = houses[0].clock.wire
        self._passage = Passage(self.houses, self._wire)
        self._frames = Frames(self.traffic, self._wire)
        self._dressed()

    # --- rules

    def add(self, rule: Rule) -> Rule:
        """Let a rule act from now on; `ConfigError` when there are too many."""
        if len(self.rules) >= MOST_RULES:
            raise ConfigError(f"there are {MOST_RULES} faults already: remove some, or clear them")
        self._numbers += 1
        rule.id, rule.added_ms = self._numbers, self._wire.now_ms()
        self.rules.append(rule)
        self._dressed()
        return rule

    def remove(self, number: int) -> bool:
        """Take a rule away; False when there is none of that id."""
        for rule in self.rules:
            if rule.id == number:
                self._forget([rule])
                return True
        return False

    def clear(self) -> None:
        """No rules, bans or maintenance; what was held back goes on its way."""
        self._forget(list(self.rules))
        self._bans.clear()
        self.maintenance.clear()
        self._passage.release()
        self._frames.release()

    def _forget(self, rules: list[Rule]) -> None:
        for rule in rules:
            self.rules.remove(rule)
            self.fired_before[rule.name] = self.fired_before.get(rule.name, 0) + rule.fired
        self._dressed()

    def _dressed(self) -> None:
        by = {where: [rule for rule in self.rules if rule.where is where] for where in Where}
        self._on_request, self._on_connect = by[Where.REQUEST], by[Where.CONNECT]
        self._on_word, self._on_frame = by[Where.WORD], by[Where.FRAME]

    def fired(self) -> dict[str, int]:
        """How often each fault fired, by its name."""
        found = dict(self.fired_before)
        for rule in self.rules:
            found[rule.name] = found.get(rule.name, 0) + rule.fired
        return found

    def _who(self, key: str) -> str:
        for house in self.houses.values():
            found = house.exchange.treasury.keys.get(key)
            if found is not None:
                return found.account
        return ""

    # --- requests

    async def request(self, dialect: Dialect, request: Request) -> Reply:
        if not (self._on_request or self._bans or self.maintenance or self.traffic.on):
            return dialect.answer(request)
        now = self._wire.now_ms()
        seen = see_request(dialect.name, request)
        seen.account = self._who(seen.key)
        house = self.houses.get(seen.venue)
        sent = self.traffic.begin(seen, now, house.exchange.now_ms if house else 0)
        shut = self._shut(dialect, seen, request, now)
        if shut is not None:
            reply, sent.told = shut
            sent.status, sent.answered_ms = reply.status, now
            return reply
        fired = [rule for rule in self._on_request if rule.fires(seen, now)]
        for rule in fired:
            if rule.what.do == "ban":
                reply = self._ban(dialect, seen, request, rule.what.seconds, now)
                sent.told, sent.status, sent.answered_ms = Told.BANNED, reply.status, now
                sent.faults.append(rule.name)
                return reply
        return await self._passage.through(dialect, request, seen, sent, fired)

    def _still_banned(self, dialect: Dialect, address: str, now: int) -> Reply | None:
        """The reply to an address that is banned; asking makes it longer."""
        venue = dialect.name.partition("-")[0]
        until, length = self._bans.get((venue, address), (0, 0))
        if until <= now:
            return None
        self._bans[venue, address] = (now + length, length)
        return self._banned(dialect, now + length, now)

    def _shut(self, dialect: Dialect, seen: Seen, request: Request, now: int) -> tuple[Reply, Told] | None:
        """The reply of a venue that lets nobody in, or not this address, and what it tells."""
        banned = self._still_banned(dialect, request.address, now)
        if banned is not None:
            return banned, Told.BANNED
        if seen.venue not in self.maintenance:
            return None
        if seen.kind is Kind.STATUS:
            return json_reply({"status": 1, "msg": "system maintenance"}), Told.REFUSED
        return refused(dialect, refusal(dialect.name, "maintenance", 0, "", ""), now), Told.REFUSED

    def _ban(self, dialect: Dialect, seen: Seen, request: Request, seconds: float, now: int) -> Reply:
        length = int(seconds * 1000)
        self._bans[seen.venue, request.address] = (now + length, length)
        return self._banned(dialect, now + length, now)

    def _banned(self, dialect: Dialect, until_ms: int, now: int) -> Reply:
        words = refusal(dialect.name, "banned", 0, "", "", until_ms=until_ms)
        return refused(dialect, words, now, retry_after=max(1, -(-(until_ms - now) // 1000)))

    def set_maintenance(self, venue: str, on: bool) -> None:
        """From now on the venue refuses everything, and its lines end; or no more."""
        if on:
            self.maintenance.add(venue)
            for line, known in list(self.lines.items()):
                if known.dialect.partition("-")[0] == venue:
                    line.close(1012, "service restart")
        else:
            self.maintenance.discard(venue)

    # --- lines

    def connect(self, dialect: Dialect, line: Line) -> Reply | None:
        now = self._wire.now_ms()
        banned = self._still_banned(dialect, line.address, now)
        if banned is not None:
            return banned
        if dialect.name.partition("-")[0] in self.maintenance:
            return refused(dialect, refusal(dialect.name, "maintenance", 0, "", ""), now)
        if self._on_connect:
            seen = Seen(dialect.name, "WS", line.path, Kind.OTHER, stream=line.query)
            for rule in self._on_connect:
                if rule.fires(seen, now):
                    what = rule.what
                    words = refusal(dialect.name, what.reason, what.status, what.code, what.message)
                    return refused(dialect, words, now)
        self.lines[line] = OpenLine(dialect.name)
        return None

    def gone(self, line: Line) -> None:
        self.lines.pop(line, None)
        self._frames.gone(line)

    def close_lines(self, path: str = "*", code: int = 1001, reason: str = "") -> int:
        """End the lines whose path fits the pattern; returns how many. Code 0 cuts them."""
        found = [line for line in self.lines if fnmatchcase(line.path, path)]
        for line in found:
            line.close(code, reason)
        return len(found)

    def expire_listen_keys(self) -> int:
        """Let all listen keys expire where a dialect has such; returns how many did."""
        return sum(d.expire_listen_keys() for d in self.dialects if isinstance(d, ExpiresListenKeys))

    def hear(self, dialect: Dialect, line: Line, text: str, talk: Talk) -> None:
        if not (self._on_word or self.traffic.on):
            talk.hear(text)
            return
        known, now = self.lines[line], self._wire.now_ms()
        seen = see_word(dialect.name, line, text, known.key)
        known.key, seen.account = seen.key, self._who(seen.key) or line.account
        called = seen.kind in _CALLS
        house = self.houses.get(seen.venue)
        market_ms = house.exchange.now_ms if house else 0
        sent = self.traffic.begin(seen, now, market_ms) if called else None
        for rule in self._on_word:
            if rule.fires(seen, now):
                if sent is not None:
                    sent.faults.append(rule.name)
                    definite = rule.what.do == "refuse" and not rule.what.hides
                    sent.told = Told.REFUSED if definite else Told.UNKNOWN
                self._mishear(rule, dialect, line, text, talk, seen)
                return
        if sent is None:
            talk.hear(text)
        else:
            sent.made = self._passage.orders_made(seen, lambda: talk.hear(text))
            sent.told, sent.answered_ms = Told.ANSWERED, self._wire.now_ms()

    def _mishear(self, rule: Rule, dialect: Dialect, line: Line, text: str, talk: Talk, seen: Seen) -> None:
        what = rule.what
        if what.do == "refuse":
            words = refusal(dialect.name, what.reason, what.status, what.code, what.message)
            line.send_json(word_refused(dialect.name, seen.message, words))
        elif what.do == "delay":
            asyncio.get_running_loop().call_later(what.ms / 1000, talk.hear, text)
        elif what.do == "close":
            line.close(int(what.code or 1001), what.message)
        elif what.do == "cut":
            line.abort()
        elif what.do == "freeze":
            line.frozen = True

    def frame(self, dialect: Dialect, line: Line, text: str, send: Callable[[str], None]) -> None:
        if not (self._on_frame or self.traffic.on):
            send(text)
            return
        known = self.lines.get(line)
        key = known.key if known else ""
        account = line.account or self._who(key)
        self._frames.pass_on(dialect.name, line, text, send, self._on_frame, key, account)


_CALLS = {Kind.PLACE, Kind.AMEND, Kind.CANCEL, Kind.QUERY, Kind.TRADES, Kind.BALANCE, Kind.POSITIONS}
