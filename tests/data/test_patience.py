"""Reading from a venue that says, in codes that ccxt does not know, that it cannot answer now. Over real sockets."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.gateway.exchange_here import opened
from tradewind.clients import connect
from tradewind.data.patience import Patience, VenueReader
from tradewind.gateway.faults.rules import rule_of
from tradewind.market import ConfigError, ManualClock, VenueUnavailable

PASSING = ("busy", "unexpected", "timeout", "unavailable", "overloaded", "maintenance")


def _asked(folder: Path, venue: str, attempts: int, **rule: object) -> int:
    """How many attempts it took to read the time."""

    async def go() -> int:
        async with opened(folder, tls=False) as exchange:
            client = connect(venue, "local", at=exchange.url)
            tries = [1]
            reader = VenueReader(
                client, ManualClock(1), Patience(attempts), random.Random(1), lambda n, _: tries.append(n)
            )
            try:
                exchange.faults.add(rule_of({"do": "refuse"} | rule))
                await reader.call("fetch_time")
                return tries[-1]
            finally:
                await client.close()

    return asyncio.run(go())


@pytest.mark.parametrize("reason", PASSING)
@pytest.mark.parametrize("venue", ["bitget", "binance", "binanceusdm"])
def test_a_code_that_says_later_is_asked_again(tmp_path: Path, venue: str, reason: str) -> None:
    assert _asked(tmp_path, venue, 6, reason=reason, when={"times": 2}) == 3


@pytest.mark.parametrize("code", ["40725", "40015", "45001", "40010"])
def test_what_bitget_words_as_a_failure_of_its_own_is_none_of_the_configuration(
    tmp_path: Path, code: str
) -> None:
    with pytest.raises(VenueUnavailable, match="in 2 attempts"):
        _asked(tmp_path, "bitget", 2, status=400, code=code, message="service return an error")


def test_a_code_of_nobody_with_a_status_of_the_servers_own_is_asked_again(tmp_path: Path) -> None:
    assert _asked(tmp_path, "bitget", 6, status=500, code="99999", message="?", when={"times": 1}) == 2


def test_a_wrong_request_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bitget refuses fetch_time"):
        _asked(tmp_path, "bitget", 6, status=400, code="40034", message="Parameter does not exist")


@pytest.mark.fault("E2")
@pytest.mark.parametrize(("attempts", "seconds"), [(1, 60), (6, 900)])
def test_nothing_is_asked_while_a_ban_lasts(tmp_path: Path, attempts: int, seconds: int) -> None:
    async def story() -> None:
        async with opened(tmp_path, tls=False) as exchange:
            client, clock = connect("binance", "local", at=exchange.url), ManualClock(1)
            reader = VenueReader(client, clock, Patience(attempts), random.Random(1))
            try:
                rule = exchange.faults.add(
                    rule_of({"do": "refuse", "reason": "rate_limited", "retry_after": seconds})
                )
                with pytest.raises(VenueUnavailable):
                    await reader.call("fetch_time")
                for _ in range(3):
                    with pytest.raises(VenueUnavailable, match="wants no request for another"):
                        await reader.call("fetch_time")
                assert rule.fired == 1
                exchange.faults.remove(rule.id)
                await clock.sleep(seconds)
                assert await reader.call("fetch_time") > 0
            finally:
                await client.close()

    asyncio.run(story())
