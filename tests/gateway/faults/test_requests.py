"""Faults of requests as an HTTP client meets them, and what the venue really did."""

from __future__ import annotations

import asyncio
import hmac
import time
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import aiohttp
import ccxt.async_support as ccxt
import pytest

from tests.exchange.worlds import SPOT, D, assert_sound, buy
from tests.gateway.faulty import Faulty, faulty
from tests.gateway.here import KEY, SECRET, spot_client
from tradewind.exchange import OrderType
from tradewind.gateway.control import ControlRefused
from tradewind.gateway.faults import rule_of


class Client:
    """A bare client of Binance Spot: what it gets is what came over the wire."""

    def __init__(self, origin: str, session: aiohttp.ClientSession) -> None:
        self.origin, self.session = origin, session

    async def ask(self, method: str, path: str, wait: float = 2.0, **params: Any) -> tuple[int, str, Any]:
        text = urlencode(params | {"timestamp": int(time.time() * 1000), "recvWindow": 60_000})
        signature = hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()
        url = f"{self.origin}/api/v3/{path}?{text}&signature={signature}"
        async with self.session.request(
            method, url, headers={"X-MBX-APIKEY": KEY}, timeout=aiohttp.ClientTimeout(wait)
        ) as reply:
            return reply.status, await reply.text(), reply.headers

    async def buy(self, name: str = "mine", wait: float = 2.0) -> tuple[int, str, Any]:
        return await self.ask(
            "POST",
            "order",
            wait,
            symbol="BTCUSDT",
            side="BUY",
            type="MARKET",
            quantity="0.1",
            newClientOrderId=name,
        )


def bought(here: Faulty) -> D:
    return here.house.exchange.account("me").spot["BTC"].free - 10


@pytest.mark.asyncio
async def test_before_it_never_arrives_and_after_it_was_done() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        for at, orders in (("before", 0), ("after", 1)):
            for do in ("drop", "hang", "html"):
                before = len(here.house.exchange.records.orders("me"))
                number = await here.control.fault(do, at=at, match={"kind": "place"}, when={"times": 1})
                if do == "html":
                    status, text, headers = await client.buy()
                    assert (status, headers["Content-Type"]) == (502, "text/html")
                    assert "<h1>502 Bad Gateway</h1>" in text
                else:
                    with pytest.raises(
                        (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, TimeoutError)
                    ):
                        await client.buy(wait=0.4)
                assert len(here.house.exchange.records.orders("me")) - before == orders
                await here.control.do("faults/remove", id=number)
        status, text, _ = await client.buy()
        assert (status, '"FILLED"' in text) == (200, True)
        assert_sound(here.house.exchange)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reason", "status", "code", "kind"),
    [
        ("unexpected", 500, -1006, ccxt.OperationFailed),
        ("timeout", 504, -1007, ccxt.RequestTimeout),
        ("overloaded", 503, -1008, ccxt.ExchangeError),
        ("duplicate_order", 400, -2010, ccxt.InvalidOrder),
        ("insufficient_balance", 400, -2010, ccxt.InsufficientFunds),
        ("clock_skew", 400, -1021, ccxt.InvalidNonce),
        ("rate_limited", 429, -1003, ccxt.DDoSProtection),
        ("bad_key", 401, -2015, ccxt.AuthenticationError),
    ],
)
async def test_ccxt_takes_the_words_for_the_venues_own(
    reason: str, status: int, code: int, kind: type
) -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = spot_client(here.origin)
        try:
            await client.load_markets()
            await here.control.fault(
                "refuse", reason=reason, at="after", match={"kind": "place"}, retry_after=3
            )
            got, text, headers = await Client(here.origin, session).buy()
            assert (got, f'"code":{code}' in text, headers["Retry-After"]) == (status, True, "3")
            with pytest.raises(kind):
                await client.create_order("BTC/USDT", "market", "buy", 0.1)
            assert bought(here) > 0
        finally:
            await client.close()


@pytest.mark.asyncio
async def test_a_truncated_reply_is_no_json() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        await here.control.fault("truncate", match={"kind": "place"}, keep=0.5)
        status, text, _ = await Client(here.origin, session).buy()
        assert (status, text[:10], text[-1] != "}") == (200, '{"symbol":', True)
        assert bought(here) > 0


@pytest.mark.asyncio
async def test_a_request_that_the_network_repeats_is_done_twice() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        await here.control.fault("duplicate", match={"kind": "place"}, when={"nth": 1})
        client = Client(here.origin, session)
        await client.buy("a")
        await client.buy("b")
        assert [o.client_id for o in here.house.exchange.records.orders("me")] == ["a", "a", "b"]


