"""Which fields ccxt's parsers read, told from their source: the keys that they give to ccxt's own accessors."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import ccxt

PARENTS = {"binance": "binance", "binanceusdm": "binance", "bitget": "bitget"}  # the class that parses
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
    for path in sources(venue):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name.startswith(("parse_", "handle_")):
                found.setdefault(function.name, set()).update(_keys(function))
    return {name: frozenset(keys) for name, keys in found.items() if keys}


def _keys(function: ast.FunctionDef) -> set[str]:
    replies = _OURS - {
        function.args.args[1].arg
    }  # what a parser is given first is a reply, whatever its name
    keys: set[str] = set()
    for call in ast.walk(function):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) > 1):
            continue
        accessor, read = call.func.attr, call.args[0]
        if accessor.startswith("safe_") and isinstance(read, ast.Name) and read.id not in replies:
            for given in call.args[1 : 3 if accessor.endswith("_2") else 2]:
                parts = given.elts if isinstance(given, ast.List) else [given]
                keys |= {p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)}
    return keys
