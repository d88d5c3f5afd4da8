"""The control API over a real socket: what it changes, what it tells, what it refuses."""

from __future__ import annotations

import aiohttp
import pytest

from tests.exchange.worlds import MINUTE, PERP, SPOT, START, D, assert_sound, buy, flat, market
from tests.gateway.faulty import faulty
from tests.gateway.here import KEY
from tradewind.exchange import Exchange, OrderType
from tradewind.gateway.control import COMMANDS, ControlRefused

NOW = START + 60 * MINUTE


@pytest.mark.asyncio
async def test_time_is_told_stepped_and_sped_up() -> None:
    async with faulty() as here:
        state = await here.control.ask("state")
        assert (state["market_ms"], state["speed"], state["venues"]) == (NOW, 0.0, ["binance"])
        assert (await here.control.step(MINUTE))["market_ms"] == NOW + MINUTE
        assert here.house.exchange.now_ms == NOW + MINUTE
        await here.control.do("clock", step_to_ms=NOW + 2 * MINUTE)
        assert (await here.control.do("clock", speed=600))["speed"] == 600
        with pytest.raises(ControlRefused, match="cannot go back"):
            await here.control.do("clock", step_to_ms=START)
        with pytest.raises(ControlRefused, match="one of speed"):
            await here.control.do("clock", speed=1, step_ms=1)


@pytest.mark.asyncio
async def test_skew_moves_wire_time_and_nothing_else() -> None:
    async with faulty() as here:
        await here.control.do("clock", speed=100)
        await here.control.do("clock", skew_ms=-3_600_000)
        state = await here.control.ask("state")
        true = here.house.clock.wire.now_ms()
        assert abs(state["wire_ms"] - (true - 3_600_000)) < 1000
        assert state["market_ms"] - NOW < 600_000
        async with (
            aiohttp.ClientSession() as session,
            session.get(here.origin + "/api/v3/time") as reply,
        ):
            assert abs((await reply.json())["serverTime"] - (true - 3_600_000)) < 1000


@pytest.mark.asyncio
async def test_money_comes_goes_and_stays_in_the_books() -> None:
    async with faulty() as here:
        do = here.control.do
        await do("accounts/open", account="you", spot={"USDT": "1000"}, futures={"USDT": 50})
        await do("accounts/deposit", account="you", asset="BTC", amount="0.5")
        await do("accounts/withdraw", account="you", asset="USDT", amount="100")
        await do("accounts/adjust", account="you", asset="USDT", change="-1.5")
        await do("accounts/transfer", account="you", asset="USDT", amount="98.5", to_futures=True)
        you = here.house.exchange.account("you")
        assert (you.spot["USDT"].free, you.spot["BTC"].free) == (D(800), D("0.5"))
        assert you.futures["USDT"] == D("148.5")
        with pytest.raises(ControlRefused, match="can be moved"):
            await do("accounts/withdraw", account="you", asset="USDT", amount="801")
        books = await here.control.ask("books")
        assert books["consistent"] is True
        row = {"owner": "you", "wallet": "futures", "asset": "USDT"}
        assert D(next(b["amount"] for b in books["balances"] if row.items() <= b.items())) == D("148.5")
        await do("accounts/wipe", account="you", spot={"USDT": 7})
        assert {a: b.free for a, b in you.spot.items() if b.free} == {"USDT": D(7)}
        assert_sound(here.house.exchange)


@pytest.mark.asyncio
async def test_keys_come_change_and_go_without_ever_showing_a_secret() -> None:
    async with faulty() as here:
        made = await here.control.do(
            "keys/add", account="me", key="k2", secret="hush", permissions=["read"], addresses=["127.0.0.1"]
        )
        assert made["permissions"] == ["read"]
        assert "hush" not in str(await here.control.ask("accounts"))
        await here.control.do("keys/change", account="me", permissions=["read", "trade", "withdraw"])
        keys = here.house.exchange.treasury.keys
        assert all(len(key.permissions) == 3 for key in keys.values())
        assert keys["k2"].secret == "hush"
        assert (await here.control.do("keys/revoke", key=KEY))["revoked"] == [KEY]
        assert KEY not in keys
        with pytest.raises(ControlRefused, match="permissions of keys/add is 'fly'"):
            await here.control.do("keys/add", account="me", key="k3", secret="x", permissions=["fly"])


