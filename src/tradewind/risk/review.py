"""What risk makes of the wanted weights. It may only reduce exposure; each cut leaves its reason."""

from __future__ import annotations

import math
from typing import Any

from tradewind.compiled import compiled, rarely
from tradewind.market.decision import Reason

WEIGHT_CAP = int(Reason.WEIGHT_CAP)
GROSS_CAP = int(Reason.GROSS_CAP)
NET_CAP = int(Reason.NET_CAP)
KILL_SWITCH = int(Reason.KILL_SWITCH)
COOLDOWN = int(Reason.COOLDOWN)
MASKED = int(Reason.MASKED)
MISSING_FEATURE = int(Reason.MISSING_FEATURE)
SPOT_RANGE = int(Reason.SPOT_RANGE)
RESERVE = int(Reason.RESERVE)


@compiled
def review(
    accounts: Any, positions: Any, n: int, bars: Any, row: int, ready: int, instruments: Any, rules: Any
) -> None:
    """Turn `wanted` into `approved` (NaN is hold) with reasons, for every position of account `n`."""
    account = accounts[n]
    width = instruments.shape[0]
    for a in range(width):
        position = positions[n, a]
        position.approved, position.reason = _approve_one(account, position, instruments[a], rules, ready)
        if bars[row, a].tradable == 0:  # there is no price to trade at, whatever risk wants
            position.approved = math.nan
            position.reason |= MASKED
            account.masked += 1
    _scale_targets(account, positions, n, width, instruments, rules)
    if ready == 0:
        account.missing += 1


@compiled
def _approve_one(account: Any, position: Any, instrument: Any, rules: Any, ready: int) -> tuple[float, int]:
    """One wanted weight, clipped to what the instrument and its cap allow, or forced to 0."""
    weight = position.wanted
    reason = 0
    if ready == 0:
        weight = math.nan
        reason = MISSING_FEATURE
    if instrument.perpetual == 0 and (weight < 0.0 or weight > 1.0):
        weight = min(max(weight, 0.0), 1.0)
        reason |= SPOT_RANGE
    if rarely(abs(weight) > rules.max_weight):
        weight = math.copysign(rules.max_weight, weight)
        reason |= WEIGHT_CAP
    if rarely(position.cooldown > 0):
        weight = 0.0
        reason |= COOLDOWN
        position.cooldown -= 1
    if rarely(account.halted != 0 or account.equity <= 0.0):
        weight = 0.0
        reason |= KILL_SWITCH
    return weight, reason


@compiled
def _scale_targets(account: Any, positions: Any, n: int, width: int, instruments: Any, rules: Any) -> None:
    """Hold the gross, the net and (spot) the sum under their limits; what is on hold keeps its share."""
    kept_gross = 0.0
    kept_net = 0.0
    gross = 0.0
    net = 0.0
    for a in range(width):
        position = positions[n, a]
        if math.isnan(position.approved):
            share = held_weight(account, position, instruments[a])
            kept_gross += abs(share)
            kept_net += share
        else:
            gross += abs(position.approved)
            net += position.approved
    factor = 1.0
    reason = 0
    ceiling = rules.max_gross
    if instruments[0].perpetual == 0:
        ceiling = min(ceiling, 1.0 - rules.reserve)
    if gross > 0.0 and kept_gross + gross > ceiling:
        factor = max(0.0, ceiling - kept_gross) / gross
        reason = RESERVE if ceiling < rules.max_gross else GROSS_CAP
    # the tolerance: a sum just scaled to an equal limit on the gross is no second cut
    if abs(kept_net + factor * net) > rules.max_net * (1.0 + 1e-12) and net * (kept_net + factor * net) > 0.0:
        room = max(0.0, rules.max_net - math.copysign(1.0, net) * kept_net)
        factor = min(factor, room / abs(net))
        reason |= NET_CAP
    if rarely(factor < 1.0):
        for a in range(width):
            position = positions[n, a]
            if position.approved != 0.0 and not math.isnan(position.approved):
                position.approved *= factor
                position.reason |= reason


@compiled
def held_weight(account: Any, position: Any, instrument: Any) -> float:
    """Signed value of the position as a fraction of equity; 0 when there is no equity."""
    if account.equity <= 0.0 or (position.lots == 0 and position.dust == 0.0):
        return 0.0
    return (position.lots * instrument.lot + position.dust) * position.price / account.equity
