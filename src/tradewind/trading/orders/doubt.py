"""When to ask about an order in doubt, and what proves that the venue never had it."""

from __future__ import annotations

from dataclasses import dataclass, replace

ASK_AT = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds since the doubt began
ASK_EVERY = 60.0  # seconds, after the last of these
RECEIVE_WINDOW = 5.0  # seconds after its timestamp in which a venue takes a request
GRACE = 2.0  # seconds on top of it
REPLIES = 3  # "no such order", each
APART = 5.0  # seconds after the one before


def wait_before(asked: int) -> float:
    """Seconds to wait before asking again, after `asked` answers. A failed question is no answer."""
    if asked >= len(ASK_AT):
        return ASK_EVERY
    return ASK_AT[asked] - (ASK_AT[asked - 1] if asked else 0.0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the absence of an order. `began`: not before its last request was sent, UTC ms."""

    began: int
    replies: int = 0
    last_reply: int = 0

    def expired(self, now: int) -> bool:
        """Must the venue refuse the request by now, should it still arrive?"""
        return now > self.began + round((RECEIVE_WINDOW + GRACE) * 1000)

    def another(self, now: int) -> Evidence:
        """With one more "no such order"; it counts only when it is far enough from the one before."""
        if self.replies and now - self.last_reply < APART * 1000:
            return self
        return replace(self, replies=self.replies + 1, last_reply=now)

    def suffices(self, now: int) -> bool:
        """Is it time to look at open orders, trades and holding, the rest of the proof?"""
        return self.replies >= REPLIES and self.expired(now)
