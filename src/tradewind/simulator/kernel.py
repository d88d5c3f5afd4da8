"""The entry points: many accounts, one bar each, in one call. Whole arrays and an index, never row views."""

from __future__ import annotations

import math
from typing import Any

from tradewind.account.books import mark_to_market
from tradewind.compiled import compiled
from tradewind.risk.judge import judge
from tradewind.simulator.bar import close_out, trade_bar
from tradewind.simulator.observation import observe
from tradewind.simulator.plain import fix, is_plain
from tradewind.simulator.rebalance import decide
from tradewind.simulator.registers import first_record, put_back
from tradewind.simulator.reward import reward_of


@compiled
def arrive(
    accounts: Any, positions: Any, n: int, bars: Any, rows: Any, row: int, instruments: Any, rules: Any
) -> None:
    """The close of `row`: marks, limits, reward. What happened inside the bar is booked already."""
    mark_and_judge(accounts, positions, n, bars, rows, row, instruments, rules)
    accounts[n].reward = reward_of(accounts[n], rules, rows[row].benchmark_return)


@compiled
def mark_and_judge(
    accounts: Any, positions: Any, n: int, bars: Any, rows: Any, row: int, instruments: Any, rules: Any
) -> None:
    """The close of `row` without its reward, which no rule reads."""
    account = accounts[n]
    mark_to_market(accounts, positions, n, bars, row, instruments)
    account.row = row
    account.turnover += account.bar_turnover
    judge(account, rules, rows[row].close_time)


@compiled
def advance(
    accounts: Any, positions: Any, n: int, bars: Any, rows: Any, instruments: Any, rules: Any, log: Any
) -> None:
    """One account from its decision (in `wanted`) to the next close, with the ends that training knows."""
    account = accounts[n]
    row = account.row
    decide(accounts, positions, n, bars, row, rows[row].ready, instruments, rules)
    trade_bar(accounts, positions, n, bars, row + 1, instruments, rules, log)
    mean, square = account.score_mean, account.score_square
    arrive(accounts, positions, n, bars, rows, row + 1, instruments, rules)
    if account.equity <= rules.ruin * account.start_equity:
        account.terminated = 1
    if account.halted != 0 and rules.terminate_on_kill != 0:
        account.terminated = 1
        account.turnover -= account.bar_turnover
        close_out(accounts, positions, n, bars, row + 1, instruments, rules, log)
        account.turnover += account.bar_turnover
        account.score_mean, account.score_square = mean, square  # one bar is scored once, with its exit
        account.reward = reward_of(account, rules, rows[row + 1].benchmark_return)
    if account.row >= account.end and account.terminated == 0:
        account.truncated = 1


@compiled
def step(
    accounts: Any,
    positions: Any,
    bars: Any,
    rows: Any,
    features: Any,
    clock: Any,
    instruments: Any,
    rules_record: Any,
    actions: Any,
    out: Any,
    log: Any,
) -> None:
    """Every account trades `actions` [N, A] (target weights, NaN holds) over one bar; observes into `out`.

    Rows without all features are waited through on hold, their rewards added up.
    """
    rules = rules_record[0]
    if instruments.shape[0] == 1:  # the compiler drops every loop over instruments
        for n in range(accounts.shape[0]):
            _step_one(
                accounts, positions, n, bars, rows, features, clock, instruments, rules, actions, out, log
            )
    else:
        for n in range(accounts.shape[0]):
            _step_one(
                accounts, positions, n, bars, rows, features, clock, instruments, rules, actions, out, log
            )


@compiled
def _step_one(
    accounts: Any,
    positions: Any,
    n: int,
    bars: Any,
    rows: Any,
    features: Any,
    clock: Any,
    instruments: Any,
    rules: Any,
    actions: Any,
    out: Any,
    log: Any,
) -> None:
    account = accounts[n]
    if account.terminated != 0 or account.truncated != 0:  # there may be no bar after its last
        account.reward = 0.0
        return
    for a in range(instruments.shape[0]):
        positions[n, a].wanted = actions[n, a]
    reward = 0.0
    while True:
        advance(accounts, positions, n, bars, rows, instruments, rules, log)
        reward += account.reward
        if rows[account.row].ready != 0 or account.terminated != 0 or account.truncated != 0:
            break
        for a in range(instruments.shape[0]):
            positions[n, a].wanted = math.nan
    account.reward = reward
    seen = _last_full_view(rows, account.row)
    observe(accounts, positions, n, features, clock, seen, instruments, rules, out, n)


