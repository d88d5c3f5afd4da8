"""Rate limits: requests, weight and sockets by address, orders by account, bans for those who go on."""

from __future__ import annotations

from dataclasses import dataclass

from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.house import LimitProfile

MINUTE_MS = 60_000
BAN_AFTER = 10  # refused requests in one minute
BAN_MS = 2 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` in every window of `span_ms`. `label` is how headers name the window."""

    label: str
    interval: str  # of exchangeInfo: SECOND, MINUTE, DAY
    number: int
    span_ms: int
    most: int


CONNECTIONS = Limit("5M", "MINUTE", 5, 5 * MINUTE_MS, 300)


class Window:
    """A count that starts anew with every window of wire time, aligned to it as on the venue."""

    __slots__ = ("count", "index", "span_ms")

    def __init__(self, span_ms: int) -> None:
        self.span_ms = span_ms
        self.index = -1
        self.count = 0

    def at(self, now_ms: int) -> int:
        """What was counted in the present window."""
        index = now_ms // self.span_ms
        if index != self.index:
            self.index, self.count = index, 0
        return self.count

    def left_seconds(self, now_ms: int) -> int:
        return max(1, -(-(self.span_ms - now_ms % self.span_ms) // 1000))


class Limits:
    """Counts of one product. Nothing is refused with a profile that counts nothing, headers still tell."""

    def __init__(
        self,
        weight: Limit,
        orders: tuple[Limit, ...],
        profile: LimitProfile,
        header: str = "X-MBX-USED-WEIGHT",
        raw: Limit | None = None,
    ) -> None:
        self._weight_headers = (header, f"{header}-{weight.label}")
        self._order_headers = tuple(f"X-MBX-ORDER-COUNT-{limit.label}" for limit in orders)
        self.weight = weight
        self.orders = orders
        self.profile = profile
        self._raw = raw
        self._requests: dict[str, Window] = {}
        self._connections: dict[str, Window] = {}
        self._weights: dict[str, Window] = {}
        self._orders: dict[str, tuple[Window, ...]] = {}
        self._refused: dict[str, Window] = {}
        self._banned: dict[str, int] = {}

    def ban(self, address: str, until_ms: int) -> None:
        self._banned[address] = until_ms

    def enter(self, address: str, now_ms: int) -> None:
        """Count a request of whatever weight; `Failure` 429 when that is too many, 418 while banned."""
        self._check_ban(address, now_ms)
        if self._raw is not None:
            self._count(self._requests, self._raw, address, 1, now_ms, "Too many requests", "requests")

    def connect(self, address: str, now_ms: int) -> None:
        """Count a socket; `Failure` 429 when that is too many, 418 while banned."""
        self._check_ban(address, now_ms)
        self._count(
            self._connections,
            CONNECTIONS,
            address,
            1,
            now_ms,
            "Too many connections",
            "connections",
            advice="",
        )

    def admit(self, address: str, weight: int, now_ms: int) -> None:
        """Count a request's weight; `Failure` 429 when that is too much, 418 when it was too much too often."""
        said = "Too much request weight used"
        self._count(self._weights, self.weight, address, weight, now_ms, said, "request weight")

    def _check_ban(self, address: str, now_ms: int) -> None:
        until = self._banned.get(address, 0)
        if until > now_ms:
            raise self._ban_failure(until, now_ms)

    def _count(
        self,
        windows: dict[str, Window],
        limit: Limit,
        address: str,
        count: int,
        now_ms: int,
        said: str,
        what: str,
        advice: str = " Please use WebSocket Streams for live updates to avoid polling the API.",
    ) -> None:
        window = windows.get(address)
        if window is None:
            window = windows[address] = Window(limit.span_ms)
        window.at(now_ms)
        window.count += count
        if not self.profile.on or window.count <= limit.most * self.profile.scale:
            return
        refused = self._refused.setdefault(address, Window(MINUTE_MS))
        refused.at(now_ms)
        refused.count += 1
        if refused.count > BAN_AFTER:
            until = now_ms + BAN_MS
            self._banned[address] = until
            raise self._ban_failure(until, now_ms)
        raise Failure(
            -1003,
            f"{said}; current limit is {limit.most} {what} per {limit.number} {limit.interval}.{advice}",
            429,
            {"Retry-After": str(window.left_seconds(now_ms))},
        )

    def _ban_failure(self, until_ms: int, now_ms: int) -> Failure:
        return Failure(
            -1003,
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans.",
            418,
            {"Retry-After": str(max(1, -(-(until_ms - now_ms) // 1000)))},
        )

    def admit_orders(self, account: str, count: int, now_ms: int) -> None:
        """Count orders of an account; `Failure` 429 when that is too many."""
        windows = self._of(account)
        for limit, window in zip(self.orders, windows, strict=True):
            window.at(now_ms)
            if self.profile.on and window.count + count > limit.most * self.profile.scale:
                raise Failure(
                    -1015,
                    f"Too many new orders; current limit is {limit.most} orders per "
                    f"{limit.number} {limit.interval}.",
                    429,
                    {"Retry-After": str(window.left_seconds(now_ms))},
                )
        for window in windows:
            window.count += count

    def counts(self, address: str, account: str | None, now_ms: int) -> list[dict[str, object]]:
        """The same as a list, as replies over sockets have it."""
        used = self._weights.get(address)
        found = [_counted("REQUEST_WEIGHT", self.weight, used.at(now_ms) if used else 0)]
        if account is not None:
            windows = zip(self.orders, self._of(account), strict=True)
            found += [_counted("ORDERS", limit, window.at(now_ms)) for limit, window in windows]
        return found

    def headers(self, address: str, account: str | None, now_ms: int) -> dict[str, str]:
        """Used weight, and with an account its order counts."""
        used = self._weights.get(address)
        text = str(used.at(now_ms) if used else 0)
        found = dict.fromkeys(self._weight_headers, text)
        if account is not None:
            for name, window in zip(self._order_headers, self._of(account), strict=True):
                found[name] = str(window.at(now_ms))
        return found

    def _of(self, account: str) -> tuple[Window, ...]:
        found = self._orders.get(account)
        if found is None:
            found = self._orders[account] = tuple(Window(limit.span_ms) for limit in self.orders)
        return found


def _counted(kind: str, limit: Limit, count: int) -> dict[str, object]:
    return {
        "rateLimitType": kind,
        "interval": limit.interval,
        "intervalNum": limit.number,
        "limit": limit.most,
        "count": count,
    }
