"""From weights to lots: sizing, band, minimum, and what money can pay."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from tests.simulator.markets import (
    FREE,
    fills_of,
    market_of,
    perpetual,
    simulator_of,
    spot,
    trade,
    with_costs,
    with_risk,
)
from tradewind.market import FeeAsset, Reason
from tradewind.simulator import Simulator
from tradewind.simulator.rebalance import decide


def test_a_fee_in_base_is_not_asked_of_the_cash() -> None:
    """The coin pays its fee from what is received: 1,000 buy 10 at 100, and 0.1 of them is the fee."""
    market = market_of(spot(taker_fee=0.01, fee_asset=FeeAsset.BASE), [100, 100])
    simulator = trade(market, 1.0)
    assert fills_of(simulator)[0]["lots"] == 10_000
    assert simulator.positions[0, 0]["lots"] == 9_900
    assert simulator.accounts[0]["wallet"] == pytest.approx(0.0)


def test_a_fee_in_quote_must_fit_into_the_cash() -> None:
    market = market_of(spot(taker_fee=0.01), [100, 100])
    simulator = trade(market, 1.0)
    assert simulator.positions[0, 0]["lots"] == math.floor(1000 / 101 * 1000)
    assert 0 <= simulator.accounts[0]["wallet"] < 0.2


@pytest.mark.parametrize(("exempt", "lots"), [(True, 0), (False, 100)])
def test_a_flip_that_shrinks_under_the_minimum_closes_whole_or_not_at_all(exempt: bool, lots: int) -> None:
    """Long 10, wants short 500; the other position falls at the open and leaves money for 29.80 of it."""
    flipping = perpetual("AAA/USDT:USDT", min_notional=Decimal(50), closes_below_minimum=exempt)
    binding = perpetual("BBB/USDT:USDT")
    market = market_of((flipping, binding), [100, 100], [100, 2])
    simulator = simulator_of(market)
    simulator.positions[0, 0]["lots"], simulator.positions[0, 0]["entry"] = 100, 100.0
    simulator.positions[0, 1]["lots"], simulator.positions[0, 1]["entry"] = 4_900, 100.0
    simulator.step(np.array([[-0.5, math.nan]]))
    assert simulator.positions[0, 0]["lots"] == lots


def orders(simulator: Simulator, *weights: float) -> list[int]:
    """The lots that a decision on the account's own row orders, nothing traded."""
    simulator.positions[0]["wanted"] = weights
    tape, row = simulator.tape, int(simulator.accounts[0]["row"])
    decide(
        simulator.accounts,
        simulator.positions,
        0,
        tape.bars,
        row,
        1,
        tape.instruments,
        simulator.rules_record[0],
    )
    return [int(order) for order in simulator.positions[0]["order"]]


def reason_of(simulator: Simulator, a: int = 0) -> Reason:
    return Reason(int(simulator.positions[0, a]["reason"]))


def test_lots_are_weight_times_equity_over_the_value_of_a_lot() -> None:
    """0.3 of 1,000 at 7 a coin is 42.857 coins: 42,857 lots of a thousandth."""
    assert orders(simulator_of(market_of(spot(), [7, 7])), 0.3) == [42_857]
    assert orders(simulator_of(market_of(perpetual(), [7, 7])), -0.3) == [-42_857]


def test_a_division_that_rounds_down_loses_no_lot() -> None:
    """0.29 * 1000 / (1 * 0.01) is 28999.999999999996 in binary."""
    market = market_of(spot(lot=Decimal("0.01")), [1, 1])
    assert orders(simulator_of(market), 0.29) == [29_000]


def test_hold_trades_nothing_however_far_the_weight_has_drifted() -> None:
    simulator = trade(market_of(spot(), [100, 100, 400, 400]), 0.5, math.nan, math.nan)
    assert simulator.positions[0, 0]["lots"] == 5_000
    assert len(fills_of(simulator)) == 1


def test_a_change_inside_the_band_is_no_trade() -> None:
    """The band is 1 % of equity, 10: from 500 held, targets of 509.9 and 490.1 wait, of 510.1 trade."""
    simulator = trade(market_of(spot(), [100, 100, 100]), 0.5, rules=replace(FREE, band=0.01))
    assert orders(simulator, 0.5099) == [0]
    assert orders(simulator, 0.4901) == [0]
    assert orders(simulator, 0.5101) == [101]
    assert orders(simulator, 0.4899) == [-101]


def test_a_target_of_zero_the_kill_switch_and_the_cooldown_ignore_the_band() -> None:
    simulator = trade(market_of(spot(), [100, 100, 100]), 0.5, rules=replace(FREE, band=0.9))
    assert simulator.positions[0, 0]["lots"] == 0
    simulator = trade(market_of(spot(), [100, 100, 100]), 0.95, rules=replace(FREE, band=0.9))
    simulator.rules_record["band"] = 0.99
    assert orders(simulator, 0.9) == [0]
    assert orders(simulator, 0.0) == [-9_500]
    simulator.positions[0, 0]["cooldown"] = 1
    assert orders(simulator, 0.9) == [-9_500]
    assert orders(simulator, 0.9) == [0]
    simulator.accounts[0]["halted"] = 1
    assert orders(simulator, 0.9) == [-9_500]


