"""Faults as a user sees them: a whole run, from the bar to the order and its stop, in virtual time."""

from __future__ import annotations

import asyncio
import math
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trading.composed import LIMITS, OTHER, Composed, played
from tests.trading.ordering import PERP, Fault, Telling
from tradewind.config import OnStop
from tradewind.features import FeatureSpec
from tradewind.market import Decision, Fill, OrderType, Reason, Rejected, RejectKind
from tradewind.simulator import Rules
from tradewind.trading.acting.settings import EntryType, ExecutionSettings
from tradewind.trading.risk.guard_settings import GuardSettings
from tradewind.trading.terms.account_venue import AccountReading
from tradewind.trading.terms.order_records import Denied
from tradewind.trading.terms.order_states import Intent
from tradewind.trading.terms.order_venue import ReportStatus

S = PERP.symbol
MAKER = ExecutionSettings(EntryType.POST_ONLY, timeout_seconds=20.0, repricings=3)


def entries(run: Composed) -> list[Intent]:
    """What the venue took that adds exposure, in order."""
    return [i for i in run.sent if not i.reduce_only]


def exits(run: Composed) -> list[Intent]:
    return [i for i in run.sent if i.reduce_only and i.type is OrderType.MARKET]


def decisions(run: Composed) -> list[Decision]:
    return run.of(Decision)


def refusing(run: Composed, kind: RejectKind, *types: OrderType, times: int = 1_000) -> None:
    """The venue refuses the next orders of these types."""
    left = [times]

    def refuse(intent: Intent) -> Rejected | None:
        if left[0] and intent.type in types:
            left[0] -= 1
            return Rejected("code", "refused", kind)
        return None

    run.venue.refuse = refuse


# -- orders


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault.REPLY_LOST, marks=[pytest.mark.fault("O1"), pytest.mark.fault("O4")]),
        pytest.param(Fault.LATE, marks=pytest.mark.fault("O1")),
        pytest.param(Fault.BROKEN, marks=pytest.mark.fault("O3")),
    ],
)
def test_an_entry_whose_answer_got_lost_is_one_order_with_a_stop(tmp_path: Path, fault: Fault) -> None:
    async def story(run: Composed) -> None:
        run.venue.silent, run.venue.fault = True, fault
        await run.bar(want=[0.5], seconds=20)
        assert run.held() == 5_000
        assert len(entries(run)) == 1
        assert run.stops() == [-5_000]

    played(story, tmp_path)


