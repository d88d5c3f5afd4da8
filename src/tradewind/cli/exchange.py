"""`tradewind exchange`: a local exchange that speaks Binance and Bitget, until it is stopped."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Bars, Home, writable
from tradewind.cli.crash_test import crash_test_command
from tradewind.cli.tables import say, stderr, stdout
from tradewind.market import ConfigError, Kind

if TYPE_CHECKING:
    from tradewind.gateway.compose import LocalExchange, Opening
    from tradewind.gateway.scenario import Scenario, ScenarioRun

PORT, TLS_PORT = 8800, 8843
DEFAULT_BALANCE = Decimal(100_000)
exchange_app = typer.Typer(invoke_without_command=True)
exchange_app.command("crash-test")(crash_test_command)
_NAME = re.compile(r"^[A-Za-z0-9_-]{1,32}$")
_MOST = Decimal(10) ** 12


class Listed(StrEnum):
    """As what coins are listed."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    BOTH = "both"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(Kind) if self is Listed.BOTH else (Kind(self.value),)


@exchange_app.callback()
def exchange_command(
    context: typer.Context,
    coin: Annotated[
        list[str] | None, typer.Option("--coin", help="A synthetic coin; repeat it [BTC, ETH, SOL].")
    ] = None,
    world: Annotated[
        str | None, typer.Option(help="List a synthetic world, W0 to W9 or demo, in the coins' place.")
    ] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="List stored candles in the coins' place.")
    ] = False,
    venue: Annotated[str | None, typer.Option(help="Of the stored candles.")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", "-s", help="Of the store or the world; repeat it [all].")
    ] = None,
    timeframe: Bars = None,
    bars: Annotated[int, typer.Option(min=100, max=5_000_000, help="How many bars a world has.")] = 20_000,
    kind: Annotated[
        Listed | None, typer.Option(help="List every coin as that [both; the store: as it is stored].")
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Of market time: 1, 10, 600; 0 stands until it is stepped.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same market.")] = 0,
    start: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Market time to start at [coins: now; else: half way]."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP and WebSocket; 0: any.")] = PORT,
    tls_port: Annotated[int, typer.Option(min=0, max=65535, help="The same with TLS; 0: any.")] = TLS_PORT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=COINS", help="me=5000 or me=USDT:5000,BTC:2, in both wallets; repeat it."),
    ] = None,
    unified: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An account that is a unified one at Bitget; repeat it."),
    ] = None,
    limits: Annotated[
        float | None, typer.Option(min=0, help="Scale of the rate limits [that of the clock]; 0: none.")
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Go on from this file where it exists; write it at the end.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Faults: a row such as O1, or a TOML file of timed steps.")
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Run an exchange on this machine that speaks Binance and Bitget. Ctrl+C stops it."""
    if context.invoked_subcommand is not None:
        return
    from tradewind.cli.exchange_markets import coins_source, store_source, world_source
    from tradewind.gateway.compose import LOOPBACK, Settings

    faults = None if scenario is None else _scenario(scenario)
    _refuse_mixed(coin, world, from_store, venue, symbol, timeframe)
    began = _began(snapshot)
    _refuse_host(host)
    named = account or (["demo"] if began is None else [])
    openings = _openings(named, unified or (), open_to_others=host not in LOOPBACK)
    if world is not None:
        source = world_source(world, symbol, timeframe, bars, seed, start, (kind or Listed.BOTH).kinds)
    elif from_store:
        source = store_source(home, venue, symbol, timeframe, start, kind.kinds if kind else None)
    else:
        source = coins_source(coin, seed, start, speed, (kind or Listed.BOTH).kinds, began)
    if start is not None and began not in (None, source.start_ms):
        raise ConfigError(
            f"{snapshot} began at another time than --start {start}: leave it out, or name a new file"
        )
    settings = Settings(
        markets=source.markets,
        start_ms=source.start_ms if began is None else began,
        speed=speed,
        seed=seed,
        accounts=openings,
        host=host,
        port=port,
        tls_port=tls_port,
        limits=limits,
        snapshot=snapshot,
    )
    if host not in LOOPBACK:
        say(
            stderr(),
            f"warning: listening on {host}, where other machines may reach it: play money only, and whoever has "
            "the keys below may use them",
            "yellow",
        )
    asyncio.run(_serve(settings, source.told, as_json, faults))


def _scenario(name: str) -> Scenario:
    from tradewind.gateway.scenario import Scenario

    return Scenario.named(name)


async def _serve(settings: Any, told: str, as_json: bool, scenario: Scenario | None) -> None:
    from tradewind.gateway.compose import open_exchange

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with await open_exchange(settings) as exchange:
        _tell(exchange, told, as_json)
        async with AsyncExitStack() as stack:
            if scenario is not None:
                for venue in exchange.houses:
                    await stack.enter_async_context(_under_way(exchange, scenario, venue.venue))
            await stopped.wait()
    if not as_json:
        kept = f"; its state is in {settings.snapshot}" if settings.snapshot else ""
        say(stdout(), f"Stopped{kept}.")


def _under_way(exchange: LocalExchange, scenario: Scenario, venue: str) -> ScenarioRun:
    """The scenario at one venue, for the first account and the first market."""
    from tradewind.gateway.scenario import ScenarioRun

    listing = next(iter(exchange.house(venue).exchange.listings))
    account = next(iter(exchange.house(venue).exchange.treasury.accounts), "")
    names = {"venue": venue, "account": account, "symbol": listing.symbol}
    return ScenarioRun(scenario, exchange.control, names)


def _tell(exchange: LocalExchange, told: str, as_json: bool) -> None:
    """The addresses, the keys, and how a bot finds it; flushed, so that whoever waits for it can go on."""
    from tradewind.cli.exchange_told import facts, lines

    if as_json:
        import orjson

        typer.echo(orjson.dumps(facts(exchange)).decode())
    else:
        console = stdout()
        for line in lines(exchange, told):
            console.print(line, soft_wrap=True)
    stdout().file.flush()


def _began(snapshot: Path | None) -> int | None:
    if snapshot is None:
        return None
    from tradewind.gateway.snapshots import start_of

    if snapshot.is_dir():
        raise ConfigError(f"{snapshot} is a folder, expected a file for the snapshot: name one in it")
    writable(snapshot.parent)
    return start_of(snapshot)


def _refuse_mixed(
    coin: Sequence[str] | None,
    world: str | None,
    from_store: bool,
    venue: str | None,
    symbol: Sequence[str] | None,
    timeframe: str | None,
) -> None:
    named = [
        name for name, given in (("--coin", coin), ("--world", world), ("--from-store", from_store)) if given
    ]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)} name different markets: choose one")
    if venue and not from_store:
        raise ConfigError("--venue chooses among stored candles: add --from-store")
    if not from_store and not world:
        for option, given in (("--symbol", symbol), ("--timeframe", timeframe)):
            if given:
                raise ConfigError(
                    f"{option} goes with --from-store or --world; synthetic coins have minute candles and are "
                    "named with --coin"
                )


def _refuse_host(host: str) -> None:
    if not host.strip():
        raise ConfigError(
            "--host is empty: name an address such as 127.0.0.1, or 0.0.0.0 for all of this machine"
        )


def _openings(texts: Sequence[str], unified: Sequence[str], open_to_others: bool) -> list[Opening]:
    """Accounts as a person wrote them. Keys are easy to type on loopback, and random elsewhere."""
    from tradewind.gateway.compose import Opening

    found: list[Opening] = []
    for text in texts:
        name, _, balances = text.partition("=")
        if not _NAME.match(name):
            raise ConfigError(f"--account {text}: {name!r} is no name, use letters, digits, - and _")
        if name in {one.name for one in found}:
            raise ConfigError(f"--account {name} is named twice: name each once")
        held = _balances(text, balances)
        made = Opening.secret_of(name, held) if open_to_others else Opening.local(name, held)
        found.append(replace(made, unified=name in unified))
    for name in unified:
        if name not in {one.name for one in found}:
            raise ConfigError(
                f"--unified {name} is no account that is opened here: name it with --account too"
            )
    return found


def _balances(text: str, written: str) -> dict[str, Decimal]:
    if not written:
        if "=" in text:
            raise ConfigError(f"--account {text}: nothing after the =, write {text}10000 or {text}USDT:10000")
        return {"USDT": DEFAULT_BALANCE}
    held: dict[str, Decimal] = {}
    for part in written.split(","):
        asset, colon, amount = part.rpartition(":")
        asset = asset.strip().upper() if colon else "USDT"
        try:
            number = Decimal(amount.strip())
        except InvalidOperation:
            number = Decimal(0)
        if not asset or not (number.is_finite() and 0 < number <= _MOST):
            raise ConfigError(
                f"--account {text}: {part!r} is no balance, write 10000 (of USDT) or BTC:2, up to 1e12"
            )
        held[asset] = held.get(asset, Decimal(0)) + number
    return held
