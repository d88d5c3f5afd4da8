"""The outbox: events wait until the call that made them is done, then go to all subscribers in order."""

from __future__ import annotations

from collections.abc import Callable

from tradewind.exchange.events import Event

Subscriber = Callable[[Event], None]


class Stream:
    """Events in the order in which they happened. A subscriber must not raise and may call the exchange."""

    def __init__(self) -> None:
        self._waiting: list[Event] = []
        self._subscribers: list[Subscriber] = []
        self._delivering = False

    @property
    def heard(self) -> bool:
        """Whether anybody listens; without, events need not be made."""
        return bool(self._subscribers)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Every event from now on; the returned function ends it, once or more often."""
        self._subscribers.append(subscriber)

        def end() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

        return end

    def emit(self, event: Event) -> None:
        self._waiting.append(event)

    def deliver(self) -> None:
        """Hand out what waits. What subscribers cause meanwhile follows after it."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._waiting:
                events, self._waiting = self._waiting, []
                for event in events:
                    for subscriber in tuple(self._subscribers):
                        subscriber(event)
        finally:
            self._delivering = False
