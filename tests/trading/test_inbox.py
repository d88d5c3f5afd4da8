"""What comes into a whole run between bars: orders by hand, a PANIC while a request is on its way, a revised bar."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.trading.composed import Composed, played
from tests.trading.ordering import PERP, Fault, settle
from tradewind.market import Command, CommandKind, Decision, Fill, Snapshot
from tradewind.trading.acting.hand_orders import Answer, HandOrder, Reply
from tradewind.trading.panic.panic_record import PanicRecord
from tradewind.trading.terms.feed_records import Revision
from tradewind.trading.terms.order_states import Intent, OrderEvent
from tradewind.trading.watching.start_up import forget_old_commands


async def ask(run: Composed, lots: int) -> Reply:
    folder = run.plan.folder
    order = HandOrder(f"t{run.clock.now}", PERP.symbol, lots * PERP.lot)
    folder.send(order.command(run.clock.now_ms()))
    await run.clock.advance(3.0)
    told = folder.answered(order.ticket)
    assert told is not None
    assert folder.answered(order.ticket) is None
    return Reply.of(told)


def test_the_engine_hears_of_an_order_by_hand_and_the_run_trades_on(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        await run.bar()
        held = run.held()
        reply = await ask(run, -20)
        assert reply.answer is Answer.FILLED
        assert run.held() == run.outfit.engine.position_lots()[PERP.symbol] == held - 20
        await run.bar(want=[0.5])  # the agent wants it back
        assert run.held() > held - 20
        await run.die()
        await run.start()
        assert run.outfit.engine.position_lots()[PERP.symbol] == run.held()

    run = played(story, tmp_path)
    asked = next(
        k for k, r in enumerate(run.records) if isinstance(r, Command) and r.kind is CommandKind.ORDER
    )
    intent = next(r for r in run.records[asked:] if isinstance(r, Intent))
    assert intent.by_hand
    assert any(isinstance(r, Fill) and r.order_id == intent.client_id for r in run.records[asked:])


def test_what_was_asked_long_ago_is_not_done_any_more(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        order = HandOrder("late", PERP.symbol, Decimal(20) * PERP.lot)
        command = order.command(run.clock.now_ms() - 20_000)
        run.plan.folder.send(command)
        await run.clock.advance(3.0)
        told = run.plan.folder.answered("late")
        assert told is not None
        assert told["answer"] == "denied"
        assert run.held() == 0

    played(story, tmp_path)


@pytest.mark.parametrize("kind", [CommandKind.PANIC, CommandKind.HALT])
@pytest.mark.parametrize("fault", [Fault.SLOW_REPLY, Fault.REPLY_LOST])
def test_a_panic_counts_while_the_session_waits_for_an_answer(
    tmp_path: Path, kind: CommandKind, fault: Fault
) -> None:
    """The loop of the session stands in a request; what works beside it sends nothing any more."""

    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        await run.bar()
        assert run.held() > 0
        run.venue.fault = fault
        bar = run.bar(want=[0.9], seconds=0.02)
        await bar
        assert run.venue.requests[-1][0] == "send"
        run.plan.folder.send(Command(kind, run.clock.now_ms(), "by hand"))
        await run.clock.advance(0.6)
        assert run.status["risk"] == "halted"
        sent = len(run.venue.requests)
        run.venue.move(PERP.symbol, 110.0)  # the trailing stop would follow
        await settle()
        await run.clock.advance(60)
        after = [name for what, _, name in run.venue.requests[sent:] if what in ("send", "cancel")]
        if kind is CommandKind.PANIC:
            assert after == []
        else:
            orders = run.venue.orders
            assert all(orders[name].intent.reduce_only for name in after)

    run = played(story, tmp_path)
    assert len([r for r in run.of(Command) if r.kind is kind]) == 1


@pytest.mark.fault("P1")
def test_a_halt_lies_in_the_inbox_until_its_turn_is_over_and_counts_once(tmp_path: Path) -> None:
    """The run is killed after it wrote the command down, and before it let go of the file."""

    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        await run.bar()
        run.venue.fault = Fault.REPLY_LOST
        run.policy.wanted = [0.9]
        await run.clock.advance(55.3)  # the inbox is read every half second
        run.close()
        await run.clock.advance(0.02)  # the loop of the session stands in a request
        run.plan.folder.send(Command(CommandKind.HALT, run.clock.now_ms(), "by hand"))
        while run.status["risk"] != "halted":
            await run.clock.advance(0.01)
        assert [c.kind for c in run.of(Command)] == [CommandKind.HALT]
        assert len(run.plan.folder.letters()) == 1
        await run.die()
        await run.start()
        assert run.status["risk"] == "halted"
        assert run.plan.folder.letters() == []

    run = played(story, tmp_path)
    assert [c.kind for c in run.of(Command) if c.kind is CommandKind.HALT] == [CommandKind.HALT]


@pytest.mark.fault("P1")
def test_a_halt_of_a_run_that_was_killed_before_it_read_it_halts_the_next(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        run.plan.folder.send(Command(CommandKind.HALT, run.clock.now_ms(), "by hand"))
        await run.die()
        forget_old_commands(run.plan.folder)
        await run.start()
        assert run.status["risk"] == "halted"

    played(story, tmp_path)


@pytest.mark.fault("A12")
def test_a_run_that_wakes_up_beside_a_panic_sends_nothing_though_it_did_not_read_its_inbox(
    tmp_path: Path,
) -> None:
    async def story(run: Composed) -> None:
        await run.bar(want=[0.5])
        await run.bar()
        sent = len(run.sent)
        PanicRecord.begin(run.plan.folder.path, run.clock.now_ms(), "run").step(0, "press")
        await run.bar(want=[0.9])
        await run.bar(want=[0.1])
        assert len(run.sent) == sent

    run = played(story, tmp_path)
    assert any("a panic closes everything" in e.text for e in run.of(OrderEvent))


def test_a_revised_bar_is_on_disk_before_the_next_one_and_seen_by_it(tmp_path: Path) -> None:
    async def story(run: Composed) -> None:
        await run.bar()
        at = run.open_time - 60_000
        revision = Revision(run.open_time, PERP.symbol, at, None, (100.0, 104.0, 99.0, 103.0, 5.0))
        run.items.put(revision)
        await settle()
        await run.bar()
        window = run.outfit.engine._window
        assert window.bars[window.last - 1, 0]["close"] == 103.0
        seen = [r for r in run.records if isinstance(r, Revision | Snapshot)]
        k = next(k for k, r in enumerate(seen) if isinstance(r, Revision))
        before = seen[k - 1]
        assert isinstance(before, Snapshot)
        assert before.open_time == at

    run = played(story, tmp_path)
    assert len(run.of(Revision)) == 1
    assert len(run.of(Decision)) == 3
