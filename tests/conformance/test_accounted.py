"""Every unified method that ccxt has is served, with its call in the suite, or refused, with its reason."""

from __future__ import annotations

import asyncio

import ccxt
import ccxt.pro
import pytest

from tests.conformance.places import Place
from tests.conformance.refusals import NOT_IN_CCXT, methods, refused, refused_at, served
from tests.conformance.surface import ASKED, SURFACES

VENUES = {place.venue: place for place in SURFACES}


@pytest.mark.parametrize("place", VENUES.values(), ids=list(VENUES))
def test_nothing_is_left_out(place: Place) -> None:
    told = set(served(place.venue)) | set(refused(place.venue))
    assert set(methods(place)) - told == set()


@pytest.mark.parametrize("place", SURFACES, ids=str)
def test_nothing_is_both_served_and_refused(place: Place) -> None:
    asked = {method.name for where, method in ASKED if where is place}
    assert asked & set(refused_at(place)) == set()
    assert asked & set(NOT_IN_CCXT) == set()


@pytest.mark.parametrize("place", SURFACES, ids=str)
def test_only_what_ccxt_has_is_refused(place: Place) -> None:
    assert set(refused_at(place)) <= set(methods(place))


@pytest.mark.parametrize("name", NOT_IN_CCXT)
@pytest.mark.parametrize("venue", VENUES)
def test_ccxt_does_not_do_it(venue: str, name: str) -> None:
    client = getattr(ccxt.pro, venue)()
    function = getattr(client, name, None)
    if function is not None:
        with pytest.raises(ccxt.NotSupported):
            asyncio.run(function(["BTC/USDT"]))
