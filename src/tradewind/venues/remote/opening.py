"""Opens an account of a client: the one place that knows which protocol it speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tradewind.market import Clock, ConfigError, Instrument, Kind
from tradewind.trading.acting.settings import Trigger
from tradewind.trading.terms.quotes import Quotes
from tradewind.venues.remote.account import SLIPPAGE_CAP, Desk, RemoteAccount
from tradewind.venues.remote.binance_spot import BinanceSpot
from tradewind.venues.remote.binance_usdm import BinanceUsdm
from tradewind.venues.remote.bitget_futures import BitgetFutures
from tradewind.venues.remote.bitget_spot import BitgetSpot
from tradewind.venues.remote.bitget_unified import BitgetUnified
from tradewind.venues.remote.calls import Calls
from tradewind.venues.remote.listing import Listing
from tradewind.venues.remote.telling import OnRequest, tell_requests

_ACCOUNTS: dict[tuple[str, Kind], Callable[[Desk], RemoteAccount]] = {
    ("binance", Kind.SPOT): BinanceSpot,
    ("binance", Kind.PERPETUAL): BinanceUsdm,
    ("binanceusdm", Kind.PERPETUAL): BinanceUsdm,
    ("bitget", Kind.SPOT): BitgetSpot,
    ("bitget", Kind.PERPETUAL): BitgetFutures,
}


async def open_account(
    client: Any,
    kind: Kind,
    *,
    clock: Clock,
    instruments: Iterable[Instrument] = (),
    quotes: Quotes | None = None,
    slippage_cap: Decimal = SLIPPAGE_CAP,
    stop_trigger: Trigger = Trigger.MARK,
    on_request: OnRequest | None = None,
    bulk: Any = None,
) -> RemoteAccount:
    """The account behind a client of `tradewind.clients.connect`, which its `close` closes.

    `instruments` are those that the run trades, in whose lots it counts; what is not among them is known after
    `instruments()` was asked for it. `quotes` serve where a venue has no market orders, which then are limits at
    most `slippage_cap` (a fraction) away; without quotes the venue is asked. `stop_trigger` is
    the price that stops of perpetuals wait for. `on_request` hears of each request.
    `bulk` is a second client of the same account for what may take long. `VenueUnavailable` when the markets
    cannot be read, `ConfigError` for a venue without such accounts.
    """
    make = _ACCOUNTS.get((client.id, kind))
    if make is None:
        there = ", ".join(f"{venue} {kind.value}" for venue, kind in _ACCOUNTS)
        raise ConfigError(f"no orders can be sent to {client.id} {kind.value}: choose from {there}")
    if on_request is not None:
        for one in [client] if bulk is None else [client, bulk]:
            tell_requests(one, clock, on_request)
    calls = Calls(client, clock, bulk)
    await calls.learn(calls.load_markets)
    desk = Desk(calls, Listing(client, kind, instruments), clock, quotes, slippage_cap, stop_trigger)
    if client.id == "bitget" and client.options.get("uta"):
        return BitgetUnified(desk, kind)
    return make(desk)
