"""The exchange on sockets: what clients of Binance and Bitget expect to find on the other end."""

from tradewind.gateway.house import House, LimitProfile
from tradewind.gateway.server import Dropped, Interceptor, Server
from tradewind.gateway.wire import Dialect, Line, Reply, Request, Talk, json_reply

__all__ = [
    "Dialect",
    "Dropped",
    "House",
    "Interceptor",
    "LimitProfile",
    "Line",
    "Reply",
    "Request",
    "Server",
    "Talk",
    "json_reply",
]