@pytest.mark.asyncio
async def test_a_delayed_request_arrives_late_and_a_delayed_reply_leaves_late() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        for at, early in (("before", 0), ("after", 1)):
            await here.control.fault("delay", at=at, ms=400, match={"kind": "place"})
            count = len(here.house.exchange.records.orders("me"))
            task = asyncio.create_task(client.buy())
            await asyncio.sleep(0.2)
            assert len(here.house.exchange.records.orders("me")) - count == early
            assert (await task)[0] == 200
            assert len(here.house.exchange.records.orders("me")) - count == 1
            await here.control.do("faults/clear")


@pytest.mark.asyncio
async def test_a_held_reply_is_overtaken_by_the_next() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        await here.control.fault("hold", ms=3000, match={"kind": "place"}, when={"nth": 1})
        order: list[str] = []

        async def do(name: str) -> None:
            await client.buy(name, wait=5)
            order.append(name)

        first = asyncio.create_task(do("first"))
        await asyncio.sleep(0.1)
        assert not order
        await asyncio.gather(first, do("second"))
        assert order == ["second", "first"]


@pytest.mark.asyncio
async def test_a_stale_reply_tells_an_old_balance() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        await here.control.fault("stale", match={"kind": "balance"})
        _, first, _ = await client.ask("GET", "account")
        await client.buy()
        _, second, _ = await client.ask("GET", "account")
        assert first == second
        await here.control.do("faults/clear")
        _, third, _ = await client.ask("GET", "account")
        assert third != first


@pytest.mark.asyncio
async def test_replies_are_altered_by_path_and_candles_by_name() -> None:
    async with faulty() as here, aiohttp.ClientSession():
        client = spot_client(here.origin)
        try:
            await client.load_markets()
            await here.control.fault(
                "alter", match={"kind": "candles"}, candle={"close": "x10", "time": "x0.001"}
            )
            await here.control.fault(
                "alter",
                match={"kind": "balance"},
                set={"surprise": 1},
                delete=["uid"],
                scale={"balances.*.free": 0},
            )
            rows = await client.fetch_ohlcv("BTC/USDT", "1m", limit=3)
            assert [row[4] for row in rows] == [1000.0] * 3
            assert all(row[0] < 10**10 for row in rows)
            balance = await client.fetch_balance()
            assert balance["USDT"]["free"] == 0
            assert balance["info"]["surprise"] == 1
            assert "uid" not in balance["info"]
        finally:
            await client.close()


@pytest.mark.asyncio
async def test_a_ban_gets_longer_with_every_request() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        await here.control.fault("ban", seconds=1.0, when={"nth": 1})
        for _ in range(3):
            status, text, headers = await client.ask("GET", "account")
            assert (status, "-1003" in text, headers["Retry-After"]) == (418, True, "1")
            await asyncio.sleep(0.6)  # the first ban alone would be over after the second of these
        await asyncio.sleep(0.6)
        assert (await client.ask("GET", "account"))[0] == 200


@pytest.mark.asyncio
async def test_maintenance_refuses_all_and_ends() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        await here.control.do("maintenance", on=True)
        status, text, _ = await client.buy()
        assert (status, "-1016" in text) == (503, True)
        assert bought(here) == 0
        await here.control.do("maintenance", on=False)
        assert (await client.buy())[0] == 200


@pytest.mark.asyncio
async def test_a_fill_wins_the_race_against_a_cancel() -> None:
    async with faulty() as here:
        order = here.house.exchange.place("me", buy(OrderType.LIMIT, "1", "90", client_id="slow"))
        await here.control.fault("fill", match={"path": "/parrot/*"}, fraction=0.25)
        await here.control.fault("fill", match={"kind": "cancel"})
        async with aiohttp.ClientSession(headers={"X-MBX-APIKEY": KEY}) as session:
            await session.get(f"{here.origin}/parrot/x?orderId={order.id}")
            assert order.filled == D("0.25")
            await session.delete(f"{here.origin}/parrot/order?symbol=BTCUSDT&origClientOrderId=slow")
        assert order.status == "filled"


