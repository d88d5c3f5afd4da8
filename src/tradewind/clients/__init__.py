"""Ready ccxt clients: for public data without a key, and for an account, wherever its venue stands."""

from tradewind.clients.connect import Environment, connect
from tradewind.clients.keys import Keys
from tradewind.clients.loopback import Loopback, LoopbackResolver, reaching_loopback
from tradewind.clients.public import public_client

__all__ = [
    "Environment",
    "Keys",
    "Loopback",
    "LoopbackResolver",
    "connect",
    "public_client",
    "reaching_loopback",
]
