"""A drill over real sockets: what the demo says of it is so, and is not said where it is not."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradewind.cli.live.asked import AskedRun
from tradewind.cli.live.drill import Drill
from tradewind.cli.live.drilled import sentences, survived
from tradewind.data.worlds import generate
from tradewind.gateway.markets import on_grid
from tradewind.market import OrderType
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder
from tradewind.trading.terms.order_states import Happening, Intent, OrderEvent

BARS, WARM_UP, DECISIONS = 700, 550, 6


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drill")


@pytest.fixture(scope="module")
def facts(home: Path) -> dict[str, Any]:
    """Of buy and hold, whose first order meets the fault."""
    market = on_grid(generate("demo", BARS, 7, cost=0.0002).market)
    asked = AskedRun(
        "testnet", "buy_and_hold", home, "one", symbols=market.symbols, timeframe="1h", allocation=10_000.0,
        overrides=("run.on_stop=flatten",),
    )  # fmt: skip
    drill = Drill(asked, market, WARM_UP, DECISIONS, 7_200.0, 0, Decimal(20_000))
    return asyncio.run(drill.run(lambda item, decision: None))


@pytest.mark.fault("O1")
def test_an_order_whose_reply_is_lost_with_its_stream_is_found_and_never_sent_again(
    facts: dict[str, Any], home: Path
) -> None:
    assert facts["faults"] == {"reply lost": 1, "stream cut": 1}
    (doubt,) = facts["doubts"]
    assert doubt["placed"] == 1
    assert doubt["filled"] == doubt["lots"] > 0
    with Journal.open(RunFolder(home / "runs" / "one").journal) as journal:
        records = [record for _, record in journal.records()]
    bought = [r for r in records if isinstance(r, Intent) and r.type is OrderType.MARKET and r.lots > 0]
    assert [r.client_id for r in bought] == [doubt["order"]]
    told = [r.happening for r in records if isinstance(r, OrderEvent) and r.client_id == doubt["order"]]
    assert told[:2] == [Happening.SENT, Happening.DOUBTED]


def test_it_ends_flat_with_the_books_of_the_exchange_and_a_replay_that_is_the_same(
    facts: dict[str, Any],
) -> None:
    assert Decimal(facts["stop"]["held"]["DEMO/USDT:USDT"]) > 0
    assert facts["stop"]["left"] == {}
    assert facts["decisions"] >= DECISIONS
    assert facts["denied"] == []
    assert facts["books"]["equal"]
    assert facts["books"]["fills_of_the_exchange"] == facts["fills"] >= 2
    assert facts["replay"] == {"decisions": facts["decisions"], "difference": None}
    assert survived(facts)
    told = " ".join(sentences(facts))
    assert "placed once" in told
    assert "NOT" not in told


def _doubled(facts: dict[str, Any]) -> None:
    facts["doubts"][0]["placed"] = 2


def _lost(facts: dict[str, Any]) -> None:
    facts["doubts"][0]["filled"] = 0


def _left(facts: dict[str, Any]) -> None:
    facts["stop"]["left"] = {"DEMO/USDT:USDT": "1"}


def _differing(facts: dict[str, Any]) -> None:
    facts["books"]["equal"] = False


def _other(facts: dict[str, Any]) -> None:
    facts["replay"]["difference"] = "record 7: equity"


def _unmet(facts: dict[str, Any]) -> None:
    facts["doubts"] = []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_doubled, "NOT cleared up: placed 2 times"),
        (_lost, "0 lots known"),
        (_left, "LEFT 1 DEMO"),
        (_differing, "DO NOT equal"),
        (_other, "record 7: equity"),
        (_unmet, "NO order met the fault"),
    ],
)
def test_what_did_not_hold_is_said(
    facts: dict[str, Any], spoil: Callable[[dict[str, Any]], None], said: str
) -> None:
    spoilt = copy.deepcopy(facts)
    spoil(spoilt)
    assert not survived(spoilt)
    assert said in " ".join(sentences(spoilt))