@compiled
def _last_full_view(rows: Any, row: int) -> int:
    """The row itself, but at an end without features the last that had them: learners bootstrap from it."""
    while rows[row].ready == 0:
        row -= 1
    return row


@compiled
def begin(
    accounts: Any,
    positions: Any,
    n: int,
    bars: Any,
    rows: Any,
    features: Any,
    clock: Any,
    instruments: Any,
    rules_record: Any,
    start: int,
    end: int,
    capital: float,
    out: Any,
) -> None:
    """A fresh account at the close of `start`, to be truncated at the close of `end`; its observation.

    Where `start` lacks a feature it begins at the next row that has all.
    """
    rules = rules_record[0]
    while rows[start].ready == 0 and start + 1 < end:
        start += 1
    account = accounts[n]
    fresh_account(account, capital)
    for a in range(instruments.shape[0]):
        fresh_position(positions[n, a])
    mark_to_market(accounts, positions, n, bars, start, instruments)
    account.row = start
    account.end = end
    judge(account, rules, rows[start].close_time)
    seen = _last_full_view(rows, start)
    observe(accounts, positions, n, features, clock, seen, instruments, rules, out, n)


@compiled
def fresh_account(account: Any, capital: float) -> None:
    """Every field as in `open_account`."""
    account.wallet = capital
    account.equity = capital
    account.previous_equity = capital
    account.start_equity = capital
    account.peak_equity = capital
    account.day_start_equity = capital
    account.closed_profit = 0.0
    account.fees = 0.0
    account.funding = 0.0
    account.slippage = 0.0
    account.turnover = 0.0
    account.bar_turnover = 0.0
    account.external = 0.0
    account.reward = 0.0
    account.score_mean = 0.0
    account.score_square = 0.0
    account.day = -1
    account.blocked = 0
    account.halted = 0
    account.rearm = 0
    account.losses = 0
    account.streak_left = 0
    account.closed_trades = 0
    account.terminated = 0
    account.truncated = 0
    account.fills = 0
    account.liquidations = 0
    account.stops = 0
    account.masked = 0
    account.missing = 0


@compiled
def fresh_position(position: Any) -> None:
    """Flat, with nothing remembered."""
    position.dust = 0.0
    position.entry = 0.0
    position.peak = 0.0
    position.mark = math.nan
    position.price = math.nan
    position.wanted = math.nan
    position.approved = math.nan
    position.lots = 0
    position.bars_held = 0
    position.cooldown = 0
    position.order = 0
    position.reason = 0


@compiled
def run_targets(
    accounts: Any,
    positions: Any,
    bars: Any,
    rows: Any,
    instruments: Any,
    rules_record: Any,
    targets: Any,
    start: int,
    end: int,
    equity: Any,
    log: Any,
) -> None:
    """Account 0 follows targets [T, A] from the close of `start` to that of `end`; equity [T] is filled."""
    equity[start] = accounts[0].equity
    if instruments.shape[0] > 1:
        rules = rules_record[0]
        _follow(accounts, positions, bars, rows, instruments, rules, targets, start, end, equity, log)
        return
    account, position = first_record(accounts), first_record(positions)
    instrument, rules = first_record(instruments), first_record(rules_record)[0]
    if is_plain(rules, instrument[0]):
        fix(rules, instrument[0])
        _follow(account, position, bars, rows, instrument, rules, targets, start, end, equity, log)
    else:
        _follow(account, position, bars, rows, instrument, rules, targets, start, end, equity, log)
    put_back(account, accounts)
    put_back(position, positions)


@compiled
def _follow(
    accounts: Any,
    positions: Any,
    bars: Any,
    rows: Any,
    instruments: Any,
    rules: Any,
    targets: Any,
    start: int,
    end: int,
    equity: Any,
    log: Any,
) -> None:
    for row in range(start, end):
        for a in range(instruments.shape[0]):
            positions[0, a].wanted = targets[row, a]
        decide(accounts, positions, 0, bars, row, rows[row].ready, instruments, rules)
        trade_bar(accounts, positions, 0, bars, row + 1, instruments, rules, log)
        mark_and_judge(accounts, positions, 0, bars, rows, row + 1, instruments, rules)
        equity[row + 1] = accounts[0].equity
