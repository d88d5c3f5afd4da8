"""Which fields ccxt's parsers read, told from their source: the keys that they give to ccxt's own accessors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import ccxt

PARENTS = {"binance": "binance", "binanceusdm": "binance", "bitget": "bitget"}  # the class that parses
# by their names; the last ones parse beside asking
_PARSE = ("parse_", "handle_", "fetch_default_markets", "fetch_transaction_fees", "load_leverage_brackets")
# names of what is no reply
_OURS = {"params", "market", "currency", "options", "request", "subscription", "client"}


@cache
def sources(venue: str) -> tuple[Path, Path]:
    """The files that parse for that id of ccxt: of requests and of streams."""
    root, name = Path(ccxt.__file__).parent, PARENTS[venue] + ".py"
    return root / "async_support" / name, root / "pro" / name


@cache
def parsers(venue: str) -> dict[str, frozenset[str]]:
    """For each parser of that id the fields that it reads."""
    found: dict[str, set[str]] = {}
    for parser, keys in _reads(venue):
        found.setdefault(parser, set()).update(keys)
    return {name: frozenset(keys) for name, keys in found.items()}


@cache
def other_names(venue: str) -> dict[tuple[str, str], set[str]]:
    """For each (parser, field) those that are read in its place where it is not there."""
    found: dict[tuple[str, str], set[str]] = {}
    for parser, keys in _reads(venue):
        for key in keys:
            found.setdefault((parser, key), set()).update(set(keys) - {key})
    return found


def _reads(venue: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each use of an accessor in a parser: the parser, and the names under which it looks."""
    return [read for path in sources(venue) for read in _reads_of(path)]


@cache
def _reads_of(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith(_PARSE):
            found += [(function.name, keys) for keys in _keys(function)]
    return found


def _keys(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ...]]:
    # what a parser is given first is a reply, whatever its name
    given_first = "market" if function.name == "fetch_default_markets" else function.args.args[1].arg
    ours = (_OURS - {given_first}) | {"params"}
    for call in ast.walk(function):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) > 1):
            continue
        accessor, read = call.func.attr, call.args[0]
        if accessor.startswith("safe_") and isinstance(read, ast.Name) and read.id not in ours:
            given = call.args[1 : 3 if accessor.endswith("_2") else 2]
            parts = [one for g in given for one in (g.elts if isinstance(g, ast.List) else [g])]
            keys = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
            if keys:
                yield tuple(keys)
