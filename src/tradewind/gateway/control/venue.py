"""Commands about the venue: clocks, listings, candles, maintenance, ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from tradewind.exchange import Filters, Listing, Status
from tradewind.exchange.codec import encode
from tradewind.exchange.ledger import FillRow, OrderRow, Row, TransferRow
from tradewind.gateway.control.commands import Commands
from tradewind.gateway.control.desk import ControlDesk
from tradewind.gateway.faults.reading import REQUIRED, Values
from tradewind.market import ConfigError

commands = Commands()
MOST_ROWS = 10_000
_KINDS: dict[str, type[Row]] = {"order": OrderRow, "fill": FillRow, "transfer": TransferRow}


@commands.on("GET", "state")
def state(desk: ControlDesk, values: Values) -> Any:
    """Market time, wire time (as told to clients), speed, skew, venues in maintenance, active faults."""
    values.done()
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
def clock(desk: ControlDesk, values: Values) -> Any:
    """One of speed (0 stands), step_ms, step_to_ms (market time); or skew_ms of wire time as clients see it."""
    speed = values.number("speed", 0, 0, 1e6) if values.has("speed") else None
    step = values.whole("step_ms") if values.has("step_ms") else None
    to = values.whole("step_to_ms") if values.has("step_to_ms") else None
    skew = values.whole("skew_ms", 0, -(10**12), 10**12) if values.has("skew_ms") else None
    values.done()
    if sum(v is not None for v in (speed, step, to, skew)) != 1:
        raise ConfigError("clock takes one of speed, step_ms, step_to_ms and skew_ms")
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
    return state(desk, Values({}, "state"))


@commands.on("GET", "listings")
def listings(desk: ControlDesk, values: Values) -> Any:
    """All markets with filters, fees, tiers and status."""
    houses = desk.some(values)
    values.done()
    return {
        "listings": [{"venue": h.venue} | encode(listing) for h in houses for listing in h.exchange.listings]
    }


@commands.on("POST", "listings/change")
def change_listing(desk: ControlDesk, values: Values) -> Any:
    """From the next request on: symbol, filters (any of them), status, maker_fee, taker_fee."""
    house, symbol = desk.house(values), values.text("symbol")
    listing = house.exchange.listings[symbol]
    changes: dict[str, Any] = {}
    if values.has("filters"):
        changes["filters"] = _filters(listing, values.part("filters"))
    if values.has("status"):
        changes["status"] = values.choice("status", Status)
    for fee in ("maker_fee", "taker_fee"):
        if values.has(fee):
            changes[fee] = values.amount(fee)
            if abs(changes[fee]) >= 1:
                raise ConfigError(f"{fee} is {changes[fee]}, expected a fraction below 1")
    values.done()
    return encode(house.exchange.control.change_listing(symbol, **changes))


def _filters(listing: Listing, values: Values) -> Filters:
    changes: dict[str, Any] = {}
    for field in fields(Filters):
        present = getattr(listing.filters, field.name)
        if not values.has(field.name):
            values.any(field.name, None)
        elif isinstance(present, bool):
            changes[field.name] = values.flag(field.name)
        elif isinstance(present, int):
            changes[field.name] = values.whole(field.name)
        else:
            changes[field.name] = values.amount(field.name)
            if changes[field.name] < 0:
                raise ConfigError(f"filter {field.name} is {changes[field.name]}, expected 0 or more")
    values.done()
    return replace(listing.filters, **changes)


@commands.on("POST", "listings/halt")
def halt(desk: ControlDesk, values: Values) -> Any:
    """No orders any more: symbol."""
    house, symbol = desk.house(values), values.text("symbol")
    values.done()
    house.exchange.control.halt(symbol)


@commands.on("POST", "listings/resume")
def resume(desk: ControlDesk, values: Values) -> Any:
    """Orders again: symbol."""
    house, symbol = desk.house(values), values.text("symbol")
    values.done()
    house.exchange.control.resume(symbol)


@commands.on("POST", "listings/delist")
def delist(desk: ControlDesk, values: Values) -> Any:
    """Orders are cancelled, positions closed, the market is gone: symbol."""
    house, symbol = desk.house(values), values.text("symbol")
    values.done()
    house.exchange.control.delist(symbol)


@commands.on("POST", "listings/thin")
def thin(desk: ControlDesk, values: Values) -> Any:
    """The book holds less, or more: symbol, factor (0 leaves one lot a level, 1 is usual)."""
    house, symbol = desk.house(values), values.text("symbol")
    factor = values.number("factor", REQUIRED, 0, 1000)
    values.done()
    house.exchange.control.thin_book(symbol, factor)


@commands.on("POST", "listings/funding")
def funding(desk: ControlDesk, values: Values) -> Any:
    """Another rate at the next funding: symbol, rate (a fraction; positive: longs pay)."""
    house, symbol, rate = desk.house(values), values.text("symbol"), values.amount("rate")
    values.done()
    if abs(rate) > 1:
        raise ConfigError(f"rate is {rate}, expected a fraction from -1 to 1")
    return {"symbol": symbol, "funding_ms": house.exchange.control.set_next_funding(symbol, rate)}


@commands.on("POST", "candles/revise")
def revise(desk: ControlDesk, values: Values) -> Any:
    """Correct a candle of the data: symbol, open_ms (or bars_back: 0 the forming one, 1 the last closed), then any
    of open, high, low, close, volume; text such as x1.01 multiplies."""
    house, symbol = desk.house(values), values.text("symbol")
    house.exchange.listings[symbol]
    feed = house.exchange.tape.desks[symbol].feed
    if values.has("open_ms"):
        row = feed.row_at(values.whole("open_ms"))
        values.any("bars_back", None)
    else:
        values.any("open_ms", None)
        row = feed.row_at(house.exchange.now_ms) - values.whole("bars_back", 1, 0)
    if not 0 <= row < len(feed):
        raise ConfigError(f"{symbol} has no such bar: give an open_ms within the data")
    now = [float(column[0]) for column in feed.columns(row, row + 1)]
    names = ("open", "high", "low", "close", "volume")
    wanted = tuple(_revised(values, name, value) for name, value in zip(names, now, strict=True))
    values.done()
    open_ms = int(feed.open_time[row])
    house.exchange.tape.revise_candle(symbol, open_ms, wanted)  # type: ignore[arg-type]
    return {"symbol": symbol, "open_ms": open_ms} | dict(zip(names, wanted, strict=True))


def _revised(values: Values, name: str, value: float) -> float:
    wanted = values.any(name, value)
    if isinstance(wanted, str) and wanted[:1] == "x":
        try:
            return value * float(wanted[1:])
        except ValueError:
            raise ConfigError(f"{name} is {wanted!r}, expected a number, or such as x1.01") from None
    return Values({name: wanted}, "candles/revise").number(name)


@commands.on("POST", "maintenance")
def maintenance(desk: ControlDesk, values: Values) -> Any:
    """The venue (or all) refuses everything and ends its lines: on."""
    houses, on = desk.some(values), values.flag("on")
    values.done()
    for house in houses:
        desk.faults.set_maintenance(house.venue, on)
    return {"maintenance": sorted(desk.faults.maintenance)}


@commands.on("GET", "snapshot")
def snapshot(desk: ControlDesk, values: Values) -> Any:
    """The whole state of a venue, to be kept by the caller as bytes of JSON."""
    house = desk.house(values)
    values.done()
    return house.exchange.snapshot()


@commands.on("POST", "snapshot/save")
def save_snapshot(desk: ControlDesk, values: Values) -> Any:
    """Write the state of all venues to the file of --snapshot, now and whole."""
    values.done()
    if desk.keep is None:
        raise ConfigError("this exchange has no snapshot file: start it with --snapshot FILE")
    desk.keep()


@commands.on("GET", "ledger", lines=True)
def ledger(desk: ControlDesk, values: Values) -> Any:
    """Rows with a seq above since, oldest first, one JSON object a line: kind (order, fill, transfer), account,
    symbol, limit (1,000 unless told, at most 10,000)."""
    account, symbol = values.text("account", ""), values.text("symbol", "")
    house = desk.house(values, account)
    since, limit = values.whole("since", 0), values.whole("limit", 1000, 1, MOST_ROWS)
    kind = values.text("kind", "")
    if kind and kind not in _KINDS:
        raise ConfigError(f"kind is {kind!r}, expected one of {', '.join(_KINDS)}")
    values.done()
    return _rows(house.exchange.ledger.rows(since), kind, account, symbol, limit)


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
def books(desk: ControlDesk, values: Values) -> Any:
    """What the ledger sums to (balances and positions of every owner), and whether that is what they hold."""
    house = desk.house(values)
    values.done()
    summed = house.exchange.ledger.books()
    return {
        "balances": [
            {"owner": owner, "wallet": wallet, "asset": asset, "amount": str(amount)}
            for (owner, wallet, asset), amount in summed.balances.items()
        ],
        "positions": [
            {"account": account, "symbol": symbol, "side": side, "quantity": str(quantity)}
            for (account, symbol, side), quantity in summed.positions.items()
        ],
        "consistent": summed.balances == house.exchange.treasury.holdings(),
    }
