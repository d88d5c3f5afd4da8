"""What a local exchange says of itself once it answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.text import Text

from tradewind.gateway.compose import LocalExchange, Opening
from tradewind.gateway.control import PREFIX


def facts(exchange: LocalExchange) -> dict[str, Any]:
    """For machines: where it is, and with which keys."""
    return {
        "url": exchange.url,
        "control": f"{exchange.url}/{PREFIX}/",
        "port": exchange.port,
        "tls_port": exchange.tls_port,
        "certificate": str(exchange.authority.certificate) if exchange.authority else None,
        "market_ms": exchange.clock.now_ms(),
        "speed": exchange.clock.speed,
        "symbols": [listing.symbol for listing in exchange.houses[0].exchange.listings],
        "accounts": [
            {
                "name": one.name,
                "key": one.key,
                "secret": one.secret,
                "passphrase": one.passphrase,
                "unified": one.unified,
            }
            for one in exchange.accounts
        ],
    }


def lines(exchange: LocalExchange, told: str) -> list[Text]:
    """For people: addresses, keys, and how a bot finds it."""
    return [
        Text.assemble(("Tradewind exchange", "bold"), f": {told}"),
        Text(f"  market time  {_time(exchange)}"),
        Text(f"  plain        {exchange.url}   ws{exchange.url.removeprefix('http')}"),
        *_tls(exchange),
        Text(f"  control      {exchange.url}/{PREFIX}/   clock, faults, accounts, ledger"),
        *(_account(one) for one in exchange.accounts),
        Text(""),
        *_pointing(exchange),
        Text("Ready. Ctrl+C stops it.", "bold"),
    ]


def _pointing(exchange: LocalExchange) -> list[Text]:
    if not exchange.accounts:  # a snapshot in which every key was revoked
        return []
    return [
        Text("Point a bot at it (Binance and Bitget share the address and the keys):", "bold"),
        *(Text(f"    {line}") for line in bot(exchange)),
        Text(""),
    ]


def bot(exchange: LocalExchange) -> list[str]:
    """Five lines that point plain ccxt here, and one that trades."""
    one = exchange.accounts[0]
    symbol = next(iter(exchange.houses[0].exchange.listings)).symbol
    return [
        "import ccxt",
        f'bot = ccxt.binance({{"apiKey": "{one.key}", "secret": "{one.secret}"}})',
        'bot.options["fetchMarkets"] = {"types": ["spot", "linear"]}',
        f'here = "{exchange.url}/"',
        'bot.urls["api"] = {k: here + u.split("/", 3)[3] for k, u in bot.urls["api"].items() if "://" in u}',
        f'print(bot.create_order("{symbol}", "market", "buy", {_about_hundred(exchange, symbol)}))',
    ]


def _about_hundred(exchange: LocalExchange, symbol: str) -> str:
    """A round quantity that is worth some hundred of the quote currency."""
    venue = exchange.houses[0].exchange
    quantity = float(f"{100 / float(venue.tape.last(symbol)):.0e}")
    step = venue.listings[symbol].filters.step
    return f"{max(step, Decimal(repr(quantity)).quantize(step)).normalize():f}"


def _time(exchange: LocalExchange) -> str:
    from tradewind.data.timestamps import utc_text

    clock, tape = exchange.clock, exchange.houses[0].exchange.tape
    now = clock.now_ms()
    if not clock.speed:
        return f"{utc_text(now)} UTC, stands until it is stepped; candles until {utc_text(tape.end_ms)}"
    left = (tape.end_ms - now) / clock.speed / 3_600_000
    lasts = f"{left / 24:.0f} days" if left >= 48 else f"{left:.1f} hours"
    return f"{utc_text(now)} UTC, runs at x{clock.speed:g}; the market ends in {lasts} from now"


def _tls(exchange: LocalExchange) -> list[Text]:
    if exchange.authority is None:
        return []
    where = f"https://{exchange.host}:{exchange.tls_port}"
    return [Text(f"  with TLS     {where}   by the exchanges' names, trust {exchange.authority.certificate}")]


def _account(one: Opening) -> Text:
    held = f"{_amounts(one.spot)} in each wallet"
    if one.spot != one.futures:
        held = f"spot {_amounts(one.spot)}; futures {_amounts(one.futures)}"
    return Text.assemble(
        f"  account      {one.name}: key ",
        (one.key, "bold"),
        "  secret ",
        (one.secret, "bold"),
        "  passphrase ",
        (one.passphrase, "bold"),
        f"  ({held}{', unified at Bitget' if one.unified else ''})",
    )


def _amounts(held: dict[str, Decimal]) -> str:
    return ", ".join(f"{amount.normalize():,f} {asset}" for asset, amount in held.items()) or "nothing"
