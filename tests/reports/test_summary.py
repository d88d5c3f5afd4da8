from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from tradewind import statistics as st
from tradewind.backtest.figures import Figures
from tradewind.backtest.result import FILL_ROW, BacktestResult
from tradewind.backtest.summary import summary
from tradewind.market.errors import DataError


def figures(result: BacktestResult, **more) -> Figures:
    return summary(result, rng=np.random.default_rng(0), draws=300, **more)


def test_figures_are_those_of_the_curve(made):
    result = made("flipping", days=90)
    f = figures(result)
    daily = st.daily_returns(result.close_time, result.equity).value
    assert (f.days, f.daily_returns, f.bars) == (90.0, 90, 24 * 90 + 1)
    assert f.sharpe == st.sharpe(daily)
    interval = st.sharpe_interval(daily, np.random.default_rng(0), draws=300)
    assert (f.sharpe_low, f.sharpe_high) == (interval.low, interval.high)
    assert f.psr == st.psr(st.sharpe_per_day(daily), 90, st.skew(daily), st.kurtosis(daily))
    assert f.volatility == st.volatility(daily)
    assert f.max_drawdown == st.max_drawdown(result.equity).fraction
    assert f.calmar == pytest.approx(f.cagr / f.max_drawdown)
    assert np.prod([1 + m.value for m in f.months]) == pytest.approx(1 + f.net_return)


def test_gross_less_every_cost_is_net(made):
    f = figures(made("flipping", funding=0.0))
    assert f.gross_profit - f.fees - f.slippage + f.funding == pytest.approx(f.net_profit)
    assert f.net_profit == f.end_equity - f.start_equity
    free = figures(made("hold", fee_rate=0.0, slippage_rate=0.0))
    assert free.gross_profit == free.net_profit
    assert free.cost_share_of_gross in (0.0, None)


def test_funding_that_was_paid_raises_the_gross(made):
    paid, without = figures(made("hold", funding=-50.0)), figures(made("hold"))
    assert paid.gross_profit == pytest.approx(without.gross_profit + 50)


def test_costs_and_turnover_by_hand(made):
    result = made("flat", days=36, width=1)
    fills = np.array(
        [(24, 0, 10_000, 100.0, 1.0, 0.5, 0, 0, 0), (48, 0, -10_000, 100.0, 1.0, 0.5, -2, 0, 0)], FILL_ROW
    )
    f = figures(dataclasses.replace(result, fills=fills))
    assert f.turnover_per_day == pytest.approx(2 * 100 / 10_000 / 36)
    assert f.turnover_per_year == pytest.approx(2 * 100 / 10_000 / 36 * 365)
    assert f.cost_drag_per_year == pytest.approx(3 / 10_000 / 36 * 365)
    assert f.cost_per_turnover == pytest.approx(3 / 200)
    assert (f.trades, f.win_rate, f.mean_trade, f.mean_bars_held) == (1, 0.0, -2.0, 24.0)


@pytest.mark.parametrize("fee", [0.0, 0.1])
def test_a_trade_that_breaks_even_before_or_after_fees_is_not_a_win(made, fee):
    result = made("flat", days=2, width=1)
    fills = np.array(
        [(1, 0, 10_000, 100.0, fee, 0, 0, 0, 0), (2, 0, -10_000, 100.0, fee, 0, 0, 0, 0)], FILL_ROW
    )
    assert figures(dataclasses.replace(result, fills=fills)).win_rate == 0.0


def test_a_full_exit_enters_the_win_rate_of_its_instrument(made):
    result = made("flat", days=2)
    fills = np.array(
        [(1, 1, 10_000, 100.0, 0.1, 0, 0, 0, 0), (2, 1, -10_000, 110.0, 0.1, 0, 0, 0, 0)], FILL_ROW
    )
    f = figures(dataclasses.replace(result, fills=fills))
    assert f.win_rate == 1.0
    assert [(i.trades, i.win_rate) for i in f.instruments] == [(0, None), (1, 1.0)]
    assert f.instruments[1].profit == pytest.approx(10 - 0.2)


def test_a_policy_that_never_trades_is_inactive_and_has_no_sharpe(made):
    f = figures(made("flat"))
    assert f.inactive
    assert f.sharpe is None
    assert f.sharpe_low is None
    assert f.psr is None
    assert f.undefined["sharpe"] == "inactive: it never traded"
    assert (f.net_return, f.cagr, f.trades, f.win_rate) == (0.0, 0.0, 0, None)


