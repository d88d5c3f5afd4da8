"""Sockets of streams, whatever the product: subscriptions, wrapping, limits, a day's life."""

from __future__ import annotations

import orjson
import pytest

from tradewind.gateway.binance.failure import Failure
from tradewind.gateway.binance.listen_keys import LIFE_MS, ListenKey, ListenKeys
from tradewind.gateway.binance.streams import DAY_MS, Hub, StreamTalk
from tradewind.gateway.wire import Line
from tradewind.market import ManualClock


class Heard:
    """A line that keeps what was sent over it."""

    def __init__(self, opened_ms: int = 0) -> None:
        self.frames: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.line = Line("/ws", "", {}, "127.0.0.1", opened_ms, self.frames.append, self._close)

    def _close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def take(self) -> list:
        found = [orjson.loads(frame) for frame in self.frames]
        self.frames.clear()
        return found


class Told:
    """A source that keeps what it was told."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def account_of(self, name: str) -> str:
        return ""

    def start(self, name: str) -> None:
        self.log.append(f"+{name}")

    def stop(self, name: str) -> None:
        self.log.append(f"-{name}")


@pytest.fixture
def hub() -> Hub:
    made = Hub(most_streams=3, most_messages=5)
    made.source = Told()
    return made


def talk(hub: Hub, combined: bool = False, names: tuple[str, ...] = (), clock: ManualClock | None = None):
    heard = Heard()
    return heard, StreamTalk(hub, heard.line, clock or ManualClock(0), combined, names)


def test_the_source_starts_with_the_first_and_stops_after_the_last(hub: Hub) -> None:
    _, first = talk(hub, names=("a@trade",))
    two, second = talk(hub)
    second.hear('{"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":7}')
    assert two.take() == [{"result": None, "id": 7}]
    first.ended()
    assert hub.source.log == ["+a@trade", "+b@trade"]
    second.hear('{"method":"UNSUBSCRIBE","params":["a@trade"],"id":"x"}')
    assert hub.source.log[-1] == "-a@trade"
    second.ended()
    assert hub.source.log[-1] == "-b@trade"
    assert not hub.names()


def test_combined_sockets_get_the_name_of_the_stream(hub: Hub) -> None:
    raw, _ = talk(hub, names=("a@trade",))
    wrapped, other = talk(hub, combined=True, names=("a@trade",))
    hub.publish("a@trade", {"e": "trade"})
    assert raw.take() == [{"e": "trade"}]
    assert wrapped.take() == [{"stream": "a@trade", "data": {"e": "trade"}}]
    other.hear('{"method":"GET_PROPERTY","params":["combined"],"id":1}')
    other.hear('{"method":"SET_PROPERTY","params":["combined",false],"id":2}')
    assert wrapped.take() == [{"result": True, "id": 1}, {"result": None, "id": 2}]
    hub.publish("a@trade", {"e": "trade"})
    assert wrapped.take() == [{"e": "trade"}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 3),
        ("[]", 2),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2),
        ('{"method":"SUBSCRIBE","params":null,"id":1}', 2),
        ('{"method":"SUBSCRIBE","params":["a","b","c","d"],"id":1}', 2),
        ('{"method":"DANCE","id":1}', 2),
        ('{"method":"SET_PROPERTY","params":["x",true],"id":1}', 0),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1),
        ('{"method":"LIST_SUBSCRIPTIONS","id":[1]}', 2),
    ],
)
def test_what_is_wrong_is_refused(hub: Hub, text: str, code: int) -> None:
    heard, found = talk(hub)
    found.hear(text)
    (frame,) = heard.take()
    assert frame["error"]["code"] == code
    assert not hub.names()


def test_a_client_that_talks_too_much_is_cut_off(hub: Hub) -> None:
    clock = ManualClock(0)
    heard, found = talk(hub, clock=clock)
    for number in range(5):
        found.hear(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
    clock.advance(1)
    found.hear('{"method":"LIST_SUBSCRIPTIONS","id":5}')
    assert len(heard.take()) == 6
    assert heard.closed is None
    for number in range(5):
        found.hear(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
    assert heard.closed == (1008, "Too many requests")
    assert len(heard.take()) == 4


def test_a_socket_ends_after_a_day(hub: Hub) -> None:
    heard, _ = talk(hub)
    hub.tick(DAY_MS - 1)
    assert heard.closed is None
    hub.tick(DAY_MS)
    assert heard.closed == (1001, "24 hours are over")


def test_listen_keys_live_an_hour() -> None:
    keys, gone = ListenKeys(), []
    keys.on_gone = lambda key, expired: gone.append((key.name, expired))
    key: ListenKey = keys.open("me", "key", 0)
    assert keys.open("me", "key", 1000) is key
    keys.expire(LIFE_MS)
    assert keys.of("me", LIFE_MS) is key
    keys.expire(LIFE_MS + 1000)
    assert gone == [(key.name, True)]
    with pytest.raises(Failure, match="-1125"):
        keys.of("me", LIFE_MS + 1000)
    other = keys.open("me", "key", LIFE_MS + 1000)
    assert other.name != key.name
    keys.close(other)
    assert gone[-1] == (other.name, False)
    assert keys.find(other.name) is None
