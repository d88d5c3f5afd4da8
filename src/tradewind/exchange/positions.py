"""What accounts ask and set of their futures: leverage, margin and position mode, isolated margin, wallets."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.accounts import Account
from tradewind.exchange.backoffice import BackOffice
from tradewind.exchange.conditional import Conditional
from tradewind.exchange.events import BalanceCause, PositionState, SettingsUpdate
from tradewind.exchange.margin import WalletState
from tradewind.exchange.money import booked
from tradewind.exchange.orders import PositionSide
from tradewind.exchange.refusal import Refusal, Refused


class Positions:
    """Settings and questions of one account's futures. `Refused` changes nothing."""

    def __init__(self, office: BackOffice, conditional: Conditional) -> None:
        self._office = office
        self._conditional = conditional
        self._margin = office.futures.margin

    def set_leverage(self, account_id: str, symbol: str, leverage: int) -> Decimal:
        """Returns the most that a position may then be worth. What is open is judged by it at once."""
        account = self._futures_account(account_id, symbol)
        listing = self._office.listings[symbol]
        if not 1 <= leverage <= listing.max_leverage:
            raise Refused(Refusal.LEVERAGE, f"leverage is {leverage}, expected 1 to {listing.max_leverage}")
        before = account.leverage_of(symbol)
        account.leverage[symbol] = leverage
        try:
            self._check_leverage(account, symbol, leverage < before)
        except Refused:
            account.leverage[symbol] = before
            raise
        self._tell(account, symbol)
        return listing.largest_notional(leverage)

    def max_notional(self, account_id: str, symbol: str) -> Decimal:
        """The most that a position may be worth at the present leverage, in quote."""
        account = self._futures_account(account_id, symbol)
        return self._office.listings[symbol].largest_notional(account.leverage_of(symbol))

    def set_isolated(self, account_id: str, symbol: str, isolated: bool) -> None:
        """Isolated or cross margin, while nothing is open in the market."""
        account = self._futures_account(account_id, symbol)
        if (symbol in account.isolated) is isolated:
            raise Refused(Refusal.MARGIN_MODE_SAME, "no need to change the margin mode")
        self._check_nothing_open(account, symbol)
        if isolated:
            account.isolated.add(symbol)
        else:
            account.isolated.discard(symbol)
        self._tell(account, symbol)

    def set_hedge(self, account_id: str, hedge: bool) -> None:
        """Hedge or one-way mode of the account, while nothing is open in any market."""
        account = self._office.treasury.account(account_id)
        if account.hedge is hedge:
            raise Refused(Refusal.POSITION_MODE_SAME, "no need to change the position mode")
        self._check_nothing_open(account, None)
        account.hedge = hedge
        self._tell(account, "")

    def move_margin(
        self,
        account_id: str,
        symbol: str,
        amount: Decimal,
        *,
        add: bool,
        side: PositionSide = PositionSide.BOTH,
    ) -> None:
        """Put margin into an isolated position, or take out what it does not need."""
        account = self._futures_account(account_id, symbol)
        amount = booked("amount", amount)
        position = account.positions.get((symbol, side))
        if symbol not in account.isolated:
            raise Refused(Refusal.NOT_ISOLATED, f"{symbol} is in cross margin")
        if position is None or not position.quantity:
            raise Refused(Refusal.NO_POSITION, f"there is no {side} position in {symbol}")
        quote = self._office.listings[symbol].quote
        if add:
            free = min(self._margin.available(account, quote), self._margin.cross_wallet(account, quote))
        else:
            worth = position.isolated_wallet + min(Decimal(0), self._margin.unrealised(position))
            free = worth - self._margin.position_margin(account, position)
        if amount > free:
            raise Refused(Refusal.INSUFFICIENT_MARGIN, f"at most {max(free, Decimal(0))} can be moved")
        position.isolated_wallet += amount if add else -amount
        key = (symbol, side)
        self._office.reporting.futures(account, BalanceCause.MARGIN, quote, (key,))
        self._office.reporting.stream.deliver()

    def wallet(self, account_id: str, asset: str) -> WalletState:
        return self._margin.wallet_state(self._office.treasury.account(account_id), asset)

    def wallets(self, account_id: str) -> list[WalletState]:
        """One for each coin that ever was in the futures wallet."""
        account = self._office.treasury.account(account_id)
        return [self._margin.wallet_state(account, asset) for asset in account.futures]

    def all(self, account_id: str, symbol: str | None = None) -> list[PositionState]:
        """Open positions."""
        account = self._office.treasury.account(account_id)
        return [
            self._margin.state(account, position)
            for position in account.positions.values()
            if position.quantity and symbol in (None, position.symbol)
        ]

    def state(self, account_id: str, symbol: str, side: PositionSide = PositionSide.BOTH) -> PositionState:
        """A position, also when it is flat."""
        account = self._futures_account(account_id, symbol)
        return self._margin.state(account, account.position(symbol, side))

    def _futures_account(self, account_id: str, symbol: str) -> Account:
        account = self._office.treasury.account(account_id)
        if self._office.listings[symbol].is_spot:
            raise Refused(Refusal.UNKNOWN_SYMBOL, f"{symbol} is no perpetual")
        return account

    def _check_leverage(self, account: Account, symbol: str, lower: bool) -> None:
        listing, margin = self._office.listings[symbol], self._margin
        if lower and symbol in account.isolated and self._open(account, symbol):
            raise Refused(Refusal.OPEN_POSITION, "leverage of an isolated position cannot be lowered")
        if lower and margin.available(account, listing.quote) < 0:
            raise Refused(Refusal.INSUFFICIENT_MARGIN, "the margin does not suffice for less leverage")
        for side in PositionSide:
            value = margin.tied_up(account, symbol, side) * account.leverage_of(symbol)
            if value > listing.largest_notional(account.leverage_of(symbol)):
                raise Refused(Refusal.POSITION_LIMIT, f"{value} is more than this leverage allows")

    def _check_nothing_open(self, account: Account, symbol: str | None) -> None:
        listings = self._office.listings
        for order in account.all_open():
            if symbol in (None, order.symbol) and not listings[order.symbol].is_spot:
                raise Refused(Refusal.OPEN_ORDERS, "there are open orders")
        for algo in account.open_algos.values():
            if symbol in (None, algo.request.symbol) and not listings[algo.request.symbol].is_spot:
                raise Refused(Refusal.OPEN_ORDERS, "there are open conditional orders")
        if self._open(account, symbol):
            raise Refused(Refusal.OPEN_POSITION, "there is an open position")

    def _open(self, account: Account, symbol: str | None) -> bool:
        return any(p.quantity for p in account.positions.values() if symbol in (None, p.symbol))

    def _tell(self, account: Account, symbol: str) -> None:
        office = self._office
        office.reporting.stream.emit(
            SettingsUpdate(
                account.id,
                symbol,
                account.leverage_of(symbol) if symbol else 0,
                symbol in account.isolated,
                account.hedge,
                office.times.now,
                office.times.wire_ms(),
            )
        )
        office.reporting.stream.deliver()
