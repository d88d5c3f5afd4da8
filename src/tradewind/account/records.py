"""The memory of the kernels: one record per account, per position, per bar. All numbers are 8 bytes wide.

Lots are int64, money is float64. Flags are int64 0 or 1, so that every field is read in one load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.market import FeeAsset, Instrument, Kind
from tradewind.market.errors import ConfigError

Records = NDArray[Any]
MAX_TIERS = 8


def _record(floats: str, integers: str = "") -> np.dtype[np.void]:
    fields = [(name, "f8") for name in floats.split()] + [(name, "i8") for name in integers.split()]
    return np.dtype(fields, align=True)


ACCOUNT = _record(
    # wallet: cash on spot, wallet balance on perpetuals. previous_equity: at the last decision.
    "wallet equity previous_equity start_equity peak_equity day_start_equity "
    "closed_profit fees funding slippage turnover bar_turnover external reward score_mean score_square",
    # halted: the kill switch is latched. blocked: no new exposure until the next UTC day.
    # row: index of the last marked bar. end: the episode is truncated at this row.
    "day blocked halted rearm losses streak_left closed_trades row end terminated truncated "
    "fills liquidations stops masked missing",
)

POSITION = _record(
    # entry: volume-weighted; peak: the most favourable price since entry; mark: last known mark price;
    # price: last known traded price. wanted, approved: NaN is hold.
    "dust entry peak mark price wanted approved",
    # order: lots to trade at the next open, set by the decision. reason: bits of market.Reason.
    "lots bars_held cooldown order reason",
)

BAR = _record(
    # typical_volume: trailing mean, base units, this bar included. funding_rate: charged at this open.
    "open high low close typical_volume funding_rate mark_open mark_high mark_low mark_close",
    "tradable",
)

ROW = _record(
    "benchmark_return",
    # ready: every feature of the window is there. segment_end: the last row of a fragment.
    "open_time close_time ready segment_end",
)

RULES = _record(
    "half_spread slippage impact participation_cap reserve band leverage "
    "max_weight max_gross max_net max_order_notional stop_loss trailing_stop daily_loss max_drawdown "
    "ruin reward_scale reward_penalty score_rate",
    "cooldown_bars streak_losses streak_bars terminate_on_kill reward_kind lookback clock",
)

FILL = _record(
    # fee is in the asset of `fee_in_base`; fee_lots: whole lots that it took; for funding (lots 0) what came
    # in. profit: of the part it closed, net. cost_of_slippage: in quote, negative where the venue's fund took
    # part of a liquidation's loss.
    "price fee cost_of_slippage profit",
    "row account instrument lots reason fee_in_base fee_lots funding",
)

INSTRUMENT = np.dtype(
    [
        *((name, "f8") for name in ("lot", "min_notional", "taker_fee")),
        *((name, "i8") for name in ("perpetual", "fee_in_base", "closes_below_minimum", "tiers")),
        ("tier_floor", "f8", (MAX_TIERS,)),
        ("tier_rate", "f8", (MAX_TIERS,)),
        ("tier_amount", "f8", (MAX_TIERS,)),
    ],
    align=True,
)


def instrument_records(instruments: Sequence[Instrument]) -> Records:
    """What the kernels need of the instruments [A]. All must be of one kind and quote; `ConfigError` else."""
    if not instruments:
        raise ConfigError("there is no instrument: name at least one symbol")
    for name, values in (
        ("kinds", {i.kind.value for i in instruments}),
        ("quote currencies", {i.quote for i in instruments}),
    ):
        if len(values) > 1:
            raise ConfigError(f"one account trades one of each: got {name} {sorted(values)}; run them apart")
    records = np.zeros(len(instruments), INSTRUMENT)
    for record, instrument in zip(records, instruments, strict=True):
        if len(instrument.tiers) > MAX_TIERS:
            raise ConfigError(
                f"{instrument.symbol}: {len(instrument.tiers)} tiers, at most {MAX_TIERS} are supported"
            )
        record["lot"] = float(instrument.lot)
        record["min_notional"] = float(instrument.min_notional)
        record["taker_fee"] = instrument.taker_fee
        record["perpetual"] = instrument.kind is Kind.PERPETUAL
        record["fee_in_base"] = instrument.fee_asset is FeeAsset.BASE
        record["closes_below_minimum"] = bool(instrument.closes_below_minimum)
        record["tiers"] = len(instrument.tiers)
        for k, tier in enumerate(instrument.tiers):
            record["tier_floor"][k] = tier.notional_floor
            record["tier_rate"][k] = tier.rate
            record["tier_amount"][k] = tier.amount
    return records


def open_account(capital: float, instruments: int, accounts: int = 1) -> tuple[Records, Records]:
    """Fresh books: (accounts [N], positions [N, A]), flat, with `capital` in the wallet.

    `ConfigError` unless the capital is positive and finite.
    """
    if not 0 < capital < math.inf:
        raise ConfigError(f"capital is {capital}, expected a positive amount of quote currency")
    books = np.zeros(accounts, ACCOUNT)
    for name in ("wallet", "equity", "previous_equity", "start_equity", "peak_equity", "day_start_equity"):
        books[name] = capital
    books["day"] = -1
    positions = np.zeros((accounts, instruments), POSITION)
    positions["mark"] = positions["price"] = np.nan
    positions["wanted"] = positions["approved"] = np.nan
    return books, positions
