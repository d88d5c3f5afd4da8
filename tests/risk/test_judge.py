"""After each mark: the day, the daily loss, the kill switch, the losing streak."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.markets import DAY, FREE, HOUR, with_risk
from tradewind.account import open_account
from tradewind.market import Kind
from tradewind.risk import judge
from tradewind.simulator import Rules


class Day:
    """An account whose equity is told, mark by mark."""

    def __init__(self, **limits: Any) -> None:
        rules: Rules = with_risk(FREE, **limits)
        self.rules = rules.record(1, Kind.SPOT)[0]
        self.accounts, _ = open_account(1000.0, 1)
        self.account = self.accounts[0]

    def mark(self, equity: float, close_time: int, closed: float | None = None) -> Any:
        self.account["equity"] = equity
        if closed is not None:
            self.account["closed_profit"], self.account["closed_trades"] = closed, 1
        judge(self.account, self.rules, close_time)
        return self.account


@pytest.mark.fault("A10")
def test_the_day_starts_at_the_mark_of_its_first_close() -> None:
    """A bar that closes at midnight closes into the new day: its mark is that day's start."""
    day = Day(daily_loss=0.1)
    assert day.mark(1000.0, DAY - HOUR)["day_start_equity"] == 1000.0
    assert day.mark(950.0, DAY)["day_start_equity"] == 950.0
    assert day.mark(900.0, DAY + HOUR)["day_start_equity"] == 950.0
    assert day.mark(900.0, 2 * DAY - 1)["day"] == 1


@pytest.mark.fault("A10")
def test_a_daily_loss_blocks_until_the_next_day_even_if_it_is_won_back() -> None:
    day = Day(daily_loss=0.1)
    day.mark(1000.0, HOUR)
    assert day.mark(901.0, 2 * HOUR)["blocked"] == 0
    assert day.mark(900.0, 3 * HOUR)["blocked"] == 1
    assert day.mark(1200.0, 4 * HOUR)["blocked"] == 1
    assert day.mark(1200.0, DAY)["blocked"] == 0


@pytest.mark.fault("A10")
def test_the_loss_over_midnight_belongs_to_no_day() -> None:
    """A day starts at the mark of its first close: what its first bar lost is not counted against it."""
    day = Day(daily_loss=0.1)
    day.mark(1000.0, DAY - HOUR)
    assert day.mark(800.0, DAY)["blocked"] == 0
    assert day.mark(721.0, DAY + HOUR)["blocked"] == 0
    assert day.mark(720.0, DAY + 2 * HOUR)["blocked"] == 1


def test_the_kill_switch_latches_at_a_drawdown_from_the_peak() -> None:
    day = Day(max_drawdown=0.2)
    day.mark(1500.0, HOUR)
    assert day.mark(1201.0, 2 * HOUR)["halted"] == 0
    assert day.mark(1200.0, 3 * HOUR)["halted"] == 1
    assert day.mark(2000.0, 4 * HOUR)["halted"] == 1


def test_re_arming_takes_effect_at_the_next_mark_with_the_peak_at_that_equity() -> None:
    day = Day(max_drawdown=0.2)
    day.mark(1500.0, HOUR)
    day.mark(1000.0, 2 * HOUR)
    day.account["rearm"] = 1
    account = day.mark(900.0, 3 * HOUR)
    assert (account["halted"], account["rearm"], account["peak_equity"]) == (0, 0, 900.0)
    assert day.mark(730.0, 4 * HOUR)["halted"] == 0
    assert day.mark(720.0, 5 * HOUR)["halted"] == 1


def test_limits_that_are_off_never_act() -> None:
    day = Day()
    day.mark(1000.0, HOUR)
    account = day.mark(1.0, 2 * HOUR, closed=-999.0)
    assert (account["halted"], account["blocked"], account["streak_left"]) == (0, 0, 0)


def test_a_losing_streak_has_one_outcome_a_bar_and_a_win_ends_it() -> None:
    day = Day(streak_losses=2, streak_bars=12)
    outcomes = [-1.0, None, 2.0, -1.0, 0.0, None, -1.0]
    streaks = [
        int(day.mark(1000.0, k * HOUR, closed)["streak_left"]) for k, closed in enumerate(outcomes, start=1)
    ]
    assert streaks == [0, 0, 0, 0, 0, 0, 12]
    assert day.account["losses"] == 0
