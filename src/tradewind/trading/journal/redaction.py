"""The one place that takes secrets out of what is written: logs, journals, reports, errors.

Two ways, both always: values that are known to be secret, and what looks like one. Hashes in lower-case hexadecimal
stay; a secret of that form (Bitget's) is found by its value or by the name that it stands under.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
_SHORTEST = 6  # characters; a shorter known value would be found in ordinary words

_NAMES = (
    "api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|access[_-]?token|refresh[_-]?token|bot[_-]?token|token"
    "|pass(?:word|phrase|wd)|signature|sign|listen[_-]?key|private[_-]?key|webhook(?:[_-]?url)?|credentials?"
    "|x-mbx-apikey|access-(?:key|sign|passphrase)|authorization|database[_-]?url"
)
_SECRET_NAME = re.compile(rf"(?:.*[_\-.])?(?:{_NAMES})", re.IGNORECASE)
_OPEN_SCHEMES = "https?|wss?|file|sqlite"
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE if insensitive else 0), shown)
    for pattern, shown, insensitive in (
        # name=value and "name": "value", also inside of longer names
        (rf"""((?:\b|_)(?:{_NAMES})["']?\s*[:=]\s*[bru]?)(["'])(?:(?!\2).)+\2""", rf"\1\2{HIDDEN}\2", True),
        (
            rf"""((?:\b|_)(?:{_NAMES})["']?\s*[:=]\s*)(?:(?:bearer|basic)\s+)?[^"'&\s,;}})\]]+""",
            rf"\1{HIDDEN}",
            True,
        ),
        (r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", rf"\1 {HIDDEN}", True),
        # user:password@host
        (r"(://[^/\s:@'\"]*:)[^@\s/'\"]+@", rf"\1{HIDDEN}@", False),
        # what follows the scheme of a notifier, as apprise writes it
        (
            rf"\b(?!(?:{_OPEN_SCHEMES}|postgresql(?:\+\w+)?):)([a-z][a-z0-9+]*://)[^\s'\"]+",
            rf"\1{HIDDEN}",
            True,
        ),
        (r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}", HIDDEN, False),  # a bot of Telegram
        (r"(discord(?:app)?\.com/api/(?:v\d+/)?webhooks/)[^\s'\"]+", rf"\1{HIDDEN}", True),
        (r"(hooks\.slack\.com/)[^\s'\"]+", rf"\1{HIDDEN}", True),
        (r"(/ws/)[A-Za-z0-9]{40,}", rf"\1{HIDDEN}", False),  # a listen key
        (r"\bsk-[A-Za-z0-9_-]{16,}", HIDDEN, False),  # of language models
        (r"\bbg_[0-9a-f]{32}\b", HIDDEN, False),  # of Bitget
        # keys, secrets and listen keys of Binance, and whatever else is long and drawn by lot
        (
            r"(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{40,}",
            HIDDEN,
            False,
        ),
    )
)
_DRAWN_BY_LOT = re.compile(
    r"(?=[A-Za-z0-9_]*\d)(?=[A-Za-z0-9_]*[A-Za-z])[A-Za-z0-9_]{20,}|[A-Za-z0-9_-]{50,}"
)


class Redactor:
    """Takes out what it was told and what looks secret. Its `repr` shows nothing of what it knows."""

    def __init__(self, *secrets: str) -> None:
        self._known: tuple[str, ...] = ()
        self.know(*secrets)

    def know(self, *secrets: str) -> None:
        """From now on these never appear, nor do they as a URL writes them. The empty one is no secret."""
        known = set(self._known)
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                known |= {secret, quote(secret, safe=""), quote(secret)}
        self._known = tuple(sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text with `***` where a secret was."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        for pattern, shown in _PATTERNS:
            text = pattern.sub(shown, text)
        return text

    def value(self, value: Any) -> Any:
        """A copy of JSON-able data: what a secret name holds is hidden whole, other texts as by `text`."""
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.text(value.decode("utf-8", "replace"))
            case Mapping():
                return {self._key(k): HIDDEN if _is_secret(k, v) else self.value(v) for k, v in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.value(item) for item in value]
            case None | bool() | int() | float():
                return value
        return self.text(str(value))

    def __call__(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """As a processor of structlog: after whatever turns exceptions into text."""
        redacted: dict[str, Any] = self.value(event)
        return redacted

    def _key(self, key: Any) -> Any:
        return self.text(key) if isinstance(key, str) else key


def is_secret_name(name: str) -> bool:
    """Whether what stands under that name is never written."""
    return bool(_SECRET_NAME.fullmatch(name))


def looks_secret(text: str) -> bool:
    """Whether a setting holds a token, a password or a key rather than a name or an address."""
    if _DRAWN_BY_LOT.search(text):
        return True
    named = [pattern for pattern, shown in _PATTERNS if not pattern.pattern.endswith(r"://)[^\s'\"]+")]
    return any(pattern.search(text) for pattern in named)


def _is_secret(key: Any, value: Any) -> bool:
    return isinstance(key, str) and value not in (None, "", False, True) and is_secret_name(key)
