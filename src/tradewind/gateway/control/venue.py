"""Commands about the venue: clocks, listings, candles, maintenance, ledger."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_type_hints

from tradewind.exchange import Filters, Status
from tradewind.exchange.codec import encode
from tradewind.exchange.ledger import FillRow, OrderRow, Row, TransferRow
from tradewind.gateway.control.commands import Act, Commands
from tradewind.gateway.control.desk import ControlDesk, venue_of
from tradewind.gateway.faults.reading import REQUIRED, Values
from tradewind.market import ConfigError

commands = Commands()
MOST_ROWS = 10_000
_KINDS: dict[str, type[Row]] = {"order": OrderRow, "fill": FillRow, "transfer": TransferRow}
_FILTERS = get_type_hints(Filters)


@commands.on("GET", "state")
def state(_values: Values) -> Act:
    """Market time, wire time (as told to clients), speed, skew, venues in maintenance, active faults."""
    return _state


def _state(desk: ControlDesk) -> Any:
    houses = desk.houses
    return {
        "market_ms": desk.clock.now_ms(),
        "wire_ms": next(iter(houses.values())).wire.now_ms(),
        "skew_ms": next(iter(houses.values())).wire.skew_ms,
        "speed": desk.clock.speed,
        "venues": list(houses),
        "maintenance": sorted(desk.faults.maintenance),
        "faults": len(desk.faults.rules),
        "lines": len(desk.faults.lines),
        "ledger_rows": {name: len(house.exchange.ledger) for name, house in houses.items()},
    }


@commands.on("POST", "clock")
def clock(values: Values) -> Act:
    """One of speed (0 stands), step_ms, step_to_ms (market time); or skew_ms of wire time as clients see it."""
    speed = values.number("speed", 0, 0, 1e6) if values.has("speed") else None
    step = values.whole("step_ms") if values.has("step_ms") else None
    to = values.whole("step_to_ms") if values.has("step_to_ms") else None
    skew = values.whole("skew_ms", 0, -(10**12), 10**12) if values.has("skew_ms") else None
    values.done()
    if sum(v is not None for v in (speed, step, to, skew)) != 1:
        raise ConfigError("clock takes one of speed, step_ms, step_to_ms and skew_ms")

    def act(desk: ControlDesk) -> Any:
        if speed is not None:
            desk.clock.set_speed(speed)
        if step is not None:
            desk.clock.step(step)
        if to is not None:
            desk.clock.step_to(to)
        if skew is not None:
            for house in desk.houses.values():
                house.wire.skew_ms = skew
        desk.beat()
        return _state(desk)

    return act


@commands.on("GET", "listings")
def listings(values: Values) -> Act:
    """All markets with filters, fees, tiers and status."""
    venue = venue_of(values)
    return lambda desk: {
        "listings": [
            {"venue": h.venue} | encode(listing) for h in desk.some(venue) for listing in h.exchange.listings
        ]
    }


@commands.on("POST", "listings/change")
def change_listing(values: Values) -> Act:
    """From the next request on: symbol, filters (any of them), status, maker_fee, taker_fee."""
    venue, symbol = venue_of(values), values.text("symbol")
    changes: dict[str, Any] = {}
    filters = _filters(values.part("filters")) if values.has("filters") else {}
    if values.has("status"):
        changes["status"] = values.choice("status", Status)
    for fee in ("maker_fee", "taker_fee"):
        if values.has(fee):
            changes[fee] = values.amount(fee)
            if abs(changes[fee]) >= 1:
                raise ConfigError(f"{fee} is {changes[fee]}, expected a fraction below 1")

    def act(desk: ControlDesk) -> Any:
        exchange = desk.house(venue).exchange
        whole = replace(exchange.listings[symbol].filters, **filters)
        return encode(exchange.control.change_listing(symbol, filters=whole, **changes))

    return act


def _filters(values: Values) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, kind in _FILTERS.items():
        if not values.has(name):
            continue
        if kind is bool:
            changes[name] = values.flag(name)
        elif kind is int:
            changes[name] = values.whole(name)
        else:
            changes[name] = values.amount(name)
            if changes[name] < 0:
                raise ConfigError(f"filter {name} is {changes[name]}, expected 0 or more")
    values.done()
    return changes


@commands.on("POST", "listings/halt")
def halt(values: Values) -> Act:
    """No orders any more: symbol."""
    venue, symbol = venue_of(values), values.text("symbol")
    return lambda desk: desk.house(venue).exchange.control.halt(symbol)


@commands.on("POST", "listings/resume")
def resume(values: Values) -> Act:
    """Orders again: symbol."""
    venue, symbol = venue_of(values), values.text("symbol")
    return lambda desk: desk.house(venue).exchange.control.resume(symbol)


@commands.on("POST", "listings/delist")
def delist(values: Values) -> Act:
    """Orders are cancelled, positions closed, the market is gone: symbol."""
    venue, symbol = venue_of(values), values.text("symbol")
    return lambda desk: desk.house(venue).exchange.control.delist(symbol)


@commands.on("POST", "listings/thin")
def thin(values: Values) -> Act:
    """The book holds less, or more: symbol, factor (0 leaves one lot a level, 1 is usual)."""
    venue, symbol = venue_of(values), values.text("symbol")
    factor = values.number("factor", REQUIRED, 0, 1000)
    return lambda desk: desk.house(venue).exchange.control.thin_book(symbol, factor)


@commands.on("POST", "listings/funding")
def funding(values: Values) -> Act:
    """Another rate at the next funding: symbol, rate (a fraction; positive: longs pay)."""
    venue, symbol, rate = venue_of(values), values.text("symbol"), values.amount("rate")
    if abs(rate) > 1:
        raise ConfigError(f"rate is {rate}, expected a fraction from -1 to 1")

    def act(desk: ControlDesk) -> Any:
        at = desk.house(venue).exchange.control.set_next_funding(symbol, rate)
        return {"symbol": symbol, "funding_ms": at}

    return act


@commands.on("POST", "candles/revise")
def revise(values: Values) -> Act:
    """Correct a candle of the data: symbol, open_ms (or bars_back: 0 the forming one, 1 the last closed), then any
    of open, high, low, close, volume; text such as x1.01 multiplies."""
    venue, symbol = venue_of(values), values.text("symbol")
    at = values.whole("open_ms") if values.has("open_ms") else None
    back = values.whole("bars_back", 1)
    names = ("open", "high", "low", "close", "volume")
    revised = [_revision(values, name) for name in names]

    def act(desk: ControlDesk) -> Any:
        exchange = desk.house(venue).exchange
        exchange.listings[symbol]
        feed = exchange.tape.desks[symbol].feed
        row = feed.row_at(at) if at is not None else feed.row_at(exchange.now_ms) - back
        if not 0 <= row < len(feed):
            raise ConfigError(f"{symbol} has no such bar: give an open_ms within the data")
        now = [float(column[0]) for column in feed.columns(row, row + 1)]
        wanted = tuple(change(value) for change, value in zip(revised, now, strict=True))
        open_ms = int(feed.open_time[row])
        exchange.tape.revise_candle(symbol, open_ms, wanted)  # type: ignore[arg-type]
        return {"symbol": symbol, "open_ms": open_ms} | dict(zip(names, wanted, strict=True))

    return act


def _revision(values: Values, name: str) -> Callable[[float], float]:
    """What becomes of a price or volume."""
    if not values.has(name):
        return lambda value: value
    wanted = values.any(name)
    if not isinstance(wanted, str):
        fixed = Values({name: wanted}, "candles/revise").number(name)
        return lambda _value: fixed
    try:
        factor = float(wanted.removeprefix("x")) if wanted[:1] == "x" else math.nan
    except ValueError:
        factor = math.nan
    if not math.isfinite(factor):
        raise ConfigError(f"{name} is {wanted!r:.80}, expected a number, or such as x1.01")
    return lambda value: value * factor


@commands.on("POST", "maintenance")
def maintenance(values: Values) -> Act:
    """The venue (or all) refuses everything and ends its lines: on."""
    venue, on = venue_of(values), values.flag("on")

    def act(desk: ControlDesk) -> Any:
        for house in desk.some(venue):
            desk.faults.set_maintenance(house.venue, on)
        return {"maintenance": sorted(desk.faults.maintenance)}

    return act


@commands.on("GET", "snapshot")
def snapshot(values: Values) -> Act:
    """The whole state of a venue, to be kept by the caller as bytes of JSON."""
    venue = venue_of(values)
    return lambda desk: desk.house(venue).exchange.snapshot()


@commands.on("POST", "snapshot/save")
def save_snapshot(_values: Values) -> Act:
    """Write the state of all venues to the file of --snapshot, now and whole."""

    def act(desk: ControlDesk) -> None:
        if desk.keep is None:
            raise ConfigError("this exchange has no snapshot file: start it with --snapshot FILE")
        desk.keep()

    return act


@commands.on("GET", "ledger", lines=True)
def ledger(values: Values) -> Act:
    """Rows with a seq above since, oldest first, one JSON object a line: kind (order, fill, transfer), account,
    symbol, limit (1,000 unless told, at most 10,000)."""
    venue, account, symbol = venue_of(values), values.text("account", ""), values.text("symbol", "")
    since, limit = values.whole("since", 0), values.whole("limit", 1000, 1, MOST_ROWS)
    kind = values.text("kind", "")
    if kind and kind not in _KINDS:
        raise ConfigError(f"kind is {kind!r}, expected one of {', '.join(_KINDS)}")

    def act(desk: ControlDesk) -> Iterator[dict[str, Any]]:
        rows = desk.house(venue, account).exchange.ledger.rows(since)
        return _rows(rows, kind, account, symbol, limit)

    return act


def _rows(rows: Iterator[Row], kind: str, account: str, symbol: str, limit: int) -> Iterator[dict[str, Any]]:
    for row in rows:
        name = next(name for name, kept in _KINDS.items() if isinstance(row, kept))
        fits = kind in ("", name) and account in ("", row.account) and symbol in ("", row.symbol)
        if fits:
            yield {"kind": name} | {k: _plain(v) for k, v in row._asdict().items()}
            limit -= 1
            if not limit:
                return


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


@commands.on("GET", "books")
def books(values: Values) -> Act:
    """What the ledger sums to (balances and positions of every owner), and whether that is what they hold."""
    venue = venue_of(values)

    def act(desk: ControlDesk) -> Any:
        exchange = desk.house(venue).exchange
        summed = exchange.ledger.books()
        return {
            "balances": [
                {"owner": owner, "wallet": wallet, "asset": asset, "amount": str(amount)}
                for (owner, wallet, asset), amount in summed.balances.items()
            ],
            "positions": [
                {"account": account, "symbol": symbol, "side": side, "quantity": str(quantity)}
                for (account, symbol, side), quantity in summed.positions.items()
            ],
            "consistent": summed.balances == exchange.treasury.holdings(),
        }

    return act
