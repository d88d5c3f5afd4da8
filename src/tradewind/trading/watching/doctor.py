"""Everything that is looked at before a run may trade: each check is one function and answers in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from decimal import Decimal

from tradewind.market import (
    AccessRefused,
    Clock,
    ConfigError,
    Inconsistent,
    Instrument,
    Kind,
    VenueUnavailable,
)
from tradewind.trading.comparing.comparison import changed_settings, holding_in, total_of
from tradewind.trading.panic.estate import PREFIX
from tradewind.trading.terms.account_venue import (
    AccountReading,
    AccountVenue,
    MarginSettings,
    PositionMode,
)
from tradewind.trading.terms.order_venue import OrderReport
from tradewind.trading.watching.findings import Finding, Grade, Verdict
from tradewind.words import counted

Check = Callable[[], Awaitable[Finding]]

LIMIT_SECONDS = 30.0  # of one check
DRIFT_WARNS, DRIFT_FAILS = 1.0, 5.0  # seconds between our clock and the venue's
HEADROOM_WARNS, HEADROOM_FAILS = 0.5, 0.8  # maintenance margin by margin
FRESH_BARS = 2.5  # the newest candle opened at most so many bars ago
WRONG_PLACE = "keys of live, testnet and demo are different ones: make one where the orders go"


async def examine(checks: Mapping[str, Check], clock: Clock) -> dict[str, Finding]:
    """Run all at once. A check that cannot be answered fails, with the reason."""
    found = await asyncio.gather(*(_answered(check, clock) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


async def _answered(check: Check, clock: Clock) -> Finding:
    work, limit = asyncio.ensure_future(check()), asyncio.ensure_future(clock.sleep(LIMIT_SECONDS))
    try:
        await asyncio.wait((work, limit), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            text = f"no answer within {LIMIT_SECONDS:g} s"
            return Finding.refused(
                text, "look at the network and the venue's status page", Verdict.UNREACHABLE
            )
        return work.result()
    except AccessRefused as error:
        return Finding.refused(
            str(error), f"check the key, its expiry and its list of addresses; {WRONG_PLACE}"
        )
    except VenueUnavailable as error:
        return Finding.refused(
            str(error), "look at the network and the venue's status page", Verdict.UNREACHABLE
        )
    except Inconsistent as error:
        return Finding.refused(str(error), "compare with tradewind reconcile before anything trades")
    except ConfigError as error:
        return Finding.refused(str(error), "change it as it says", Verdict.BAD_CONFIGURATION)
    finally:
        work.cancel()
        limit.cancel()
        await asyncio.gather(work, limit, return_exceptions=True)


async def clock_drift(venue: AccountVenue, clock: Clock) -> Finding:
    """Half of the way there and back is given to each side."""
    before = clock.now_ms()
    theirs = await venue.venue_time()
    drift = abs(theirs - (before + clock.now_ms()) / 2) / 1000
    text = f"our clock is {drift:.2f} s from the venue's"
    if drift <= DRIFT_WARNS:
        return Finding.good(text)
    remedy = "let the machine set its clock by NTP"
    return Finding.refused(text, remedy) if drift > DRIFT_FAILS else Finding.doubtful(text, remedy)


async def permissions(venue: AccountVenue, *, strict: bool) -> Finding:
    """A key that can take money out is never used; with real money, neither is one whose rights cannot be read."""
    may = await venue.permissions()
    least = "make a key that can only read and trade, bound to the address of this machine"
    if may.withdraw:
        return Finding.refused("the key can withdraw: whoever has it has the money", least)
    if may.transfer:
        text = "the key can transfer money between wallets or accounts"
        return Finding.refused(text, least) if strict else Finding.doubtful(text, least)
    if may.trade is False:
        return Finding.refused(
            "the key cannot trade this kind of market", "allow it to trade, and nothing more"
        )
    if may.trade is None or may.withdraw is None:
        text = "the venue does not say what the key may do"
        remedy = "check by hand that it cannot withdraw"
        return Finding.refused(text, remedy) if strict else Finding.doubtful(text, remedy)
    return Finding.good("the key can trade, and can neither withdraw nor transfer")


async def account(venue: AccountVenue, quote: str, allocation: Decimal) -> Finding:
    """Nothing is owed, and the allocation is there."""
    reading = await venue.account()
    owed = {coin: b.total for coin, b in reading.balances.items() if b.total < 0}
    if owed:
        text = "the account owes " + ", ".join(f"{-amount:f} {coin}" for coin, amount in owed.items())
        return Finding.refused(text, "pay it back first: accounts with debts are not traded")
    there = total_of(reading, quote)
    if there < allocation:
        text = f"the account has {there:f} {quote}, the run's allocation is {allocation:f}"
        return Finding.refused(
            text, "deposit, or give the run a smaller allocation", Verdict.BAD_CONFIGURATION
        )
    return Finding.good(f"the allocation of {allocation:f} {quote} is there")


async def symbols(venue: AccountVenue, wanted: Sequence[str], allocation: Decimal) -> Finding:
    """All of them trade, and the allocation is enough for an order."""
    listed = await venue.instruments(wanted)
    gone = [symbol for symbol in wanted if symbol not in listed]
    if gone:
        return Finding.refused(f"not traded now: {', '.join(gone)}", "leave them out, or wait until they are")
    least = min(listed.values(), key=lambda one: one.min_notional)
    if allocation < least.min_notional:
        text = f"the allocation of {allocation:f} is below the smallest order of every symbol"
        text += f", {least.min_notional:f} {least.quote} for {least.symbol}"
        return Finding.refused(text, "give the run a larger allocation", Verdict.BAD_CONFIGURATION)
    return Finding.good(f"{', '.join(wanted)} trade, their rules are read")


async def margin(venue: AccountVenue, wanted: Mapping[str, MarginSettings]) -> Finding:
    """What the start will set anyway only warns; hedge mode must be changed by hand."""
    changed = []
    for symbol, one in wanted.items():
        found = await venue.margin_settings(symbol)
        if found.position_mode is PositionMode.HEDGE:
            text = "the account is in hedge mode, the run needs one-way mode"
            return Finding.refused(text, "close all positions, then choose one-way mode at the venue")
        if text := changed_settings(one, found):
            changed.append(f"{symbol}: {text}")
    if changed:
        return Finding.doubtful("; ".join(changed), "nothing: the start sets it, and asks back")
    return Finding.good("leverage, margin mode and position mode are as configured")


async def foreign_orders(
    venue: AccountVenue,
    wanted: Sequence[str],
    ours: Collection[str],
    run_of: Callable[[str], str | None] = lambda client_id: None,
) -> Finding:
    """Orders that are not the run's. `run_of` names the run here in whose journal an order works; it may take long."""
    reports = [report for symbol in wanted for report in await venue.open_orders(symbol)]
    foreign = [r for r in reports if r.client_id not in ours]
    lost = [r for r in foreign if r.client_id.startswith(PREFIX)]
    if lost:
        runs = {r.client_id: await asyncio.to_thread(run_of, r.client_id) for r in lost}
        return _of_other_runs(lost, runs)
    if foreign:
        told = _listed(foreign)
        text = f"{counted(len(foreign), 'order')} open in the run's symbols that are not its own: {told}"
        return Finding.refused(text, "cancel them, or trade these symbols from another account")
    return Finding.good("no order of others is open in the run's symbols")


