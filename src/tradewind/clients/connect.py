"""A ready ccxt client for a venue: live, its testnet, its demo trading, or the local exchange. One code for all."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from tradewind.clients.addresses import send_to
from tradewind.clients.keys import Keys
from tradewind.clients.loopback import Loopback
from tradewind.clients.making import make_client, market_types
from tradewind.clients.market_time import live_in_market_time
from tradewind.market import Clock, ConfigError, Kind, WallClock


class Environment(StrEnum):
    """Where orders go."""

    LIVE = "live"
    TESTNET = "testnet"
    DEMO = "demo"
    LOCAL = "local"


VENUES = ("binance", "binanceusdm", "bitget")
TESTNETS = ("binance",)  # spot only: Binance's futures and Bitget have demo trading instead


def connect(
    venue: str,
    environment: Environment | str,
    *,
    keys: Keys | None = None,
    at: str | Loopback | None = None,
    kinds: Sequence[Kind | str] | None = None,
    unified: bool = False,
    streams: bool = True,
    market_time: Clock | None = None,
    wire_time: Clock | None = None,
) -> Any:
    """A ccxt client (ccxt.pro with `streams`) of spot and perpetuals, or of `kinds` alone; the caller closes it.

    `at` is for the local exchange: its address (http://127.0.0.1:8800) goes into all URLs; a `Loopback` leaves
    the client as it is for that environment and leads the real names here. `LOCAL` at a `Loopback` is a live
    client in all but the place it reaches. `unified` says that a Bitget account is a unified one.

    With `market_time` the client's `milliseconds` are those of the local exchange's candles, while what signs
    requests stays with `wire_time` (the wall).

    Requests wait only when the venue's budget of a whole window is used up. Nothing is sent twice on its own.
    `ConfigError` for what does not exist: a venue without that environment, `at` where none belongs.
    """
    place = _environment(environment)
    wanted = None if kinds is None else [_kind(kind) for kind in kinds]
    _refuse_unknown(venue, place, at, wanted)
    client = make_client(venue, _module(streams), _options(venue, place, wanted, unified), **_config(keys))
    if place is Environment.TESTNET:
        client.set_sandbox_mode(True)
    elif place is Environment.DEMO:
        client.enable_demo_trading(True)
    if isinstance(at, Loopback):
        _reach(client, at)
    elif at is not None:
        send_to(client, at)
    if market_time is not None:
        live_in_market_time(client, market_time, wire_time or WallClock())
    return client


def _kind(text: Kind | str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise ConfigError(f"there is no kind {str(text)!r} of markets: choose spot or perpetual") from None


def _environment(text: Environment | str) -> Environment:
    try:
        return Environment(text)
    except ValueError:
        raise ConfigError(
            f"there is no environment {str(text)!r}: choose from {', '.join(e.value for e in Environment)}"
        ) from None


def _refuse_unknown(
    venue: str, place: Environment, at: str | Loopback | None, kinds: Sequence[Kind] | None
) -> None:
    if venue not in VENUES:
        raise ConfigError(f"no orders can be sent to {venue!r}: choose from {', '.join(VENUES)}")
    if place is Environment.TESTNET and venue not in TESTNETS:
        raise ConfigError(f"{venue} has no testnet that ccxt still reaches: choose demo")
    offered = _offered(venue, place)
    for kind in kinds or ():
        if kind not in offered:
            there = " and ".join(one.value for one in offered)
            raise ConfigError(f"{venue} {place} has no {kind.value} markets that ccxt reaches, only {there}")
    if place is Environment.LOCAL and at is None:
        raise ConfigError("where is the local exchange? Say at='http://127.0.0.1:8800', as it printed itself")
    if place is not Environment.LOCAL and isinstance(at, str):
        raise ConfigError(f"{at} is another address than that of {place}: choose local to go there")


def _module(streams: bool) -> Any:
    if streams:
        import ccxt.pro

        return ccxt.pro
    import ccxt.async_support

    return ccxt.async_support


def _config(keys: Keys | None) -> dict[str, Any]:
    # The rolling window: ccxt's default bucket refills only while someone waits, and holds up orders.
    config: dict[str, Any] = {"rateLimiterAlgorithm": "rollingWindow"}
    if keys is not None:
        config |= {"apiKey": keys.key, "secret": keys.secret, "password": keys.passphrase}
    return config


def _offered(venue: str, place: Environment) -> tuple[Kind, ...]:
    if place is Environment.TESTNET:
        return (Kind.SPOT,)
    return (Kind.PERPETUAL,) if venue == "binanceusdm" else tuple(Kind)


def _options(venue: str, place: Environment, kinds: Sequence[Kind] | None, unified: bool) -> dict[str, Any]:
    options: dict[str, Any] = {
        "adjustForTimeDifference": True,
        "maxRetriesOnFailure": 0,  # ccxt would send an order again
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    }
    if venue == "bitget":
        options["uta"] = unified  # not pinned, ccxt takes any answer of one endpoint for a unified account
    loaded = tuple(kinds or _offered(venue, place))
    options["fetchMarkets"] = {"types": market_types(venue, loaded)}
    if loaded == (Kind.PERPETUAL,) and venue != "binanceusdm":
        options["defaultType"] = "swap"  # so balances and orders without a symbol are of futures
    return options


def _reach(client: Any, to: Loopback) -> None:
    import aiohttp

    session = aiohttp.ClientSession(connector=to.connector())
    client.session, client.own_session = session, False
    close = client.close

    async def close_with_session(clean_instance_data: bool = False) -> None:
        await close(clean_instance_data)
        await session.close()

    client.close = close_with_session
