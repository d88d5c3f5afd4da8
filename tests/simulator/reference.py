"""The trading rules told slowly: one account, exact decimals, plain objects. An oracle for the kernel.

Written from the page of the rules, in its order, without a look at how the kernel does it. Nothing here is
fast and nothing is shared with the kernel but the words of the trade.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal, getcontext

import numpy as np

from tradewind.market import FeeAsset, FillReason, Instrument, Kind, Market, Reason
from tradewind.simulator import Reward, Rules

getcontext().prec = 40
ZERO, ONE = Decimal(0), Decimal(1)
ROUNDING = 1 + Decimal("1e-12")
LARGEST = Decimal(2**53)
DAY = 86_400_000


@dataclass
class Holding:
    """One position: whole lots, an exact remainder, and what its stops remember."""

    instrument: Instrument
    lots: int = 0
    dust: Decimal = ZERO
    entry: Decimal = ZERO
    peak: Decimal = ZERO
    mark: Decimal = ZERO
    price: Decimal = ZERO
    bars_held: int = 0
    cooldown: int = 0
    order: int = 0
    approved: Decimal | None = None
    reason: Reason = Reason.NONE

    @property
    def lot(self) -> Decimal:
        return self.instrument.lot

    @property
    def perpetual(self) -> bool:
        return self.instrument.kind is Kind.PERPETUAL

    @property
    def fee_rate(self) -> Decimal:
        return exact(self.instrument.taker_fee)

    @property
    def minimum(self) -> Decimal:
        return self.instrument.min_notional

    @property
    def quantity(self) -> Decimal:
        return self.lots * self.lot + self.dust

    @property
    def sign(self) -> int:
        return (self.lots > 0) - (self.lots < 0)

    def value(self) -> Decimal:
        if self.perpetual:
            return self.lots * self.lot * (self.mark - self.entry)
        return self.quantity * self.price

    def margin(self, leverage: Decimal) -> Decimal:
        return abs(self.lots) * self.lot * self.entry / leverage

    def closing(self, change: int) -> int:
        """How many lots of a change close what is held."""
        return min(abs(change), abs(self.lots)) if self.lots * change < 0 else 0


@dataclass(frozen=True)
class Trade:
    """What the reference books: a fill, or a funding payment in `fee` with lots 0."""

    row: int
    instrument: int
    lots: int
    price: Decimal
    fee: Decimal
    reason: FillReason | None


@dataclass
class Reference:
    """One account that follows target weights through a market from the close of `row` to that of `end`."""

    market: Market
    rules: Rules
    capital: float
    ready: np.ndarray
    row: int
    end: int
    trades: list[Trade] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kind = self.market.instruments[0].kind
        self.holdings = [Holding(i) for i in self.market.instruments]
        self.wallet = Decimal(self.capital)
        self.equity = self.previous = self.start = self.peak = self.day_start = self.wallet
        self.day = -1
        self.halted = self.blocked = self.rearm = self.terminated = self.truncated = False
        self.losses = self.streak_left = 0
        self.closed: list[Decimal] = []
        self.turnover = ZERO
        self.score = (0.0, 0.0)
        self.reward = 0.0
        self.leverage = exact(self.rules.leverage) if self.kind is Kind.PERPETUAL else ONE
        self._mark(self.row)
        self._judge(self.row)

    # -- one step of the environment ------------------------------------------------------------------

    def step(self, weights: np.ndarray) -> None:
        self._advance(list(weights))
        reward = self.reward
        while not (self.ready[self.row] or self.terminated or self.truncated):
            self._advance([math.nan] * len(self.holdings))
            reward += self.reward
        self.reward = reward

    def _advance(self, weights: list[float]) -> None:
        self._decide(weights)
        self.row += 1
        self._charge_funding()
        self._fill_at_the_open()
        self._walk_the_bar()
        self._mark(self.row)
        self._judge(self.row)
        if self.equity <= exact(self.rules.ruin) * self.start:
            self.terminated = True
        if self.halted and self.rules.terminate_on_kill:
            self.terminated = True
            self._leave_at_the_close()
        self.reward = self._reward()
        self.truncated = self.row >= self.end and not self.terminated

    # -- the market -----------------------------------------------------------------------------------

    def _at(self, name: str, a: int, row: int | None = None) -> Decimal:
        return Decimal(float(getattr(self.market, name)[self.row if row is None else row, a]))

    def _trades(self, a: int) -> bool:
        return bool(self.market.tradable[self.row, a])

    def _mark_price(self, a: int, k: int) -> Decimal:
        """Open, high, low, close of the mark: the series where it is given, else the price."""
        if self.market.mark is not None and math.isfinite(self.market.mark[self.row, a, k]):
            return Decimal(float(self.market.mark[self.row, a, k]))
        return self._at(("open", "high", "low", "close")[k], a)

    def _typical_volume(self, a: int, known: int) -> Decimal:
        begins = next(int(s) for s, e in self.market.fragments if s <= known < e)
        seen = [r for r in range(begins, known + 1) if self.market.tradable[r, a]]
        last = seen[-self.rules.costs.volume_window :]
        return sum((self._at("volume", a, r) for r in last), ZERO) / len(last) if last else ZERO

    # -- from weights to lots -------------------------------------------------------------------------

    def _decide(self, weights: list[float]) -> None:
        for a, h in enumerate(self.holdings):
            self._approve(h, weights[a], self._trades(a))
        self._scale()
        for h in self.holdings:
            h.order = self._worthwhile(h, self._target(h) - h.lots)
        self._afford([h.price for h in self.holdings], self.equity, self.row)
        self.streak_left = max(0, self.streak_left - 1)
        self.previous = self.equity
        self.turnover = ZERO

    def _approve(self, h: Holding, wanted: float, trades: bool) -> None:
        weight = None if math.isnan(wanted) else Decimal(wanted)
        h.reason = Reason.NONE
        if not self.ready[self.row]:
            weight, h.reason = None, Reason.MISSING_FEATURE
        if weight is not None and not h.perpetual and not 0 <= weight <= 1:
            weight = min(max(weight, ZERO), ONE)
            h.reason |= Reason.SPOT_RANGE
        cap = self._cap()
        if weight is not None and abs(weight) > cap:
            weight = cap.copy_sign(weight)
            h.reason |= Reason.WEIGHT_CAP
        if h.cooldown > 0:
            h.cooldown -= 1
            weight = ZERO
            h.reason |= Reason.COOLDOWN
        if self.halted or self.equity <= 0:
            weight = ZERO
            h.reason |= Reason.KILL_SWITCH
        if not trades:
            weight = None
            h.reason |= Reason.MASKED
        h.approved = weight

    def _cap(self) -> Decimal:
        cap = self.rules.risk.max_weight
        if cap is None:
            cap = (1.0 if len(self.holdings) == 1 else 0.25) * float(self.leverage)
        return min(exact(cap), self.leverage)

    def _limit(self, name: str) -> Decimal:
        limit = getattr(self.rules.risk, name)
        return self.leverage if limit is None else min(exact(limit), self.leverage)

    def _scale(self) -> None:
        """Scale the targets, not what is on hold, to the limits on gross, net and (spot) the reserve."""
        held = [self._weight(h) for h in self.holdings if h.approved is None]
        wanted = [h.approved for h in self.holdings if h.approved is not None]
        gross, net = sum(map(abs, wanted), ZERO), sum(wanted, ZERO)
        kept_gross, kept_net = sum(map(abs, held), ZERO), sum(held, ZERO)
        ceiling, why = self._limit("max_gross"), Reason.GROSS_CAP
        if self.kind is Kind.SPOT and ONE - exact(self.rules.reserve) < ceiling:
            ceiling, why = ONE - exact(self.rules.reserve), Reason.RESERVE
        factor, reason = ONE, Reason.NONE
        if gross > 0 and kept_gross + gross > ceiling:
            factor, reason = max(ZERO, ceiling - kept_gross) / gross, why
        most_net = self._limit("max_net")
        total = kept_net + factor * net
        if abs(total) > most_net * ROUNDING and total * net > 0:
            room = most_net - kept_net if net > 0 else most_net + kept_net
            factor = min(factor, max(ZERO, room) / abs(net))
            reason |= Reason.NET_CAP
        for h in self.holdings:
            if factor < 1 and h.approved:
                h.approved *= factor
                h.reason |= reason

    def _weight(self, h: Holding) -> Decimal:
        return h.quantity * h.price / self.equity if self.equity > 0 else ZERO

    def _target(self, h: Holding) -> int:
        if h.approved is None:
            return h.lots
        target = 0
        if self.equity > 0:
            target = whole(h.approved * self.equity / (h.price * h.lot))
        if self.blocked or self.streak_left > 0:
            allowed = min(max(target, min(h.lots, 0)), max(h.lots, 0))
            if allowed != target:
                h.reason |= Reason.DAILY_LOSS if self.blocked else Reason.LOSS_STREAK
            target = allowed
        cap = self.rules.risk.max_order_notional
        if cap is not None and not math.isinf(cap):
            change = target - h.lots
            most = max(whole(exact(cap) / (h.price * h.lot)), h.closing(change))
            if abs(change) > most:
                h.reason |= Reason.ORDER_CAP
                target = h.lots + (most if change > 0 else -most)
        return target

    def _worthwhile(self, h: Holding, change: int) -> int:
        notional = abs(change) * h.lot * h.price
        if h.approved != 0 and notional < exact(self.rules.band) * self.equity:
            return 0
        return change if self._accepted(h, change, h.price) else 0

    def _accepted(self, h: Holding, change: int, price: Decimal) -> bool:
        """Does the venue take it: large enough, or closing whole where that is exempt?"""
        if abs(change) * h.lot * price >= h.minimum:
            return True
        return h.lots + change == 0 and bool(h.instrument.closes_below_minimum)

    def _afford(self, prices: list[Decimal], equity: Decimal, known: int) -> None:
        """Shrink all increases by one factor when money cannot pay them."""
        need = spent = ZERO
        for a, h in enumerate(self.holdings):
            closing = h.closing(h.order)
            increase = abs(h.order) - closing
            if h.perpetual:
                spent += (abs(h.lots) - closing) * h.lot * h.entry / self.leverage
            if h.order == 0:
                continue
            rate = self._cost_rate(a, abs(h.order), known)
            price = prices[a] * (1 + rate if h.order > 0 else 1 - rate)
            slipped = abs(price - prices[a])
            if h.perpetual:
                need += increase * h.lot * (price / self.leverage + slipped + price * h.fee_rate)
                spent += closing * h.lot * (slipped + price * h.fee_rate)
            elif increase:
                buying_fee = ZERO if h.instrument.fee_asset is FeeAsset.BASE else h.fee_rate
                need += increase * h.lot * price * (1 + buying_fee)
            else:
                spent -= closing * h.lot * price * (1 - h.fee_rate)
        means = (equity if self.kind is Kind.PERPETUAL else self.wallet) - spent
        if need <= means or need <= 0:
            return
        factor = max(means, ZERO) / need
        for h, price in zip(self.holdings, prices, strict=True):
            self._shrink(h, factor, price)

    def _shrink(self, h: Holding, factor: Decimal, price: Decimal) -> None:
        if h.order == 0 or abs(h.order) == h.closing(h.order):
            return
        closing = h.closing(h.order)
        direction = 1 if h.order > 0 else -1
        smaller = direction * (closing + int((abs(h.order) - closing) * factor))
        if smaller and not self._accepted(h, smaller, price):
            smaller = direction * closing if closing and self._accepted(h, direction * closing, price) else 0
        h.order = smaller

    # -- fills ----------------------------------------------------------------------------------------

    def _cost_rate(self, a: int, lots: int, known: int) -> Decimal:
        costs = self.rules.costs
        volume = self._typical_volume(a, known)
        quantity = lots * self.holdings[a].lot
        participation = min(quantity / volume, ONE) if volume > 0 else ONE
        return exact(costs.half_spread) + exact(costs.slippage) + exact(costs.impact) * participation.sqrt()

    def _charge_funding(self) -> None:
        if self.market.funding_rate is None:
            return
        for a, h in enumerate(self.holdings):
            rate = float(self.market.funding_rate[self.row, a])
            if h.lots == 0 or rate == 0.0 or not self._trades(a):
                continue
            payment = h.lots * h.lot * self._mark_price(a, 0) * Decimal(rate)
            self.wallet -= payment
            self.trades.append(Trade(self.row, a, 0, ZERO, -payment, None))

    def _fill_at_the_open(self) -> None:
        cap = self.rules.costs.participation_cap
        for a, h in enumerate(self.holdings):
            if not self._trades(a):
                h.order = 0
            elif cap is not None and h.order:
                most = whole(exact(cap) * self._typical_volume(a, self.row - 1) / h.lot)
                h.order = min(max(h.order, -most), most)
        equity = self.wallet + sum(
            (
                h.lots * h.lot * ((self._mark_price(a, 0) if self._trades(a) else h.mark) - h.entry)
                for a, h in enumerate(self.holdings)
            ),
            ZERO,
        )
        self._afford([self._at("open", a) for a in range(len(self.holdings))], equity, self.row - 1)
        for side in (-1, 1):
            for a, h in enumerate(self.holdings):
                if h.order * side > 0:
                    lots, h.order = h.order, 0
                    self._execute(a, lots, self._at("open", a), FillReason.ORDER)

    def _execution(self, a: int, lots: int, reference: Decimal) -> tuple[Decimal, Decimal]:
        """(price, fee in its own asset)"""
        h = self.holdings[a]
        side = 1 if lots > 0 else -1
        price = reference * (1 + side * self._cost_rate(a, abs(lots), self.row - 1))
        in_base = h.instrument.fee_asset is FeeAsset.BASE and lots > 0
        return price, abs(lots) * h.lot * h.fee_rate * (ONE if in_base else price)

    def _execute(self, a: int, lots: int, reference: Decimal, reason: FillReason) -> None:
        self._book(a, lots, *self._execution(a, lots, reference), reason)

    def _book(self, a: int, lots: int, price: Decimal, fee: Decimal, reason: FillReason) -> None:
        h = self.holdings[a]
        closing = h.closing(lots)
        in_base = h.instrument.fee_asset is FeeAsset.BASE and lots > 0
        gross = h.sign * closing * h.lot * (price - h.entry)
        self.wallet += gross if h.perpetual else -lots * h.lot * price
        if not in_base:
            self.wallet -= fee
        if closing:
            self.closed.append(gross - fee * closing / abs(lots))
        kept, opened = abs(h.lots) - closing, abs(lots) - closing
        if opened and kept:
            h.entry = (h.entry * kept + price * opened) / (kept + opened)
        elif opened:
            h.entry = h.peak = price
            h.bars_held = 0
        if in_base:
            quantity = h.quantity + lots * h.lot - fee
            h.lots = int((quantity / h.lot).to_integral_value(ROUND_FLOOR))
            h.dust = quantity - h.lots * h.lot
        else:
            h.lots += lots
        if h.lots == 0:
            h.entry, h.peak, h.bars_held = ZERO, ZERO, 0
        if reason in (FillReason.STOP, FillReason.TRAILING_STOP, FillReason.LIQUIDATION):
            h.cooldown = self.rules.risk.cooldown_bars
        self.turnover += abs(lots) * h.lot * price
        self.trades.append(Trade(self.row, a, lots, price, fee, reason))

    # -- inside the bar -------------------------------------------------------------------------------

    def _walk_the_bar(self) -> None:
        for a, h in enumerate(self.holdings):
            if h.lots and self._trades(a):
                self._walk(a, h)

    def _walk(self, a: int, h: Holding) -> None:
        """Open, the extreme that hurts, the other one, close."""
        s = h.sign
        price = {k: self._at(k, a) for k in ("open", "high", "low", "close")}
        hurt, good = ("low", "high") if s > 0 else ("high", "low")
        mark_open, mark_hurt = self._mark_price(a, 0), self._mark_price(a, 2 if s > 0 else 1)
        stop, why = self._stop(h, h.peak)
        ruin = self._liquidation_price(h)

        def beyond(p: Decimal, level: Decimal | None) -> bool:
            return level is not None and s * (level - p) >= 0

        if beyond(mark_open, ruin):
            return self._liquidate(a, price["open"])
        if beyond(price["open"], stop):
            return self._stop_out(a, price["open"], why)
        stopped, ruined = beyond(price[hurt], stop), beyond(mark_hurt, ruin)
        if stopped and not (ruined and s * (ruin - stop) > 0):
            return self._stop_out(a, stop, why)
        if ruined:
            return self._liquidate(a, ruin)
        best = max(h.peak, price[good]) if s > 0 else min(h.peak, price[good])
        stop, why = self._stop(h, best)
        if why is FillReason.TRAILING_STOP and beyond(price["close"], stop):
            return self._stop_out(a, stop, why)
        return None

    def _stop(self, h: Holding, peak: Decimal) -> tuple[Decimal | None, FillReason]:
        """The stop that the price meets first."""
        risk, levels = self.rules.risk, []
        if risk.stop_loss is not None:
            levels.append((h.entry * (1 - h.sign * exact(risk.stop_loss)), FillReason.STOP))
        if risk.trailing_stop is not None:
            levels.append((peak * (1 - h.sign * exact(risk.trailing_stop)), FillReason.TRAILING_STOP))
        return max(levels, key=lambda level: h.sign * level[0], default=(None, FillReason.STOP))

    def _liquidation_price(self, h: Holding) -> Decimal | None:
        """Where margin + profit = maintenance, in the tier that holds at that price."""
        if not h.perpetual:
            return None
        quantity, tiers = abs(h.lots) * h.lot, h.instrument.tiers
        for k, tier in enumerate(tiers):
            rate, amount = exact(tier.rate), exact(tier.amount)
            price = (h.sign * h.entry * quantity - h.margin(self.leverage) - amount) / (
                quantity * (h.sign - rate)
            )
            ceiling = exact(tiers[k + 1].notional_floor) if k + 1 < len(tiers) else Decimal("Infinity")
            if quantity * price < ceiling:
                return price if price > 0 else None
        raise AssertionError("the last tier has no ceiling")

    def _stop_out(self, a: int, level: Decimal, why: FillReason) -> None:
        h = self.holdings[a]
        if self._accepted(h, -h.lots, level):
            self._execute(a, -h.lots, level, why)

    def _liquidate(self, a: int, level: Decimal) -> None:
        h = self.holdings[a]
        quantity, margin = abs(h.lots) * h.lot, h.margin(self.leverage)
        price, fee = self._execution(a, -h.lots, level)
        loss = h.sign * (h.entry - price) * quantity
        if loss + fee > margin:
            fee = max(margin - loss, ZERO)
            if loss > margin:
                price = h.entry - h.sign * margin / quantity
        self._book(a, -h.lots, price, fee, FillReason.LIQUIDATION)

    def _leave_at_the_close(self) -> None:
        for a, h in enumerate(self.holdings):
            h.order = 0
            if h.lots and self._accepted(h, -h.lots, h.price):
                self._execute(a, -h.lots, h.price, FillReason.CLOSE_OUT)
        self.equity = self.wallet + sum((h.value() for h in self.holdings), ZERO)

    # -- the close ------------------------------------------------------------------------------------

    def _mark(self, row: int) -> None:
        for a, h in enumerate(self.holdings):
            if self._trades(a):
                h.price, h.mark = self._at("close", a), self._mark_price(a, 3)
                if h.lots > 0:
                    h.peak = max(h.peak, self._at("high", a))
                elif h.lots < 0:
                    h.peak = min(h.peak, self._at("low", a))
                h.bars_held += h.lots != 0
        self.equity = self.wallet + sum((h.value() for h in self.holdings), ZERO)

    def _judge(self, row: int) -> None:
        risk = self.rules.risk
        day = int(self.market.close_time[row]) // DAY
        if day != self.day:
            self.day, self.day_start, self.blocked = day, self.equity, False
        elif risk.daily_loss is not None and self.equity <= self.day_start * (1 - exact(risk.daily_loss)):
            self.blocked = True
        self.peak = max(self.peak, self.equity)
        if risk.max_drawdown is not None and self.equity <= self.peak * (1 - exact(risk.max_drawdown)):
            self.halted = True
        if self.closed:
            outcome = sum(self.closed, ZERO)
            self.losses = self.losses + 1 if outcome < 0 else 0 if outcome > 0 else self.losses
            if risk.streak_losses and self.losses >= risk.streak_losses:
                self.losses, self.streak_left = 0, risk.streak_bars
        self.closed = []
        if self.rearm:
            self.rearm = self.halted = False
            self.peak = self.equity

    def _reward(self) -> float:
        rules = self.rules
        if self.previous <= 0:
            return 0.0
        growth = max(float(self.equity / self.previous), 1e-6)
        value = math.log(growth)
        if rules.reward is Reward.SIMPLE_RETURN:
            value = growth - 1
        elif rules.reward is Reward.DIFFERENTIAL_SHARPE:
            value = self._differential_sharpe(growth - 1)
        elif rules.reward is Reward.DRAWDOWN_PENALTY:
            value -= rules.reward_penalty * float(1 - self.equity / self.peak)
        elif rules.reward is Reward.TURNOVER_PENALTY:
            value -= rules.reward_penalty * float(self.turnover / self.previous)
        elif rules.reward is Reward.EXCESS:
            value -= math.log(max(1 + self._equal_weight_return(), 1e-6))
        return value * rules.reward_scale

    def _differential_sharpe(self, change: float) -> float:
        """Moody and Saffell (2001), eq. 6: dS/d(eta) of an exponentially weighted Sharpe ratio."""
        first, second = self.score
        variance = second - first**2
        value = 0.0
        if variance > 1e-12:
            value = (second * (change - first) - 0.5 * first * (change**2 - second)) / variance**1.5
        rate = self.rules.score_rate
        self.score = first + rate * (change - first), second + rate * (change**2 - second)
        return value

    def _equal_weight_return(self) -> float:
        pairs = [
            (float(self.market.close[self.row - 1, a]), float(self.market.close[self.row, a]))
            for a in range(len(self.holdings))
        ]
        returns = [now / before - 1 for before, now in pairs if math.isfinite(before) and math.isfinite(now)]
        return sum(returns) / len(returns) if returns else 0.0


def exact(number: float) -> Decimal:
    """What a person meant: 0.02 is two hundredths, not the nearest binary fraction."""
    return Decimal(str(number))


def whole(x: Decimal) -> int:
    """Truncated, forgiving a rounding error; at most 2^53."""
    nudged = abs(x) + max(Decimal("1e-9"), Decimal("4e-16") * abs(x)) if x else ZERO
    return int(min(nudged, LARGEST)) * (1 if x > 0 else -1)
