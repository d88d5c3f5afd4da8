"""Small markets whose numbers can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from tradewind.exchange import DepthShape, Exchange, OrderRequest, OrderType
from tradewind.market import Instrument, Kind, ManualClock, Market, Side, Timeframe

D = Decimal
START = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE = 60_000
SPOT, PERP, OTHER = "BTC/USDT", "BTC/USDT:USDT", "ETH/USDT:USDT"

Bars = Sequence[tuple[float, float, float, float, float]]


def instrument(symbol: str, **changes: object) -> Instrument:
    base = symbol.partition("/")[0]
    values: dict = {
        "venue": "binance",
        "symbol": symbol,
        "base": base,
        "quote": "USDT",
        "kind": Kind.PERPETUAL if ":" in symbol else Kind.SPOT,
        "tick": D("0.01"),
        "lot": D("0.001"),
        "min_notional": D(5),
        "taker_fee": 0.001,
        "maker_fee": 0.0005,
    }
    return Instrument(**values | changes)


def market(bars: Bars, symbols: Sequence[str] = (SPOT,), funding: dict[int, float] | None = None) -> Market:
    """One-minute bars (o, h, l, c, volume) from START, the same for every symbol."""
    table = np.array(bars, dtype=np.float64)
    width = len(symbols)
    columns = [np.repeat(table[:, i : i + 1], width, axis=1).copy() for i in range(5)]
    rates = None
    if funding is not None:
        rates = np.zeros((len(bars), width))
        for row, rate in funding.items():
            rates[row] = rate
    return Market(
        tuple(instrument(s) for s in symbols),
        Timeframe("1m"),
        START + MINUTE * np.arange(len(bars), dtype=np.int64),
        *columns,
        tradable=np.ones((len(bars), width), dtype=bool),
        fragments=np.array([[0, len(bars)]], dtype=np.int64),
        funding_rate=rates,
    )


def flat(count: int, price: float = 100.0, volume: float = 100.0) -> list:
    return [(price, price, price, price, volume)] * count


def moving(count: int, seed: int = 1, volume: float = 100.0, step: float = 0.01) -> list:
    """A random walk from 100 with wicks."""
    rng = np.random.default_rng(seed)
    bars, price = [], 100.0
    for _ in range(count):
        close = price * float(np.exp(step * rng.standard_normal()))
        high = max(price, close) * (1 + step * abs(float(rng.standard_normal())) / 2)
        low = min(price, close) * (1 - step * abs(float(rng.standard_normal())) / 2)
        bars.append((price, high, low, close, volume * float(rng.random() + 0.1)))
        price = close
    return bars


def exchange(
    bars: Bars,
    symbols: Sequence[str] = (SPOT,),
    funding: dict[int, float] | None = None,
    accounts: bool = True,
    **options: object,
) -> Exchange:
    """An exchange at the open of the first bar, with account `a` in both wallets, and nobody's wall clock."""
    options = {"seed": 7, "wire": ManualClock(5_000), "shape": DepthShape(levels=20)} | options
    made = Exchange([market(bars, symbols, funding)], **options)
    if accounts:
        made.control.open_account("a", {"USDT": D(10_000), "BTC": D(10)}, {"USDT": D(10_000)})
    return made


def request(
    side: Side,
    kind: OrderType,
    quantity: object = None,
    price: object = None,
    symbol: str = SPOT,
    **rest: object,
) -> OrderRequest:
    def number(value: object) -> Decimal | None:
        return None if value is None else D(str(value))

    numbers = {k: number(v) if k in _NUMBERS else v for k, v in rest.items()}
    return OrderRequest(
        symbol=symbol, side=side, type=kind, quantity=number(quantity), price=number(price), **numbers
    )


_NUMBERS = {"stop_price", "quote_quantity", "activation_price", "callback_rate"}


def buy(kind: OrderType, quantity: object = None, price: object = None, symbol: str = SPOT, **rest: object):
    return request(Side.BUY, kind, quantity, price, symbol, **rest)


def sell(kind: OrderType, quantity: object = None, price: object = None, symbol: str = SPOT, **rest: object):
    return request(Side.SELL, kind, quantity, price, symbol, **rest)


def assert_sound(made: Exchange) -> None:
    """Everything that must hold of an exchange between two calls."""
    books = made.ledger.books()
    assert books.balances == made.treasury.holdings(), (
        "the ledger gives other balances than the accounts have"
    )
    totals: dict[str, Decimal] = {}
    for (_, _, asset), amount in books.balances.items():
        totals[asset] = totals.get(asset, D(0)) + amount
    assert not any(totals.values()), f"money was made or lost: {totals}"
    for account in made.treasury.accounts.values():
        _assert_spot(made, account)
        _assert_futures(made, account, books)
    for desk in made.tape.desks_in_order:
        bid, ask = desk.book.best_bid(), desk.book.best_ask()
        assert bid is None or ask is None or bid < ask, "the own book is crossed"
        resting = {o.id for o in desk.book.orders()}
        open_ids = {o.id for a in made.treasury.accounts.values() for o in a.open_in(desk.symbol).values()}
        assert resting | set(desk.stops) == open_ids, "an open order is in no book"
        bids, asks = desk.view(True, 5), desk.view(False, 5)
        if bids and asks:
            assert bids[0][0] < asks[0][0], "the public book is crossed"


def _assert_spot(made: Exchange, account) -> None:
    locked: dict[str, Decimal] = {}
    for order in account.all_open():
        assert order.status.is_open
        assert 0 <= order.filled < order.quantity
        assert order.locked >= 0
        listing = made.listings[order.symbol]
        if listing.is_spot:
            asset = listing.quote if order.is_buy else listing.base
            locked[asset] = locked.get(asset, D(0)) + made.office.spot.need(order)
    for asset, balance in account.spot.items():
        assert balance.free >= 0
        assert balance.locked == locked.get(asset, D(0)), "locked is not what the open orders need"


def _assert_futures(made: Exchange, account, books) -> None:
    for (symbol, side), position in account.positions.items():
        assert books.positions.get((account.id, symbol, side.value), D(0)) == position.quantity
        assert position.isolated_wallet >= 0
        if not position.quantity:
            assert position.cost == 0
            assert position.isolated_wallet == 0
        if side.value == "long":
            assert position.quantity >= 0
        if side.value == "short":
            assert position.quantity <= 0
        desk = made.tape.desks[symbol]
        held = any(p.quantity for (s, _), p in account.positions.items() if s == symbol)
        assert (account.id in desk.holders) == held
    for (symbol, side), resting in account.resting.items():
        orders = [o for o in account.open_in(symbol).values() if o.position_side is side]
        value = {True: D(0), False: D(0)}
        for order in orders:
            value[order.is_buy] += made.office.futures.need(order)
        assert (resting.bids, resting.asks) == (value[True], value[False])
    for asset in account.futures:
        state = made.positions.wallet(account.id, asset)
        crossed = any(True for _ in made.margin.open_positions(account, asset, False))
        assert crossed or state.cross_wallet >= 0, "a wallet without cross positions is negative"
