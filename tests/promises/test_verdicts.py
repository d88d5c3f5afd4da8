"""The judge of storms is not blind: with a mistake put into the order path, it says which promise was broken."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.promises.mishaps import late_and_killed
from tests.promises.storms import Story, weather
from tradewind.market import Unknown, VenueUnavailable
from tradewind.trading.acting.execution import Execution
from tradewind.trading.acting.protection import Protection
from tradewind.trading.books.order_ledger import OrderLedger
from tradewind.trading.orders.doubt import Evidence
from tradewind.trading.orders.order_intake import OrderIntake
from tradewind.trading.orders.order_manager import OrderManager

STORMY = 136  # a seed in which many orders are taken and their answers lost
UNDER_WAY = late_and_killed(at=4.0, ms=4000, times=6, write=5)
Patch = pytest.MonkeyPatch


def _sometimes(text: str) -> bool:
    return zlib.crc32(text.encode()) % 2 == 0


def sends_again(patch: Patch) -> None:
    """An order without an answer is sent again."""
    send = OrderManager.send

    async def twice(manager: Any, intent: Any) -> None:
        venue = manager._venue

        class Impatient:
            async def send(self, order: Any) -> Any:
                try:
                    outcome = await venue.send(order)
                except VenueUnavailable:
                    return await venue.send(order)
                return await venue.send(order) if isinstance(outcome, Unknown) else outcome

        manager._venue = Impatient()
        try:
            await send(manager, intent)
        finally:
            manager._venue = venue

    patch.setattr(OrderManager, "send", twice)


def sends_another(patch: Patch) -> None:
    """An order without an answer is sent under another name."""
    send, hear = OrderManager.send, OrderManager._take_answer
    doubted: set[str] = set()

    def heard(manager: Any, name: Any, outcome: Any) -> None:
        if isinstance(outcome, Unknown):
            doubted.add(name)
        hear(manager, name, outcome)

    async def twice(manager: Any, intent: Any) -> None:
        await send(manager, intent)
        if intent.client_id in doubted and not intent.client_id.endswith("9"):
            name = f"{intent.client_id[:-1]}9"
            again = replace(intent, client_id=name, previous_hash=manager.ledger.state_hash())
            manager.write(again)
            await send(manager, again)

    patch.setattr(OrderManager, "_take_answer", heard)
    patch.setattr(OrderManager, "send", twice)


def loses_trades(patch: Patch) -> None:
    book = OrderIntake.book

    def forgetful(intake: Any, trade: Any) -> None:
        if not _sometimes(trade.fill.trade_id):
            book(intake, trade)

    patch.setattr(OrderIntake, "book", forgetful)


def forgets_fees(patch: Patch) -> None:
    owned = OrderIntake._owned

    def forgetful(intake: Any, fill: Any, owner: Any) -> Any:
        return replace(owned(intake, fill, owner), fee=Decimal(0))

    patch.setattr(OrderIntake, "_owned", forgetful)


def is_careless(patch: Patch) -> None:
    """Nothing waits until it is clear what became of the order before."""
    patch.setattr(OrderLedger, "objection", lambda *_, **__: "")
    patch.setattr(Execution, "_may_go_at_once", lambda *_: True)


def protects_nothing(patch: Patch) -> None:
    async def rest(*_: Any) -> None: ...

    patch.setattr(Protection, "tend", rest)


@pytest.mark.parametrize(
    ("mistake", "seen"),
    [
        (sends_again, "doubled: twnd"),
        (sends_another, "doubled: the decision"),
        (loses_trades, "fills: "),
        (forgets_fees, "money: "),
        (is_careless, "careless: "),
        (protects_nothing, "unprotected: "),
    ],
)
def test_a_mistake_in_the_order_path_is_seen(
    mistake: Callable[[Patch], None], seen: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    mistake(monkeypatch)
    assert _sees(weather(STORMY, tmp_path), seen)


def takes_absence_for_proof(patch: Patch) -> None:
    """What the venue does not know yet will never be placed."""
    patch.setattr(Evidence, "suffices", lambda *_: True)


def test_orders_under_way_when_their_process_dies_are_waited_for(tmp_path: Path, monkeypatch: Patch) -> None:
    for place in range(4):
        story = weather(place, tmp_path / f"{place}", UNDER_WAY)
        assert not story.wrong, str(story)
        assert min(story.fired["order under way"], story.fired["killed"]) > 1, str(story)
    takes_absence_for_proof(monkeypatch)
    assert _sees(weather(0, tmp_path / "mistaken", UNDER_WAY), "halted: ")


def test_without_one_the_same_storm_breaks_no_promise(tmp_path: Path) -> None:
    story = weather(STORMY, tmp_path)
    assert not story.wrong, str(story)
    assert story.fills >= 5
    assert sum(story.fired.values()) > 5


def _sees(story: Story, what: str) -> bool:
    print(story)
    return any(text.startswith(what) for text in story.wrong)
