"""Whatever is sent to the control panel, it answers in its own words, and the books stay sound."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from tests.exchange.worlds import PERP, SPOT, assert_sound
from tests.gateway.here import KEY, house
from tradewind.gateway import Request
from tradewind.gateway.control import COMMANDS, ControlApi
from tradewind.gateway.faults import Faults

FIELDS: dict[str, list[Any]] = {
    "venue": ["binance"],
    "account": ["me", "you"],
    "asset": ["USDT", "BTC", "€"],
    "amount": ["1", 0.5],
    "change": ["-3", 2],
    "wallet": ["spot", "futures"],
    "symbol": [SPOT, PERP],
    "to_futures": [True, False],
    "spot": [{"USDT": 5}],
    "futures": [{"USDT": "5"}],
    "key": [KEY, "k9"],
    "secret": ["s"],
    "permissions": [["read"], ["trade", "futures"]],
    "side": ["both", "buy", "sell"],
    "quantity": ["0.5", 1],
    "fraction": [0.5],
    "worth": [50],
    "price": [90, "110"],
    "leverage": [3],
    "isolated": [True],
    "hedge": [True],
    "filters": [{"step": "0.01"}, {"tick": "0.01"}],
    "status": ["halted", "trading"],
    "bars_back": [0, 1],
    "close": ["x1.01", 101],
    "rate": ["0.001"],
    "factor": [0.5],
    "on": [True, False],
    "step_ms": [60_000],
    "skew_ms": [5],
    "do": ["drop", "alter"],
    "match": [{"kind": "place"}],
    "when": [{"nth": 1}],
    "id": [1],
    "code": [1001],
    "order_id": [1],
    "client_id": ["x"],
}
STRANGE: list[Any] = [
    None,
    "",
    "x" * 5000,
    -1,
    0,
    1e308,
    -(2**63),
    [],
    [None],
    {},
    {"a": {"b": []}},
    True,
    "NaN",
    "\x00",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_strange_input_is_answered_in_one_sentence(name: str) -> None:
    found = house()
    api = ControlApi([found], Faults([found]))
    rng = random.Random(name)
    command = COMMANDS[name]
    answered: set[int] = set()
    for _ in range(150):
        chosen = rng.sample(sorted(FIELDS), rng.randint(0, 6))
        given = {f: rng.choice(FIELDS[f] if rng.random() < 0.7 else STRANGE) for f in chosen}
        if command.method == "GET":
            query = "&".join(f"{k}={str(v)[:50]}" for k, v in given.items())
            request = Request("GET", f"/tradewind/{name}", query, b"", {}, "127.0.0.1", 0)
        else:
            body = orjson.dumps(given) if rng.random() < 0.95 else bytes(rng.randbytes(20))
            request = Request("POST", f"/tradewind/{name}", "", body, {}, "127.0.0.1", 0)
        reply = await api(request)
        answered.add(reply.status)
        if reply.status != 200:
            error = orjson.loads(reply.body)["error"]
            assert reply.status == 400
            assert "\n" not in error
            assert len(error) < 400
    assert answered <= {200, 400}
    assert_sound(found.exchange)
