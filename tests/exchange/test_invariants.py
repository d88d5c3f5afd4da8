"""Whatever is asked of the exchange, its books balance, and the same questions give the same world."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchange.model import Model
from tests.exchange.worlds import MINUTE, OTHER, PERP, SPOT, START, D, assert_sound, exchange, moving
from tradewind.exchange import (
    Exchange,
    Exit,
    OrderRequest,
    OrderStatus,
    OrderType,
    PositionSide,
    Refused,
    SelfTrade,
    TimeInForce,
    TriggerBy,
)
from tradewind.market import Side

BARS = moving(40, volume=20.0, step=0.02)
FUNDING = {5: 0.01, 20: -0.01}

CONTROLS = ["deposit", "withdraw", "adjust", "halt", "margin", "wipe", "conditional", "lists"]

FLAGS = (
    *("reduce", "long", "quote", "big", "close", "mark"),
    *("isolated", "to_futures", "adl", "limit", "first", "futures"),
)

sides = st.sampled_from(list(Side))
quantities = st.integers(1, 8000).map(lambda n: D(n) / 1000)
offsets = st.integers(-300, 300).map(lambda n: D(n) / 100)
accounts = st.sampled_from(["a", "b"])
limits = st.fixed_dictionaries(
    {
        "op": st.just("limit"),
        "account": accounts,
        "symbol": st.sampled_from([SPOT, PERP, OTHER]),
        "side": sides,
        "quantity": quantities,
        "offset": offsets,
        "type": st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT_MAKER]),
        "tif": st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]),
        "reduce": st.booleans(),
        "self_trade": st.sampled_from(list(SelfTrade)),
        "long": st.booleans(),
    }
)
markets = st.fixed_dictionaries(
    {
        "op": st.just("market"),
        "account": accounts,
        "symbol": st.sampled_from([SPOT, PERP, OTHER]),
        "side": sides,
        "quantity": quantities,
        "quote": st.booleans(),
        "reduce": st.booleans(),
        "long": st.booleans(),
        "big": st.booleans(),
    }
)
stops = st.fixed_dictionaries(
    {
        "op": st.just("stop"),
        "account": accounts,
        "symbol": st.sampled_from([SPOT, PERP, OTHER]),
        "side": sides,
        "quantity": quantities,
        "offset": offsets,
        "type": st.sampled_from([t for t in OrderType if t.is_conditional]),
        "close": st.booleans(),
        "mark": st.booleans(),
        "long": st.booleans(),
    }
)
others = st.one_of(
    st.fixed_dictionaries({"op": st.just("advance"), "ms": st.integers(1, 4 * MINUTE), "account": accounts}),
    st.fixed_dictionaries({"op": st.just("cancel"), "account": accounts, "which": st.integers(0, 9)}),
    st.fixed_dictionaries(
        {
            "op": st.just("amend"),
            "account": accounts,
            "which": st.integers(0, 9),
            "quantity": quantities,
            "offset": offsets,
        }
    ),
    st.fixed_dictionaries(
        {
            "op": st.just("settings"),
            "account": accounts,
            "symbol": st.sampled_from([PERP, OTHER]),
            "leverage": st.sampled_from([1, 5, 20, 100]),
            "isolated": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "op": st.just("money"),
            "account": accounts,
            "amount": st.integers(1, 3000),
            "to_futures": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"op": st.just("force"), "account": accounts, "adl": st.booleans()}),
    st.fixed_dictionaries(
        {
            "op": st.just("replace"),
            "account": accounts,
            "which": st.integers(0, 9),
            "quantity": quantities,
            "offset": offsets,
        }
    ),
    st.fixed_dictionaries(
        {
            "op": st.just("list"),
            "account": accounts,
            "side": sides,
            "quantity": quantities,
            "offset": offsets,
            "limit": st.booleans(),
            "first": st.booleans(),
        }
    ),
    st.fixed_dictionaries(
        {
            "op": st.just("control"),
            "account": accounts,
            "what": st.sampled_from(CONTROLS),
            "amount": st.integers(1, 3000),
            "futures": st.booleans(),
        }
    ),
)
requests = st.lists(st.one_of(limits, markets, stops, others), min_size=1, max_size=30)


def made(hedge: bool = False, fee_coin: str = "") -> Exchange:
    return kept(hedge, fee_coin)[0]


def kept(hedge: bool = False, fee_coin: str = "") -> tuple[Exchange, Model]:
    """With a model of the books that hears everything from the first deposit on."""
    world = exchange(BARS, (SPOT, PERP, OTHER), funding=FUNDING, accounts=False)
    model = Model(world)
    world.subscribe(model.hear)
    world.control.open_account("a", {"USDT": D(10_000), "BTC": D(10)}, {"USDT": D(10_000)})
    world.control.open_account(
        "b", {"USDT": D(5_000), "BTC": D(50)}, {"USDT": D(2_000)}, fee_coin=fee_coin, hedge=hedge
    )
    return world, model


def near(world: Exchange, symbol: str, offset: Decimal) -> Decimal:
    return max(D("0.01"), world.tape.last(symbol) + offset)


def side_of(world: Exchange, values: dict) -> PositionSide:
    if values["symbol"] == SPOT or not world.account(values["account"]).hedge:
        return PositionSide.BOTH
    return PositionSide.LONG if values["long"] else PositionSide.SHORT


def ask(world: Exchange, values: dict) -> None:
    """One request; a refusal is an answer."""
    with suppress(Refused):
        _ASK[values["op"]](world, values)


def ask_limit(world: Exchange, values: dict) -> None:
    symbol, side = values["symbol"], side_of(world, values)
    reduce = values["reduce"] and symbol != SPOT and side is PositionSide.BOTH
    account = world.account(values["account"])
    before = {k: p.quantity for k, p in account.positions.items()}
    order = world.place(
        values["account"],
        OrderRequest(
            symbol=symbol,
            side=values["side"],
            type=values["type"],
            quantity=values["quantity"],
            price=near(world, symbol, values["offset"]),
            time_in_force=values["tif"] if values["type"] is OrderType.LIMIT else TimeInForce.GTC,
            reduce_only=reduce,
            position_side=side,
            self_trade=values["self_trade"],
            iceberg_quantity=iceberg_of(values) if symbol == SPOT else None,
            stop_loss=exit_of(world, values, reduce),
        ),
    )
    if order.time_in_force is TimeInForce.FOK:
        assert order.filled in (0, order.quantity)
    if order.time_in_force is not TimeInForce.GTC:
        assert not order.status.is_open
    if order.type is OrderType.LIMIT_MAKER:
        assert not order.trades
    if reduce:
        held = before.get((symbol, side), D(0))
        now = account.position(symbol, side).quantity
        assert held * now >= 0
        assert abs(now) <= abs(held)
    assert all(t.price <= order.price if order.is_buy else t.price >= order.price for t in order.trades)


def iceberg_of(values: dict) -> Decimal | None:
    rests = values["tif"] is TimeInForce.GTC or values["type"] is OrderType.LIMIT_MAKER
    return values["quantity"] if values["long"] and rests else None


def exit_of(world: Exchange, values: dict, reduce: bool) -> Exit | None:
    """Sometimes a stop loss, five below or above the price."""
    if reduce or not values["long"]:
        return None
    way = -5 if values["side"] is Side.BUY else 5
    return Exit(near(world, values["symbol"], values["offset"] + way))


def ask_market(world: Exchange, values: dict) -> None:
    symbol, quantity = values["symbol"], values["quantity"] * (20 if values["big"] else 1)
    order = world.place(
        values["account"],
        OrderRequest(
            symbol=symbol,
            side=values["side"],
            type=OrderType.MARKET,
            quantity=None if values["quote"] else quantity,
            quote_quantity=quantity * 100 if values["quote"] else None,
            reduce_only=values["reduce"] and side_of(world, values) is PositionSide.BOTH and symbol != SPOT,
            position_side=side_of(world, values),
        ),
    )
    assert order.status in (OrderStatus.FILLED, OrderStatus.EXPIRED, OrderStatus.EXPIRED_IN_MATCH)
    if values["quote"] and order.is_buy:
        assert order.quote_filled <= order.quote_quantity


def ask_stop(world: Exchange, values: dict) -> None:
    symbol, kind = values["symbol"], values["type"]
    close = values["close"] and symbol != SPOT and not kind.has_price
    trailing = kind is OrderType.TRAILING_STOP
    trails = symbol == SPOT and not trailing and values["mark"]
    order = OrderRequest(
        symbol=symbol,
        side=values["side"],
        type=kind,
        trailing_delta=100 if trails else None,
        quantity=None if close else values["quantity"],
        price=near(world, symbol, values["offset"]) if kind.has_price else None,
        stop_price=None if trailing or (trails and values["long"]) else near(world, symbol, values["offset"]),
        callback_rate=D("0.01") if trailing else None,
        close_position=close,
        trigger_by=TriggerBy.MARK if values["mark"] else TriggerBy.LAST,
        position_side=side_of(world, values),
    )
    if symbol == SPOT and not trailing:
        world.place(values["account"], order)
    else:
        world.place_conditional(values["account"], order)


def ask_amend(world: Exchange, values: dict) -> None:
    orders = world.open_orders(values["account"])
    if orders:
        order = orders[values["which"] % len(orders)]
        price = near(world, order.symbol, values["offset"])
        world.amend(values["account"], order.symbol, order.id, quantity=values["quantity"], price=price)


def ask_cancel(world: Exchange, values: dict) -> None:
    orders = world.open_orders(values["account"])
    if orders:
        order = orders[values["which"] % len(orders)]
        assert world.cancel(values["account"], order.symbol, order.id).status is OrderStatus.CANCELED


def ask_replace(world: Exchange, values: dict) -> None:
    orders = world.open_orders(values["account"])
    if orders:
        order = orders[values["which"] % len(orders)]
        world.replace(
            values["account"],
            OrderRequest(
                symbol=order.symbol,
                side=order.side,
                type=OrderType.LIMIT,
                quantity=values["quantity"],
                price=near(world, order.symbol, values["offset"]),
                position_side=order.position_side,
            ),
            order_id=order.id,
            stop_on_failure=values["which"] % 2 == 0,
        )


def ask_list(world: Exchange, values: dict) -> None:
    """A pair around the price."""
    last, gap = world.tape.last(SPOT), abs(values["offset"]) + D("0.5")
    way = 1 if values["side"] is Side.SELL else -1
    stop = OrderRequest(
        symbol=SPOT,
        side=values["side"],
        type=OrderType.STOP_LIMIT if values["limit"] else OrderType.STOP_MARKET,
        quantity=values["quantity"],
        price=last - way * gap * 2 if values["limit"] else None,
        stop_price=last - way * gap,
    )
    profit = OrderRequest(
        symbol=SPOT,
        side=values["side"],
        type=OrderType.LIMIT_MAKER,
        quantity=values["quantity"],
        price=last + way * gap,
    )
    found = world.lists.place(values["account"], *((profit, stop) if values["first"] else (stop, profit)))
    assert len({o.list_id for o in world.lists.orders(found)}) == 1


def ask_control(world: Exchange, values: dict) -> None:
    """What the venue does: money from outside, halts, other filters, margin moved, an account wiped."""
    control, account, amount = world.control, values["account"], D(values["amount"])
    wallet = "futures" if values["futures"] else "spot"
    match values["what"]:
        case "deposit":
            control.deposit(account, "USDT", amount, wallet)
        case "withdraw":
            control.withdraw(account, "USDT", amount, wallet)
        case "adjust":
            control.adjust(account, "BTC", -amount / 100)
        case "halt":
            control.halt(SPOT)
            world.advance(world.now_ms + 1_000 * values["amount"] // 20)
            control.resume(SPOT)
        case "margin":
            for state in world.positions.all(account):
                world.positions.move_margin(
                    account, state.symbol, amount / 100, add=values["futures"], side=state.side
                )
        case "wipe" if values["amount"] > 2_000:
            control.wipe(account, {"USDT": D(5_000), "BTC": D(10)})
            control.deposit(account, "USDT", D(5_000), "futures")
        case "conditional":
            world.cancel_all_conditional(account)
        case "lists":
            for found in world.lists.open(account)[:1]:
                world.lists.cancel(account, SPOT, found.id)


def ask_settings(world: Exchange, values: dict) -> None:
    world.positions.set_leverage(values["account"], values["symbol"], values["leverage"])
    world.positions.set_isolated(values["account"], values["symbol"], values["isolated"])


def ask_money(world: Exchange, values: dict) -> None:
    world.control.transfer(values["account"], "USDT", D(values["amount"]), values["to_futures"])


def ask_force(world: Exchange, values: dict) -> None:
    for state in world.positions.all(values["account"])[:1]:
        if values["adl"]:
            world.control.adl(state.account, state.symbol, state.side, abs(state.quantity) / 2)
        else:
            world.control.liquidate(state.account, state.symbol, state.side)


def ask_advance(world: Exchange, values: dict) -> None:
    world.advance(world.now_ms + values["ms"])


_ASK = {
    "limit": ask_limit,
    "market": ask_market,
    "stop": ask_stop,
    "amend": ask_amend,
    "cancel": ask_cancel,
    "settings": ask_settings,
    "money": ask_money,
    "force": ask_force,
    "advance": ask_advance,
    "replace": ask_replace,
    "list": ask_list,
    "control": ask_control,
}

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


def check_sound(requests: list[dict], hedge: bool, fee_coin: str) -> None:
    world, model = kept(hedge, fee_coin)
    for values in requests:
        ask(world, values)
        assert_sound(world)
        model.compare()
    world.advance(START + 40 * MINUTE)
    assert_sound(world)
    model.compare()


def random_request(rng: Random) -> dict:
    """One of the requests above, livelier than hypothesis draws them."""
    values = {
        "op": rng.choice(
            ["limit"] * 6 + ["market"] * 4 + ["stop"] * 3 + ["advance"] * 4 + ["cancel"]
            + ["amend"] * 2 + ["settings", "money", "force", "replace", "list", "list", "control"]
        ),
        "account": rng.choice("ab"),
        "symbol": rng.choice([SPOT, PERP, OTHER]),
        "side": rng.choice(list(Side)),
        "quantity": D(int(10 ** rng.uniform(2, 4.7))) / 1000,
        "offset": D(int(rng.gauss(0, 80))) / 100,
        "tif": rng.choice([TimeInForce.GTC] * 4 + [TimeInForce.IOC, TimeInForce.FOK]),
        "self_trade": rng.choice(list(SelfTrade)),
        "which": rng.randrange(10),
        "ms": rng.randrange(1, 2 * MINUTE),
        "leverage": rng.choice([1, 5, 20, 100]),
        "amount": rng.randrange(1, 3000),
        "what": rng.choice(CONTROLS),
    }  # fmt: skip
    for name in (
        "reduce",
        "long",
        "quote",
        "big",
        "close",
        "mark",
        "isolated",
        "to_futures",
        "adl",
        "limit",
        "first",
        "futures",
    ):
        values[name] = rng.random() < 0.3
    kinds = [t for t in OrderType if t.is_conditional]
    if values["op"] == "limit":
        kinds = [OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT_MAKER]
    return values | {"type": rng.choice(kinds)}


@pytest.mark.parametrize("seed", range(8))
def test_books_balance_after_long_days(seed: int) -> None:
    rng = Random(seed)
    world, model = kept(hedge=seed % 2 == 1, fee_coin=["", "quote", "BTC"][seed % 3])
    if seed % 4 > 1:
        for account in "ab":
            world.positions.set_isolated(account, PERP, True)
    seen: set[str] = set()
    world.subscribe(lambda event: seen.add(type(event).__name__))
    for _ in range(250):
        ask(world, random_request(rng))
        assert_sound(world)
        model.compare()
    assert {"OrderUpdate", "SpotUpdate", "FuturesUpdate", "AlgoUpdate", "OrderListUpdate"} <= seen


coins = st.sampled_from(["", "quote", "BTC"])


@few
@given(requests=requests, hedge=st.booleans(), fee_coin=coins)
def test_books_balance_after_any_requests(requests: list[dict], hedge: bool, fee_coin: str) -> None:
    check_sound(requests, hedge, fee_coin)


@pytest.mark.slow
@many
@given(requests=requests, hedge=st.booleans(), fee_coin=coins)
def test_books_balance_after_any_requests_at_length(requests: list[dict], hedge: bool, fee_coin: str) -> None:
    check_sound(requests, hedge, fee_coin)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(requests=requests, hedge=st.booleans())
def test_same_seed_and_requests_give_the_same_ledger(requests: list[dict], hedge: bool) -> None:
    """Also when one of the two watches, and moves time in smaller steps."""
    one, other = made(hedge), made(hedge)
    for symbol in (SPOT, PERP):
        for channel in ("trade", "book", "candle:5m"):
            other.watch(symbol, channel)
    other.watch(PERP, "mark")
    for values in requests:
        ask(one, values)
        if values["op"] == "advance":
            target = other.now_ms + values["ms"]
            while other.now_ms < target:
                other.advance(min(target, other.now_ms + 17_001))
        else:
            ask(other, values)
    assert one.ledger.digest(wire=True) == other.ledger.digest(wire=True)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(requests=requests, after=requests, hedge=st.booleans())
def test_a_restored_exchange_goes_on_as_the_original(
    requests: list[dict], after: list[dict], hedge: bool
) -> None:
    one = made(hedge)
    for values in requests:
        ask(one, values)
    other = exchange(BARS, (SPOT, PERP, OTHER), funding=FUNDING, accounts=False)
    other.restore(one.snapshot())
    assert other.snapshot() == one.snapshot()
    for values in after:
        ask(one, values)
        ask(other, values)
    assert one.ledger.digest() == other.ledger.digest()
    assert_sound(other)