def _of_other_runs(orders: Sequence[OrderReport], runs: Mapping[str, str | None]) -> Finding:
    names = sorted({name for name in runs.values() if name is not None})
    whose = f"run {' and '.join(names)}" if names else "a run of this program that is not here"
    text = f"{counted(len(orders), 'order')} of {whose} open in its symbols: {_listed(orders)}"
    if not names:
        return Finding.refused(text, "end that run where it is, or cancel them at the venue")
    typed = ", ".join(f"tradewind panic {name}" for name in names)
    return Finding.refused(text, f"end that run and what it has ({typed}), or trade other symbols")


def _listed(orders: Sequence[OrderReport]) -> str:
    return ", ".join(f"{one.client_id or one.venue_id} in {one.symbol}" for one in orders[:3])


async def foreign_positions(
    venue: AccountVenue, instruments: Mapping[str, Instrument], expected: Mapping[str, Decimal]
) -> Finding:
    """A perpetual has one position, so one of the user's own cannot stand beside the run's."""
    if venue.kind is Kind.SPOT:
        return Finding.good("coins beside the run's are left alone")
    reading = await venue.account()
    other = [
        f"{symbol} {found:f}"
        for symbol, one in instruments.items()
        if (found := holding_in(reading, one)) != expected.get(symbol, Decimal(0))
    ]
    if other:
        text = f"positions that are not the run's: {', '.join(other)}"
        return Finding.refused(text, "close them, or trade these symbols from another account")
    return Finding.good("the positions are the run's")


