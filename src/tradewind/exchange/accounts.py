"""Accounts, what they hold, and the keys that may act for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tradewind.exchange.clock import Times
from tradewind.exchange.ledger import VENUE, Change, Ledger, TransferRow
from tradewind.exchange.money import ZERO
from tradewind.exchange.orders import AlgoOrder, Order, PositionSide
from tradewind.exchange.refusal import Refusal, Refused
from tradewind.market import Inconsistent

DEFAULT_LEVERAGE = 20
SPOT, FUTURES = "spot", "futures"  # the two wallets
MARKET, FEES, INSURANCE, OUTSIDE, FUNDING = (
    "market",
    "fees",
    "insurance",
    "outside",
    "funding",
)  # venue's pots

_SIDES = tuple(PositionSide)


class Permission(StrEnum):
    READ = "read"
    TRADE = "trade"
    FUTURES = "futures"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account. `addresses` empty: usable from anywhere. `expires_ms` is wire time, 0 never."""

    key: str
    secret: str = field(repr=False)
    account: str
    permissions: frozenset[Permission] = frozenset({Permission.READ, Permission.TRADE, Permission.FUTURES})
    passphrase: str = field(default="", repr=False)
    addresses: tuple[str, ...] = ()
    created_ms: int = 0
    expires_ms: int = 0


@dataclass(slots=True)
class Balance:
    """Spot. Neither part is ever negative."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True)
class Position:
    """`quantity` is signed. `cost` is signed too: what it was bought for, so entry price = cost / quantity."""

    symbol: str
    side: PositionSide
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO  # paid on what is open, for the break-even price
    updated_ms: int = 0
    called: bool = False  # isolated: a margin call was sent

    @property
    def entry_price(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else ZERO


@dataclass(slots=True)
class Resting:
    """Quote value of an account's resting orders that would open or enlarge a position."""

    bids: Decimal = ZERO
    asks: Decimal = ZERO


@dataclass(slots=True)
class FeeSettings:
    """In what spot fees are paid.

    `coin` empty: in what is received (Binance without BNB). "quote": in the quote currency, which buys hold from
    the start; as received where that is not enough. Any other name: in that coin at its value less `discount`,
    while the account has enough of it; else as received.
    """

    coin: str = ""
    discount: Decimal = Decimal("0.25")


@dataclass(slots=True)
class Account:
    """Everything that one account has. Only the exchange changes it."""

    id: str
    spot: dict[str, Balance] = field(default_factory=dict)
    futures: dict[str, Decimal] = field(default_factory=dict)  # wallet balances, isolated margin included
    positions: dict[tuple[str, PositionSide], Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)  # symbols; all others are cross
    hedge: bool = False
    unified: bool = False  # Bitget: one account for all products, served by its v3 API alone
    fee_settings: FeeSettings = field(default_factory=FeeSettings)
    fee_rates: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)  # maker, taker, by symbol
    can_trade: bool = True
    can_withdraw: bool = True
    open_orders: dict[str, dict[int, Order]] = field(default_factory=dict)  # by symbol
    open_algos: dict[int, AlgoOrder] = field(default_factory=dict)
    resting: dict[tuple[str, PositionSide], Resting] = field(default_factory=dict)
    called: bool = False  # a margin call was sent for its cross positions
    updated_ms: int = 0

    def balance(self, asset: str) -> Balance:
        found = self.spot.get(asset)
        if found is None:
            found = self.spot[asset] = Balance()
        return found

    def leverage_of(self, symbol: str) -> int:
        return self.leverage.get(symbol, DEFAULT_LEVERAGE)

    def position(self, symbol: str, side: PositionSide) -> Position:
        found = self.positions.get((symbol, side))
        if found is None:
            found = self.positions[symbol, side] = Position(symbol, side)
        return found

    def open_in(self, symbol: str) -> dict[int, Order]:
        found = self.open_orders.get(symbol)
        if found is None:
            found = self.open_orders[symbol] = {}
        return found

    def all_open(self) -> list[Order]:
        """Open orders of all markets, by id."""
        found = [order for orders in self.open_orders.values() for order in orders.values()]
        return sorted(found, key=lambda order: order.id)

    def held(self, symbol: str) -> list[Position]:
        """Positions of a market that are not flat, by side."""
        found = [self.positions.get((symbol, side)) for side in _SIDES]
        return [position for position in found if position is not None and position.quantity]


class Treasury:
    """All accounts, the venue's own pots, and the ledger through which alone money moves."""

    def __init__(self, ledger: Ledger, times: Times) -> None:
        self.ledger = ledger
        self.times = times
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, ApiKey] = {}
        self.pots: dict[tuple[str, str], Decimal] = {}

    def account(self, account_id: str) -> Account:
        """`Refused` UNKNOWN_ACCOUNT when there is none."""
        try:
            return self.accounts[account_id]
        except KeyError:
            raise Refused(Refusal.UNKNOWN_ACCOUNT, f"there is no account {account_id!r}") from None

    def open(self, account_id: str) -> Account:
        """A new, empty account."""
        if account_id in self.accounts or account_id == VENUE:
            raise Refused(Refusal.BAD_REQUEST, f"account {account_id!r} exists already")
        self.accounts[account_id] = Account(account_id)
        return self.accounts[account_id]

    def add_key(self, key: ApiKey) -> ApiKey:
        """Let a key act for its account; a key of the same name is replaced."""
        self.account(key.account)
        self.keys[key.key] = key
        return key

    def revoke_key(self, key: str) -> None:
        self.keys.pop(key, None)

    def valid_key(self, name: str, wire_ms: int) -> ApiKey | None:
        """The key of that name, unless it was revoked or has come to its end."""
        key = self.keys.get(name)
        return None if key is None or (key.expires_ms and wire_ms >= key.expires_ms) else key

    def post(
        self, cause: str, account: str, changes: tuple[Change, ...], symbol: str = "", reference: int = 0
    ) -> None:
        """Move money and record it. Spot changes touch the free part; they must leave it at 0 or more."""
        for owner, wallet, asset, amount in changes:
            if owner == VENUE:
                key = (wallet, asset)
                self.pots[key] = self.pots.get(key, ZERO) + amount
            elif wallet == SPOT:
                balance = self.accounts[owner].balance(asset)
                balance.free += amount
                if balance.free < 0:
                    raise Inconsistent(f"{owner} would have {balance.free} {asset} free after {cause}")
            else:
                futures = self.accounts[owner].futures
                futures[asset] = futures.get(asset, ZERO) + amount
        times, ledger = self.times, self.ledger
        ledger.append(
            TransferRow(
                ledger.next_seq, times.now, times.wire_ms(), cause, account, symbol, reference, changes
            )
        )

    def move(
        self, cause: str, account: str, wallet: str, asset: str, amount: Decimal, pot: str, symbol: str = ""
    ) -> None:
        """Credit (or, negative, debit) an account against one of the venue's pots."""
        changes = ((account, wallet, asset, amount), (VENUE, pot, asset, -amount))
        self.post(cause, account, changes, symbol)

    def holdings(self) -> dict[tuple[str, str, str], Decimal]:
        """What every owner has now, without zeros: comparable to `Ledger.books().balances`."""
        found = {(VENUE, pot, asset): amount for (pot, asset), amount in self.pots.items()}
        for account in self.accounts.values():
            for asset, balance in account.spot.items():
                found[account.id, SPOT, asset] = balance.free + balance.locked
            for asset, amount in account.futures.items():
                found[account.id, FUTURES, asset] = amount
        return {key: amount for key, amount in found.items() if amount}
