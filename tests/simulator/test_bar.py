"""Between two closes: funding, fills at the open, stops and liquidation on the path inside the bar."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

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
from tradewind.account import FILL
from tradewind.market import FeeAsset, FillReason, MaintenanceTier
from tradewind.simulator import Rules, Simulator


def test_what_the_insurance_fund_takes_is_no_cost_of_slippage() -> None:
    """Long 10 at 100, leverage 10: the open at 80 would lose 200 of a margin of 100; the price gives way."""
    market = market_of(perpetual(), [100, 100, 80])
    simulator = trade(market, 1.0, 1.0, rules=replace(FREE, leverage=10.0))
    _, exit_ = fills_of(simulator)
    assert exit_["reason"] == FillReason.LIQUIDATION
    assert exit_["price"] == pytest.approx(90.0)
    assert exit_["cost_of_slippage"] == pytest.approx(-100.0)
    assert simulator.accounts[0]["slippage"] == pytest.approx(-100.0)
    assert simulator.accounts[0]["equity"] == pytest.approx(900.0)


def exits(simulator: Simulator) -> list[tuple[FillReason, float]]:
    """(reason, price) of every fill but those that the agent ordered."""
    return [
        (FillReason(int(f["reason"])), round(float(f["price"]), 9))
        for f in fills_of(simulator)
        if f["reason"] != FillReason.ORDER
    ]


def through(
    candle: tuple[float, float, float, float],
    *,
    weight: float = 1.0,
    leverage: float = 1.0,
    rules: Rules = FREE,
    before: tuple[tuple[float, float, float, float], ...] = (),
    **limits: Any,
) -> Simulator:
    """10 coins at 100 (short for weight -1), then the bars `before`, then the candle, on hold."""
    market = market_of(perpetual(), [100, 100, *before, candle, 100])
    rules = with_risk(replace(rules, leverage=leverage), **limits)
    return trade(market, weight, *[math.nan] * (1 + len(before)), rules=rules)


# -- funding ------------------------------------------------------------------------------------------


def test_longs_pay_a_positive_funding_rate_and_shorts_receive_it() -> None:
    """10 coins, open 110, rate 0.1 %: 1.10, on the open and not on the close of the bar."""
    for weight, paid in ((1.0, 1.1), (-1.0, -1.1)):
        market = market_of(perpetual(), [100, 100, (110, 120, 100, 100)], funding={2: 0.001})
        simulator = trade(market, weight, math.nan)
        account = simulator.accounts[0]
        assert account["funding"] == pytest.approx(-paid)
        assert account["equity"] == pytest.approx(1000 - paid)


def test_funding_is_charged_on_the_position_before_any_fill() -> None:
    market = market_of(perpetual(), [100, 100, 100, 100], funding={1: 0.01, 2: 0.01})
    simulator = trade(market, 1.0, 0.0, 0.0)
    events = [(int(e["row"]), int(e["lots"]), bool(e["funding"])) for e in fills_of(simulator)]
    assert events == [(1, 10_000, False), (2, 0, True), (2, -10_000, False)]
    assert simulator.accounts[0]["equity"] == pytest.approx(1000 - 10)


def test_funding_takes_the_mark_at_the_open_where_it_is_given() -> None:
    flat = [(100.0,) * 4] * 2
    market = market_of(
        perpetual(), [100, 100, 110], funding={2: 0.01}, mark=[*flat, (120.0, 120.0, 120.0, 110.0)]
    )
    assert trade(market, 1.0, math.nan).accounts[0]["funding"] == pytest.approx(-12.0)


def test_a_bar_that_is_missing_has_no_funding() -> None:
    """No bar, no price to charge on: neither history nor a live snapshot knows one."""
    market = market_of(perpetual(), [100, 100, None, 100], funding={2: 0.01})
    assert trade(market, 1.0, math.nan, math.nan).accounts[0]["funding"] == 0.0


# -- fills at the open --------------------------------------------------------------------------------


def test_orders_fill_at_the_next_open_with_costs_and_fee() -> None:
    """Sized on the close of 100, filled at the open of 102 plus 1 % slippage, fee 0.1 % of what is paid."""
    market = market_of(perpetual(taker_fee=0.001), [100, (102, 105, 101, 104)])
    simulator = trade(market, 0.5, rules=with_costs(half_spread=0.004, slippage=0.006))
    (fill,) = fills_of(simulator)
    assert (fill["row"], fill["lots"]) == (1, 5_000)
    assert fill["price"] == pytest.approx(102 * 1.01)
    assert fill["fee"] == pytest.approx(5 * 102 * 1.01 * 0.001)
    assert fill["cost_of_slippage"] == pytest.approx(5 * 102 * 0.01)
    assert simulator.accounts[0]["equity"] == pytest.approx(1000 + 5 * (104 - 103.02) - 0.5151)


def test_a_bar_fills_a_tenth_of_the_volume_known_before_and_the_rest_is_cancelled() -> None:
    """Volumes 20, 40, 10000: mean 20, then 30; the bar that fills is not yet known."""
    market = market_of(perpetual(), [100] * 5, volume=[20, 40, 10_000, 0, 0])
    simulator = trade(market, 1.0, rules=with_costs(participation_cap=0.1))
    assert simulator.positions[0, 0]["lots"] == 2_000
    assert simulator.positions[0, 0]["order"] == 0
    simulator.step(np.array([[math.nan]]))
    assert simulator.positions[0, 0]["lots"] == 2_000
    simulator = trade(market, 1.0, 1.0, rules=with_costs(participation_cap=0.1))
    assert fills_of(simulator)["lots"].tolist() == [2_000, 3_000]


def test_without_volume_nothing_fills() -> None:
    market = market_of(perpetual(), [100, 100, 100], volume=0.0)
    assert len(fills_of(trade(market, 1.0, 1.0, rules=with_costs(participation_cap=1.0)))) == 0


def test_the_volume_that_is_known_is_the_mean_of_the_last_window() -> None:
    market = market_of(perpetual(), [100] * 5, volume=[1000, 10, 20, 30, 0])
    rules = with_costs(participation_cap=0.1, volume_window=2)
    simulator = trade(market, math.nan, math.nan, math.nan, 1.0, rules=rules)
    assert simulator.positions[0, 0]["lots"] == 2_500


def test_impact_is_paid_on_the_share_of_the_volume() -> None:
    """4 coins of a mean volume of 100: 1 % * sqrt(0.04) = 0.2 %"""
    market = market_of(perpetual(), [100, 100], volume=100.0)
    (fill,) = fills_of(trade(market, 0.4, rules=with_costs(impact=0.01)))
    assert fill["price"] == pytest.approx(100.2)


@pytest.mark.parametrize(
    ("limits", "low", "reason", "level"),
    [
        ({"stop_loss": 0.1}, 85.0, FillReason.STOP, 100.2 * 0.9),
        ({"trailing_stop": 0.1}, 85.0, FillReason.TRAILING_STOP, 100.2 * 0.9),
        ({}, 75.0, FillReason.LIQUIDATION, 100.2 * 0.8 / 0.995),
    ],
)
def test_impact_is_of_the_volume_known_before_the_bar(
    limits: dict[str, float], low: float, reason: FillReason, level: float
) -> None:
    """4 coins of a mean of 100 known at each decision: 0.2 %, however much trades in the bar that fills."""
    market = market_of(perpetual(), [100, 100, (100, 100, low, 99)], volume=[100, 100, 1e9])
    rules = with_risk(with_costs(replace(FREE, leverage=5.0), impact=0.01), **limits)
    entry, exit_ = fills_of(trade(market, 0.4, math.nan, rules=rules))
    assert (entry["price"], exit_["reason"]) == (pytest.approx(100.2), reason)
    assert exit_["price"] == pytest.approx(level * 0.998)
    busy = market_of(perpetual(), [100, 100], volume=[100, 1e9])
    assert fills_of(trade(busy, 0.4, rules=rules))[0]["price"] == pytest.approx(100.2)


def test_what_money_can_pay_at_the_open_is_reckoned_with_the_volume_known_before() -> None:
    """10 coins of a mean of 100 pay 0.316 % of impact; the dry bar that fills, not yet known, takes no more."""
    market = market_of(spot(), [100, 100], volume=[100, 0])
    (fill,) = fills_of(trade(market, 1.0, rules=with_costs(impact=0.01)))
    assert fill["lots"] == int(10_000 / (1 + 0.01 * math.sqrt(0.1)))


def test_a_fee_in_a_third_coin_costs_its_quote_value() -> None:
    for asset in (FeeAsset.QUOTE, FeeAsset.OTHER):
        market = market_of(spot(taker_fee=0.01, fee_asset=asset), [100, 100])
        account = trade(market, 0.5).accounts[0]
        assert (account["equity"], account["fees"]) == (pytest.approx(995.0), pytest.approx(5.0))


def test_a_fee_in_base_is_taken_from_the_coins_and_counted_at_their_price() -> None:
    market = market_of(spot(taker_fee=0.01, fee_asset=FeeAsset.BASE), [100, 100, 200])
    simulator = trade(market, 0.5, math.nan)
    (fill,) = fills_of(simulator)
    assert (fill["fee"], fill["fee_in_base"]) == (pytest.approx(0.05), 1)
    assert simulator.positions[0, 0]["lots"] == 4_950
    assert simulator.accounts[0]["fees"] == pytest.approx(5.0)
    assert simulator.accounts[0]["equity"] == pytest.approx(500 + 4.95 * 200)


# -- stops --------------------------------------------------------------------------------------------


def test_a_stop_executes_at_the_stop_price_plus_slippage() -> None:
    """Bought at 101 (1 % slippage), stop 5 % below: 95.95, sold 1 % lower."""
    simulator = through((99, 99, 90, 98), weight=0.5, rules=with_costs(slippage=0.01), stop_loss=0.05)
    assert exits(simulator) == [(FillReason.STOP, round(101 * 0.95 * 0.99, 9))]


def test_a_stop_that_the_open_gapped_costs_what_the_gap_costs() -> None:
    assert exits(through((80, 99, 70, 98), stop_loss=0.05)) == [(FillReason.STOP, 80.0)]
    assert exits(through((120, 130, 100, 98), weight=-1.0, stop_loss=0.05)) == [(FillReason.STOP, 120.0)]


def test_a_stop_that_is_touched_to_the_tick_is_triggered_and_one_missed_is_not() -> None:
    assert exits(through((100, 100, 95, 98), stop_loss=0.05)) == [(FillReason.STOP, 95.0)]
    assert exits(through((100, 100, 95.01, 98), stop_loss=0.05)) == []
    assert exits(through((100, 105, 100, 98), weight=-1.0, stop_loss=0.05)) == [(FillReason.STOP, 105.0)]


def test_a_stop_may_strike_in_the_bar_that_opened_the_position() -> None:
    market = market_of(perpetual(), [100, (100, 101, 94, 99)])
    assert exits(trade(market, 1.0, rules=with_risk(stop_loss=0.05))) == [(FillReason.STOP, 95.0)]


def test_the_worst_comes_first_so_a_trailing_stop_is_hit_at_the_old_peak() -> None:
    """The bar falls to 90 before it rises to 120: the stop 9 % below 100 strikes on the way down."""
    simulator = through((100, 120, 90, 119), trailing_stop=0.09)
    assert exits(simulator) == [(FillReason.TRAILING_STOP, 91.0)]


def test_on_the_last_leg_the_trailing_stop_stands_at_the_new_peak() -> None:
    """Low 99, then the peak of 120, and a close of 105 beyond 108: sold at 108."""
    assert exits(through((100, 120, 99, 105), trailing_stop=0.1)) == [(FillReason.TRAILING_STOP, 108.0)]
    assert exits(through((100, 120, 99, 108.01), trailing_stop=0.1)) == []
    assert exits(through((100, 101, 80, 90), weight=-1.0, trailing_stop=0.1)) == [
        (FillReason.TRAILING_STOP, 88.0)
    ]


def test_the_peak_of_earlier_bars_is_remembered() -> None:
    simulator = through((119, 119, 100, 118), before=((100, 120, 100, 119),), trailing_stop=0.1)
    assert exits(simulator) == [(FillReason.TRAILING_STOP, 108.0)]


def test_the_nearer_of_two_stops_gives_its_name() -> None:
    both = {"stop_loss": 0.05, "trailing_stop": 0.1}
    assert exits(through((100, 100, 90, 98), **both)) == [(FillReason.STOP, 95.0)]
    simulator = through((119, 119, 90, 98), before=((100, 120, 100, 119),), **both)
    assert exits(simulator) == [(FillReason.TRAILING_STOP, 108.0)]


def test_a_flip_starts_a_new_peak() -> None:
    """Long to a peak of 150, flipped to short at 140: stopped 15 % above 140 at 161, not above 150 at 172.5."""
    rises = [100, 100, (100, 150, 100, 140)]
    rules = with_risk(replace(FREE, leverage=2.0), trailing_stop=0.15)
    simulator = trade(market_of(perpetual(), [*rises, (140, 160, 130, 135)]), 1.0, 1.0, -1.0, rules=rules)
    assert simulator.positions[0, 0]["lots"] < 0
    assert simulator.positions[0, 0]["peak"] == 130.0
    assert exits(simulator) == []
    simulator = trade(market_of(perpetual(), [*rises, (140, 165, 130, 135)]), 1.0, 1.0, -1.0, rules=rules)
    assert exits(simulator) == [(FillReason.TRAILING_STOP, 161.0)]


def test_an_increase_moves_the_stop_with_the_weighted_entry() -> None:
    """5 coins at 100 and 5 at 110: entry 105, stop 10 % below at 94.5."""
    market = market_of(perpetual(), [100, 100, 110, 110, (100, 100, 90, 100)])
    rules = with_risk(replace(FREE, leverage=3.0), stop_loss=0.1)
    simulator = trade(market, 0.5, math.nan, 1100 / 1050, math.nan, rules=rules)
    assert exits(simulator) == [(FillReason.STOP, 94.5)]


def test_after_a_stop_the_next_decisions_have_target_zero_for_that_instrument_alone() -> None:
    pair = (perpetual("AAA/USDT:USDT"), perpetual("BBB/USDT:USDT"))
    market = market_of(pair, [100, 100, (100, 100, 80, 100), *[100] * 4], [100] * 7)
    rules = with_risk(stop_loss=0.1, cooldown_bars=2)
    simulator = trade(market, *[(0.4, 0.4)] * 6, rules=rules)
    bought = [(int(f["row"]), int(f["instrument"])) for f in fills_of(simulator) if f["lots"] > 0]
    assert [row for row, a in bought if a == 0] == [1, 5]
    assert next(row for row, a in bought if a == 1) == 1
    assert simulator.positions[0, 1]["lots"] > 0


def test_a_bar_that_is_missing_stops_nothing() -> None:
    market = market_of(perpetual(), [100, 100, None, (50, 60, 40, 55)])
    simulator = trade(market, 1.0, math.nan, math.nan, rules=with_risk(stop_loss=0.1))
    assert exits(simulator) == [(FillReason.STOP, 50.0)]


# -- liquidation --------------------------------------------------------------------------------------

LEVERED = {"weight": 5.0, "leverage": 5.0}
"""50 coins at 100 on 1,000: margin 20 a coin, maintenance 0.5 %, liquidated at 80 / 0.995 = 80.40."""


def test_a_liquidation_exits_at_the_liquidation_price() -> None:
    simulator = through((100, 100, 75, 99), **LEVERED)
    assert exits(simulator) == [(FillReason.LIQUIDATION, round(80 / 0.995, 9))]
    account = simulator.accounts[0]
    assert account["equity"] == pytest.approx(1000 + 50 * (80 / 0.995 - 100))
    assert (account["liquidations"], account["stops"]) == (1, 0)


def test_a_short_is_liquidated_above() -> None:
    simulator = through((100, 125, 100, 101), weight=-5.0, leverage=5.0)
    assert exits(simulator) == [(FillReason.LIQUIDATION, round(120 / 1.005, 9))]


def test_a_stop_that_is_crossed_before_the_liquidation_price_wins() -> None:
    assert exits(through((100, 100, 70, 99), stop_loss=0.1, **LEVERED)) == [(FillReason.STOP, 90.0)]


def test_a_liquidation_price_that_is_crossed_before_the_stop_wins() -> None:
    assert exits(through((100, 100, 60, 99), stop_loss=0.3, **LEVERED)) == [
        (FillReason.LIQUIDATION, round(80 / 0.995, 9))
    ]


def test_an_open_beyond_the_stop_but_not_the_liquidation_price_is_a_stop() -> None:
    assert exits(through((85, 100, 60, 99), stop_loss=0.1, **LEVERED)) == [(FillReason.STOP, 85.0)]


def test_an_open_beyond_both_is_a_liquidation_at_the_open() -> None:
    """Open 80.2: beyond the stop at 90 and 80.40; the loss of 990 fits into the margin of 1,000."""
    simulator = through((80.2, 100, 60, 99), stop_loss=0.1, **LEVERED)
    assert exits(simulator) == [(FillReason.LIQUIDATION, 80.2)]


def test_the_fee_gives_way_before_the_price_when_the_margin_is_spent() -> None:
    """Margin 20 a coin. At 80.4 with a fee of 2 %: 19.6 + 1.6 > 20, so 0.4 of fee is paid; at 70 none is."""
    market = market_of(perpetual(taker_fee=0.02), [100, 100, (100, 100, 75, 99)])
    rules = replace(FREE, leverage=5.0)
    simulator = trade(market, 2.0, math.nan, rules=rules)
    fill = fills_of(simulator)[-1]
    quantity = abs(int(fill["lots"])) / 1000
    assert fill["price"] == pytest.approx(80 / 0.995)
    assert fill["fee"] == pytest.approx(quantity * (20 - (100 - 80 / 0.995)))
    assert simulator.accounts[0]["equity"] == pytest.approx(1000 - quantity * (20 + 100 * 0.02))
    market = market_of(perpetual(taker_fee=0.02), [100, 100, (70, 100, 65, 99)])
    fill = fills_of(trade(market, 2.0, math.nan, rules=rules))[-1]
    assert (fill["price"], fill["fee"]) == (pytest.approx(80.0), 0.0)


def test_a_liquidation_looks_at_the_mark_and_a_stop_at_the_price() -> None:
    flat = (100.0, 100.0, 100.0, 100.0)
    dives = (100.0, 100.0, 75.0, 100.0)
    mark_dives = market_of(perpetual(), [100, 100, 100, 100], mark=[flat, flat, dives, flat])
    price_dives = market_of(perpetual(), [100, 100, dives, 100], mark=[flat] * 4)
    for market, with_stop, without in (
        (mark_dives, FillReason.LIQUIDATION, FillReason.LIQUIDATION),
        (price_dives, FillReason.STOP, None),
    ):
        for rules, expected in ((with_risk(stop_loss=0.1), with_stop), (FREE, without)):
            found = exits(trade(market, 5.0, math.nan, rules=replace(rules, leverage=5.0)))
            assert [reason for reason, _ in found] == ([] if expected is None else [expected])


def test_a_larger_position_is_liquidated_by_the_tier_that_it_is_in() -> None:
    """Notional 80,000 at leverage 10 in a tier of 5 % less 2,000: 10 + (p - 100) = 0.05 p - 2.5 a coin."""
    tiers = (MaintenanceTier(0, 0.01), MaintenanceTier(50_000, 0.05, 2_000))
    market = market_of(perpetual(tiers=tiers), [100, 100, (100, 100, 50, 99)])
    simulator = trade(market, 8.0, math.nan, rules=replace(FREE, leverage=10.0), capital=10_000.0)
    assert exits(simulator) == [(FillReason.LIQUIDATION, round((90 - 2.5) / 0.95, 9))]


def test_one_liquidation_leaves_the_other_positions_alone() -> None:
    pair = (perpetual("AAA/USDT:USDT"), perpetual("BBB/USDT:USDT"))
    market = market_of(pair, [100, 100, (50, 50, 50, 50)], [100, 100, 100])
    simulator = trade(market, (2.0, 2.0), (math.nan, math.nan), rules=replace(FREE, leverage=5.0))
    assert exits(simulator) == [(FillReason.LIQUIDATION, 80.0)]
    assert simulator.positions["lots"].tolist() == [[0, 20_000]]
    assert simulator.accounts[0]["equity"] == pytest.approx(1000 - 20 * 20)


# -- the log ------------------------------------------------------------------------------------------


def test_the_log_counts_what_it_has_no_room_for() -> None:
    simulator = simulator_of(market_of(perpetual(), [100] * 6))
    simulator.log = np.zeros(3, FILL)
    for weight in (0.1, 0.2, 0.3, 0.4):
        simulator.step(np.array([[weight]]))
    assert simulator.log[0]["row"] == 4
    assert simulator.log[1:]["row"].tolist() == [1, 2]
    assert simulator.accounts[0]["fills"] == 4
