"""Which call proves which field: fields.json, and how to make it anew.

    TRADEWIND_FIELDS=/tmp/fields-1 python -m pytest tests/conformance/test_surface.py   # three times, three folders
    python -m tests.conformance.recorded /tmp/fields-1 /tmp/fields-2 /tmp/fields-3

A field is given to the first call that found it in every run.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path

from tests.conformance.reading import Fields

FILE = Path(__file__).with_name("fields.json")
Record = dict[str, dict[str, Fields]]  # place: method: parser: fields


@cache
def record() -> Record:
    """The committed one."""
    found: Record = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def keep(place: str, method: str, fields: Fields) -> None:
    """Write down what a call found, when that is asked for."""
    if folder := os.environ.get("TRADEWIND_FIELDS"):
        path = Path(folder) / f"{place} {method}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(fields), encoding="utf-8")


def merged(folders: list[Path]) -> Record:
    """Each field of a venue's parsers once."""
    from tests.conformance.surface import ASKED

    taken: set[tuple[str, str, str]] = set()
    found: Record = {}
    for place, method in ASKED:
        runs = [_pairs(folder / f"{place} {method.name}.json") for folder in folders]
        for parser, key in sorted(set.intersection(*runs)):
            if (place.venue, parser, key) not in taken:
                taken.add((place.venue, parser, key))
                calls = found.setdefault(place.name, {})
                calls.setdefault(method.name, {}).setdefault(parser, []).append(key)
    return found


def _pairs(path: Path) -> set[tuple[str, str]]:
    if not path.exists():
        return set()
    fields: Fields = json.loads(path.read_text(encoding="utf-8"))
    return {(parser, key) for parser, keys in fields.items() for key in keys}


if __name__ == "__main__":
    text = json.dumps(merged([Path(name) for name in sys.argv[1:]]), indent=1, sort_keys=True)
    FILE.write_text(text + "\n", encoding="utf-8")
