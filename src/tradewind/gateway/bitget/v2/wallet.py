"""The spot wallet: balances, bills, transfers, deposits and withdrawals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, takewhile

from tradewind.exchange import Exchange, Permission, Refusal, Refused
from tradewind.exchange.accounts import FUTURES, SPOT
from tradewind.exchange.ledger import TransferRow
from tradewind.gateway.bitget.failure import Failure, wrong
from tradewind.gateway.bitget.formats import text
from tradewind.gateway.bitget.outside import records
from tradewind.gateway.bitget.params import Params
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.security import Security
from tradewind.gateway.bitget.words import worded

routes = Routes("/api/v2/spot")
_WALLETS = {"spot": SPOT, "usdt_futures": FUTURES, "mix_usdt": FUTURES}
_NAMES = {SPOT: "spot", FUTURES: "usdt_futures"}
_OTHERS = ("p2p", "coin_futures", "usdc_futures", "crossed_margin", "isolated_margin")
_AUTHORITIES = {
    Permission.READ: ("coor", "cpor", "stor", "smor", "ttor"),
    Permission.TRADE: ("stow", "smow"),
    Permission.FUTURES: ("coow", "cpow"),
    Permission.TRANSFER: ("wtow",),
    Permission.WITHDRAW: ("wwow",),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """One change of a coin in the spot wallet; `balance` is what there was after it."""

    id: int
    coin: str
    group: str
    business: str
    size: Decimal
    balance: Decimal
    fee: Decimal
    time_ms: int


def asset_row(exchange: Exchange, account_id: str, coin: str) -> dict[str, str]:
    """What is free and what open orders hold."""
    account = exchange.account(account_id)
    balance = account.spot.get(coin)
    return {
        "coin": coin,
        "available": text(balance.free) if balance else "0",
        "limitAvailable": "0",
        "frozen": text(balance.locked) if balance else "0",
        "locked": "0",
        "uTime": str(account.updated_ms or exchange.now_ms),
    }


@routes.get("/account/assets", 10, Security.READ)
def assets(call: Call) -> object:
    """Coins that are held, or one coin, or with `assetType` all the coins of all markets."""
    coin = call.params.maybe("coin")
    if coin is not None:
        return [asset_row(call.exchange, call.account, coin.upper())]
    held = call.exchange.account(call.account).spot
    names = [name for name, balance in held.items() if balance.free or balance.locked]
    if (call.params.maybe("assetType") or "").lower() == "all":
        names = sorted({name for m in call.exchange.listings for name in (m.base, m.quote)} | set(names))
    return [asset_row(call.exchange, call.account, name) for name in names]


@routes.get("/account/info", 1, Security.READ)
def info(call: Call) -> object:
    """Whose key this is and what it may do."""
    assert call.key is not None
    return {
        "userId": call.account,
        "inviterId": "",
        "channelCode": "",
        "channel": "",
        "ips": ",".join(call.key.addresses),
        "authorities": [a for p, names in _AUTHORITIES.items() if p in call.key.permissions for a in names],
        "parentId": 0,
        "traderType": "not_trader",
        "regisTime": str(call.key.created_ms),
    }


@routes.get("/account/bills", 10, Security.READ)
def bills(call: Call) -> object:
    """Changes of the spot wallet, newest first."""
    params, (start, end) = call.params, call.params.times()
    coin, group, business = params.maybe("coin"), params.maybe("groupType"), params.maybe("businessType")
    below, limit = params.maybe_integer("idLessThan"), params.limit(100, 500)
    since = takewhile(lambda bill: start is None or bill.time_ms >= start, _bills(call))
    kept = (
        bill
        for bill in since
        if coin in (None, bill.coin)
        and group in (None, bill.group)
        and business in (None, bill.business)
        and (below is None or bill.id < below)
        and (end is None or bill.time_ms <= end)
    )
    return [
        {
            "billId": str(bill.id),
            "coin": bill.coin,
            "groupType": bill.group,
            "businessType": bill.business,
            "size": text(bill.size),
            "balance": text(bill.balance),
            "fees": text(bill.fee),
            "cTime": str(bill.time_ms),
        }
        for bill in islice(kept, limit)
    ]


def _bills(call: Call) -> Iterator[Bill]:
    """From the newest back; balances are counted back from those of now."""
    holdings = call.exchange.treasury.holdings()
    balances = {coin: amount for (o, w, coin), amount in holdings.items() if (o, w) == (call.account, SPOT)}
    for row in call.exchange.ledger.newest():
        if row.account != call.account or not isinstance(row, TransferRow):
            continue
        changes = [(c, a) for owner, wallet, c, a in row.changes if (owner, wallet) == (call.account, SPOT)]
        for place, (coin, amount) in enumerate(changes):
            group, business = _business(row.cause, amount)
            after = balances.get(coin, Decimal(0))
            balances[coin] = after - amount
            yield Bill(row.seq * 8 + place, coin, group, business, amount, after, Decimal(0), row.time_ms)


def _business(cause: str, amount: Decimal) -> tuple[str, str]:
    if cause == "trade":
        return "transaction", "buy" if amount > 0 else "sell"
    if cause == "transfer":
        return "transfer", "transfer_in" if amount > 0 else "transfer_out"
    if cause in ("deposit", "withdraw"):
        return cause, cause
    return "other", "system" if amount > 0 else "system_out"


@routes.post("/wallet/transfer", 10, Security.TRANSFER)
def transfer(call: Call) -> object:
    """Between spot and USDT futures."""
    params = call.params
    source, target = _wallet(params, "fromType"), _wallet(params, "toType")
    if source == target:
        raise wrong("toType")
    coin, amount = params.text("coin").upper(), params.decimal("amount")
    try:
        call.exchange.control.transfer(call.account, coin, amount, target == FUTURES)
    except Refused as refused:
        if refused.reason is Refusal.INSUFFICIENT_BALANCE:
            raise Failure("43117", "Exceeds the maximum amount that can be transferred") from None
        raise worded(refused, False) from None
    number = next(r.seq for r in call.exchange.ledger.newest() if isinstance(r, TransferRow))
    return {"transferId": str(number), "clientOid": params.maybe("clientOid")}


def _wallet(params: Params, name: str) -> str:
    value = params.text(name).lower()
    if value in _OTHERS:
        raise Failure("40301", f"There is no {value} account here: transfer between spot and usdt_futures")
    if value not in _WALLETS:
        raise wrong(name)
    return _WALLETS[value]


@routes.get("/wallet/transfer-coin-info", 10, Security.READ)
def transfer_coins(call: Call) -> object:
    """What can be transferred."""
    return sorted({m.quote for m in call.exchange.listings if not m.is_spot})


@routes.get("/account/transferRecords", 20, Security.READ)
def transfer_records(call: Call) -> object:
    """Transfers between the wallets, newest first. `fromType` keeps those that left that wallet."""
    params, (start, end) = call.params, call.params.times()
    coin, source = params.text("coin").upper(), params.maybe("fromType")
    limit = params.limit(100, 500)
    rows: list[dict[str, str]] = []
    for row in call.exchange.ledger.newest():
        if row.account != call.account or not isinstance(row, TransferRow) or row.cause != "transfer":
            continue
        (_, left, asset, amount), (_, entered, _, _) = row.changes
        at = row.time_ms
        if asset == coin and source in (None, _NAMES[left]) and (start or 0) <= at <= (end or at):
            rows.append(
                {
                    "coin": asset,
                    "status": "Successful",
                    "toType": _NAMES[entered],
                    "toSymbol": "",
                    "fromType": _NAMES[left],
                    "fromSymbol": "",
                    "size": text(-amount),
                    "ts": str(at),
                    "clientOid": "",
                    "transferId": str(row.seq),
                }
            )
        if len(rows) == limit:
            break
    return rows


@routes.get("/wallet/deposit-records", 10, Security.READ)
def deposits(call: Call) -> object:
    """What came from outside into either wallet, newest first."""
    return records(call, "deposit")


@routes.get("/wallet/withdrawal-records", 10, Security.READ)
def withdrawals(call: Call) -> object:
    """What left for outside from either wallet, newest first."""
    return records(call, "withdraw")