def stops(venue: AccountVenue, *, wanted: bool, resting: bool) -> Finding:
    """Who closes a position at its stop. `wanted`: the rules have stops. `resting`: as configured."""
    if not wanted:
        return Finding.good("the rules have no stops")
    if resting and venue.rests_stops:
        return Finding.good("stops rest at the venue, also while this machine is off")
    why = "as configured" if venue.rests_stops else "the venue takes no stop orders on this kind of account"
    text = f"no stop rests at the venue ({why}): this program alone closes a position at its stop"
    remedy = "set stops.resting" if venue.rests_stops else "trade a kind of account that takes stops"
    return Finding.doubtful(text, f"{remedy}, or keep the program running while a position is open")


async def head_room(venue: AccountVenue) -> Finding:
    """Of the position nearest to liquidation."""
    reading = await venue.account()
    symbol, ratio = _nearest(reading)
    if ratio == 0:
        return Finding.good("no position uses margin")
    text = f"{symbol} uses {ratio:.0%} of its margin"
    remedy = "close a part of it, or bring margin"
    if ratio >= HEADROOM_FAILS:
        return Finding.refused(text, remedy)
    return Finding.doubtful(text, remedy) if ratio >= HEADROOM_WARNS else Finding.good(text)


def _nearest(reading: AccountReading) -> tuple[str, float]:
    ratios = [(p.margin_ratio or 0.0, symbol) for symbol, p in reading.positions.items() if p.quantity]
    ratio, symbol = max(ratios, default=(0.0, ""))
    return symbol, ratio


async def candles(
    read: Callable[[str, int], Awaitable[tuple[int, int]]],
    wanted: Sequence[str],
    bar_ms: int,
    needed: int,
    clock: Clock,
) -> Finding:
    """`read` gives the open times of the oldest candle since a time and of the newest, of a symbol."""
    short, old = [], []
    since = clock.now_ms() - needed * bar_ms
    for symbol in wanted:
        oldest, newest = await read(symbol, since)
        if oldest > since + bar_ms:
            short.append(f"{symbol} has {max((newest - oldest) // bar_ms + 1, 0)}")
        elif clock.now_ms() - newest > FRESH_BARS * bar_ms:
            old.append(f"{symbol}'s newest is {(clock.now_ms() - newest) / 1000:.0f} s old")
    if short:
        text = f"{needed} candles are needed to warm up, {', '.join(short)}"
        return Finding.refused(text, "leave it out until it has traded for longer")
    if old:
        return Finding.refused(f"candles are stale: {', '.join(old)}", "wait until the market trades again")
    return Finding.good(f"candles are fresh, and reach back far enough to warm up ({needed})")


def is_ready(findings: Mapping[str, Finding]) -> bool:
    return all(finding.grade is not Grade.FAIL for finding in findings.values())
