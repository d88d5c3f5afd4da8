"""Private topics of v3: account, positions, orders, fills, strategy orders, each of all markets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tradewind.exchange import Exchange, PositionSide
from tradewind.exchange.events import (
    AlgoUpdate,
    Event,
    FuturesUpdate,
    OrderUpdate,
    PositionState,
    SpotUpdate,
)
from tradewind.gateway.bitget.facts import closes, trades_until
from tradewind.gateway.bitget.formats import FORCE_NAMES, margin_name, mode_name, rounded, text
from tradewind.gateway.bitget.sockets.topic import AccountTopic, Key
from tradewind.gateway.bitget.v3.account import coin_rows, totals
from tradewind.gateway.bitget.v3.desk import UnifiedDesk
from tradewind.gateway.bitget.v3.rows import fees, fill_row, order_row, position_row, position_side, status
from tradewind.gateway.bitget.v3.strategies import Strategy, pushed_row, strategies_of


class UnifiedTopic(AccountTopic):
    """`desk` has the pool of the account."""

    def __init__(
        self, exchange: Exchange, key: Key, arg: dict[str, Any], account: str, desk: UnifiedDesk
    ) -> None:
        super().__init__(exchange, key, arg, account)
        self.desk = desk


class AssetsTopic(UnifiedTopic):
    """The account and all its coins, first as they are, then whenever something of it changed."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sent: Any = None

    def greet(self) -> Any:
        exchange, pool = self.exchange, self.desk.pool
        found = totals(exchange, pool, self.account)
        coins = [
            {**{k: v for k, v in row.items() if k != "debt"}, "debts": "0", "borrow": "0"}
            for row in coin_rows(exchange, pool, self.account)
        ]
        return [
            {
                "unrealisedPnL": rounded(found["profit"]),
                "totalEquity": rounded(found["equity"]),
                "positionMgnRatio": rounded(found["ratio"]),
                "mmr": rounded(found["maintenance"]),
                "effEquity": rounded(found["effective"]),
                "imr": rounded(found["initial"]),
                "mgnRatio": rounded(found["ratio"]),
                "coin": coins,
            }
        ]

    def hear(self, event: Event) -> None:
        if isinstance(event, SpotUpdate | FuturesUpdate | OrderUpdate):
            data = self.greet()
            if data != self._sent:
                self._sent = data
                self.send("snapshot", data)


class PositionsTopic(UnifiedTopic):
    """All open positions first, then those that changed; one that ended has the size 0 and the side that it had."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._sides: dict[str, str] = {}  # by market, of one-way mode

    def greet(self) -> Any:
        return [self._row(state) for state in self.exchange.positions.all(self.account)]

    def hear(self, event: Event) -> None:
        if isinstance(event, FuturesUpdate) and event.positions:
            states = [self.exchange.positions.state(self.account, p.symbol, p.side) for p in event.positions]
            self.send("snapshot", [self._row(state) for state in states])

    def _row(self, state: PositionState) -> dict[str, Any]:
        row = _position(position_row(state, self.exchange))
        if state.side is PositionSide.BOTH:
            if state.quantity:
                self._sides[state.symbol] = row["posSide"]
            row["posSide"] = self._sides.get(state.symbol, row["posSide"])
        return row


def _position(row: dict[str, Any]) -> dict[str, Any]:
    """As the socket names it."""
    same = ("symbol", "leverage", "openFeeTotal", "mmr", "breakEvenPrice", "available", "marginMode")
    also = ("unrealisedPnl", "markPrice", "createdTime", "avgPrice", "updatedTime", "marginCoin", "frozen")
    more = ("profitRate", "closeFeeTotal", "curRealisedPnl", "posSide", "holdMode")
    return {name: row[name] for name in (*same, *also, *more)} | {
        "liqPrice": row["liquidationPrice"],
        "totalFundingFee": row["totalFunding"],
        "marginSize": row["positionBalance"],
        "size": row["total"],
        "positionStatus": "ended" if row["total"] == "0" else "opening",
    }


class OrdersTopic(UnifiedTopic):
    """Every change of an order."""

    def hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate):
            self.send("snapshot", [_order(event, self.exchange)])


def _order(update: OrderUpdate, exchange: Exchange) -> dict[str, Any]:
    """The order as it was right after the event."""
    order, m = update.order, exchange.listings[update.order.symbol]
    account, row = exchange.account(update.account), order_row(update.order, exchange)
    trades = trades_until(update)
    state = status(update.status)
    by_worth = bool(order.quote_quantity)
    told = {
        "category": row["category"].lower(),
        "symbol": m.id,
        "orderId": row["orderId"],
        "clientOid": update.client_id,
        "price": text(update.price) if update.price else "",
        "qty": "0" if by_worth else text(update.quantity),
        "amount": row["amount"],
        "orderType": row["orderType"],
        "timeInForce": FORCE_NAMES[order.time_in_force],
        "side": row["side"],
        "cumExecQty": text(update.filled),
        "cumExecValue": rounded(update.quote_filled),
        "avgPrice": rounded(update.quote_filled / update.filled) if update.filled else "0",
        "orderStatus": "new" if state == "live" else state,
        "cancelReason": "normal_cancel" if state == "cancelled" else "",
        "delegateType": row["delegateType"],
        "feeDetail": fees(trades),
        "createdTime": row["createdTime"],
        "updatedTime": str(update.time_ms),
        "stpMode": row["stpMode"],
        "reduceOnly": "yes" if closes(order) else "no",
    }
    if m.is_spot:
        return told
    return told | {
        "holdMode": mode_name(order.position_side is not PositionSide.BOTH),
        "holdSide": position_side(order.position_side),
        "tradeSide": row["tradeSide"],
        "marginMode": margin_name(order.symbol in account.isolated),
        "marginCoin": m.quote,
        "totalProfit": rounded(sum((t.realised for t in trades), Decimal(0))),
        "leverage": str(account.leverage_of(order.symbol)),
    }


class FillsTopic(UnifiedTopic):
    """Every trade of the account."""

    def hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate) and event.trade is not None:
            row = fill_row(event.trade, self.exchange)
            row["category"] = row["category"].lower()
            row["execTime"] = row.pop("createdTime")
            row["holdSide"] = position_side(event.trade.position_side)
            self.send("snapshot", [row])


class FastFillsTopic(UnifiedTopic):
    """Every trade in few words, each in a frame of its own."""

    def hear(self, event: Event) -> None:
        if isinstance(event, OrderUpdate) and event.trade is not None:
            row = fill_row(event.trade, self.exchange)
            names = ("symbol", "updatedTime", "side", "orderId", "tradeScope", "execId", "execPrice")
            self.send(
                "update",
                {name: row[name] for name in (*names, "execQty", "clientOid")}
                | {
                    "execTime": row["createdTime"],
                    "category": row["category"].lower(),
                    "holdSide": position_side(event.trade.position_side),
                },
            )


class StrategiesTopic(UnifiedTopic):
    """Every change of a strategy order."""

    def hear(self, event: Event) -> None:
        if not isinstance(event, AlgoUpdate) or self.exchange.listings[event.algo.request.symbol].is_spot:
            return
        found = Strategy([event.algo])
        if event.algo.parent_id:
            every = strategies_of(self.exchange, self.account)
            found = next(s for s in every if any(leg is event.algo for leg in s.legs))
        self.send("snapshot", [pushed_row(found, self.exchange)])
