"""What a unified account asks of itself."""

from __future__ import annotations

from tradewind.gateway.bitget.formats import mode_name
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security

routes = Routes("/api/v3/account")


@routes.get("/settings", 20, Security.READ)
def settings(call: Call) -> object:
    """Modes of the account. A classic account is refused, by which clients tell the two kinds apart."""
    account = call.exchange.account(call.account)
    return {
        "uid": account.id,
        "accountMode": "hybrid",
        "assetMode": "single",
        "holdMode": mode_name(account.hedge),
        "stpMode": "cancel_maker",
        "symbolConfigList": [],
        "coinConfigList": [],
    }
