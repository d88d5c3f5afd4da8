"""One pool for spot and contracts: nothing appears or vanishes, and all of it can be used by either."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange.worlds import MINUTE, START, assert_sound, flat, moving
from tests.gateway.bitget.unified import ONE, SPOT, SWAP, D, coin, exchange_of, order, unified
from tests.gateway.bitget.venue import house
from tradewind.exchange import Exchange, Refused
from tradewind.exchange.accounts import FUTURES
from tradewind.gateway.bitget.v3 import BitgetV3

LIMIT = {"side": "buy", "orderType": "limit", "qty": "1"}


def test_money_of_both_wallets_is_one_sum_and_all_of_it_is_margin():
    caller = unified()
    found = coin(caller)
    assert (found["balance"], found["available"], found["locked"]) == ("20000", "20000", "0")
    assert exchange_of(caller).positions.wallet(ONE, "USDT").available == 20_000


def test_a_spot_order_may_use_all_of_it_and_gives_back_what_it_does_not_use():
    caller = unified()
    made = order(caller, SPOT, **{**LIMIT, "qty": "200", "price": "99"})
    found = coin(caller)
    assert (found["balance"], found["available"], found["locked"]) == ("20000", "200", "19800")
    caller.post("/api/v3/trade/cancel-order", orderId=made)
    assert coin(caller)["available"] == "20000"


def test_a_spot_buy_beyond_the_pool_is_refused_and_leaves_no_trace():
    caller = unified()
    before = exchange_of(caller).ledger.digest()
    made = caller.post("/api/v3/trade/place-order", **SPOT, **{**LIMIT, "qty": "201", "price": "100"})
    assert made["code"] == "40762"
    assert exchange_of(caller).ledger.digest() == before


def test_margin_is_not_lent_to_spot():
    caller = unified()
    caller.post("/api/v3/account/set-leverage", **SWAP, leverage="1")
    order(caller, SWAP, side="buy", orderType="market", qty="150")
    left = D(coin(caller)["available"])
    assert D(4_900) < left < D(5_000)
    made = caller.post("/api/v3/trade/place-order", **SPOT, **{**LIMIT, "qty": "60", "price": "99"})
    assert made["code"] == "40762"
    order(caller, SPOT, **{**LIMIT, "qty": "49", "price": "99"})


def test_what_a_sale_brings_is_margin_at_once():
    caller = unified()
    before = D(coin(caller)["balance"])
    order(caller, SPOT, side="sell", orderType="market", qty="1")
    assert D(coin(caller)["balance"]) > before + 99
    assert exchange_of(caller).account(ONE).spot["USDT"].free == 0


def test_a_larger_order_after_a_change_borrows_the_rest():
    caller = unified()
    made = order(caller, SPOT, **{**LIMIT, "price": "90"})
    changed = caller.post("/api/v3/trade/modify-order", orderId=made, qty="2", price="95")
    assert changed["code"] == "00000", changed
    assert coin(caller)["locked"] == "190"
    refused = caller.post("/api/v3/trade/modify-order", orderId=made, qty="500", price="95")
    assert refused["code"] == "40762"
    assert coin(caller)["locked"] == "190"


def test_what_a_sale_brings_is_margin_before_the_next_thing_happens():
    """The price rises: an offer of 10 BTC is taken at 105, and pays for the short that would end at 130."""
    rising = [*flat(60), (100, 106, 100, 106, 100_000), (106, 131, 106, 131, 100_000), *flat(60, 131)]

    def world(cuts: int) -> Exchange:
        caller = unified(rising, usdt=1_000)
        caller.post("/api/v3/account/set-leverage", **SWAP, leverage="5")
        order(caller, SWAP, side="sell", orderType="market", qty="32")
        order(caller, SPOT, side="sell", orderType="limit", qty="10", price="105")
        made = exchange_of(caller)
        for step in range(1, cuts + 1):
            made.advance(START + 3_600_000 + step * 10 * MINUTE // cuts)
        return made

    at_once, bit_by_bit = world(1), world(100)
    held = at_once.positions.state(ONE, "BTC/USDT:USDT").quantity
    assert held == -32
    assert at_once.ledger.digest() == bit_by_bit.ledger.digest()


def test_deposits_and_withdrawals_change_the_sum():
    caller = unified()
    control = exchange_of(caller).control
    control.deposit(ONE, "USDT", D(500))
    control.withdraw(ONE, "USDT", D(200), FUTURES)
    control.withdraw(ONE, "USDT", D(100))  # from whichever wallet has it
    control.adjust(ONE, "USDT", D(-50))
    assert coin(caller)["available"] == "20150"


def test_a_pool_that_comes_later_finds_what_lies_there():
    found = house()
    found.exchange.control.open_account(ONE, spot={"USDT": D(7)}, unified=True)
    BitgetV3(found)
    assert found.exchange.positions.wallet(ONE, "USDT").available == 7


def test_classic_accounts_keep_two_wallets():
    caller = unified()
    exchange = exchange_of(caller)
    assert exchange.account("me").spot["USDT"].free == 10_000
    exchange.control.deposit("me", "USDT", D(5))
    assert exchange.account("me").spot["USDT"].free == 10_005


sizes = st.sampled_from(["0.5", "1", "7", "60", "199", "300"])
prices = st.sampled_from(["80", "95", "100", "105", "120"])
orders = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["SPOT", "USDT-FUTURES"]),
        "symbol": st.just("BTCUSDT"),
        "side": st.sampled_from(["buy", "sell"]),
        "orderType": st.sampled_from(["limit", "market"]),
        "qty": sizes,
        "price": prices,
        "timeInForce": st.sampled_from(["gtc", "ioc", "fok", "post_only"]),
    }
)
steps = st.one_of(
    st.tuples(st.just("place-order"), orders),
    st.tuples(st.just("place-order"), orders),
    st.tuples(
        st.just("modify-order"),
        st.fixed_dictionaries({"orderId": st.integers(1, 12), "qty": sizes, "price": prices}),
    ),
    st.tuples(st.just("cancel-order"), st.fixed_dictionaries({"orderId": st.integers(1, 12)})),
    st.tuples(st.just("cancel-symbol-order"), st.just(SPOT)),
    st.tuples(st.just("deposit"), st.integers(1, 5_000)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, min_size=1, max_size=25), st.integers(1, 5), st.sampled_from(["", "quote"]))
def test_no_sequence_makes_or_loses_money(made, seed, fee_coin):
    caller = unified(moving(600, seed), fee_coin=fee_coin)
    exchange, now = exchange_of(caller), START + 3_600_000
    for what, params in made:
        if what == "deposit":
            exchange.control.deposit(ONE, "USDT", D(params))
        elif what == "wait":
            now += params * MINUTE
            exchange.advance(now)
        else:
            caller.post(f"/api/v3/trade/{what}", **params)
        assert_sound(exchange)
        account, shown = exchange.account(ONE), coin(caller)
        assert account.spot["USDT"].free == 0
        assert D(shown["balance"]) == account.futures["USDT"] + account.spot["USDT"].locked


@pytest.mark.parametrize("seed", [2, 6])
def test_the_same_happens_however_time_is_cut(seed):
    """Offers and bids of both categories near the price, some of which trade while time runs."""

    def digest(cuts: int) -> str:
        rng, caller = Random(seed), unified(moving(600, seed))
        exchange, now = exchange_of(caller), START + 3_600_000
        for _ in range(20):
            near = D(rng.randint(970, 1030)) / 1000
            caller.post(
                "/api/v3/trade/place-order",
                **rng.choice([SPOT, SWAP]),
                side=rng.choice(["buy", "sell"]),
                orderType=rng.choice(["limit", "limit", "market"]),
                qty=rng.choice(["1", "3", "60", "150"]),
                price=str((exchange.tape.last("BTC/USDT") * near).quantize(D("0.01"))),
            )
            minutes = rng.randint(1, 25)
            for step in range(1, cuts + 1):
                exchange.advance(now + minutes * MINUTE * step // cuts)
            now += minutes * MINUTE
        return exchange.ledger.digest()

    assert digest(1) == digest(50)


def test_the_margin_ratio_is_one_where_positions_are_liquidated():
    """1,000 are margin, of which 400 are held by a bid; 10 BTC on spot are equity, but no margin."""
    sinking = [*flat(60), *((100 - i, 100 - i, 99 - i, 99 - i, 100_000) for i in range(40))]
    caller = unified(sinking, usdt=1_000)
    order(caller, SWAP, side="buy", orderType="market", qty="40")
    order(caller, SPOT, **{**LIMIT, "qty": "8", "price": "50"})
    exchange, ratios = exchange_of(caller), []
    for minute in range(1, 30):
        exchange.advance(START + 3_600_000 + minute * MINUTE)
        if not exchange.positions.state(ONE, "BTC/USDT:USDT").quantity:
            break
        found = caller.get("/api/v3/account/assets")["data"]
        wallet = exchange.positions.wallet(ONE, "USDT")
        assert D(found["effEquity"]) == wallet.margin_balance < D(found["accountEquity"])
        ratios.append(D(found["mgnRatio"]))
    assert minute < 29
    assert max(ratios) < 1
    assert ratios[-1] > D("0.2")


def test_profit_that_is_not_realised_neither_leaves_nor_buys():
    rising = [*flat(61), *flat(60, 200)]
    caller = unified(rising, usdt=1_000)
    order(caller, SWAP, side="buy", orderType="market", qty="50")
    exchange_of(caller).advance(START + 3_600_000 + 5 * MINUTE)
    most = caller.get("/api/v3/account/max-transferable", coin="USDT")["data"]["maxTransfer"]
    assert D(coin(caller)["available"]) > 5_000 > 1_000 > D(most) > 900
    control = exchange_of(caller).control
    bid = caller.post("/api/v3/trade/place-order", **SPOT, **{**LIMIT, "qty": "20", "price": "150"})
    assert bid["code"] == "40762"
    with pytest.raises(Refused):
        control.withdraw(ONE, "USDT", D(most) + 1)
    control.withdraw(ONE, "USDT", D(most))


def test_a_fee_in_quote_is_borrowed_with_the_price():
    caller = unified(fee_coin="quote")
    before = exchange_of(caller).ledger.digest()
    made = caller.post("/api/v3/trade/place-order", **SPOT, **{**LIMIT, "qty": "202", "price": "99"})
    assert made["code"] == "40762"  # 19,998 and a fee of 20
    assert exchange_of(caller).ledger.digest() == before
    order(caller, SPOT, **{**LIMIT, "qty": "201", "price": "99"})
    assert coin(caller)["locked"] == "19918.899"


def test_a_change_borrows_only_what_is_not_held_yet():
    caller = unified()
    made = order(caller, SPOT, **{**LIMIT, "qty": "150", "price": "99"})
    changed = caller.post("/api/v3/trade/modify-order", orderId=made, qty="200")
    assert changed["code"] == "00000", changed
    assert coin(caller)["locked"] == "19800"


def test_what_is_filled_already_is_not_borrowed_again():
    caller = unified([*flat(60), (100, 100, 98, 100, 200), *flat(60)])
    made = order(caller, SPOT, **{**LIMIT, "qty": "150", "price": "99"})
    exchange = exchange_of(caller)
    exchange.advance(START + 3_600_000 + 2 * MINUTE)
    filled = exchange.records.by_id(ONE, int(made)).filled
    assert 0 < filled < 150
    changed = caller.post("/api/v3/trade/modify-order", orderId=made, qty="200")
    assert changed["code"] == "00000", changed
    assert D(coin(caller)["locked"]) == 99 * (200 - filled)


def test_an_order_that_is_refused_for_another_reason_borrows_nothing():
    caller = unified()
    before = exchange_of(caller).ledger.digest()
    made = caller.post("/api/v3/trade/place-order", **SPOT, **{**LIMIT, "qty": "0.01", "price": "99"})
    assert made["code"] == "45110"
    assert exchange_of(caller).ledger.digest() == before
