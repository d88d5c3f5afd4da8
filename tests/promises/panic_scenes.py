"""How each state of the matrix comes about, and what must be true when the panic is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from decimal import Decimal

from tests.promises.panic_matrix import State
from tests.promises.panic_stage import OWN, Stage
from tradewind.market import Command, CommandKind, Side
from tradewind.trading.panic.panic_record import PanicRecord

D = Decimal
HELD = "0.2"
BY_HAND = "by-hand"
Scene = Callable[[Stage], Awaitable[None]]


async def flat(stage: Stage) -> None:
    pass


async def unsent(stage: Stage) -> None:
    stage.manager.commit([stage.order(HELD)], "d")


async def on_its_way(stage: Stage) -> None:
    stage.seat.fault("delay", at="before", ms=4_000, match={"kind": "place"}, when={"times": 1})
    stage.send(stage.order(HELD))
    await stage.clock.sleep(0.05)


async def unanswered(stage: Stage) -> None:
    stage.seat.fault("drop", at="after", match={"kind": "place"}, when={"times": 1})
    await stage.submit(stage.order(HELD))


async def resting(stage: Stage) -> None:
    await stage.rest(HELD, 0.8)


async def partly(stage: Stage) -> None:
    stage.fill(await stage.rest(HELD, 0.8), "0.15")


async def protected(stage: Stage) -> None:
    await stage.hold(HELD)
    await stage.protect("-0.199")


async def stop_lost(stage: Stage) -> None:
    await protected(stage)
    stage.seat.local.control.run(
        "orders/cancel", {"venue": stage.seat.place.house, "account": stage.seat.name}
    )


async def stop_triggered(stage: Stage) -> None:
    await stage.hold(HELD)
    await stage.protect("-0.199", 0.998)
    _until_it_trades(stage)


def _until_it_trades(stage: Stage) -> None:
    trades = len(stage.seat.exchange.records.trades(stage.seat.name, stage.btc, limit=1_000))
    for _ in range(250):
        stage.step(1)
        if len(stage.seat.exchange.records.trades(stage.seat.name, stage.btc, limit=1_000)) > trades:
            return
    raise AssertionError("the price never came to the stop")


async def stop_triggering(stage: Stage) -> None:
    await stage.hold(HELD)
    await stage.protect("-0.199", 0.998)

    async def fall() -> None:
        await stage.clock.sleep(0.1)
        for _ in range(60):
            stage.step(4)
            await stage.clock.sleep(0.05)

    stage.late.append(asyncio.create_task(fall()))


async def closing(stage: Stage) -> None:
    await stage.hold(HELD)
    stage.fill(await stage.rest("-0.19", 1.2, reduce_only=True), "0.05")


async def closing_unanswered(stage: Stage) -> None:
    await stage.hold(HELD)
    stage.seat.fault("drop", at="after", match={"kind": "place"}, when={"times": 1})
    await stage.submit(stage.order("-0.12", reduce_only=True))


async def cancelling(stage: Stage) -> None:
    await stage.hold(HELD)
    order = await stage.rest(HELD, 0.8)
    stage.seat.fault("delay", at="before", ms=2_500, match={"kind": "cancel"}, when={"times": 1})
    stage.cancel(order)
    await stage.clock.sleep(0.05)


async def killed(stage: Stage) -> None:
    """The order to close was taken, and the panic died before it heard so."""
    await protected(stage)
    stage.seat.fault("delay", at="after", ms=3_000, match={"kind": "place"}, when={"times": 1})
    first = asyncio.create_task(stage.press())
    await stage.clock.sleep(2.5)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    for path in stage.folder.path.glob("panic-*.json"):
        record = PanicRecord.read(path)
        assert record.orders, "it died too early"
        record.process = 0
        record.save()


async def halted(stage: Stage) -> None:
    await protected(stage)
    stage.manager.write(Command(CommandKind.HALT, stage.clock.now_ms(), "a person said so"))


async def foreign(stage: Stage) -> None:
    await protected(stage)
    control, seat = stage.seat.local.control, stage.seat
    order = {"venue": seat.place.house, "account": seat.name, "symbol": stage.btc, "side": Side.BUY.value}
    control.run("orders/place", {**order, "quantity": "0.1", "price": str(seat.price(0.7))})
    if seat.place.is_spot:
        control.run(
            "accounts/deposit",
            {"venue": seat.place.house, "account": seat.name, "asset": "ETH", "amount": "2"},
        )


async def dust(stage: Stage) -> None:
    await stage.hold(HELD)
    price = stage.seat.price()
    left = D(3) / price
    await stage.hold(str(-(D(HELD) * D("0.999") - left)))


async def short(stage: Stage) -> None:
    await stage.hold("-0.2")
    await stage.protect("0.2", 1.1)


async def hedge(stage: Stage) -> None:
    """After the run went flat its user took the account for himself."""
    from tradewind.exchange import OrderRequest
    from tradewind.exchange import OrderType as Type
    from tradewind.exchange.orders import PositionSide

    seat = stage.seat
    run = seat.local.control.run
    run("accounts/settings", {"venue": seat.place.house, "account": seat.name, "hedge": True})
    for side, position in ((Side.BUY, PositionSide.LONG), (Side.SELL, PositionSide.SHORT)):
        request = OrderRequest(
            symbol=stage.btc,
            side=side,
            type=Type.MARKET,
            quantity=D("0.1" if side is Side.BUY else "0.3"),
            position_side=position,
        )
        seat.exchange.place(seat.name, request)


SCENES: Mapping[State, Scene] = {
    State.FLAT: flat,
    State.UNSENT: unsent,
    State.ON_ITS_WAY: on_its_way,
    State.UNANSWERED: unanswered,
    State.RESTING: resting,
    State.PARTLY: partly,
    State.PROTECTED: protected,
    State.STOP_LOST: stop_lost,
    State.STOP_TRIGGERED: stop_triggered,
    State.STOP_TRIGGERING: stop_triggering,
    State.CLOSING: closing,
    State.CLOSING_UNANSWERED: closing_unanswered,
    State.CANCELLING: cancelling,
    State.TWO: protected,
    State.KILLED: killed,
    State.HALTED: halted,
    State.FOREIGN: foreign,
    State.DUST: dust,
    State.SHORT: short,
    State.HEDGE: hedge,
}


def wrong(stage: Stage, state: State, refused: str = "") -> Iterator[str]:
    """What the exchange's own books say that must not be; `refused` is a symbol that it does not let go."""
    seat = stage.seat
    theirs = {BY_HAND} if state is State.FOREIGN else set()
    orders = {o.client_id for o in seat.exchange.open_orders(seat.name)}
    orders |= {a.client_id for a in seat.exchange.open_conditional(seat.name)}
    if orders != theirs:
        yield f"open: {sorted(orders)}, of others {sorted(theirs)}"
    for symbol in (stage.btc, stage.eth):
        left = _left(stage, state, symbol)
        instrument = stage.instruments[symbol]
        worth = abs(left) * seat.exchange.tape.last(symbol)
        small = max(instrument.min_notional, instrument.lot * seat.exchange.tape.last(symbol))
        if symbol == refused:
            if not worth > small:
                yield f"{left} of {symbol} is held, though it was refused"
        elif left < -instrument.lot and seat.place.is_spot:
            yield f"{-left} of the user's {symbol} was sold"
        elif worth > (small if seat.place.is_spot else 0) and state is not State.HEDGE:
            yield f"{left} of {symbol} is left"


def _left(stage: Stage, state: State, symbol: str) -> Decimal:
    """Of the run, in base units."""
    seat, coin = stage.seat, symbol.partition("/")[0]
    if not seat.place.is_spot:
        found = [p.quantity for p in seat.exchange.positions.all(seat.name) if p.symbol == symbol]
        return sum(map(abs, found), D(0))
    wallet = seat.exchange.treasury.account(seat.name).spot[coin]
    brought = D(2) if state is State.FOREIGN and coin == "ETH" else D(0)
    return wallet.free + wallet.locked - OWN[coin] - brought