@pytest.mark.asyncio
async def test_rules_fire_when_they_should_and_are_counted() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:

        async def statuses(count: int) -> list[int]:
            return [(await session.get(f"{here.origin}/parrot")).status for _ in range(count)]

        async def under(when: dict[str, Any], count: int = 6) -> list[int]:
            await here.control.do("faults/clear")
            await here.control.fault("refuse", status=418, code=1, match={"path": "/parrot"}, when=when)
            return [i for i, status in enumerate(await statuses(count), 1) if status == 418]

        assert await under({"nth": 3}) == [3]
        assert await under({"every": 2}) == [2, 4, 6]
        assert await under({"after": 2, "times": 2}) == [3, 4]
        assert await under({"times": 1}) == [1]
        drawn = await under({"probability": 0.5, "seed": 4}, 20)
        assert drawn == await under({"probability": 0.5, "seed": 4}, 20)
        assert 3 < len(drawn) < 17
        now = here.house.clock.wire.now_ms()
        assert await under({"until_ms": now - 1}) == []
        assert await under({"from_ms": now + 60_000}) == []
        listed = (await here.control.ask("faults"))["faults"]
        assert [(rule["matched"], rule["fired"]) for rule in listed] == [(0, 0)]
        assert await under({"for_seconds": 0.2}, 2) == [1, 2]
        await asyncio.sleep(0.25)
        assert await statuses(1) == [200]


@pytest.mark.asyncio
async def test_rules_look_at_account_symbol_and_parameters() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        client = Client(here.origin, session)
        await here.control.fault("refuse", status=500, code=1, match={"account": "you"})
        await here.control.fault("refuse", status=500, code=1, match={"symbol": "ETH/USDT"})
        await here.control.fault("refuse", status=500, code=1, match={"fields": {"side": "SELL"}})
        await here.control.fault("refuse", status=500, code=1, match={"venue": "bitget"})
        assert (await client.buy())[0] == 200
        await here.control.fault(
            "refuse",
            status=501,
            code=-7,
            message="No.",
            match={"account": "me", "symbol": SPOT, "fields": {"side": "B*"}, "key": KEY, "method": "POST"},
        )
        assert (await client.buy())[:2] == (501, '{"code":-7,"msg":"No."}')


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"do": "drp"}, "did you mean drop"),
        ({"do": "drop", "where": "frame"}, "can happen to a request, not to a frame"),
        ({"do": "drop", "ms": 5}, "knows no ms"),
        ({"do": "drop", "at": "later"}, "one of before, after"),
        ({"do": "refuse"}, "needs a reason"),
        ({"do": "refuse", "reason": "bad_kee"}, "did you mean bad_key"),
        ({"do": "drop", "match": {"kind": "plac"}}, "did you mean place"),
        ({"do": "drop", "match": {"patth": "x"}}, "did you mean path"),
        ({"do": "drop", "when": {"probability": 2}}, "probability"),
        ({"do": "delay", "ms": -1}, "ms of the fault is -1"),
        ({"do": "alter", "candle": {"shape": 1}}, "no 'shape'"),
        ({"do": "alter", "scale": {"a": "b"}}, "scale of a"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], sentence: str) -> None:
    async with faulty() as here:
        with pytest.raises(ControlRefused, match=sentence):
            await here.control.do("faults/add", **rule)
        assert not here.faults.rules


@pytest.mark.asyncio
async def test_traffic_tells_what_was_asked_and_what_the_client_could_know() -> None:
    async with faulty() as here, aiohttp.ClientSession() as session:
        here.faults.traffic.on = True
        client = Client(here.origin, session)
        await client.buy("a")
        await here.control.fault("drop", at="after", name="O1", match={"kind": "place"})
        with pytest.raises(aiohttp.ClientError):
            await client.buy("b")
        await client.ask("GET", "account")
        rows = [row async for row in here.control.rows("traffic")]
        told = [(r["kind"], r["client_id"], r["told"], len(r["made"]), r["faults"]) for r in rows]
        assert told == [
            ("place", "a", "answered", 1, []),
            ("place", "b", "unknown", 1, ["O1"]),
            ("balance", "", "answered", 0, []),
        ]
        assert rows[0]["account"] == "me"
        assert (rows[0]["symbol"], rows[0]["side"], rows[0]["quantity"]) == ("BTCUSDT", "buy", "0.1")


@pytest.mark.parametrize(
    ("rule", "hides"),
    [
        ({"do": "drop"}, True),
        ({"do": "hang"}, True),
        ({"do": "truncate"}, True),
        ({"do": "html"}, True),
        ({"do": "delay", "ms": 4_999}, False),
        ({"do": "delay", "ms": 5_000}, True),
        ({"do": "hold", "ms": 5_000}, True),
        ({"do": "refuse", "reason": "timeout"}, True),
        ({"do": "refuse", "reason": "unknown_order"}, False),
        ({"do": "refuse", "reason": "unknown_order", "at": "after"}, True),
        ({"do": "duplicate"}, False),
    ],
)
def test_a_fault_hides_the_fate_of_an_order_or_does_not(rule: dict[str, Any], hides: bool) -> None:
    assert rule_of(rule).what.hides is hides
