"""What python-binance reads itself from replies and events; everything else it hands through."""

from __future__ import annotations

import ast
from pathlib import Path

import binance

_SPOT = "tests/gateway/binance/spot/test_clients.py"
_LIBRARY = Path(binance.__file__).parent
_MODULES = (
    "async_client.py",
    "exceptions.py",
    "ws/depthcache.py",
    "ws/websocket_api.py",
    "ws/keepalive_websocket.py",
)
_REPLIES = ("res", "item", "bal", "entry", "json_res", "msg", "parsed_msg", "response", "token_response")

TRADES, HEARS, BOOK, SOCKET = (
    f"{_SPOT}::test_python_binance_{name}"
    for name in ("trades", "hears", "keeps_a_book", "orders_over_the_web_socket_api")
)
HERE = "tests/conformance/test_python_binance.py::test_what_it_reads_itself"
_MARGIN = "refused: nothing is borrowed"
_COIN = "refused: coin-margined futures are not listed"

# function: the fields that it reads, and the test or the reason
READ: dict[str, tuple[tuple[str, ...], str]] = {
    "create": (("serverTime",), TRADES),
    "get_symbol_info": (("symbol", "symbols"), TRADES),
    "get_asset_balance": (("asset", "balances"), TRADES),
    "get_withdraw_history_id": (("id",), HERE),
    "stream_get_listen_key": (("listenKey",), HERE),
    "futures_stream_get_listen_key": (("listenKey",), HERE),
    "futures_coin_stream_get_listen_key": (("listenKey",), _COIN),
    "papi_stream_get_listen_key": (("listenKey",), "refused: portfolio margin is not offered"),
    "margin_stream_get_listen_key": (("listenKey",), _MARGIN),
    "isolated_margin_stream_get_listen_key": (("listenKey",), _MARGIN),
    "__init__": (("code", "msg"), TRADES),
    "_depth_event": (("e",), BOOK),
    "_apply_orders": (("E", "a", "asks", "b", "bids", "lastUpdateId"), BOOK),
    "_init_cache": (("asks", "bids", "lastUpdateId"), BOOK),
    "_process_depth_message": (("U", "data", "u"), BOOK),
    "_handle_message": (("error", "event", "id", "status", "subscriptionId"), HEARS),
    "request": (("error", "result"), SOCKET),
    "_subscribe_to_user_data_stream": (("subscriptionId",), HEARS),
    "_subscribe_to_margin_data_stream": (("expirationTime", "subscriptionId", "token"), _MARGIN),
    "_subscribe_to_isolated_margin_data_stream": (("expirationTime", "subscriptionId", "token"), _MARGIN),
}


def reads() -> dict[str, tuple[str, ...]]:
    """From its source: each function that takes fields out of a reply, and which."""
    found: dict[str, set[str]] = {}
    for module in _MODULES:
        for function in ast.walk(ast.parse((_LIBRARY / module).read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if key := _key(node):
                        found.setdefault(function.name, set()).add(key)
    return {name: tuple(sorted(keys)) for name, keys in found.items()}


def _key(node: ast.AST) -> str | None:
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key)), ctx=ast.Load()):
            return key if name in _REPLIES else None
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[ast.Constant(value=str(key)), *_]
        ):
            return key if name in _REPLIES else None
    return None
