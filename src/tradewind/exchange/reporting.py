"""Tells ledger and subscribers what happened to orders, balances and positions."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange.accounts import Account
from tradewind.exchange.clock import Times
from tradewind.exchange.events import (
    AlgoUpdate,
    AssetBalance,
    BalanceCause,
    Execution,
    FuturesUpdate,
    OrderUpdate,
    SpotUpdate,
    WalletBalance,
)
from tradewind.exchange.ledger import FillRow, Ledger, OrderRow
from tradewind.exchange.listing import Listing
from tradewind.exchange.margin import Margin
from tradewind.exchange.money import ZERO
from tradewind.exchange.orders import AlgoOrder, Order, PositionSide, Trade
from tradewind.exchange.stream import Stream


class Reporting:
    """One line of the ledger and one event for everything that happens."""

    def __init__(self, ledger: Ledger, stream: Stream, times: Times, margin: Margin) -> None:
        self.ledger = ledger
        self.stream = stream
        self.times = times
        self.margin = margin

    def order(
        self,
        order: Order,
        execution: Execution,
        trade: Trade | None = None,
        reason: str = "",
        original_client_id: str = "",
        client_id: str = "",
    ) -> None:
        """An order changed. `client_id`: the name of the request that changed it, if it had one."""
        now, wire = self.times.now, self.times.wire_ms()
        order.updated_ms, order.updated_wire_ms = now, wire
        ledger = self.ledger
        ledger.append(
            OrderRow(
                ledger.next_seq,
                now,
                wire,
                order.account,
                order.symbol,
                order.id,
                order.client_id,
                execution._value_,
                order.status._value_,
                order.side._value_,
                order.original_type._value_,
                order.quantity,
                order.price,
                order.filled,
                order.quote_filled,
                order.reduce_only,
                reason,
            )
        )
        if self.stream.heard:
            self.stream.emit(
                OrderUpdate(
                    order.account,
                    order,
                    execution,
                    order.status,
                    trade,
                    client_id or order.client_id,
                    original_client_id,
                    order.quantity,
                    order.price,
                    order.filled,
                    order.quote_filled,
                    reason,
                    now,
                    wire,
                )
            )

    def fill(self, trade: Trade) -> None:
        ledger = self.ledger
        ledger.append(
            FillRow(
                ledger.next_seq,
                trade.time_ms,
                trade.wire_ms,
                trade.account,
                trade.symbol,
                trade.id,
                trade.order_id,
                trade.client_id,
                trade.side._value_,
                trade.position_side._value_,
                trade.price,
                trade.quantity,
                trade.quote_quantity,
                trade.fee,
                trade.fee_asset,
                trade.maker,
                trade.realised,
            )
        )

    def algo(self, algo: AlgoOrder) -> None:
        algo.updated_ms, algo.updated_wire_ms = self.times.now, self.times.wire_ms()
        request = algo.request
        self.ledger.append(
            OrderRow(
                self.ledger.next_seq,
                algo.updated_ms,
                algo.updated_wire_ms,
                algo.account,
                request.symbol,
                algo.id,
                algo.client_id,
                "algo",
                algo.status.value,
                request.side.value,
                request.type.value,
                request.quantity or ZERO,
                request.stop_price or ZERO,
                ZERO,
                ZERO,
                request.reduce_only,
                algo.reason,
            )
        )
        if self.stream.heard:
            self.stream.emit(
                AlgoUpdate(
                    algo.account, algo, algo.status, algo.order_id, algo.updated_ms, algo.updated_wire_ms
                )
            )

    def spot(
        self, account: Account, cause: BalanceCause, assets: tuple[str, ...], change: Decimal = ZERO
    ) -> None:
        """Spot balances of those assets changed, the first of them by `change` from outside."""
        account.updated_ms = self.times.now
        if not self.stream.heard:
            return
        found = []
        for i, asset in enumerate(dict.fromkeys(assets)):
            balance = account.balance(asset)
            found.append(AssetBalance(asset, balance.free, balance.locked, change if i == 0 else ZERO))
        self.stream.emit(SpotUpdate(account.id, cause, tuple(found), self.times.now, self.times.wire_ms()))

    def futures(
        self,
        account: Account,
        cause: BalanceCause,
        asset: str,
        positions: tuple[tuple[str, PositionSide], ...] = (),
        change: Decimal = ZERO,
    ) -> None:
        """The futures wallet of an asset changed, and those positions."""
        account.updated_ms = self.times.now
        if not self.stream.heard:
            return
        wallet = WalletBalance(
            asset, account.futures.get(asset, ZERO), self.margin.cross_wallet(account, asset), change
        )
        states = tuple(
            self.margin.change(account, account.positions[key])
            for key in positions
            if key in account.positions
        )
        self.stream.emit(
            FuturesUpdate(account.id, cause, (wallet,), states, self.times.now, self.times.wire_ms())
        )

    def balances_of(self, account: Account, listing: Listing, order: Order, fee_asset: str = "") -> None:
        """After an order or a fill: whatever of the account it touched."""
        if listing.is_spot:
            assets = (listing.base, listing.quote, fee_asset or listing.quote)
            self.spot(account, BalanceCause.ORDER, assets)
        else:
            key = (listing.symbol, order.position_side)
            self.futures(account, BalanceCause.ORDER, listing.quote, (key,))