@pytest.mark.fault("A14")
def test_a_cap_on_the_target_is_no_risk_cut_and_keeps_the_band() -> None:
    """Drift over the cap does not trade at every bar: 0.5 became 0.504, the cap says 0.5, the band 1 %."""
    rules = with_risk(replace(FREE, band=0.01), max_weight=0.5)
    simulator = trade(market_of(spot(), [100, 100, 101.5, 101.5]), 0.9, rules=rules)
    simulator.step(np.array([[0.9]]))
    assert reason_of(simulator) == Reason.WEIGHT_CAP
    assert len(fills_of(simulator)) == 1


def test_an_order_under_the_minimum_is_no_trade() -> None:
    market = market_of(spot(min_notional=Decimal(50)), [100, 100, 100])
    assert orders(simulator_of(market), 0.0499) == [0]
    assert orders(simulator_of(market), 0.05) == [500]


def test_a_perpetual_closes_whole_below_the_minimum_and_spot_keeps_the_dust() -> None:
    """0.4 coins at 100, then at 50: 20 of value, the minimum is 30. Reducing in part is refused on both."""
    for make, closing in ((perpetual, -400), (spot, 0)):
        simulator = trade(market_of(make(min_notional=Decimal(30)), [100, 100, 50]), 0.04, math.nan)
        assert simulator.positions[0, 0]["lots"] == 400
        assert orders(simulator, 0.0) == [closing]
        assert orders(simulator, 0.001) == [0]


def test_dust_is_never_chased() -> None:
    market = market_of(spot(min_notional=Decimal(30)), [100, 100, 50, 50, 50, 100])
    simulator = trade(market, 0.04, math.nan, 0.0, 0.0, 0.0, rules=with_risk(stop_loss=0.1))
    assert len(fills_of(simulator)) == 1
    account = simulator.accounts[0]
    assert account["equity"] == pytest.approx(account["wallet"] + 0.4 * 100)


def test_sells_come_before_buys() -> None:
    """All of A is sold to buy B: on cash alone the buy could not be paid. B stands first in the list."""
    market = market_of((spot("BBB/USDT"), spot("AAA/USDT")), [100, 100, 100], [100, 100, 100])
    simulator = trade(market, (0.0, 1.0), (1.0, 0.0))
    assert [(int(f["instrument"]), int(f["lots"])) for f in fills_of(simulator)] == [
        (1, 10_000),
        (1, -10_000),
        (0, 10_000),
    ]


def test_buys_that_cash_cannot_pay_shrink_by_one_common_factor() -> None:
    """Fee 2 %: 600 and 400 cost 1,020, so both shrink by 1000 / 1020, whichever is named first."""
    a, b = spot("AAA/USDT", taker_fee=0.02), spot("BBB/USDT", taker_fee=0.02)
    flat = [100, 100]
    shrunk = [math.floor(6_000 / 1.02), math.floor(4_000 / 1.02)]
    assert orders(simulator_of(market_of((a, b), flat, flat)), 0.6, 0.4) == shrunk
    assert orders(simulator_of(market_of((b, a), flat, flat)), 0.4, 0.6) == shrunk[::-1]


def test_buys_shrink_again_at_an_open_that_gapped() -> None:
    """A and B open 10 % and 30 % higher: 500 + 500 would cost 1,200, so both buy 5/6 of their 5 coins."""
    market = market_of((spot("AAA/USDT"), spot("BBB/USDT")), [100, 110], [100, 130])
    simulator = trade(market, (0.5, 0.5))
    assert simulator.positions["lots"].tolist() == [[math.floor(5_000 / 1.2)] * 2]
    assert 0 <= simulator.accounts[0]["wallet"] < 0.3


def test_a_sale_at_a_lower_open_leaves_less_to_buy_with() -> None:
    """A falls from 100 to 50 at the open: its 10 coins bring 500, which buys 5 of B, not 10."""
    market = market_of((spot("AAA/USDT"), spot("BBB/USDT")), [100, 100, 50], [100, 100, 100])
    simulator = trade(market, (1.0, 0.0), (0.0, 1.0))
    assert simulator.positions["lots"].tolist() == [[0, 5_000]]
    assert simulator.accounts[0]["wallet"] == pytest.approx(0.0)


def test_the_margin_and_the_costs_of_a_perpetual_must_fit_into_its_equity() -> None:
    """Leverage 2, fee 5 %: 2,000 need 1,000 of margin and 100 of fees, so 2000 / 1.1 fit."""
    market = market_of(perpetual(taker_fee=0.05), [100, 100])
    assert orders(simulator_of(market, replace(FREE, leverage=2.0)), 2.0) == [math.floor(20_000 / 1.1)]


