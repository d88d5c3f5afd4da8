"""What happens between two closes: funding, fills at the open, the path inside the bar.

One bar of one account. `log` takes a record for every fill and funding; with no room it takes none.
"""

from __future__ import annotations

from typing import Any

from tradewind.account.books import (
    CLOSE_OUT,
    FUNDING,
    LIQUIDATION,
    ORDER,
    STOP,
    TRAILING_STOP,
    apply_cash_flow,
    apply_fill,
    equity_now,
)
from tradewind.compiled import compiled, rarely
from tradewind.risk.stops import isolated_margin, liquidation_price, stop_level
from tradewind.simulator.costs import execution_price, fee_of, liquidity_lots, sellable
from tradewind.simulator.rebalance import shrink_to_means


@compiled
def trade_bar(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any, rules: Any, log: Any
) -> None:
    """Carry account `n` from the close of `row - 1` to just before the close of `row`."""
    charge_funding(accounts, positions, n, bars, row, instruments, log)
    fill_orders(accounts, positions, n, bars, row, instruments, rules, log)
    protect(accounts, positions, n, bars, row, instruments, rules, log)


@compiled
def charge_funding(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any, log: Any
) -> None:
    """Funding due at this open, on the position before any fill: longs pay a positive rate."""
    for a in range(instruments.shape[0]):
        bar = bars[row, a]
        position = positions[n, a]
        if bar.tradable != 0 and bar.funding_rate != 0.0 and position.lots != 0:
            amount = -(position.lots * instruments[a].lot * bar.mark_open * bar.funding_rate)
            apply_cash_flow(accounts[n], amount, FUNDING)
            _write(log, accounts, n, row, a, 0, bar.mark_open, amount, 0.0, 0.0, FUNDING, 0, 0, 1)


@compiled
def fill_orders(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any, rules: Any, log: Any
) -> None:
    """Orders of the decision trade at the open, as far as volume and money reach; sells come first."""
    any_order = False
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        if position.order != 0:
            if bars[row, a].tradable == 0:
                position.order = 0
            else:
                most = liquidity_lots(rules, instruments[a].lot, bars[row - 1, a].typical_volume)
                if rarely(abs(position.order) > most):
                    position.order = most if position.order > 0 else -most
                any_order = True
    if not any_order:
        return
    shrink_to_means(accounts, positions, n, bars, row, row - 1, True, instruments, rules)
    width = instruments.shape[0]
    for k in range(2 * width if width > 1 else 1):
        a = k % width
        order = positions[n, a].order
        if order != 0 and (width == 1 or (order > 0) == (k >= width)):
            positions[n, a].order = 0
            reference = bars[row, a].open
            _execute(accounts, positions, n, a, bars, row, order, reference, ORDER, instruments, rules, log)


@compiled
def protect(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any, rules: Any, log: Any
) -> None:
    """Worst-first path: open, the extreme that hurts, the other extreme, close."""
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        bar = bars[row, a]
        if position.lots == 0 or bar.tradable == 0:
            continue
        instrument = instruments[a]
        long = position.lots > 0
        stop = stop_level(position, rules, position.peak)
        ruin = liquidation_price(position, instrument, rules)
        hurt = bar.low if long else bar.high
        mark_hurt = bar.mark_low if long else bar.mark_high
        stopped = stop > 0.0 and _reached(long, hurt, stop)
        ruined = ruin > 0.0 and _reached(long, mark_hurt, ruin)
        gapped_stop = stop > 0.0 and _reached(long, bar.open, stop)
        gapped_ruin = ruined and _reached(long, bar.mark_open, ruin)
        stop_first = stopped and (not ruined or _reached(long, ruin, stop) or gapped_stop)
        fixed = position.entry * (1.0 - rules.stop_loss) if long else position.entry * (1.0 + rules.stop_loss)
        reason = STOP if rules.stop_loss > 0.0 and stop == fixed else TRAILING_STOP
        if gapped_ruin:
            _liquidate(accounts, positions, n, a, bars, row, bar.open, instruments, rules, log)
        elif stop_first:
            level = bar.open if gapped_stop else stop
            _stop_out(accounts, positions, n, a, bars, row, level, reason, instruments, rules, log)
        elif ruined:
            _liquidate(accounts, positions, n, a, bars, row, ruin, instruments, rules, log)
        elif rules.trailing_stop > 0.0:
            peak = max(position.peak, bar.high) if long else min(position.peak, bar.low)
            level = stop_level(position, rules, peak)
            if _reached(long, bar.close, level):
                _stop_out(accounts, positions, n, a, bars, row, level, TRAILING_STOP, instruments, rules, log)


