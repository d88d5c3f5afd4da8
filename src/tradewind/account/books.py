"""What changes the books, and nothing else does: a fill, a cash flow, a mark.

The functions take records (one account, one position) and write into them. Signs are compared, lots are
never multiplied by lots.
"""

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled

ORDER, STOP, TRAILING_STOP, LIQUIDATION, CLOSE_OUT = 0, 1, 2, 3, 4  # market.orders.FillReason
FUNDING, EXTERNAL = 0, 1
MS_PER_DAY = 86_400_000


@compiled
def apply_fill(
    account: Any, position: Any, instrument: Any, rules: Any, lots: int, price: float, fee: float, reason: int
) -> float:
    """Book a trade of signed `lots`; returns the profit of what it closed, net of its fee (0 if it opened).

    `fee` is in quote, but in base for a buy of an instrument whose fee is taken from what is received.
    """
    held = position.lots
    size = abs(lots)
    closed = min(size, abs(held)) if (held > 0) != (lots > 0) else 0
    opened = size - closed
    kept = abs(held) - closed
    gross = (closed if held > 0 else -closed) * instrument.lot * (price - position.entry)
    fee_value = fee
    pays_in_base = instrument.fee_in_base != 0 and lots > 0
    if pays_in_base:
        position.dust -= fee
        fee_value = fee * price
        fee = 0.0
    earned = gross if instrument.perpetual != 0 else -(lots * instrument.lot * price)
    account.wallet = account.wallet + earned - fee

    # No branches on the side of a trade: a processor cannot guess it.
    share = opened / max(kept + opened, 1)
    position.entry = price if kept == 0 else position.entry + share * (price - position.entry)
    position.peak = price if kept == 0 else position.peak
    position.bars_held = 0 if kept == 0 else position.bars_held
    position.lots = held + lots
    if pays_in_base:  # a sale leaves the dust alone, or its rounding could break up a lot that is not there
        _settle_dust(position, instrument)
    if position.lots == 0:
        position.entry = 0.0
        position.peak = 0.0
        position.bars_held = 0
    if reason in (STOP, TRAILING_STOP, LIQUIDATION):
        position.cooldown = rules.cooldown_bars
        if reason == LIQUIDATION:
            account.liquidations += 1
        else:
            account.stops += 1

    profit = gross - fee_value * (closed / size)
    account.closed_profit += profit
    account.closed_trades += closed > 0
    account.fees += fee_value
    account.bar_turnover += size * instrument.lot * price
    account.fills += 1
    return profit


@compiled
def apply_fee(account: Any, position: Any, instrument: Any, price: float, fee: float) -> None:
    """Book a fee that is told after its trade at `price`: in quote, or in base where the instrument says so."""
    value = fee
    if instrument.fee_in_base != 0:
        position.dust -= fee
        value = fee * price
        if position.lots > 0:
            _settle_dust(position, instrument)
    else:
        account.wallet -= fee
    account.fees += value


@compiled
def _settle_dust(position: Any, instrument: Any) -> None:
    """Keep dust from 0 to a lot: full lots are promoted, a missing part is taken from the lots.

    A rounding error is forgiven, or a fee of exactly one lot would take two.
    """
    share = position.dust / instrument.lot
    whole = math.floor(share + max(1e-8, 4e-15 * abs(share)))
    position.lots += int(whole)
    position.dust -= whole * instrument.lot


@compiled
def apply_cash_flow(account: Any, amount: float, kind: int) -> None:
    """Money in (positive) or out. Funding is profit; outside money is not: no return or drawdown changes by it.

    So the marks grow or shrink as the equity does. From or to an equity of nothing they move by the amount.
    """
    account.wallet += amount
    if kind == FUNDING:
        account.funding += amount
        return
    account.external += amount
    before = account.equity
    account.equity += amount
    if before > 0.0 and account.equity > 0.0:
        grown = account.equity / before
        account.previous_equity *= grown
        account.peak_equity *= grown
        account.day_start_equity *= grown
        account.start_equity *= grown
    else:
        account.previous_equity += amount
        account.peak_equity += amount
        account.day_start_equity += amount
        account.start_equity += amount


@compiled
def position_value(position: Any, instrument: Any) -> float:
    """What the position adds to the wallet in equity: on spot at its last price, else at its last mark."""
    if position.lots == 0 and position.dust == 0.0:
        return 0.0
    if instrument.perpetual != 0:
        return position.lots * instrument.lot * (position.mark - position.entry)
    return (position.lots * instrument.lot + position.dust) * position.price


@compiled
def equity_now(account: Any, positions: Any, n: int, instruments: Any) -> float:
    """Wallet plus the value of every position, in the order of the instruments."""
    equity = account.wallet
    for a in range(instruments.shape[0]):
        equity += position_value(positions[n, a], instruments[a])
    return equity


@compiled
def mark_to_market(accounts: Any, positions: Any, n: int, bars: Any, row: int, instruments: Any) -> None:
    """Take the closes of `row` as marks, move the peaks, and set the equity. Missing bars keep old marks."""
    account = accounts[n]
    for a in range(instruments.shape[0]):
        bar = bars[row, a]
        if bar.tradable != 0:
            position = positions[n, a]
            position.mark = bar.mark_close
            position.price = bar.close
            if position.lots > 0:
                position.peak = max(position.peak, bar.high)
                position.bars_held += 1
            elif position.lots < 0:
                position.peak = min(position.peak, bar.low)
                position.bars_held += 1
    account.equity = equity_now(account, positions, n, instruments)
