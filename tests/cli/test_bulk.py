"""A run at a venue has a second client: what may take long never stands before an order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_run_live import home_at
from tests.venues.remote.seats import BINANCE_BOTH, BITGET_SPOT, Place
from tradewind.cli.live import trade as trading
from tradewind.cli.live.asked import AskedRun, plan_of
from tradewind.clients.connect import Environment, connect
from tradewind.clients.credentials import Credentials
from tradewind.clients.keys import Keys
from tradewind.gateway.faults.rules import rule_of
from tradewind.market import Command, CommandKind, Decision, Fill
from tradewind.trading.journal.journal import Journal
from tradewind.trading.session.desk import Item


class Sent:
    """Every request of a client, as (method, path)."""

    def __init__(self, client: Any) -> None:
        self.client, self.requests = client, list[tuple[str, str]]()
        fetch = client.fetch

        async def noted(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            self.requests.append((method, url.partition("?")[0].rpartition("/")[2]))
            return await fetch(url, method, headers, body)

        client.fetch = noted

    @property
    def paths(self) -> set[str]:
        return {path for _, path in self.requests}


@pytest.mark.parametrize(
    ("place", "orders", "candles"),
    [
        (BINANCE_BOTH, "order", "klines"),
        pytest.param(BITGET_SPOT, "place-order", "candles", marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_history_and_orders_go_through_different_clients_with_one_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Place, orders: str, candles: str
) -> None:
    made: list[Sent] = []

    def noticed(*arguments: Any, **named: Any) -> Any:
        made.append(Sent(connect(*arguments, **named)))
        return made[-1].client

    monkeypatch.setattr(trading, "connect", noticed)

    async def story() -> None:
        async with home_at(tmp_path, place) as home:
            asked = AskedRun(
                "testnet", "buy_and_hold", tmp_path, "one", place.venue, (place.symbol,), "1m", 10_000.0,
                at=home.at.url,
            )  # fmt: skip
            keys = Credentials(
                Keys("me-key", "me-secret", "me-pass"), place.venue, Environment.LOCAL, "a test"
            )
            plan = plan_of(asked, asked.settings(), "local", keys.fingerprint)

            def watch(item: Item, decision: Decision | None) -> None:
                if decision is None:
                    return
                if not decision.orders:
                    plan.folder.send(Command(CommandKind.STOP, decision.at, "seen enough"))
                else:  # from now on history hangs
                    home.at.faults.add(rule_of({"do": "hang", "match": {"kind": "candles"}}))

            await trading.trade(plan, asked.at, keys, watch, lambda text: None)

    asyncio.run(story())
    main, bulk = made
    assert any(path.endswith(candles) for path in bulk.paths), bulk.paths
    assert not any(path.endswith(candles) for path in main.paths), main.paths
    assert ("POST", orders) in main.requests
    assert orders not in {path for method, path in bulk.requests if method == "POST"}
    assert main.client.throttler is bulk.client.throttler
    assert main.client.options is bulk.client.options
    with Journal.open(tmp_path / "runs" / "one" / "journal.sqlite") as journal:
        assert any(isinstance(record, Fill) for _, record in journal.records())
