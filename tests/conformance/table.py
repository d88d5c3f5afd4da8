"""Writes docs/exchange_coverage.md: every unified method and every field that ccxt reads, served or refused.

python -m tests.conformance.table
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.conformance.absent import why
from tests.conformance.design import CALLS, FRAMES
from tests.conformance.parsers import parsers
from tests.conformance.places import Place
from tests.conformance.python_binance import READ
from tests.conformance.recorded import record
from tests.conformance.refusals import VENUES, methods, refused, served
from tests.conformance.surface import SURFACES

PAGE = Path(__file__).parents[2] / "docs" / "exchange_coverage.md"
_HEAD = """# What of Binance and Bitget is answered

Made from the tests by `python -m tests.conformance.table`; a test holds it true. The local exchange is driven by ccxt
4.5.90 over sockets. For what a venue's own documentation lists beyond ccxt see [Binance](binance.md),
[Binance Spot](binance_spot.md) and [Bitget](bitget.md).

## Methods
Each row is a method that ccxt's `has` names for that id. Where it is answered, the names are those of the tests:
`pytest "tests/conformance/test_surface.py::test_unified_method[NAME-METHOD]"`.
"""
_FIELDS = """
## Fields that ccxt reads
The keys that ccxt's parsers ask for with its own accessors, from their source. A field stands beside the call whose
test fails when it is no longer found; what is not found is followed by the reason. One-letter names are those of
stream events.
"""
_DESIGN = """
## Fields that clients are known to need
Asked for one by one, raw, in `tests/conformance/test_design.py`.
| place | call or frame | fields |
|---|---|---|
"""
_PYTHON = """
## Fields that python-binance reads
It hands replies through as they are, but for these.
| function | fields | test, or why not |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    parts += [_methods(place) for place in _first().values()]
    parts.append(_FIELDS)
    parts += [_fields(venue) for venue in VENUES]
    known = [(c.place, c.method, c.fields) for c in CALLS] + [(f.place, f.name, f.fields) for f in FRAMES]
    parts += [_DESIGN, *(f"| {place} | `{name}` | {', '.join(keys)} |\n" for place, name, keys in known)]
    parts += [
        _PYTHON,
        *(f"| `{name}` | {', '.join(keys)} | {proof} |\n" for name, (keys, proof) in READ.items()),
    ]
    return "".join(parts)


def _first() -> dict[str, Place]:
    return {venue: next(p for p in SURFACES if p.venue == venue) for venue in VENUES}


def _methods(place: Place) -> str:
    answered, not_answered = served(place.venue), refused(place.venue)
    lines = [f"\n### {place.venue}\n| method | answered | or refused, because |\n|---|---|---|"]
    for name in methods(place):
        lines.append(f"| {name} | {', '.join(answered.get(name, []))} | {not_answered.get(name, '')} |")
    return "\n".join(lines) + "\n"


def found_fields() -> dict[str, dict[str, set[str]]]:
    """For each id of ccxt and each parser the recorded fields."""
    found: dict[str, dict[str, set[str]]] = {venue: {} for venue in VENUES}
    for place in SURFACES:
        for by_parser in record().get(place.name, {}).values():
            for parser, keys in by_parser.items():
                found[place.venue].setdefault(parser, set()).update(keys)
    return found


def _fields(venue: str) -> str:
    found = found_fields()
    lines = [f"\n### {venue}\n| parser | found, by the test of | not there |\n|---|---|---|"]
    for parser, keys in sorted(parsers(venue).items()):
        absent = sorted(
            (why(venue, parser, key, found), key) for key in keys - found[venue].get(parser, set())
        )
        reasons = [
            f"{', '.join(key for _, key in group)} ({reason})"
            for reason, group in groupby(absent, key=lambda pair: pair[0])
        ]
        lines.append(f"| {parser} | {_proofs(venue, parser)} | {'; '.join(reasons)} |")
    return "\n".join(lines) + "\n"


def _proofs(venue: str, parser: str) -> str:
    proofs: dict[str, list[str]] = {}
    for place in SURFACES:
        if place.venue == venue:
            for method, by_parser in record().get(place.name, {}).items():
                if parser in by_parser:
                    proofs.setdefault(f"{place.name}-{method}", []).extend(by_parser[parser])
    return "; ".join(
        f"`{test.removeprefix('local-')}`: {', '.join(keys)}" for test, keys in sorted(proofs.items())
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