@pytest.mark.fault("O2")
def test_after_an_order_that_never_arrived_a_later_bar_enters(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.venue.fault = Fault.LOST
        await run.bar(want=[0.5])
        assert run.status["in_doubt"] == 1
        await run.bar(want=[0.5])
        assert [len(entries(run)), run.held(), run.stops()] == [1, 5_000, [-5_000]]

    played(story, tmp_path)


@pytest.mark.fault("O6")
@pytest.mark.fault("O13")
def test_fills_that_come_first_and_twice_are_booked_once_and_protected_once(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.venue.telling, run.venue.fault = Telling(twice=True), Fault.SLOW_REPLY
        await run.bar(want=[0.5])
        assert run.outfit.engine.position_lots() == {S: 5_000}
        assert [o.intent.lots for o in run.venue.orders.values()] == [5_000, -5_000]

    played(story, tmp_path)


@pytest.mark.fault("O12")
def test_the_next_decision_starts_from_what_a_partial_fill_left(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.venue.depth = 2_000
        await run.bar(want=[0.5])
        assert (run.held(), run.stops()) == (2_000, [-2_000])
        await run.bar(want=[0.5])
        assert (run.held(), run.stops()) == (4_000, [-4_000])
        assert [abs(i.lots - lots) <= 1 for i, lots in zip(entries(run), (5_000, 3_000))] == [True, True]

    played(story, tmp_path)


@pytest.mark.fault("O16")
def test_an_overfill_is_protected_and_only_reduced(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.venue.fill(run.venue.orders[entries(run)[0].client_id], 500)
        await run.clock.advance(2)
        assert run.told == ["overfill"]
        assert run.stops() == [-5_500]
        await run.bar(want=[0.9])
        assert run.held() == 5_500
        assert "only reduced" in run.denied[0].text
        await run.bar(want=[0.0])
        assert run.held() == 0

    played(story, tmp_path)


@pytest.mark.fault("O18")
def test_a_finer_tick_and_a_higher_minimum_are_lived_by_once_they_are_read(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.venue.listed[S] = replace(PERP, tick=Decimal("0.5"), min_notional=Decimal(3_000))
        refusing(run, RejectKind.FILTER, OrderType.MARKET, times=1)
        await run.bar(100.3, want=[0.5])
        held = run.held()
        assert held > 0
        assert [o.intent.trigger for o in run.venue.stops(S)] == [Decimal("95.5")]  # 95 % on the new grid
        await run.bar(want=[0.7])
        assert run.held() == held
        assert "below the minimum of 3000" in run.denied[0].text

    played(story, tmp_path)


@pytest.mark.fault("O18")
def test_an_order_is_rounded_to_a_coarser_lot_once_and_never_sent_in_a_loop(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.venue.listed[S] = replace(PERP, lot=PERP.lot * 300)
        coarse = run.venue.listed[S].lot / PERP.lot

        def refuse(intent: Intent) -> Rejected | None:
            whole = intent.type is not OrderType.MARKET or intent.lots % coarse == 0
            return None if whole else Rejected("-1013", "LOT_SIZE", RejectKind.FILTER)

        run.venue.refuse = refuse
        await run.bar(want=[0.5])
        assert run.held() == 4_800
        assert len(run.venue.refused) == 1
        refusing(run, RejectKind.FILTER, OrderType.MARKET)
        run.venue.refused.clear()
        await run.bar(want=[0.9], seconds=50)
        assert len(run.venue.refused) == 2

    played(story, tmp_path)


@pytest.mark.fault("O20")
def test_money_that_is_gone_shrinks_the_order_and_makes_others_hands_suspect(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        def refuse(intent: Intent) -> Rejected | None:
            first = run.venue.cash > 3_000  # the money goes at this very moment
            run.venue.cash = Decimal(3_000)
            return Rejected("-2019", "Margin is insufficient.", RejectKind.BALANCE) if first else None

        run.venue.refuse = refuse
        await run.bar(want=[0.5], seconds=50)
        assert run.held() == int(3_000 * 0.995 / 100.0 / (1 + PERP.taker_fee) * 100)
        assert run.stops() == [-run.held()]
        assert run.told == ["discrepancy"]
        await run.bar(want=[0.9])
        assert "halted" in run.denied[-1].text

    played(story, tmp_path)


@pytest.mark.fault("O21")
def test_a_close_of_what_a_stop_closed_unheard_clears_the_books(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])

        def meanwhile() -> None:
            run.venue.silent = True
            run.venue.take(run.venue.stops(S)[0])

        run.policy.asked = meanwhile
        await run.bar(want=[0.0])
        assert run.venue.refused[0][1].kind is RejectKind.REDUCE_ONLY
        assert run.outfit.engine.position_lots() == {S: 0}
        assert all(i.reduce_only for i in run.sent[1:])
        assert run.alarms == []

    played(story, tmp_path)


@pytest.mark.fault("O22")
def test_a_stop_that_would_trigger_at_once_is_one_exit(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        refusing(run, RejectKind.WOULD_TRIGGER, OrderType.STOP)
        await run.bar(want=[0.5], seconds=50)
        assert run.held() == 0
        assert [i.lots for i in exits(run)] == [-5_000]
        assert len(run.venue.refused) == 1
        await run.bar(seconds=50)
        assert len(run.sent) == 2

    played(story, tmp_path)


@pytest.mark.fault("O23")
def test_a_maker_that_would_take_is_priced_again_once_in_a_bar(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        refusing(run, RejectKind.WOULD_TAKE, OrderType.POST_ONLY)
        await run.bar(want=[0.5], seconds=50)
        assert len(run.venue.refused) == 2
        assert [i.type for i in entries(run)] == [OrderType.MARKET]
        assert run.stops() == [-5_000]

    played(story, tmp_path, execution=MAKER)


@pytest.mark.fault("O19")
def test_no_order_is_larger_than_the_venue_takes_and_a_position_that_is_leaves_in_parts(
    tmp_path: Path,
) -> None:
    async def story(run: Composed) -> None:
        run.venue.most = 4_000
        await run.bar(want=[0.5])
        assert run.held() == 0
        assert "at most 4,000 in one order" in run.denied[-1].text
        run.venue.most = 6_000
        await run.bar(want=[0.5])
        run.venue.most = 2_000  # lowered while it is held
        await run.bar(want=[0.6], seconds=50)
        assert run.held() == 5_000
        await run.bar(want=[0.0], seconds=50)
        assert [order.lots for order in exits(run)] == [-2_000, -2_000, -1_000]
        assert (run.held(), run.stops()) == (0, [])

    played(story, tmp_path)


@pytest.mark.fault("O19")
def test_a_stop_has_no_more_than_the_venue_takes_and_the_guard_closes_the_rest(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.venue.most = 2_000
        run.venue.end(run.venue.stops(S)[0], ReportStatus.CANCELED)
        await run.clock.advance(5)
        assert run.stops() == [-2_000]
        run.venue.move(S, 94.0)
        await run.clock.advance(10)
        assert (run.held(), run.stops()) == (0, [])

    played(story, tmp_path)


@pytest.mark.fault("O24")
def test_a_stop_that_somebody_cancelled_rests_again_within_half_a_minute(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.venue.silent = True
        run.venue.end(run.venue.stops(S)[0], ReportStatus.CANCELED)
        await run.clock.advance(30)
        assert run.stops() == [-5_000]
        assert run.told == ["stop_lost"]

    played(story, tmp_path)


@pytest.mark.fault("O25")
def test_a_stop_that_is_reached_and_does_not_fill_gives_way_to_an_exit(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.venue.stops_fill = False
        run.venue.move(S, 94.0)
        await run.clock.advance(20)
        assert (run.held(), run.stops(), len(exits(run))) == (0, [], 1)

    played(story, tmp_path)


@pytest.mark.fault("O27")
def test_of_two_orders_of_a_decision_each_has_its_own_outcome(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.venue.refuse = lambda i: (
            Rejected("code", "refused", RejectKind.OTHER) if i.symbol == OTHER.symbol else None
        )
        await run.bar(want=[0.3, 0.3])
        assert (run.held(), run.held(OTHER.symbol)) == (3_000, 0)
        assert run.stops() == [-3_000]
        run.venue.refuse = lambda intent: None
        send = run.venue.send

        async def lost(intent: Intent) -> Any:
            run.venue.fault = Fault.LOST
            return await send(intent)

        run.venue.send = lost  # type: ignore[method-assign]
        await run.bar(want=[0.6, 0.3], seconds=2)
        assert run.status["in_doubt"] == 2
        run.venue.send = send  # type: ignore[method-assign]
        await run.clock.advance(40)
        assert run.status["in_doubt"] == 0
        await run.bar(want=[0.6, 0.3])
        assert (run.held() > 5_900, run.held(OTHER.symbol) > 2_900) == (True, True)

    played(story, tmp_path, symbols=(PERP, OTHER))


@pytest.mark.fault("O28")
def test_a_target_that_turns_over_is_closed_then_opened_with_a_stop_on_the_other_side(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        await run.bar(want=[-0.5])
        assert run.held() < -4_900
        assert [i.reduce_only for i in run.sent if i.type is OrderType.MARKET] == [False, True, False]
        assert run.stops() == [-run.held()]

    played(story, tmp_path)


# -- market data


@pytest.mark.fault("M4")
@pytest.mark.fault("P8")
@pytest.mark.parametrize("seconds", [29, 31])
def test_a_decision_that_takes_longer_than_its_deadline_is_none(tmp_path: Path, seconds: int) -> None:
    async def story(run: Composed) -> None:
        def think() -> None:
            run.clock.now += seconds  # nothing else runs meanwhile

        run.policy.asked = think
        await run.bar(want=[0.5])
        assert (run.held() > 0) == (seconds < 30)
        assert [d.text for d in run.of(Denied)] == (
            [] if seconds < 30 else ["the bar closed 31.0 s ago, the most is 30 s: skipped"]
        )
        run.policy.asked = lambda: None
        await run.bar(want=[0.5])
        assert (run.held(), run.stops()) == (5_000, [-5_000])

    played(story, tmp_path)


@pytest.mark.fault("M13")
def test_a_venue_that_hangs_holds_up_no_bar_and_what_comes_late_is_not_decided_on(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        waiting: list[int] = []

        def think() -> None:
            run.clock.now += 130  # two bars close meanwhile, and the stop fills
            run.venue.take(run.venue.stops(S)[0])
            run.close()
            run.close()
            run.policy.asked = lambda: waiting.append(run.items.waiting)

        run.policy.asked = think
        await run.bar(want=[0.8])
        assert waiting[:2] == [1, 0]
        late = [r for r in run.of(Denied) if "skipped" in r.text]
        assert len(late) == 2
        bars = [d.at for d in decisions(run)][-3:]
        assert bars == [run.open_time - 120_000, run.open_time - 60_000, run.open_time]
        assert len(run.of(Fill)) == 3  # of the entry, of its stop, and of the last decision
        await run.bar(want=[0.8])
        assert run.held() > 7_900

    played(story, tmp_path)


@pytest.mark.fault("M7")
@pytest.mark.fault("M10")
def test_a_missing_bar_holds_its_symbol_and_too_many_stop_its_entries(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.3, 0.3])
        await run.bar(want=[0.0, 0.0], missing=[S])
        assert (run.held(), run.held(OTHER.symbol)) == (3_000, 0)
        assert decisions(run)[-1].review.reasons == (Reason.MASKED, Reason.NONE)
        for _ in range(3):
            await run.bar(missing=[S])
        for _ in range(3):
            await run.bar()
        await run.bar(want=[0.4, 0.4])
        assert f"bars of {S} are missing" in run.denied[0].text
        assert run.held(OTHER.symbol) > 3_900

    played(story, tmp_path, symbols=(PERP, OTHER), guards=GuardSettings(max_masked_bars=3))


# -- exchange, network, clock


@pytest.mark.fault("E1")
def test_entries_that_limits_refuse_are_dropped_and_a_fresh_decision_enters(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        refusing(run, RejectKind.LIMIT, OrderType.MARKET, times=1)
        await run.bar(want=[0.5], seconds=50)
        assert run.sent == []
        await run.bar(want=[0.3])
        assert [i.lots for i in entries(run)] == [3_000]

    played(story, tmp_path)


@pytest.mark.fault("E2")
@pytest.mark.fault("E7")
def test_a_venue_that_answers_nothing_for_minutes_is_alarmed_and_traded_again_by_itself(
    tmp_path: Path,
) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.venue.down = True
        await run.bar(want=[0.9], seconds=55)
        await run.bar(want=[0.9], seconds=55)
        assert run.told.count("unreachable") == 1
        assert run.stops() == [-5_000]
        sent = len(run.venue.requests)
        await run.bar(want=[0.9], seconds=55)
        assert [r for r in run.venue.requests[sent:] if r[0] == "send"] == []
        run.venue.down = False
        await run.clock.advance(120)
        run.open_time = run.clock.now_ms() // 60_000 * 60_000
        for _ in range(3):
            await run.bar()
        await run.bar(want=[0.9])
        assert run.held() > 8_000
        assert run.stops() == [-run.held()]

    played(story, tmp_path)


@pytest.mark.fault("E5")
def test_a_clock_that_is_off_by_more_than_a_second_stops_entries_until_it_is_right(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        run.market_time.skew_ms = -1_500
        await run.clock.advance(2)
        await run.bar(want=[0.5])
        assert run.held() == 0
        assert run.denied[0].text == "the venue's clock is -1.50 s from ours"
        run.market_time.skew_ms = 200
        await run.bar(want=[0.5])
        assert run.held() == 5_000

    played(story, tmp_path)


@pytest.mark.fault("E6")
def test_after_a_jump_of_the_wall_all_is_compared_at_once(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5], seconds=35)
        before = len(run.venue.times("account"))
        await run.clock.advance(2.5)
        assert len(run.venue.times("account")) == before
        run.market_time.jumps += 1
        await run.clock.advance(2.5)
        assert len(run.venue.times("account")) == before + 1
        assert run.alarms == []

    played(story, tmp_path)


@pytest.mark.fault("E8")
def test_a_symbol_that_is_halted_keeps_its_position_and_the_others_trade(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.3, 0.3])
        del run.venue.listed[S]
        run.venue.refuse = lambda i: (
            Rejected("-1013", "Market is closed.", RejectKind.NOT_TRADING)
            if i.symbol == S and i.type is OrderType.MARKET
            else None
        )
        await run.bar(want=[0.0, 0.5])
        assert (run.held(), run.held(OTHER.symbol) > 4_900) == (3_000, True)
        assert [i.symbol for i, _ in run.venue.refused] == [S]  # the exit was tried
        await run.clock.advance(300)
        assert run.told == ["market_gone"]
        run.open_time = run.clock.now_ms() // 60_000 * 60_000
        for _ in range(3):
            await run.bar()
        await run.bar(want=[0.35, 0.6])
        assert (run.held(), run.held(OTHER.symbol) > 5_900) == (3_000, True)
        assert "halted, takes only cancels or is listed no more" in run.denied[0].text
        run.venue.listed[S] = PERP
        run.venue.refuse = lambda intent: None

    played(story, tmp_path, symbols=(PERP, OTHER))


@pytest.mark.fault("E14")
def test_where_stops_are_refused_for_good_the_run_reduces_and_guards_from_here(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        refusing(run, RejectKind.OTHER, OrderType.STOP)
        await run.bar(want=[0.5])
        assert (run.status["risk"], run.told) == ("reducing", ["unprotected"])
        await run.bar(want=[0.9])
        assert run.held() == 5_000
        run.venue.move(S, 94.0)
        await run.clock.advance(5)
        assert (run.held(), len(exits(run))) == (0, 1)

    played(story, tmp_path)


# -- account, risk


@pytest.mark.fault("A7")
@pytest.mark.parametrize("lie", ["positions", "balances"])
def test_one_reading_that_lacks_everything_sells_nothing(tmp_path: Path, lie: str) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5], seconds=1)

        def empty(reading: AccountReading) -> AccountReading:
            return replace(reading, **{lie: {}})

        run.venue.lies = [empty]
        await run.bar(seconds=50)
        assert (run.venue.lies, run.told) == ([], ["glitch"])
        assert (run.held(), run.stops(), exits(run)) == (5_000, [-5_000], [])
        await run.bar(want=[0.8])
        assert run.held() > 7_900

    played(story, tmp_path)


@pytest.mark.fault("A8")
@pytest.mark.fault("A9")
def test_the_loss_of_a_day_ends_what_rests_and_what_is_held_and_stays_after_a_restart(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.3, 0.0], seconds=50)
        await run.bar(want=[0.3, 0.5], seconds=3)
        assert [o.intent.symbol for o in run.venue.open(OTHER.symbol)] == [OTHER.symbol]
        run.venue.move(S, 96.0)
        await run.clock.advance(1)
        for _ in range(3):
            run.venue.quote(S, 96.0)
            await run.clock.advance(2)
        await run.clock.advance(10)
        run.venue.move(OTHER.symbol, 99.5)  # nobody buys any more
        assert run.status["risk"] == "flat"
        assert (run.held(), run.held(OTHER.symbol), run.venue.open(OTHER.symbol)) == (0, 0, [])
        day_start = run.outfit.engine.day_start_equity
        await run.die()
        await run.start()
        assert run.status["risk"] == "flat"
        assert "the loss of the day" in run.status["risk_reason"]
        assert run.outfit.engine.day_start_equity == day_start
        await run.bar(want=[0.3, 0.3], seconds=50)
        assert (run.held(), run.held(OTHER.symbol)) == (0, 0)
        assert "re-arm" in run.denied[-1].text

    guards = GuardSettings(max_daily_loss=100.0, max_slippage=None)
    played(story, tmp_path, symbols=(PERP, OTHER), guards=guards, execution=MAKER)


@pytest.mark.fault("A9")
def test_a_restart_resets_neither_peak_nor_day_nor_kill_switch(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.9])
        await run.bar(103.0)
        await run.bar(98.5)  # 4 % below the peak of equity
        account = run.outfit.engine.accounts[0].copy()
        assert run.outfit.engine.halted
        await run.clock.advance(5)
        await run.die()
        await run.start()
        engine = run.outfit.engine
        assert engine.halted
        for name in ("peak_equity", "day_start_equity"):
            assert engine.accounts[0][name] == account[name], name
        await run.bar(want=[0.9])
        assert run.held() == 0

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_drawdown=0.03), band=0.0))


@pytest.mark.fault("A14")
def test_a_price_that_lifts_a_weight_over_its_cap_only_ever_sells(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.9])
        held = run.held()
        await run.bar(101.0, want=[0.9])
        assert run.held() == held  # within the band
        await run.bar(112.0, want=[0.9])
        assert 0 < run.held() < held
        assert [i.lots > 0 for i in run.sent if i.type is OrderType.MARKET] == [True, False]
        assert run.stops() == [-run.held()]

    played(story, tmp_path, rules=Rules(risk=replace(LIMITS, max_weight=0.5), band=0.02))


# -- model


@pytest.mark.fault("D3")
def test_a_feature_that_is_no_number_holds_and_is_told(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar()
        await run.bar(want=[0.5])
        await run.bar(volume=0.0)
        await run.bar(want=[0.0], volume=0.0)
        last = decisions(run)[-1]
        assert (last.wanted.weights, last.orders) == ((None,), ())
        assert last.review.reasons == (Reason.MISSING_FEATURE,)
        assert (run.held(), run.stops()) == (5_000, [-5_000])
        await run.bar(want=[0.0])
        assert run.held() == 0

    played(story, tmp_path, features=(FeatureSpec("volume_flow", {"bars": 2}),))


@pytest.mark.fault("D4")
def test_actions_that_are_no_number_hold_and_those_out_of_bounds_are_clamped(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[7.5])
        assert decisions(run)[-1].review.reasons == (Reason.WEIGHT_CAP,)
        held = run.held()
        assert 9_000 < held <= 10_000
        await run.bar(want=[math.nan])
        assert (run.held(), decisions(run)[-1].orders) == (held, ())
        await run.bar(want=[math.inf])
        last = decisions(run)[-1]
        assert (run.held(), last.wanted.weights, last.orders) == (held, (None,), ())
        assert last.review.reasons == (Reason.NO_NUMBER,)
        assert run.told == ["action_refused"]
        await run.bar(want=[0.5])
        assert run.held() < held
        assert run.stops() == [-run.held()]

    played(story, tmp_path)


@pytest.mark.fault("D4")
def test_a_policy_that_answers_with_no_number_again_and_again_is_halted_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        await run.bar(want=[math.inf])
        await run.bar(want=[-math.inf])
        await run.die()
        await run.start()  # two bars on hold: the count begins anew with each answer that is one
        for _ in range(3):
            assert run.held() > 0
            await run.bar(want=[math.inf])
        assert run.held() == 0
        assert run.told == ["action_refused"] * 5
        assert "again" in run.alarms[-1].text
        await run.clock.advance(2.0)
        assert run.status["risk"] == "halted"
        await run.die()
        await run.start()
        await run.bar(want=[0.5])
        assert run.held() == 0
        assert run.status["risk"] == "halted"

    played(story, tmp_path)


@pytest.mark.fault("D4")
def test_a_policy_that_flips_at_every_bar_is_halted_by_what_it_loses(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        for bar in range(16):
            await run.bar(want=[0.5 if bar % 2 else -0.5], seconds=10)
        assert run.status["risk"] == "halted"
        assert "losses in a row" in run.status["risk_reason"]
        assert run.held() == 0 or "re-arm" in run.denied[-1].text
        assert len(entries(run)) < 14

    played(story, tmp_path)


# -- the process


@pytest.mark.fault("P2")
@pytest.mark.parametrize("on_stop", list(OnStop))
def test_a_stop_cancels_entries_and_keeps_or_closes_positions_within_ten_seconds(
    tmp_path: Path, on_stop: OnStop
) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.3, 0.0], seconds=50)
        await run.bar(want=[0.3, 0.5], seconds=3)
        assert len(run.venue.open(OTHER.symbol)) == 1
        began = run.clock.now
        await run.stop()
        assert run.clock.now - began <= 10
        assert run.venue.open(OTHER.symbol) == []
        kept = on_stop is OnStop.KEEP
        assert (run.held(), run.stops()) == ((3_000, [-3_000]) if kept else (0, []))

    played(story, tmp_path, symbols=(PERP, OTHER), execution=MAKER, on_stop=on_stop)


@pytest.mark.fault("P7")
@pytest.mark.parametrize("down", [False, True])
def test_neither_tasks_nor_files_nor_what_waits_grow_while_nothing_or_nobody_answers(
    tmp_path: Path, down: bool
) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.venue.down = down

        def grown() -> tuple[int, int, int]:
            return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")), run.items.waiting

        for _ in range(5):
            await run.bar(want=[0.9] if down else None, seconds=50)
        before = grown()
        for _ in range(20):
            await run.bar(want=[0.9] if down else None, seconds=50)
        assert all(now <= was + 1 for now, was in zip(grown(), before, strict=True))
        run.venue.down = False
        await run.clock.advance(120)

    played(story, tmp_path)


@pytest.mark.fault("P9")
def test_a_stream_that_dies_is_begun_anew_and_all_is_compared(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5], seconds=35)
        looked = len(run.venue.times("account"))
        run.venue.break_stream(RuntimeError("it tells nothing any more"))
        run.venue.take(run.venue.stops(S)[0])  # nobody hears of it
        assert run.outfit.engine.position_lots() == {S: 5_000}
        await run.clock.advance(4)
        assert run.died == ["account stream: RuntimeError('it tells nothing any more')"]
        assert run.outfit.engine.position_lots() == {S: 0}
        assert len(run.venue.times("account")) > looked
        assert run.alarms == []

    played(story, tmp_path)