def test_three_days_have_no_annual_figures_and_say_why(made):
    f = figures(made("flipping", days=3))
    for name in ("sharpe", "cagr", "calmar", "volatility", "sortino", "value_at_risk_95", "skew", "kurtosis"):
        assert getattr(f, name) is None
        assert f.undefined[name] == "too few days: 3, needs 20"
    assert f.net_return != 0
    assert f.years_to_show_target == pytest.approx(2.7, abs=0.05)


def test_one_bar_has_no_rates_and_no_error(made):
    result = made("flat", days=1)
    one = dataclasses.replace(
        result,
        **{
            name: getattr(result, name)[:1]
            for name in ("close_time", "equity", "weights", "targets", "close")
        },
    )
    f = figures(one)
    assert (f.bars, f.turnover_per_day, f.cost_drag_per_year, f.best_day) == (1, None, None, None)
    assert f.undefined["turnover_per_day"]


@pytest.mark.parametrize("kind", ["hold", "flipping", "knowing", "flat"])
@pytest.mark.parametrize("seed", range(4))
def test_signs_agree(made, kind, seed):
    f = figures(made(kind, seed=seed))
    assert np.sign(f.cagr) == np.sign(f.net_return) == np.sign(f.net_profit)


def test_buy_and_hold_through_the_agents_path_equals_the_benchmarks(made):
    agent, benchmark = made("hold", "agent"), made("hold", "buy and hold")
    f = figures(agent, benchmark=benchmark)
    assert f.sharpe == pytest.approx(f.benchmark.sharpe, abs=1e-12)
    assert (f.benchmark.sharpe_difference, f.benchmark.beta) == pytest.approx((0.0, 1.0))
    assert f.benchmark.alpha == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("unit", [1e-3, 7.0, 1e6])
def test_scaled_dollars_give_the_same_figures(made, unit):
    one = made("flipping")
    fills = one.fills.copy()
    for name in ("fee", "slippage", "realised"):
        fills[name] *= unit
    other = dataclasses.replace(one, equity=one.equity * unit, lot_size=one.lot_size * unit, fills=fills)
    ours, theirs = figures(one).to_json(), figures(other).to_json()
    in_money = {"start_equity", "end_equity", "net_profit", "gross_profit", "fees", "slippage", "mean_trade"}
    for name, value in ours.items():
        if name in in_money:
            assert theirs[name] == pytest.approx(value * unit, rel=1e-9)
        elif isinstance(value, float):
            assert theirs[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_the_same_seed_gives_the_same_figures(made):
    assert figures(made("flipping")) == figures(made("flipping"))


def test_a_benchmark_on_other_bars_is_refused(made):
    with pytest.raises(DataError, match="different bars"):
        figures(made("hold", days=60), benchmark=made("hold", days=61))


def test_against_cash_there_is_no_beta_and_the_reason_is_kept(made):
    f = figures(made("hold"), benchmark=made("flat", "cash"))
    assert f.benchmark.beta is None
    assert f.undefined["benchmark.regression"] == "the returns do not vary"


def test_a_ruined_account_is_a_total_loss(made):
    result = made("flipping", days=40)
    equity = result.equity.copy()
    equity[500:] = -12.0
    f = figures(dataclasses.replace(result, equity=equity))
    assert (f.net_return, f.cagr, f.max_drawdown) == (-1.0, -1.0, 1.0)


@pytest.mark.parametrize(("kind", "days"), [("flipping", 60), ("flat", 60), ("hold", 3), ("knowing", 30)])
def test_json_holds_every_figure_and_no_nan(made, kind, days):
    f = figures(made(kind, days=days), benchmark=made("hold", days=days))
    text = json.dumps(f.to_json(), allow_nan=False)
    back = json.loads(text)
    assert set(back) == {field.name for field in dataclasses.fields(Figures)}
    for name, value in back.items():
        if isinstance(value, float):
            assert math.isfinite(value)
            assert value == getattr(f, name)


def test_every_missing_figure_has_its_reason(made):
    for kind, days in (("flipping", 3), ("flat", 60), ("hold", 60), ("knowing", 60)):
        f = figures(made(kind, days=days))
        nones = {k for k, v in f.to_json().items() if v is None} - {
            "benchmark",
            "drawdown_recovered_ms",
            "halted_ms",
        }
        assert nones <= set(f.undefined), (kind, nones - set(f.undefined))
        assert all(f.undefined.values())
