"""A small family of errors, split by what the caller does about them.

A refusal by risk is not an error: it is a value (`Review`).
"""


class TradewindError(Exception):
    """Every error raised on purpose. Its text is one sentence: what was, what was expected, what to do."""


class DataError(TradewindError):
    """Candles, features or a file are not what they must be. Stop."""


class ConfigError(TradewindError):
    """A setting, a spec or a command line is wrong. Fix it and start again."""


class VenueUnavailable(TradewindError):
    """The venue did not answer or is in maintenance. Retry later."""


class AccessRefused(VenueUnavailable):
    """The venue refuses the key: unknown, revoked, expired, banned, of another environment, or not allowed to."""


class OrderRejected(TradewindError):
    """The venue refused an order for good. Record it and go on."""


class Inconsistent(TradewindError):
    """Two books that must agree do not. Halt."""


class Stopped(VenueUnavailable):
    """Nothing was sent: the venue wants silence, or no budget is left for this."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds  # until it may be tried again
