"""What the records of a venue prove about a bot, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.exchange.worlds import D, buy, exchange, flat, sell
from tradewind.exchange import Order, OrderType
from tradewind.gateway.crash_test.judge import Evidence, Fault, Judgement, Terms, judge
from tradewind.gateway.faults.traffic import Made, Sent, Told

LIMIT, MARKET = OrderType.LIMIT, OrderType.MARKET


class Story:
    """What went over the wire, told in order."""

    def __init__(self) -> None:
        self.world = exchange(flat(5))
        self.start = len(self.world.ledger)
        self.sent: list[Sent] = []
        self.streamed: dict[str, int] = {}

    def place(self, name: str = "", told: Told = Told.ANSWERED, arrives: bool = True, **more: Any) -> Story:
        order = buy(MARKET, "1", client_id=name)
        made = [self._made(self.world.place("a", order))] if arrives else []
        return self._say("place", told, client_id=name, made=made, **more)

    def batch(self, *names: str) -> Story:
        """A request for several orders, which itself has no name and no market, and whose reply is lost."""
        made = [self._made(self.world.place("a", buy(MARKET, "1", client_id=name))) for name in names]
        return self._say("place", Told.UNKNOWN, made=made, symbol="")

    def stop(self, name: str, told: Told = Told.UNKNOWN) -> Story:
        """A conditional order of its own list."""
        request = sell(OrderType.STOP_MARKET, "1", stop_price="90", client_id=name)
        algo = self.world.place_conditional("a", request)
        made = [Made(algo.id, name, "BTCUSDT", conditional=True)]
        return self._say("place", told, client_id=name, made=made, path="/fapi/v1/algoOrder", side="sell")

    def _made(self, order: Order) -> Made:
        return Made(order.id, order.client_id, "BTCUSDT", bool(order.list_id))

    def ask(self, kind: str = "query", told: Told = Told.ANSWERED, **more: Any) -> Story:
        return self._say(kind, told, **more)

    def wait(self, seconds: float) -> Story:
        self.world.times.wire.advance(seconds)  # type: ignore[attr-defined]
        return self

    def _say(self, kind: str, told: Told, **more: Any) -> Story:
        now = self.world.times.wire_ms()
        values: dict[str, Any] = {
            "symbol": "BTCUSDT",
            "client_id": "",
            "order_id": "",
            "side": "buy",
            "quantity": "1",
            "told": told,
            "status": 200,
        }
        self.sent.append(
            Sent(
                seq=len(self.sent) + 1,
                wire_ms=now,
                market_ms=0,
                venue="binance",
                account="a",
                kind=kind,
                method="",
                **({"path": ""} | values | more),
            )
        )
        return self

    def judged(self, **terms: Any) -> Judgement:
        rows = list(self.world.ledger.rows(self.start))
        waiting = list(self.world.account("a").open_algos.values())
        evidence = Evidence("a", rows, self.sent, self.streamed, self.world.open_orders("a"), waiting)
        return judge(evidence, Terms(**terms))

    def found(self, **terms: Any) -> list[Fault]:
        return [finding.fault for finding in self.judged(**terms).findings]


UNKNOWN = Told.UNKNOWN


def test_a_bot_to_which_everything_was_told_did_nothing_wrong() -> None:
    judged = Story().place("a").place("b").judged()
    assert (judged.findings, judged.placed, judged.unclear, judged.failed) == ([], 2, 0, False)


def test_an_order_of_which_nothing_ever_told_is_lost() -> None:
    assert Story().place("a", UNKNOWN).found() == [Fault.LOST]
    assert Story().place("a", UNKNOWN, arrives=False).found() == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"client_id": "a"}, []),
        ({"order_id": "1"}, []),
        ({}, []),
        ({"symbol": ""}, []),
        ({"kind": "trades"}, []),
        ({"kind": "cancel", "client_id": "a"}, []),
        ({"client_id": "b"}, [Fault.LOST]),
        ({"symbol": "ETHUSDT"}, [Fault.LOST]),
        ({"kind": "candles"}, [Fault.LOST]),
        ({"kind": "cancel"}, [Fault.LOST]),
        ({"told": UNKNOWN}, [Fault.LOST]),
        ({"kind": "balance"}, [Fault.ONLY_BALANCE]),
    ],
)
def test_a_question_tells_of_an_order_when_it_covers_it(asked: dict[str, Any], found: list[Fault]) -> None:
    assert Story().place("a", UNKNOWN).ask(**asked).found() == found


def test_every_order_of_a_batch_must_be_learnt_of() -> None:
    assert Story().batch("a", "b").found() == [Fault.LOST, Fault.LOST]
    assert Story().batch("a", "b").ask(client_id="a").found() == [Fault.LOST]
    assert Story().batch("a", "b").ask(client_id="a").ask(order_id="2").found() == []
    assert Story().batch("a", "b").ask().found() == []


ALGOS, LISTS = "/fapi/v1/openAlgoOrders", "/api/v3/openOrderList"


@pytest.mark.parametrize(
    ("asked", "lost"),
    [
        ({"path": ALGOS}, False),
        ({"path": "/api/v2/mix/order/orders-plan-pending"}, False),
        ({"client_id": "s"}, False),
        ({"path": "/fapi/v1/algoOrder", "order_id": "1"}, False),
        ({"path": "/fapi/v1/openOrders"}, True),
        ({"path": "/fapi/v1/order", "order_id": "1"}, True),
        ({"kind": "trades"}, True),
        ({"kind": "balance"}, True),
    ],
)
def test_a_stop_is_on_a_list_of_its_own(asked: dict[str, Any], lost: bool) -> None:
    found = Story().stop("s").ask(**asked).found()
    assert found == [Fault.LOST] * lost + [Fault.LEFT_OPEN]


@pytest.mark.parametrize("path", [ALGOS, LISTS])
def test_other_lists_tell_nothing_of_an_order(path: str) -> None:
    assert Story().place("a", UNKNOWN).ask(path=path).found() == [Fault.LOST]


def test_an_order_of_a_list_is_told_by_both() -> None:
    for path in (LISTS, "/api/v3/openOrders"):
        story = Story().place("a", UNKNOWN)
        story.sent[0].made = [replace(made, listed=True) for made in story.sent[0].made]
        assert story.ask(path=path).found() == []


def test_a_stop_sent_again_without_asking_its_list_is_a_double() -> None:
    assert Fault.DOUBLED in Story().stop("s").stop("t", Told.ANSWERED).found()
    asked = Story().stop("s").ask(path=ALGOS).stop("t", Told.ANSWERED)
    assert asked.found() == [Fault.LEFT_OPEN]


def test_the_id_of_an_order_that_a_stream_told_of_is_not_that_of_a_stop() -> None:
    story = Story().stop("s")
    story.streamed["1"] = story.world.times.wire_ms()
    assert Fault.LOST in story.found()
    story.streamed["s"] = story.world.times.wire_ms()
    assert Fault.LOST not in story.found()


def test_an_order_that_took_anothers_place_can_be_lost_too() -> None:
    story = Story().place("a", UNKNOWN)
    story.sent[0].kind = "amend"
    assert story.found() == [Fault.LOST]
    assert story.ask(client_id="a").found() == []


def test_a_question_asked_before_tells_nothing() -> None:
    assert Story().ask(client_id="a").place("a", UNKNOWN).found() == [Fault.LOST]


def test_a_stream_tells_too() -> None:
    story = Story().place("a", UNKNOWN)
    story.streamed["a"] = story.world.times.wire_ms()
    assert story.found() == []


def test_the_same_again_without_asking_is_a_double_when_the_first_was_accepted() -> None:
    story = Story().place("a", UNKNOWN).place("b").ask()
    assert story.found() == [Fault.DOUBLED]
    assert story.judged().failed


def test_the_same_again_without_asking_is_a_blind_resend_when_it_was_not() -> None:
    assert Story().place("a", UNKNOWN, arrives=False).place("b").found() == [Fault.RESENT]
    assert Story().place("a", UNKNOWN).place("b", UNKNOWN, arrives=False).ask().found() == [Fault.RESENT]


def test_who_asks_first_may_send_again() -> None:
    assert Story().place("a", UNKNOWN, arrives=False).ask(client_id="a", status=400).place("b").found() == []
    assert Story().place("a", UNKNOWN, arrives=False).ask("balance").place("b").found() == []


def test_another_order_is_no_resend() -> None:
    assert Story().place("a", UNKNOWN, arrives=False).place("b", side="sell").found() == []
    assert Story().place("a", UNKNOWN, arrives=False).place("b", quantity="2").found() == []
    assert Story().place("a", UNKNOWN, arrives=False).place("b", symbol="ETHUSDT").found() == []


def test_after_the_window_it_is_a_new_decision() -> None:
    story = Story().place("a", UNKNOWN, arrives=False).wait(61).place("b")
    assert story.found() == []
    assert story.found(window_ms=120_000) == [Fault.RESENT]


def test_one_name_on_two_orders_is_a_double() -> None:
    assert Story().place("a").place("a").found() == [Fault.DOUBLED]
    twice = Story().place("a").place("a")
    first, second = twice.sent
    first.made += second.made
    twice.sent.remove(second)
    assert twice.found() == [Fault.NETWORK_DOUBLED]
    assert not twice.judged().failed


def test_asking_while_banned_is_told_after_the_first_second() -> None:
    banned = Told.BANNED
    assert Story().ask(told=banned).ask(told=banned).found() == []
    assert Story().ask(told=banned).wait(2).ask(told=banned).found() == [Fault.BANNED]


def test_exposure_is_the_worth_of_what_was_bought_on_top() -> None:
    story = Story().place("a").place("b")
    assert story.judged().exposure == 200
    assert story.found(max_exposure=D(200)) == []
    assert story.found(max_exposure=D(199)) == [Fault.OVER_LIMIT]
    story.world.place("a", sell(MARKET, "2"))
    assert story.judged().exposure == 200


def test_what_a_reset_took_is_no_exposure() -> None:
    story = Story().place("a")
    story.world.control.wipe("a", {"USDT": D(1000)})
    story.place("b")
    assert story.judged().exposure == 100


def test_orders_left_open_are_told_and_count_as_lost_where_none_may_be() -> None:
    story = Story()
    story.world.place("a", buy(LIMIT, "1", "50", client_id="rests"))
    assert story.found() == [Fault.LEFT_OPEN]
    assert not story.judged().failed
    assert story.found(expect_none_open=True) == [Fault.LOST]
