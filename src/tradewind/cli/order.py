"""`tradewind order`: trade for a run by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Config, Home, Overrides

order_app = typer.Typer(no_args_is_help=True, help="Trade for a run by hand: an order, or the end of one.")

Symbol = Annotated[str, typer.Argument(help="One of the run, such as BTC/USDT:USDT.")]
Quantity = Annotated[str, typer.Argument(help="In units of the base coin, such as 0.05.")]
Name = Annotated[str, typer.Argument(help="The run.")]
Limit = Annotated[str | None, typer.Option("--limit", metavar="PRICE", help="Rest at this price or better.")]
Stop = Annotated[
    str | None,
    typer.Option("--stop", metavar="PRICE", help="Close at the market once the price has come here."),
]


@order_app.command("buy")
def buy_command(
    symbol: Symbol,
    quantity: Quantity,
    name: Name,
    limit: Limit = None,
    stop: Stop = None,
    config: Config = None,
    overrides: Overrides = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Buy for a run, under its risk. Exit code 0: filled or working, 1: look at it, 4: denied or rejected.

    The run does it while it is at work; else this command does, with the settings that are given.
    """
    _trade(symbol, quantity, 1, name, limit, stop, config, overrides, home, as_json)


@order_app.command("sell")
def sell_command(
    symbol: Symbol,
    quantity: Quantity,
    name: Name,
    limit: Limit = None,
    stop: Stop = None,
    config: Config = None,
    overrides: Overrides = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Sell for a run, under its risk: closes a long position, opens or adds to a short one. Exit codes as for buy."""
    _trade(symbol, quantity, -1, name, limit, stop, config, overrides, home, as_json)


@order_app.command("cancel")
def cancel_command(
    order: Annotated[
        str, typer.Argument(metavar="ID", help="Of the order, as `order` or `status --json` told it.")
    ],
    name: Name,
    config: Config = None,
    overrides: Overrides = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Cancel a working order of a run; not its own stop, which it would place again."""
    from tradewind.cli.live.ordering import Asking, cancel

    cancel(order, Asking(name, home, config, tuple(overrides or ()), as_json))


def _trade(
    symbol: str,
    quantity: str,
    sign: int,
    name: str,
    limit: str | None,
    stop: str | None,
    config: Config,
    overrides: Overrides,
    home: Home,
    as_json: bool,
) -> None:
    from tradewind.cli.live.ordering import Asking, number, order

    asking = Asking(name, home, config, tuple(overrides or ()), as_json)
    prices = [None if price is None else number("price", price) for price in (limit, stop)]
    order(symbol, sign * number("quantity", quantity), prices[0], prices[1], asking)