@pytest.mark.asyncio
async def test_listings_change_halt_resume_and_go() -> None:
    async with faulty() as here:
        exchange = here.house.exchange
        await here.control.do("listings/change", symbol=SPOT, filters={"min_notional": "50"}, taker_fee=0.002)
        assert exchange.listings[SPOT].filters.min_notional == 50
        assert exchange.listings[SPOT].filters.tick == D("0.01")
        await here.control.do("listings/halt", symbol=SPOT)
        shown = (await here.control.ask("listings"))["listings"]
        assert {row["symbol"]: row["status"] for row in shown} == {SPOT: "halted", PERP: "trading"}
        await here.control.do("listings/resume", symbol=SPOT)
        await here.control.do("listings/delist", symbol=PERP)
        assert [exchange.listings[s].status for s in (SPOT, PERP)] == ["trading", "delisted"]
        with pytest.raises(ControlRefused, match="did you mean min_notional"):
            await here.control.do("listings/change", symbol=SPOT, filters={"min_notionl": 5})
        with pytest.raises(ControlRefused, match="tick is 0"):
            await here.control.do("listings/change", symbol=SPOT, filters={"tick": 0})


@pytest.mark.asyncio
async def test_positions_are_deleveraged_and_liquidated() -> None:
    async with faulty() as here:
        exchange = here.house.exchange
        exchange.place("me", buy(OrderType.MARKET, "2", symbol=PERP))
        await here.control.do("positions/adl", account="me", symbol=PERP, quantity="0.5")
        assert exchange.positions.state("me", PERP).quantity == D("1.5")
        await here.control.do("positions/liquidate", account="me", symbol=PERP)
        assert exchange.positions.all("me") == []
        with pytest.raises(ControlRefused, match="no both position"):
            await here.control.do("positions/liquidate", account="me", symbol=PERP)
        await here.control.do("accounts/settings", account="me", symbol=PERP, leverage=7, isolated=True)
        await here.control.do("accounts/settings", account="me", hedge=True)
        me = exchange.account("me")
        assert (me.leverage_of(PERP), PERP in me.isolated, me.hedge) == (7, True, True)


@pytest.mark.asyncio
async def test_orders_are_filled_and_cancelled_by_another_hand() -> None:
    async with faulty() as here:
        exchange = here.house.exchange
        first = exchange.place("me", buy(OrderType.LIMIT, "1", "90", client_id="one"))
        second = exchange.place("me", buy(OrderType.LIMIT, "1", "91", client_id="two"))
        await here.control.do("orders/fill", account="me", symbol=SPOT, client_id="one", quantity="0.4")
        assert (first.filled, first.status) == (D("0.4"), "partially_filled")
        await here.control.do("orders/fill", account="me", symbol=SPOT, order_id=second.id)
        assert (second.status, second.average_price) == ("filled", D(91))
        assert (await here.control.do("orders/cancel", account="me"))["cancelled"] == [first.id]
        assert_sound(exchange)


@pytest.mark.asyncio
async def test_a_closed_candle_is_revised() -> None:
    async with faulty() as here:
        done = await here.control.do("candles/revise", symbol=SPOT, bars_back=1, high=120, close=110)
        assert done["open_ms"] == NOW - MINUTE
        candle = here.house.exchange.tape.candles(SPOT, "1m", NOW - MINUTE, NOW - MINUTE)[0]
        assert (candle.high, candle.close, candle.open) == (D(120), D(110), D(100))
        with pytest.raises(ControlRefused, match="no possible bar"):
            await here.control.do("candles/revise", symbol=SPOT, bars_back=1, high=1)


