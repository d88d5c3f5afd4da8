"""From approved weights to whole lots: the one sizing function of training, backtest, paper and live."""

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled
from tradewind.market.decision import Reason
from tradewind.risk.review import review
from tradewind.simulator.costs import slippage_rate, to_lots

DAILY_LOSS = int(Reason.DAILY_LOSS)
LOSS_STREAK = int(Reason.LOSS_STREAK)
ORDER_CAP = int(Reason.ORDER_CAP)


@compiled
def decide(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, ready: int, instruments: Any, rules: Any
) -> None:
    """From `wanted` to `approved` to `order`, for account `n` at the closed bar `row`."""
    review(accounts, positions, n, bars, row, ready, instruments, rules)
    rebalance(accounts, positions, n, bars, row, instruments, rules)
    account = accounts[n]
    if account.streak_left > 0:
        account.streak_left -= 1
    account.previous_equity = account.equity
    account.bar_turnover = 0.0


@compiled
def rebalance(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any, rules: Any
) -> None:
    """Write `order` (lots to trade at the next open) of every position, sized on the closes of `row`."""
    account = accounts[n]
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        target = _target_lots(account, position, instruments[a], rules)
        position.order = _worthwhile(account, position, instruments[a], rules, target - position.lots)
    shrink_to_means(accounts, positions, n, bars, row, row, False, instruments, rules)


@compiled
def _target_lots(account: Any, position: Any, instrument: Any, rules: Any) -> int:
    """Whole lots for the approved weight, held back by a day's loss, a losing streak and the order cap."""
    held = position.lots
    if math.isnan(position.approved):
        return held
    target = 0
    if account.equity > 0.0:
        target = to_lots(position.approved / (position.price * instrument.lot) * account.equity)
    if account.blocked != 0 or account.streak_left > 0:
        floor = min(held, 0)
        allowed = min(max(target, floor), max(held, 0))
        if allowed != target:
            position.reason |= DAILY_LOSS if account.blocked != 0 else LOSS_STREAK
            target = allowed
    if rules.max_order_notional < math.inf:
        most = to_lots(rules.max_order_notional / (position.price * instrument.lot))
        reducing = _reducing_part(held, target - held)
        allowed_change = max(most, reducing)
        if abs(target - held) > allowed_change:
            position.reason |= ORDER_CAP
            target = held + (allowed_change if target > held else -allowed_change)
    return target


@compiled
def _reducing_part(held: int, change: int) -> int:
    """How many lots of a change close what is held."""
    return min(abs(held), abs(change)) if (held > 0) != (change > 0) else 0


@compiled
def _worthwhile(account: Any, position: Any, instrument: Any, rules: Any, change: int) -> int:
    """The change, or 0 if it is inside the band or under the venue's minimum."""
    if change == 0:
        return 0
    notional = abs(change) * instrument.lot * position.price
    if position.approved != 0.0 and notional < rules.band * account.equity:
        return 0
    if notional < instrument.min_notional:
        closes_whole = position.lots + change == 0
        if not (closes_whole and instrument.closes_below_minimum != 0):
            return 0
    return change


@compiled
def shrink_to_means(
    accounts: Any,
    positions: Any,
    n: int,
    bars: Any,
    row: int,
    known: int,
    at_open: bool,
    instruments: Any,
    rules: Any,
) -> None:
    """When money cannot pay all increases, all shrink by one factor; never by the order of the list.

    At the decision prices are the last closes (`row` is the decided bar); at the fill the opens of `row`.
    Volumes are those of the row `known`, which has closed.
    """
    account = accounts[n]
    needed = 0.0
    spent = 0.0  # by what is kept or reduced
    perpetual = instruments[0].perpetual != 0
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        instrument = instruments[a]
        order = position.order
        kept = abs(position.lots)
        if order != 0:
            price = bars[row, a].open if at_open else position.price
            reducing = _reducing_part(position.lots, order)
            increase = abs(order) - reducing
            kept -= reducing
            rate = slippage_rate(rules, abs(order) * instrument.lot, bars[known, a].typical_volume)
            paid = 1.0 + (rate if order > 0 else -rate)  # of the price, as is the cost
            cost = rate if perpetual else 0.0
            if instrument.fee_in_base == 0 or order < 0:  # else the fee is taken from what is received
                cost += paid * instrument.taker_fee
            needed += increase * instrument.lot * price * (paid / rules.leverage + cost)
            spent += reducing * instrument.lot * price * (cost if perpetual else cost - paid)
        if perpetual:
            spent += kept * instrument.lot * position.entry / rules.leverage
    means = account.wallet
    if perpetual:
        means = _equity_at_open(accounts, positions, n, bars, row, instruments) if at_open else account.equity
    means = max(means - spent, 0.0)
    if needed > means:
        _shrink_increases(positions, n, means / needed, bars, row, at_open, instruments)


@compiled
def _equity_at_open(accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any) -> float:
    """Equity with every perpetual marked at the open of `row` where it has one."""
    equity = accounts[n].wallet
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        if position.lots != 0:
            mark = bars[row, a].mark_open if bars[row, a].tradable != 0 else position.mark
            equity += position.lots * instruments[a].lot * (mark - position.entry)
    return equity


@compiled
def _shrink_increases(
    positions: Any, n: int, factor: float, bars: Any, row: int, at_open: bool, instruments: Any
) -> None:
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        instrument = instruments[a]
        order = position.order
        reducing = _reducing_part(position.lots, order)
        if abs(order) == reducing:
            continue
        size = reducing + int((abs(order) - reducing) * factor)
        price = bars[row, a].open if at_open else position.price
        if size * instrument.lot * price < instrument.min_notional:
            size = reducing if instrument.closes_below_minimum != 0 else 0
        position.order = size if order > 0 else -size
