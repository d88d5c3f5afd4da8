"""What the tests of the suite are given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.conformance.here import Here, Served, connected
from tests.conformance.places import PLACES, Place


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    found = Served()
    yield found
    found.stop()


@pytest.fixture(params=PLACES, ids=str)
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
def spot(place: Place) -> None:
    if place.is_swap:
        pytest.skip("spot only")


@pytest.fixture
def swap(place: Place) -> None:
    if not place.is_swap:
        pytest.skip("perpetuals only")


@pytest_asyncio.fixture
async def here(place: Place, request: pytest.FixtureRequest) -> AsyncIterator[Here]:
    served = request.getfixturevalue("served") if place.local else None
    async with connected(place, served) as found:
        yield found
