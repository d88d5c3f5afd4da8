"""Listen keys: who may hear an account's events, and until when. They live an hour of wire time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex

from tradewind.exchange.accounts import Treasury
from tradewind.gateway.binance.failure import Failure

LIFE_MS = 60 * 60_000


@dataclass(slots=True)
class ListenKey:
    name: str
    account: str
    expires_ms: int  # wire time
    opened_with: str  # name of the API key that asked for it last


class ListenKeys:
    """One key for each account at a time. `on_gone` hears of each that expires (True) or is closed (False)."""

    def __init__(self, life_ms: int = LIFE_MS) -> None:
        self.life_ms = life_ms
        self.on_gone: Callable[[ListenKey, bool], None] = _nobody
        self._by_name: dict[str, ListenKey] = {}
        self._by_account: dict[str, ListenKey] = {}

    def open(self, account: str, opened_with: str, now_ms: int) -> ListenKey:
        """The account's key, for another hour; a new one where it has none."""
        key = self._by_account.get(account)
        if key is None or key.expires_ms <= now_ms:
            self.expire(now_ms)
            key = ListenKey(token_hex(32), account, 0, opened_with)
            self._by_account[account] = self._by_name[key.name] = key
        key.expires_ms, key.opened_with = now_ms + self.life_ms, opened_with
        return key

    def find(self, name: str) -> ListenKey | None:
        return self._by_name.get(name)

    def account_of(self, name: str) -> str:
        """Whose key it is; empty when nobody has it."""
        key = self._by_name.get(name)
        return key.account if key else ""

    def of(self, account: str, now_ms: int) -> ListenKey:
        """The account's key; `Failure` when it has none that lives."""
        key = self._by_account.get(account)
        if key is None or key.expires_ms <= now_ms:
            raise no_such_key()
        return key

    def extend(self, key: ListenKey, now_ms: int) -> None:
        key.expires_ms = now_ms + self.life_ms

    def close(self, key: ListenKey) -> None:
        self._drop(key)
        self.on_gone(key, False)

    def expire(self, now_ms: int) -> None:
        """Let go of all whose time has come."""
        self._expire([key for key in self._by_name.values() if key.expires_ms <= now_ms])

    def expire_revoked(self, treasury: Treasury, now_ms: int) -> None:
        """Let go of those whose API key is gone."""
        keys = self._by_name.values()
        self._expire([key for key in keys if not treasury.valid_key(key.opened_with, now_ms)])

    def expire_all(self) -> int:
        """Let go of all, whatever time they have left; returns how many."""
        keys = list(self._by_name.values())
        self._expire(keys)
        return len(keys)

    def _expire(self, keys: list[ListenKey]) -> None:
        for key in keys:
            self._drop(key)
            self.on_gone(key, True)

    def _drop(self, key: ListenKey) -> None:
        self._by_name.pop(key.name, None)
        if self._by_account.get(key.account) is key:
            del self._by_account[key.account]


def no_such_key() -> Failure:
    return Failure(-1125, "This listenKey does not exist.")


def _nobody(key: ListenKey, expired: bool) -> None:
    """Until somebody is to be told."""
