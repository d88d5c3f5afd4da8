"""What is special about unified accounts: who is served, units, exits, strategy orders, records, frames."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.exchange.worlds import MINUTE, START, assert_sound, moving
from tests.gateway.bitget.unified import (
    ONE,
    SPOT,
    SWAP,
    UKEY,
    UPHRASE,
    USECRET,
    D,
    coin,
    exchange_of,
    info,
    order,
    unified,
)
from tests.gateway.bitget.venue import KEY, NOW, PHRASE, SECRET, Caller, empty
from tradewind.exchange import Permission
from tradewind.gateway import Line
from tradewind.gateway.bitget.security import Security, signature
from tradewind.gateway.bitget.v2 import BitgetV2
from tradewind.gateway.bitget.v3 import BitgetV3
from tradewind.gateway.bitget.v3.dialect import ROUTES

BUY = {"side": "buy", "orderType": "market"}
STRATEGY = "/api/v3/trade/place-strategy-order"


def test_each_kind_of_account_is_sent_away_by_the_other_version():
    caller = unified()
    classic = Caller(caller.dialect, KEY, SECRET, PHRASE)
    for route in ROUTES:
        if route.security is not Security.PUBLIC:
            found = classic.send(route.method, route.path, "", b"{}" if route.method == "POST" else b"")
            assert found["code"] == "40084", route.path
    old = Caller(BitgetV2(caller.dialect._rest.house), UKEY, USECRET, UPHRASE)
    assert old.get("/api/v2/spot/account/assets")["code"] == "40085"


def test_a_spot_market_buy_spends_quote():
    caller = unified()
    made = order(caller, SPOT, **BUY, qty="500")
    row = info(caller, made)
    assert (row["qty"], row["amount"], row["orderStatus"]) == ("0", "500", "filled")
    assert D(row["cumExecValue"]) <= 500
    assert D(row["cumExecQty"]) == pytest.approx(D(5), rel=D("0.01"))
    assert D(row["feeDetail"][0]["fee"]) > 0
    assert row["feeDetail"][0]["feeCoin"] == "BTC"


def test_a_contract_order_is_in_base_and_a_spot_sale_too():
    caller = unified()
    assert info(caller, order(caller, SWAP, **BUY, qty="2"))["cumExecQty"] == "2"
    sold = order(caller, SPOT, side="sell", orderType="market", qty="2")
    assert info(caller, sold)["cumExecQty"] == "2"


@pytest.mark.parametrize("name", ["triggerPrice", "stopPrice", "trailingPercent"])
def test_an_order_that_should_wait_does_not_trade_at_once(name):
    caller = unified()
    before = exchange_of(caller).ledger.digest()
    asked = {**SWAP, **BUY, "qty": "1", name: "90"}
    assert caller.post("/api/v3/trade/place-order", **asked)["code"] == "40017"
    assert exchange_of(caller).ledger.digest() == before


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("place-order", {**SWAP, **BUY}, "40019"),
        ("place-order", {**SWAP, "orderType": "limit", "side": "buy", "qty": "1"}, "40019"),
        ("place-order", {**SWAP, **BUY, "qty": "1", "category": "SWAP"}, "40017"),
        ("place-order", {**SWAP, **BUY, "qty": "1", "category": "COIN-FUTURES"}, "25100"),
        ("place-order", {**SWAP, **BUY, "qty": "1", "symbol": "NOUSDT"}, "25100"),
        ("place-order", {**SWAP, **BUY, "qty": "1", "posSide": "long"}, "40774"),
        ("place-order", {**SWAP, **BUY, "qty": "1", "clientOid": "x" * 33}, "40017"),
        ("place-order", {**SWAP, **BUY, "orderType": "limit", "price": "99", "qty": "90000"}, "40762"),
        ("place-order", {**SWAP, **BUY, "qty": "1", "reduceOnly": "yes"}, "25227"),
        ("place-order", {**SWAP, **BUY, "qty": "0.00001"}, "40808"),
        ("cancel-order", {"orderId": "77"}, "25204"),
        ("cancel-order", {}, "40019"),
        ("modify-order", {"orderId": "77", "qty": "1"}, "25204"),
        ("close-positions", {"category": "USDT-FUTURES"}, "25227"),
        ("cancel-strategy-order", {"orderId": "77"}, "25204"),
        ("place-strategy-order", {**SWAP, "stopLoss": "90", "posSide": "long"}, "43023"),
        ("place-strategy-order", {**SPOT, "stopLoss": "90", "posSide": "long"}, "40017"),
        ("place-strategy-order", {**SWAP}, "40019"),
    ],
)
def test_refusals(path, params, code):
    caller = unified()
    before = exchange_of(caller).ledger.digest()
    assert caller.post(f"/api/v3/trade/{path}", **params)["code"] == code
    assert exchange_of(caller).ledger.digest() == before


def test_a_name_is_used_once():
    caller = unified()
    order(caller, SWAP, **BUY, qty="1", clientOid="mine")
    again = caller.post("/api/v3/trade/place-order", **SWAP, **BUY, qty="1", clientOid="mine")
    assert again["code"] == "25212"
    assert caller.get("/api/v3/trade/order-info", clientOid="mine")["data"]["orderStatus"] == "filled"


@pytest.mark.parametrize(
    ("force", "price", "qty"), [("post_only", "105", "1"), ("ioc", "90", "1"), ("fok", "105", "9000")]
)
@pytest.mark.parametrize("asked", [SPOT, SWAP], ids=["spot", "swap"])
def test_orders_that_must_not_trade_end_cancelled(asked, force, price, qty):
    caller = unified(usdt=10_000_000)
    params = {"side": "buy", "orderType": "limit", "timeInForce": force, "price": price, "qty": qty}
    row = info(caller, order(caller, asked, **params))
    assert (row["orderStatus"], row["cumExecQty"], row["timeInForce"]) == ("cancelled", "0", force)
    assert coin(caller)["available"] == "10000000"
    assert_sound(exchange_of(caller))


def test_a_key_trades_where_it_may():
    caller = unified()
    control = exchange_of(caller).control
    control.add_key(ONE, "narrow", USECRET, frozenset({Permission.READ, Permission.TRADE}), UPHRASE)
    narrow = Caller(caller.dialect, "narrow", USECRET, UPHRASE)
    order(narrow, SPOT, **BUY, qty="100")
    assert narrow.post("/api/v3/trade/place-order", **SWAP, **BUY, qty="1")["code"] == "40014"


def test_a_batch_fails_row_by_row():
    caller = unified()
    good = {**SWAP, "side": "buy", "orderType": "limit", "price": "90", "qty": "1"}
    rows = [good, {**good, "qty": "9999999"}, {**SPOT, **good, "category": "SPOT"}]
    found = orjson.loads(caller.raw("POST", "/api/v3/trade/place-batch", "", orjson.dumps(rows)).body)["data"]
    assert [bool(row["orderId"]) for row in found] == [True, False, True]
    assert found[1]["code"]
    moved = [{"orderId": found[0]["orderId"], "price": "91"}, {"orderId": "77", "price": "91"}]
    changed = orjson.loads(
        caller.raw("POST", "/api/v3/trade/batch-modify-order", "", orjson.dumps(moved)).body
    )["data"]
    assert [row.get("code", "") for row in changed] == ["", "25204"]
    assert info(caller, found[0]["orderId"])["price"] == "91"
    ids = [{"orderId": row["orderId"], "category": "SPOT", "symbol": "BTCUSDT"} for row in found]
    ended = orjson.loads(caller.raw("POST", "/api/v3/trade/cancel-batch", "", orjson.dumps(ids)).body)["data"]
    assert [row.get("code", "") for row in ended] == ["", "40019", ""]


# --- strategy orders


def held(caller: Caller, qty: str = "4") -> None:
    order(caller, SWAP, **BUY, qty=qty)


def waiting(caller: Caller, **params: str) -> list[dict[str, Any]]:
    asked = {"category": "USDT-FUTURES", **params}
    rows: list[dict[str, Any]] = caller.get("/api/v3/trade/unfilled-strategy-orders", **asked)["data"]
    return rows


def test_both_exits_are_one_strategy_order_that_is_changed_and_cancelled_by_one_id():
    caller = unified()
    held(caller)
    made = caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="90", takeProfit="120", clientOid="exit")
    (row,) = waiting(caller, type="tpsl")
    assert row["orderId"] == made["data"]["orderId"]
    assert (row["clientOid"], row["stopLoss"], row["takeProfit"]) == ("exit", "90", "120")
    assert (row["status"], row["posSide"], row["slTriggerBy"]) == ("pending", "long", "market")
    changed = caller.post("/api/v3/trade/modify-strategy-order", orderId=row["orderId"], stopLoss="91")
    assert changed["code"] == "00000"
    assert [r["stopLoss"] for r in waiting(caller)] == ["91"]
    assert caller.post("/api/v3/trade/cancel-strategy-order", clientOid="exit")["data"] is None
    assert waiting(caller) == []
    (row,) = caller.get("/api/v3/trade/history-strategy-orders", category="USDT-FUTURES")["data"]["list"]
    assert row["status"] == "cancelled"


def test_one_exit_ends_the_other_and_closes_the_whole_position():
    caller = unified(moving(600, seed=4, step=0.02))
    held(caller)
    caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="1", takeProfit="100000")
    row = waiting(caller)[0]
    exchange = exchange_of(caller)
    mark = exchange.tape.last("BTC/USDT:USDT")
    near = {"takeProfit": f"{mark * D('1.001'):.2f}", "stopLoss": f"{mark * D('0.999'):.2f}"}
    changed = caller.post("/api/v3/trade/modify-strategy-order", orderId=row["orderId"], **near)
    assert changed["code"] == "00000", changed
    exchange.advance(START + 3_600_000 + 120 * MINUTE)
    assert waiting(caller) == []
    (row,) = caller.get("/api/v3/trade/history-strategy-orders", category="USDT-FUTURES")["data"]["list"]
    assert row["status"] == "success"
    assert caller.get("/api/v3/position/current-position", category="USDT-FUTURES")["data"]["list"] == []
    (ended,) = caller.get("/api/v3/position/history-position", category="USDT-FUTURES")["data"]["list"]
    assert (ended["openTotalPos"], ended["closeTotalPos"]) == ("4", "4")
    assert_sound(exchange)


def test_a_part_of_a_position():
    caller = unified()
    held(caller)
    caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="90", tpslMode="partial", qty="1")
    assert [r["qty"] for r in waiting(caller)] == ["1"]
    held_back = caller.post("/api/v3/trade/close-positions", category="USDT-FUTURES")
    assert held_back["code"] == "00000"
    assert waiting(caller) == []


def test_exits_survive_a_snapshot_as_one():
    caller = unified()
    held(caller)
    caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="90", takeProfit="120")
    fresh = empty()
    fresh.exchange.restore(exchange_of(caller).snapshot())
    other = Caller(BitgetV3(fresh), UKEY, USECRET, UPHRASE)
    (row,) = waiting(other)
    assert (row["stopLoss"], row["takeProfit"]) == ("90", "120")
    assert coin(other)["balance"] == coin(caller)["balance"]


def test_of_two_exits_both_are_placed_or_none():
    caller = unified()
    held(caller)
    before = exchange_of(caller).ledger.digest()
    made = caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="90", takeProfit="99")
    assert made["code"] == "40915"
    assert waiting(caller) == []
    assert exchange_of(caller).ledger.digest() == before


def test_the_wrong_side_of_the_price_is_refused():
    caller = unified()
    held(caller)
    assert caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="110")["code"] == "40917"
    assert caller.post(STRATEGY, **SWAP, posSide="long", takeProfit="90")["code"] == "40915"
    assert caller.post(STRATEGY, **SWAP, posSide="short", stopLoss="110")["code"] == "43023"


def test_a_trigger_order_waits_and_becomes_an_order():
    caller = unified(moving(600, seed=4, step=0.02))
    exchange = exchange_of(caller)
    last = exchange.tape.last("BTC/USDT:USDT")
    asked = {**SWAP, "type": "trigger", "side": "buy", "qty": "1", "triggerOrderType": "market"}
    made = caller.post(STRATEGY, **asked, triggerPrice=f"{last * D('1.002'):.2f}")
    assert made["code"] == "00000", made
    (row,) = waiting(caller, type="trigger")
    assert (row["triggerBy"], row["triggerOrderType"], row["takeProfit"]) == ("market", "market", "")
    assert waiting(caller, type="tpsl") == []
    exchange.advance(START + 3_600_000 + 300 * MINUTE)
    (row,) = caller.get("/api/v3/trade/history-strategy-orders", category="USDT-FUTURES")["data"]["list"]
    assert row["status"] == "success"
    (found,) = caller.get("/api/v3/trade/history-orders", category="USDT-FUTURES")["data"]["list"]
    assert found["delegateType"] == "plan_market"


def test_exits_that_come_with_an_order_are_shown_with_it_and_wait_after_it():
    caller = unified()
    made = order(caller, SWAP, **BUY, qty="2", takeProfit="120", stopLoss="80", slTriggerBy="mark")
    row = info(caller, made)
    assert (row["takeProfit"], row["stopLoss"], row["slTriggerBy"]) == ("120", "80", "mark")
    (waits,) = waiting(caller)
    assert (waits["takeProfit"], waits["stopLoss"], waits["qty"]) == ("120", "80", "2")


# --- positions, hedge mode, margin


def test_both_sides_at_once():
    caller = unified()
    assert caller.post("/api/v3/account/set-hold-mode", holdMode="hedge_mode")["data"] == "success"
    order(caller, SWAP, **BUY, qty="2", posSide="long")
    order(caller, SWAP, side="sell", orderType="market", qty="3", posSide="short")
    asked = {"category": "USDT-FUTURES"}
    rows = caller.get("/api/v3/position/current-position", **asked)["data"]["list"]
    assert {(r["posSide"], r["total"], r["holdMode"]) for r in rows} == {
        ("long", "2", "hedge_mode"),
        ("short", "3", "hedge_mode"),
    }
    done = caller.post("/api/v3/trade/close-positions", **asked, posSide="short")["data"]["list"]
    assert len(done) == 1
    rows = caller.get("/api/v3/position/current-position", **asked)["data"]["list"]
    assert [r["posSide"] for r in rows] == ["long"]


def test_isolated_margin_is_put_in_and_taken_out():
    caller = unified()
    order(caller, SWAP, **BUY, qty="2", marginMode="isolated")
    asked = {"category": "USDT-FUTURES"}
    before = caller.get("/api/v3/position/current-position", **asked)["data"]["list"][0]
    assert before["marginMode"] == "isolated"
    moved = caller.post("/api/v3/account/set-margin", **SWAP, posSide="long", operation="add", amount="50")
    assert moved["data"] == "success", moved
    after = caller.get("/api/v3/position/current-position", **asked)["data"]["list"][0]
    assert D(after["positionBalance"]) == D(before["positionBalance"]) + 50
    taken = caller.post("/api/v3/account/set-margin", **SWAP, posSide="long", operation="remove", amount="40")
    assert taken["data"] == "success"


# --- records


def test_records_tell_trades_and_money_from_outside_but_no_moves_within_the_pool():
    caller = unified()
    order(caller, SPOT, **BUY, qty="500")
    order(caller, SWAP, **BUY, qty="1")
    found: dict[str, list[dict[str, str]]] = {
        name: caller.get("/api/v3/account/financial-records", category=name)["data"]["list"]
        for name in ("SPOT", "USDT-FUTURES", "OTHER")
    }
    assert {r["type"] for r in found["SPOT"]} == {"ORDER_DEALT_IN", "ORDER_DEALT_FROZEN_OUT"}
    assert {r["type"] for r in found["USDT-FUTURES"]} == {"OPEN_LONG"}
    assert {r["type"] for r in found["OTHER"]} == {"TRANSFER_IN"}
    newest = found["USDT-FUTURES"][0]
    assert newest["balance"] == coin(caller)["balance"]
    total = sum(D(r["amount"]) for rows in found.values() for r in rows if r["coin"] == "USDT")
    assert total == D(coin(caller)["balance"])


def test_pages():
    caller = unified()
    made = [order(caller, SPOT, side="sell", orderType="market", qty="0.1") for _ in range(5)]
    seen: list[str] = []
    asked: dict[str, str] = {"category": "SPOT", "limit": "2"}
    while True:
        data = caller.get("/api/v3/trade/history-orders", **asked)["data"]
        if not data["list"]:
            break
        seen += [row["orderId"] for row in data["list"]]
        asked["cursor"] = data["cursor"]
    assert seen == made[::-1]


# --- frames


class Client:
    """A private line of v3 whose frames are kept."""

    def __init__(self, caller: Caller, path: str) -> None:
        self.frames: list[Any] = []
        line = Line(path, "", {}, "127.0.0.1", NOW, self._sent, lambda code, reason: None)
        self.dialect = caller.dialect
        self.talk = self.dialect.talk(line)

    def _sent(self, text: str) -> None:
        self.frames.append(text if text == "pong" else orjson.loads(text))

    def say(self, **message: Any) -> None:
        self.talk.hear(orjson.dumps(message).decode())

    def login(self, key: str = UKEY, secret: str = USECRET, phrase: str = UPHRASE) -> None:
        stamp = str(NOW // 1000)
        sign = signature(secret, f"{stamp}GET/user/verify")
        self.say(op="login", args=[{"apiKey": key, "passphrase": phrase, "timestamp": stamp, "sign": sign}])

    def of(self, topic: str) -> list[Any]:
        return [f for f in self.frames if f != "pong" and f.get("arg", {}).get("topic") == topic]


def test_private_topics_tell_the_account_what_happened():
    caller = unified()
    client = Client(caller, "/v3/ws/private")
    client.login()
    topics = ("account", "position", "order", "fill", "fast-fill", "strategy-order")
    client.say(op="subscribe", args=[{"instType": "UTA", "topic": t} for t in topics])
    order(caller, SWAP, **BUY, qty="1")
    caller.post(STRATEGY, **SWAP, posSide="long", stopLoss="90")
    caller.post("/api/v3/trade/close-positions", category="USDT-FUTURES")
    states = [f["data"][0]["orderStatus"] for f in client.of("order") if "data" in f]
    assert states == ["new", "filled", "new", "filled"]
    fills = [f["data"][0] for f in client.of("fill") if "data" in f]
    assert [(f["category"], f["side"], f["execQty"]) for f in fills] == [
        ("usdt-futures", "buy", "1"),
        ("usdt-futures", "sell", "1"),
    ]
    fast = [f for f in client.of("fast-fill") if "data" in f]
    assert [f["data"]["execId"] for f in fast] == [f["execId"] for f in fills]
    sizes = [
        [(p["size"], p["positionStatus"]) for p in f["data"]] for f in client.of("position") if "data" in f
    ]
    assert sizes == [[], [("1", "opening")], [("0", "ended")]]
    plans = [f["data"][0] for f in client.of("strategy-order") if "data" in f]
    told = [(p["type"], p["status"], p["stopLoss"], p["triggerPrice"]) for p in plans]
    assert told == [("tpsl", "pending", "90", ""), ("tpsl", "cancelled", "90", "")]
    last = client.of("account")[-1]["data"][0]["coin"]
    assert next(c for c in last if c["coin"] == "USDT")["balance"] == coin(caller)["balance"]


def test_moves_within_the_pool_are_not_told_as_changes_of_the_sum():
    caller = unified()
    client = Client(caller, "/v3/ws/private")
    client.login()
    client.say(op="subscribe", args=[{"instType": "UTA", "topic": "account"}])
    made = order(caller, SPOT, side="buy", orderType="limit", price="90", qty="1")
    caller.post("/api/v3/trade/cancel-order", orderId=made)
    for frame in client.of("account"):
        if "data" in frame:
            found = next(c for c in frame["data"][0]["coin"] if c["coin"] == "USDT")
            assert found["balance"] == "20000"
            assert D(found["available"]) + D(found["locked"]) == 20_000


@pytest.mark.parametrize(
    ("arg", "code"),
    [
        ({"instType": "UTA", "topic": "account"}, 30004),
        ({"instType": "spot", "topic": "nothing", "symbol": "BTCUSDT"}, 30001),
        ({"instType": "spot", "topic": "books15", "symbol": "BTCUSDT"}, 30001),
        ({"instType": "spot", "topic": "kline", "symbol": "BTCUSDT", "interval": "7m"}, 30001),
        ({"instType": "spot", "topic": "ticker", "symbol": "NOUSDT"}, 30001),
        ({"instType": "coin-futures", "topic": "ticker", "symbol": "BTCUSD"}, 30001),
        ({"instType": "spot", "topic": "ticker"}, 30016),
        ({"channel": "ticker"}, 30016),
    ],
)
def test_subscriptions_that_are_refused(arg, code):
    client = Client(unified(), "/v3/ws/public")
    client.say(op="subscribe", args=[arg])
    assert [f.get("code") for f in client.frames] == [code]


def test_a_classic_account_cannot_log_in():
    caller = unified()
    client = Client(caller, "/v3/ws/private")
    client.login(KEY, SECRET, PHRASE)
    assert client.frames[0]["code"] == 30005


def test_books_follow_one_another_without_a_gap():
    caller = unified(moving(600, seed=2))
    exchange = exchange_of(caller)
    client = Client(caller, "/v3/ws/public")
    client.say(op="subscribe", args=[{"instType": "spot", "topic": "books", "symbol": "BTCUSDT"}])
    for minute in range(1, 6):
        exchange.advance(START + 3_600_000 + minute * MINUTE)
    books = [f for f in client.of("books") if "data" in f]
    assert [f["action"] for f in books[:2]] == ["snapshot", "update"]
    assert books[0]["data"][0]["pseq"] == 0
    assert "checksum" not in books[0]["data"][0]
    before = books[0]["data"][0]["seq"]
    for frame in books[1:]:
        assert frame["data"][0]["pseq"] == before
        before = frame["data"][0]["seq"]