@compiled
def _reached(long: bool, price: float, level: float) -> bool:
    """Has the price come down to the level of a long, or up to that of a short?"""
    sign = 1.0 if long else -1.0
    return sign * price <= sign * level


@compiled
def _stop_out(
    accounts: Any,
    positions: Any,
    n: int,
    a: int,
    bars: Any,
    row: int,
    level: float,
    reason: int,
    instruments: Any,
    rules: Any,
    log: Any,
) -> None:
    """Close the whole position at the stop, unless it is too small for the venue to take."""
    lots = positions[n, a].lots
    if sellable(instruments[a], lots, level):
        _execute(accounts, positions, n, a, bars, row, -lots, level, reason, instruments, rules, log)


@compiled
def _liquidate(
    accounts: Any,
    positions: Any,
    n: int,
    a: int,
    bars: Any,
    row: int,
    level: float,
    instruments: Any,
    rules: Any,
    log: Any,
) -> None:
    """The venue closes the position. Loss and fee stay within its margin: first the fee gives way, then the
    price; the rest is the venue's insurance fund.
    """
    position = positions[n, a]
    instrument = instruments[a]
    sign = 1.0 if position.lots > 0 else -1.0
    quantity = abs(position.lots) * instrument.lot
    margin = isolated_margin(position, instrument, rules)
    price = execution_price(rules, level, -position.lots, instrument.lot, bars[row - 1, a].typical_volume)
    fee = fee_of(instrument, -position.lots, price)
    loss = sign * (position.entry - price) * quantity
    if loss + fee > margin:
        fee = max(margin - loss, 0.0)
        if loss > margin:
            price = position.entry - sign * margin / quantity
    _book(
        accounts,
        positions,
        n,
        a,
        row,
        -position.lots,
        level,
        price,
        fee,
        LIQUIDATION,
        instruments,
        rules,
        log,
    )


@compiled
def _execute(
    accounts: Any,
    positions: Any,
    n: int,
    a: int,
    bars: Any,
    row: int,
    lots: int,
    reference: float,
    reason: int,
    instruments: Any,
    rules: Any,
    log: Any,
) -> None:
    """Trade at the reference price, worsened by spread, slippage and impact on the volume known before."""
    instrument = instruments[a]
    price = execution_price(rules, reference, lots, instrument.lot, bars[row - 1, a].typical_volume)
    fee = fee_of(instrument, lots, price)
    _book(accounts, positions, n, a, row, lots, reference, price, fee, reason, instruments, rules, log)


@compiled
def _book(
    accounts: Any,
    positions: Any,
    n: int,
    a: int,
    row: int,
    lots: int,
    reference: float,
    price: float,
    fee: float,
    reason: int,
    instruments: Any,
    rules: Any,
    log: Any,
) -> None:
    instrument = instruments[a]
    held = positions[n, a].lots
    profit = apply_fill(accounts[n], positions[n, a], instrument, rules, lots, price, fee, reason)
    fee_lots = held + lots - positions[n, a].lots
    slippage = (price - reference) * lots * instrument.lot
    accounts[n].slippage += slippage
    in_base = 1 if instrument.fee_in_base != 0 and lots > 0 else 0
    _write(log, accounts, n, row, a, lots, price, fee, slippage, profit, reason, in_base, fee_lots, 0)


@compiled
def _write(
    log: Any,
    accounts: Any,
    n: int,
    row: int,
    a: int,
    lots: int,
    price: float,
    fee: float,
    slippage: float,
    profit: float,
    reason: int,
    fee_in_base: int,
    fee_lots: int,
    funding: int,
) -> None:
    """Append to the log. Record 0 is its header: `row` counts what was written, also beyond its room."""
    if log.shape[0] == 0:
        return
    log[0].row += 1
    at = log[0].row
    if at >= log.shape[0]:
        return
    entry = log[at]
    entry.row = row
    entry.account = n
    entry.instrument = a
    entry.lots = lots
    entry.price = price
    entry.fee = fee
    entry.cost_of_slippage = slippage
    entry.profit = profit
    entry.reason = reason
    entry.fee_in_base = fee_in_base
    entry.fee_lots = fee_lots
    entry.funding = funding


@compiled
def close_out(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any, rules: Any, log: Any
) -> None:
    """Close everything at the close of `row`, cost charged: the end of a segment, or ruin in training."""
    account = accounts[n]
    for a in range(instruments.shape[0]):
        position = positions[n, a]
        position.order = 0
        if position.lots != 0 and sellable(instruments[a], position.lots, position.price):
            lots = -position.lots
            reference = position.price
            _execute(
                accounts, positions, n, a, bars, row, lots, reference, CLOSE_OUT, instruments, rules, log
            )
    account.equity = equity_now(account, positions, n, instruments)
