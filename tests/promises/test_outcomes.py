"""An outcome never lies: whatever network and venue do to a request, the venue's ledger agrees with what we say.

`Rejected`: no order with that client id was taken (`DUPLICATE`: one was, before). `Accepted`: exactly one, under that
id of the venue. `Unknown` may be either, and a later query of an honest venue tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clients.wire import PLACES, WAYS, Place, Seat, Wire
from tradewind.gateway.faults import REASONS
from tradewind.market import Accepted, Outcome, Rejected, RejectKind, Unknown

PATIENCE_MS = 400  # of the clients here: a venue that hangs is given up after this
DEFINITE = sorted(name for name, reason in REASONS.items() if not reason.unclear)
UNCLEAR = sorted(set(REASONS) - set(DEFINITE))
STATUSES = [400, 401, 403, 404, 408, 409, 422, 500, 502, 503, 504, 520, 525]
Fault = dict[str, Any]
# The wire loses replies, and tells it or not; the order was taken where `at` is after.
LOST: list[Fault] = [
    {"do": "drop", "at": "before"},
    {"do": "drop", "at": "after"},
    {"do": "hang", "at": "before"},
    {"do": "hang", "at": "after"},
    {"do": "html", "at": "before", "status": 502},
    {"do": "html", "at": "after", "status": 502},
    {"do": "html", "at": "after", "status": 200},
    *({"do": "truncate", "keep": keep} for keep in (0.0, 0.02, 0.3, 0.7, 0.99)),
    {"do": "delay", "at": "after", "ms": 3 * PATIENCE_MS},
    *({"do": "refuse", "at": at, "reason": name} for name in UNCLEAR for at in ("before", "after")),
    *({"do": "refuse", "at": "after", "status": 503, "code": code} for code in ("", "-77", "77")),
]


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    found = Wire(tmp_path_factory.mktemp("wire"))
    yield found
    found.stop()


def seat_at(wire: Wire, place: Place, way: str) -> Seat:
    seat = wire.seat(place, way)
    seat.client.timeout = PATIENCE_MS
    return seat


def says_the_truth(seat: Seat, name: str, outcome: Outcome) -> None:
    """What was said about the order against the ledger."""
    there = seat.ledger(name)
    match outcome:
        case Accepted(venue_id):
            assert there == [venue_id]
        case Rejected(kind=RejectKind.DUPLICATE):
            assert len(there) == 1
        case Rejected():
            assert there == []
        case Unknown(text):
            assert text
            assert len(there) <= 1


def asked_later(seat: Seat, name: str) -> None:
    """Without faults a query tells what is: the way out of `Unknown`."""
    there = seat.ledger(name)
    seat.client.timeout = 20 * PATIENCE_MS
    found = seat.query(name)
    if there:
        assert found == Accepted(there[0])
    else:
        assert isinstance(found, Rejected)
        assert found.kind is RejectKind.NOT_FOUND


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("fault", LOST, ids=lambda f: "-".join(str(v) for v in f.values()))
def test_a_lost_reply_is_unknown(wire: Wire, place: Place, way: str, fault: Fault) -> None:
    seat = seat_at(wire, place, way)
    price, name = seat.price(0.9), seat.new_id()
    named = {"clientOrderId": name}
    try:
        with wire.fault(**fault, match={"kind": "place"}) as rule:
            outcome = seat.ask(
                lambda: seat.client.create_order(place.symbol, "limit", "buy", 0.01, price, named),
                client_id=name,
            )
            assert rule.fired == 1
            assert isinstance(outcome, Unknown)
            assert len(seat.ledger(name)) == (0 if fault.get("at") == "before" else 1)
        asked_later(seat, name)
    finally:
        seat.leave_nothing()


def faults() -> st.SearchStrategy[Fault]:
    """What a wire, a proxy and an honest venue may do: none says that it refused what it took."""
    at = st.sampled_from(["before", "after"])
    paths = st.sampled_from(
        ["orderId", "clientOrderId", "algoId", "clientAlgoId", "data", "data.orderId", "data.clientOid"]
    )
    values = st.sampled_from([None, "", 0, -1, [], {}, "NaN", "other", 1e400, True])
    return st.one_of(
        st.fixed_dictionaries({"do": st.just("drop"), "at": at}),
        st.fixed_dictionaries({"do": st.just("html"), "at": at, "status": st.sampled_from(STATUSES)}),
        st.fixed_dictionaries({"do": st.just("html"), "status": st.sampled_from([418, 429])}),
        st.fixed_dictionaries({"do": st.just("truncate"), "keep": st.floats(0.0, 0.999)}),
        st.fixed_dictionaries({"do": st.just("refuse"), "at": at, "reason": st.sampled_from(UNCLEAR)}),
        st.fixed_dictionaries(
            {
                "do": st.just("refuse"),
                "reason": st.sampled_from([d for d in DEFINITE if "duplicate" not in d]),
            }
        ),
        st.fixed_dictionaries(
            {
                "do": st.just("refuse"),
                "at": at,
                "status": st.sampled_from([*STATUSES, 200]),
                "code": st.sampled_from(["", "-9999", "99999", "0", "-0", "00001"]),
                "message": st.text(max_size=20),
            }
        ),
        st.fixed_dictionaries({"do": st.just("alter"), "delete": st.lists(paths, min_size=1, max_size=4)}),
        st.fixed_dictionaries({"do": st.just("alter"), "set": st.dictionaries(paths, values, min_size=1)}),
        st.fixed_dictionaries({"do": st.just("stale")}),
        st.fixed_dictionaries({"do": st.just("fill"), "fraction": st.floats(0.0, 1.0)}),
    )


ORDERS = st.sampled_from(
    [
        {"kind": "limit", "factor": 0.9},
        {"kind": "limit", "factor": 1.02},
        {"kind": "limit", "factor": 0.9, "postOnly": True},
        {"kind": "limit", "factor": 0.9, "timeInForce": "IOC"},
        {"kind": "limit", "factor": 0.9, "timeInForce": "FOK"},
        {"kind": "market", "factor": 1.0},
        {"kind": "limit", "factor": 0.9, "amount": 90.0},
        {"kind": "limit", "factor": 0.9, "amount": 0.0000001},
        {"kind": "market", "factor": 1.0, "reduceOnly": True},
    ]
)


@pytest.mark.parametrize("place", PLACES, ids=str)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_an_outcome_never_lies(wire: Wire, place: Place, data: st.DataObject) -> None:
    seat = wire.seat(place, data.draw(st.sampled_from(WAYS)))
    seat.client.timeout = 20 * PATIENCE_MS
    name, order, fault = seat.new_id(), data.draw(ORDERS), data.draw(faults())
    before = data.draw(st.booleans())  # an order of that name rests already
    try:
        if before:
            assert isinstance(seat.place_order(name), Accepted)
        with wire.fault(**fault, match={"kind": "place"}):
            outcome = seat.place_order(name, **order)
        if before:
            there = seat.ledger(name)
            assert len(there) >= 1
            assert not isinstance(outcome, Accepted) or outcome.venue_id in there
        else:
            says_the_truth(seat, name, outcome)
            if isinstance(outcome, Unknown):
                asked_later(seat, name)
    finally:
        seat.leave_nothing()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_request_that_the_network_repeats_is_one_order_while_the_first_is_open(
    wire: Wire, place: Place, way: str
) -> None:
    seat = seat_at(wire, place, way)
    try:
        with wire.fault("duplicate", match={"kind": "place"}):
            outcome = seat.place_order(name := seat.new_id())
        assert isinstance(outcome, Accepted)
        assert seat.ledger(name) == [outcome.venue_id]
    finally:
        seat.leave_nothing()


class CutCable:
    """A cable to the exchange that lets so many bytes of a reply through; then it is cut, or stays open, silent."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.left: int | None = None  # None: all
        self.silent = False
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._plug, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _plug(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        out = asyncio.create_task(self._out(reader, far_writer))
        try:
            while data := await far_reader.read(65_536):
                if self.left is not None:
                    data, self.left = data[: self.left], max(0, self.left - len(data))
                writer.write(data)
                await writer.drain()
                if self.left == 0 and not self.silent:
                    break
        finally:
            out.cancel()
            far_writer.transport.abort()
            writer.close()

    async def _out(self, reader: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            far.write(data)
            await far.drain()


@pytest.fixture(scope="module")
def cable(wire: Wire) -> Iterator[tuple[CutCable, dict[Place, Seat]]]:
    found = CutCable(wire.local.port)
    address = wire.run(found.start())
    seats = {place: wire.new_seat(place, address) for place in PLACES}
    yield found, seats
    for seat in seats.values():
        wire.run(seat.client.close())
    wire.run(found.stop())


@pytest.mark.parametrize("silent", [False, True], ids=["cut", "half-open"])
@pytest.mark.parametrize("bytes_through", [0, 9, 60, 170, 240])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_reply_that_breaks_off_on_the_wire_is_unknown(
    cable: tuple[CutCable, dict[Place, Seat]], place: Place, bytes_through: int, silent: bool
) -> None:
    line, seats = cable
    seat = seats[place]
    price, name = seat.price(0.9), seat.new_id()
    named = {"clientOrderId": name}
    line.left, line.silent = bytes_through, silent
    seat.client.timeout = PATIENCE_MS
    try:
        outcome = seat.ask(
            lambda: seat.client.create_order(place.symbol, "limit", "buy", 0.01, price, named),
            client_id=name,
        )
    finally:
        line.left = None
    assert isinstance(outcome, Unknown)
    assert len(seat.ledger(name)) == 1
    asked_later(seat, name)
    seat.leave_nothing()


def test_what_is_told_of_a_lost_reply_has_no_signature(wire: Wire) -> None:
    for place in PLACES:
        seat = seat_at(wire, place, "address")
        for kind, ask in (("query", seat.query), ("cancel", seat.cancel)):
            for fault in ({"do": "hang"}, {"do": "drop"}, {"do": "html"}):
                with wire.fault(**fault, match={"kind": kind}):
                    outcome = ask("some-id")
                assert isinstance(outcome, Unknown)
                assert "ignature" not in outcome.text
                assert "timestamp" not in outcome.text


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_venue_that_is_not_there_has_no_order(wire: Wire, place: Place) -> None:
    """Nobody listens on the port: the connection itself fails."""
    seat = wire.new_seat(place, "address")
    price, name = seat.price(0.9), seat.new_id()
    gone = wire.local.url.rpartition(":")[0] + ":9"
    seat.client.urls["api"] = _elsewhere(seat.client.urls["api"], wire.local.url, gone)
    try:
        outcome = seat.ask(
            lambda: seat.client.create_order(
                place.symbol, "limit", "buy", 0.01, price, {"clientOrderId": name}
            )
        )
        assert isinstance(outcome, Unknown)
        assert seat.ledger(name) == []
    finally:
        wire.run(seat.client.close())


def _elsewhere(urls: Any, here: str, there: str) -> Any:
    if isinstance(urls, dict):
        return {name: _elsewhere(url, here, there) for name, url in urls.items()}
    return urls.replace(here, there) if isinstance(urls, str) else urls
