"""Asks a venue by ccxt's raw methods: each in its lane, once, and errors become what the caller can use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import ccxt

from tradewind.clients.outcomes import Asked, Throttled, of_error, of_reply
from tradewind.market import (
    AccessRefused,
    Clock,
    Outcome,
    Rejected,
    RejectKind,
    Unknown,
    VenueUnavailable,
)
from tradewind.market.errors import Stopped
from tradewind.venues.remote.lanes import LANE, Lane, Lanes

T = TypeVar("T")


class Calls:
    """A ccxt client as the adapters use it. With `bulk`, history goes through that one; both have one budget, one
    clock of the venue, and one list of markets.
    """

    def __init__(self, client: Any, clock: Clock, bulk: Any = None) -> None:
        self.client, self._bulk = client, bulk or client
        self.lanes = Lanes.of(client, clock)
        if bulk is not None:
            self.lanes.serve(bulk)
            bulk.options = client.options

    async def __call__(self, lane: Lane, method: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The reply to one raw request; raises what ccxt raises, and `Stopped` when nothing was sent."""
        return await self.by(lane, lambda client: getattr(client, method)(dict(parameters or {})))

    async def by(self, lane: Lane, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """The same for whatever a client offers."""
        client = self._bulk if lane is Lane.HISTORY else self.client
        before = LANE.set(lane)
        try:
            return await work(client)
        finally:
            LANE.reset(before)

    async def load_markets(self) -> None:
        """As the venue lists them now."""
        await self.by(Lane.HISTORY, lambda client: client.load_markets(True))
        if self._bulk is not self.client:
            self.client.set_markets_from_exchange(self._bulk)

    async def close(self) -> None:
        """Close the clients; whoever waits for the venue is sent away."""
        self.lanes.close()
        await self.client.close()
        if self._bulk is not self.client:
            await self._bulk.close()

    async def change(self, request: Awaitable[Any], asked: Asked, client_id: str | None) -> Outcome:
        """What became of a request about an order. The reply must be `{"id":, "clientOrderId":}`."""
        try:
            return of_reply(await request, client_id)
        except Stopped as stopped:
            return Throttled("stopped", str(stopped), RejectKind.LIMIT, stopped.seconds)
        except VenueUnavailable as error:  # what came back cannot be read
            return Unknown(str(error))
        except ccxt.BaseError as error:
            outcome = of_error(error, asked)
            if isinstance(outcome, Rejected) and outcome.kind is RejectKind.CLOCK:
                await self.set_clock()
            return outcome

    async def learn(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question; `VenueUnavailable` for every reason why there is none."""
        try:
            return await question()
        except ccxt.BaseError as error:
            raise await self._unlearnt(error) from error

    async def maybe(self, request: Awaitable[Any]) -> Any:
        """The reply about one order; None where the venue says for certain that there is no such order."""
        try:
            return await request
        except ccxt.BaseError as error:
            outcome = of_error(error, Asked.QUERY)
            if isinstance(outcome, Rejected) and outcome.kind is RejectKind.NOT_FOUND:
                return None
            raise

    async def set_clock(self) -> None:
        """Measure anew how far the venue's clock is from ours, where requests are signed with the venue's."""
        if self.client.options.get("adjustForTimeDifference"):
            try:
                await self.client.load_time_difference()
            except (ccxt.BaseError, VenueUnavailable):
                return  # the next refusal of that kind asks again

    async def _unlearnt(self, error: ccxt.BaseError) -> VenueUnavailable:
        outcome = of_error(error, Asked.QUERY)
        if isinstance(outcome, Rejected):
            text = f"{outcome.code} {outcome.text}"
            if outcome.kind is RejectKind.AUTH:
                return AccessRefused(f"the venue refuses this key: {text}")
            if outcome.kind is RejectKind.CLOCK:
                await self.set_clock()
            return VenueUnavailable(f"the venue refused to answer: {text}")
        return VenueUnavailable(outcome.text)