@pytest.mark.asyncio
async def test_the_ledger_is_told_row_by_row_and_page_by_page() -> None:
    async with faulty() as here:
        exchange = here.house.exchange
        for number in range(20):
            exchange.place("me", buy(OrderType.MARKET, "0.1", client_id=f"o{number}"))
        rows = [row async for row in here.control.rows("ledger", limit=7)]
        assert [row["seq"] for row in rows] == list(range(1, len(exchange.ledger) + 1))
        fills = [row async for row in here.control.rows("ledger", kind="fill", account="me")]
        assert [row["client_id"] for row in fills] == [f"o{n}" for n in range(20)]
        assert D(fills[0]["quantity"]) == D("0.1")
        with pytest.raises(ControlRefused, match="kind is 'fil'"):
            [row async for row in here.control.rows("ledger", kind="fil")]


@pytest.mark.asyncio
async def test_a_snapshot_is_the_whole_venue() -> None:
    async with faulty() as here:
        here.house.exchange.place("me", buy(OrderType.MARKET, "1"))
        data = await here.control.snapshot()
        original = here.house.exchange
        other = Exchange([market(flat(600), (SPOT, PERP))], wire=here.house.wire)
        other.restore(data)
        assert other.ledger.digest() == original.ledger.digest()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("GET", "nothing", None, 404, "there is no /tradewind/nothing"),
        ("GET", "stat", None, 404, "did you mean /tradewind/state"),
        ("POST", "state", b"{}", 405, "asked with GET"),
        ("POST", "clock", b"{", 400, "no JSON"),
        ("POST", "clock", b"[1]", 400, "must be a JSON object"),
        ("POST", "clock", b'{"sped": 1}', 400, "did you mean speed"),
        ("POST", "clock", b'{"speed": "fast"}', 400, "speed of clock is 'fast', expected a number"),
        ("POST", "clock", b'{"step_ms": -1}', 400, "expected a whole number"),
        ("POST", "clock", b'{"step_ms": null}', 400, "step_ms of clock is None"),
        (
            "POST",
            "accounts/deposit",
            b'{"account": "nobody", "asset": "USDT", "amount": 1}',
            400,
            "no account 'nobody'",
        ),
        ("POST", "accounts/deposit", b'{"account": "me", "asset": "USDT", "amount": "NaN"}', 400, "decimal"),
        ("POST", "accounts/deposit", b'{"account": "me", "asset": "USDT", "amount": -1}', 400, "amount"),
        ("POST", "accounts/deposit", b'{"account": "me", "asset": "USDT", "amount": true}', 400, "decimal"),
        ("POST", "accounts/open", b'{"account": "me"}', 400, "exists already"),
        ("POST", "accounts/open", b'{"account": "x", "venue": "kraken"}', 400, "expected one of binance"),
        ("POST", "listings/halt", b'{"symbol": "DOGE/USDT"}', 400, "not listed"),
        ("POST", "candles/revise", b'{"symbol": "BTC/USDT", "bars_back": 9999}', 400, "no such bar"),
        ("POST", "faults/add", b'{"do": "explode"}', 400, "cannot 'explode'"),
        ("POST", "faults/remove", b'{"id": 9}', 400, "no fault 9"),
    ],
)
async def test_what_makes_no_sense_is_told_in_one_sentence(
    method: str, path: str, body: bytes | None, status: int, sentence: str
) -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        before = len(here.house.exchange.ledger)
        async with session.request(method, f"{here.origin}/tradewind/{path}", data=body) as reply:
            said = (await reply.json())["error"]
            assert (reply.status, "\n" in said) == (status, False)
            assert sentence in said
        assert len(here.house.exchange.ledger) == before


@pytest.mark.asyncio
async def test_web_pages_get_nothing() -> None:
    async with faulty() as here, aiohttp.ClientSession(headers={"Origin": "https://evil.example"}) as session:
        async with session.post(here.origin + "/tradewind/clock", data=b'{"step_ms": 5}') as reply:
            assert reply.status == 403
        assert here.house.exchange.now_ms == NOW


def test_every_command_says_what_it_does() -> None:
    assert all(command.read.__doc__ for command in COMMANDS.values())
    assert {c.method for c in COMMANDS.values()} == {"GET", "POST"}