def test_what_is_kept_binds_its_margin_at_its_entry() -> None:
    """20 coins of A from 50 bind 1,000 at leverage 1; at 60 the equity is 1,200 and 200 are left for B."""
    market = market_of(
        (perpetual("AAA/USDT:USDT"), perpetual("BBB/USDT:USDT")), [50, 50, 60, 60], [10, 10, 10, 10]
    )
    simulator = trade(market, (1.0, 0.0), (math.nan, math.nan))
    rules = simulator.rules_record
    rules["max_gross"] = rules["max_net"] = 5.0
    assert orders(simulator, math.nan, 0.9) == [0, 20_000]


def test_only_the_new_side_of_a_flip_shrinks() -> None:
    """Long 10 at 100, wants short 10, fee 5 %: closing costs 50, the new side 105 a coin of the 950 left."""
    market = market_of(perpetual(taker_fee=0.05), [100, 100, 100])
    simulator = simulator_of(market)
    position = simulator.positions[0, 0]
    position["lots"], position["entry"], position["mark"] = 10_000, 100.0, 100.0
    assert orders(simulator, -1.0) == [-10_000 - math.floor(950 / 105 * 1000)]


def test_tiny_lots_are_clamped_and_never_overflow() -> None:
    """1e12 of capital in lots of 1e-18 coins: 1e30 lots are wanted, 2^53 held, and 2^53 traded in a bar."""
    market = market_of(perpetual(lot=Decimal("1e-18")), [1] * 6)
    simulator = simulator_of(market, capital=1e12)
    held = []
    for weight in (1.0, -1.0, -1.0, 1.0, 1.0):
        simulator.step(np.array([[weight]]))
        held.append(int(simulator.positions[0, 0]["lots"]) // 2**53)
    assert held == [1, 0, -1, 0, 1]
    assert simulator.accounts[0]["equity"] == pytest.approx(1e12)


def test_the_order_cap_limits_what_opens_and_never_what_closes() -> None:
    rules = with_risk(max_order_notional=200.0)
    simulator = trade(market_of(perpetual(), [100] * 4), 0.9, rules=rules)
    assert simulator.positions[0, 0]["lots"] == 2_000
    assert reason_of(simulator) == Reason.ORDER_CAP
    simulator.step(np.array([[0.9]]))
    assert simulator.positions[0, 0]["lots"] == 4_000
    assert orders(simulator, 0.0) == [-4_000]
    assert orders(simulator, -0.9) == [-4_000]
    assert orders(simulator, 0.5) == [1_000]
    assert reason_of(simulator) == Reason.NONE


@pytest.mark.parametrize(
    ("held", "wanted", "target"),
    [(3, 0.5, 3), (3, 0.1, 1), (3, -0.5, 0), (-3, -0.5, -3), (-3, 0.2, 0), (0, 0.5, 0)],
)
@pytest.mark.parametrize(
    ("flag", "reason"), [("blocked", Reason.DAILY_LOSS), ("streak_left", Reason.LOSS_STREAK)]
)
def test_a_blocked_account_may_only_reduce(
    held: int, wanted: float, target: int, flag: str, reason: Reason
) -> None:
    simulator = simulator_of(market_of(perpetual(lot=Decimal(1)), [100, 100]))
    simulator.positions[0, 0]["lots"], simulator.positions[0, 0]["entry"] = held, 100.0
    simulator.accounts[0][flag] = 1
    assert orders(simulator, wanted) == [target - held]
    assert reason_of(simulator) == (Reason.NONE if target == 1 else reason)


def test_a_losing_streak_blocks_as_many_decisions_as_it_says() -> None:
    simulator = simulator_of(market_of(perpetual(), [100, 100]))
    simulator.accounts[0]["streak_left"] = 3
    assert [orders(simulator, 0.5) for _ in range(4)] == [[0], [0], [0], [5_000]]


def test_a_bar_that_is_missing_takes_no_order_and_fills_none() -> None:
    """Masked at the decision: held. Masked at the open: the order is gone, and does not wait."""
    simulator = trade(market_of(spot(), [100, None, 100, None, 100, 100]), 0.5, 0.5, math.nan)
    assert len(fills_of(simulator)) == 0
    simulator.step(np.array([[0.5]]))
    assert len(fills_of(simulator)) == 0
    assert simulator.accounts[0]["masked"] == 2
    simulator.step(np.array([[0.5]]))
    assert [int(f["row"]) for f in fills_of(simulator)] == [5]


def test_a_fee_on_a_slipped_price_is_asked_of_the_cash_too() -> None:
    """Slippage 5 % and fee 5 %: a coin of 100 costs 105 and 5.25, and cash never turns negative."""
    market = market_of(spot(taker_fee=0.05), [100, 100])
    simulator = trade(market, 1.0, rules=with_costs(slippage=0.05))
    assert simulator.positions[0, 0]["lots"] == math.floor(1000 / 110.25 * 1000)
    assert 0 <= simulator.accounts[0]["wallet"] < 0.2
