"""The user stream of Binance USD-M: listen keys, and what an account hears of its orders and money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tradewind.exchange import AlgoStatus, Listing, OrderType, Refusal, Refused, Trade
from tradewind.exchange.events import (
    AlgoUpdate,
    BalanceCause,
    Event,
    Execution,
    FuturesUpdate,
    MarginCall,
    OrderUpdate,
    PositionChange,
    SettingsUpdate,
)
from tradewind.exchange.orders import Cause
from tradewind.gateway.binance.listen_keys import ListenKey, ListenKeys
from tradewind.gateway.binance.routes import Call, Routes
from tradewind.gateway.binance.security import Security
from tradewind.gateway.binance.streams import Hub
from tradewind.gateway.binance.usdm.algo import PERCENT, placed_order
from tradewind.gateway.binance.usdm.numbers import trimmed
from tradewind.gateway.binance.usdm.words import ALGO_STATUSES, TYPE_NAMES, WORKING_NAMES, worded
from tradewind.gateway.house import House

_ZERO = Decimal(0)
_EXECUTIONS = {
    Execution.AMENDED: "AMENDMENT",
    Execution.TRADE_PREVENTION: "EXPIRED",
    Execution.TRIGGERED: "NEW",
}
_CAUSES = {
    BalanceCause.DEPOSIT: "DEPOSIT",
    BalanceCause.WITHDRAW: "WITHDRAW",
    BalanceCause.ADJUSTMENT: "ADJUSTMENT",
    BalanceCause.FUNDING: "FUNDING_FEE",
    BalanceCause.INSURANCE: "INSURANCE_CLEAR",
    BalanceCause.MARGIN: "MARGIN_TRANSFER",
    BalanceCause.SETTINGS: "MARGIN_TYPE_CHANGE",
    BalanceCause.WIPE: "WITHDRAW",
}
_DEFAULTS = (20, False)  # leverage, isolated

Frame = dict[str, Any]
Known = tuple[Decimal, ...]


class UserStreams:
    """Listen keys of a house's accounts and the frames that go to whoever uses them."""

    def __init__(self, house: House, hub: Hub) -> None:
        self.keys = ListenKeys()
        self.keys.on_gone = self._gone
        self._house = house
        self._hub = hub
        self._names: dict[str, str] = {}  # by account: the key that somebody hears
        self._settings: dict[tuple[str, str], tuple[int, bool]] = {}
        self._told: dict[tuple[str, str, str], Known] = {}  # by account, asset or symbol, side

    def routes(self) -> Routes:
        table = Routes("/fapi/v1")
        table.on("POST", "/listenKey", security=Security.KEY)(self.open)
        table.on("PUT", "/listenKey", security=Security.KEY)(self.extend)
        table.on("DELETE", "/listenKey", security=Security.KEY)(self.close)
        return table

    def open(self, call: Call) -> Any:
        """The account's listen key, valid for another hour of wire time."""
        return {"listenKey": self.keys.open(call.account, call.key_name, call.now_ms()).name}

    def extend(self, call: Call) -> Any:
        """Another hour for the account's listen key."""
        key = self.keys.of(call.account, call.now_ms())
        self.keys.extend(key, call.now_ms())
        return {"listenKey": key.name}

    def close(self, call: Call) -> Any:
        """Nothing more is sent to the account's listen key."""
        self.keys.close(self.keys.of(call.account, call.now_ms()))
        return {}

    def start(self, name: str) -> bool:
        """Whether the name is a listen key, which is then served."""
        key = self.keys.find(name)
        if key is None:
            return False
        self._names[key.account] = name
        account = self._house.exchange.account(key.account)
        for symbol in account.leverage.keys() | account.isolated:
            self._settings[account.id, symbol] = (account.leverage_of(symbol), symbol in account.isolated)
        margin = self._house.exchange.margin
        for asset, wallet in account.futures.items():
            self._told[account.id, asset, ""] = (wallet, margin.cross_wallet(account, asset))
        for position in account.positions.values():
            self._note_position(account.id, margin.change(account, position))
        return True

    def stop(self, name: str) -> None:
        self._names = {account: key for account, key in self._names.items() if key != name}

    def _gone(self, key: ListenKey, expired: bool) -> None:
        if expired:
            now = self._house.wire.now_ms()
            self._hub.publish(key.name, {"e": "listenKeyExpired", "E": now, "listenKey": key.name})
        self.stop(key.name)

    def hear(self, event: Event) -> None:
        """Send what an event means to the account that it concerns, if somebody listens."""
        name = self._names.get(getattr(event, "account", ""))
        if name is None:
            return
        for frame in self._frames(event):
            self._hub.publish(name, frame)

    def _frames(self, event: Event) -> Iterator[Frame]:
        match event:
            case OrderUpdate():
                yield from self._order(event)
            case FuturesUpdate():
                if self._is_news(event):
                    yield self._account(event)
            case AlgoUpdate():
                yield from self._algo(event)
            case SettingsUpdate():
                yield from self._changed_settings(event)
            case MarginCall():
                yield self._margin_call(event)

    def _listing(self, symbol: str) -> Listing:
        return self._house.exchange.listings[symbol]

    # --- orders

    def _order(self, event: OrderUpdate) -> Iterator[Frame]:
        listing = self._listing(event.order.symbol)
        if listing.is_spot:
            return
        if event.trade is not None:
            yield _trade_lite(event, event.trade, listing)
        yield _stamped("ORDER_TRADE_UPDATE", event.time_ms) | {"o": self._order_body(event, listing)}

    def _order_body(self, event: OrderUpdate, listing: Listing) -> Frame:
        order, trade = event.order, event.trade
        forced = order.cause is Cause.LIQUIDATION
        kind = "LIQUIDATION" if forced else TYPE_NAMES[order.type]
        resting = self._house.exchange.account(order.account).resting.get((order.symbol, order.position_side))
        body: Frame = {
            "s": listing.id,
            "c": order.client_id,
            "S": order.side.name,
            "o": kind,
            "f": order.time_in_force.name,
            "q": trimmed(event.quantity),
            "p": trimmed(event.price),
            "ap": trimmed(event.quote_filled / event.filled) if event.filled else "0",
            "sp": trimmed(order.stop_price),
            "x": _EXECUTIONS.get(event.execution) or event.execution.name,
            "X": event.status.name,
            "i": order.id,
            "l": trimmed(trade.quantity) if trade else "0",
            "z": trimmed(event.filled),
            "L": trimmed(trade.price) if trade else "0",
            "T": event.time_ms,
            "t": trade.id if trade else 0,
            "b": trimmed(resting.bids) if resting else "0",
            "a": trimmed(resting.asks) if resting else "0",
            "m": trade.maker if trade else False,
            "R": order.reduce_only,
            "wt": WORKING_NAMES[order.trigger_by],
            "ot": "LIQUIDATION" if forced else TYPE_NAMES[order.original_type],
            "ps": order.position_side.name,
            "cp": order.close_position,
            "rp": trimmed(trade.realised) if trade else "0",
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": order.self_trade.name,
            "pm": order.price_match or "NONE",
            "gtd": order.good_till_ms,
        }
        if trade is not None:
            body |= {"N": trade.fee_asset, "n": trimmed(trade.fee)}
        return body

    def _algo(self, event: AlgoUpdate) -> Iterator[Frame]:
        algo, request = event.algo, event.algo.request
        listing = self._listing(request.symbol)
        placed = placed_order(self._house.exchange, algo)
        body: Frame = {
            "caid": algo.client_id,
            "aid": algo.id,
            "at": "CONDITIONAL",
            "o": TYPE_NAMES[request.type],
            "s": listing.id,
            "S": request.side.name,
            "ps": request.position_side.name,
            "f": request.time_in_force.name,
            "q": trimmed(request.quantity or _ZERO),
            "X": ALGO_STATUSES[event.status],
            "ai": str(event.order_id) if event.order_id else "",
            "ap": trimmed(placed.average_price) if placed else "0",
            "aq": trimmed(placed.filled) if placed else "0",
            "act": TYPE_NAMES[placed.type] if placed else "0",
            "tp": trimmed(request.stop_price or _ZERO),
            "p": trimmed(request.price or _ZERO),
            "V": request.self_trade.name,
            "wt": WORKING_NAMES[request.trigger_by],
            "pm": "NONE",
            "cp": request.close_position,
            "pP": False,
            "R": request.reduce_only,
            "tt": algo.triggered_ms,
            "gtd": 0,
        }
        if request.type is OrderType.TRAILING_STOP:
            body["AP"] = trimmed(request.activation_price or _ZERO)
            body["cr"] = trimmed((request.callback_rate or _ZERO) * PERCENT)
        if event.status is AlgoStatus.REJECTED:
            reason = worded(Refused(Refusal(algo.reason)), None).msg
            body["rm"] = reason
            refused = {"s": listing.id, "i": algo.id, "r": reason}
            yield _stamped("CONDITIONAL_ORDER_TRIGGER_REJECT", event.time_ms) | {"or": refused}
        yield _stamped("ALGO_UPDATE", event.time_ms) | {"o": body}

    # --- money

    def _is_news(self, event: FuturesUpdate) -> bool:
        """Whether wallet or position changed: an order that only rests or is amended changes neither."""
        changed = _reason(event) != "ORDER"
        for wallet in event.balances:
            key, known = (event.account, wallet.asset, ""), (wallet.wallet, wallet.cross_wallet)
            changed |= self._told.get(key) != known
            self._told[key] = known
        for position in event.positions:
            changed |= self._note_position(event.account, position)
        return changed

    def _note_position(self, account: str, position: PositionChange) -> bool:
        """Whether the position is another than it was."""
        key = (account, position.symbol, position.side.name)
        known = (position.quantity, position.entry_price, position.isolated_wallet)
        changed = self._told.get(key) != known
        self._told[key] = known
        return changed

    def _account(self, event: FuturesUpdate) -> Frame:
        positions = event.positions
        if event.cause is BalanceCause.FUNDING:  # a cross position is not told with its funding
            positions = tuple(p for p in positions if p.isolated)
        body = {
            "m": _reason(event),
            "B": [
                {
                    "a": wallet.asset,
                    "wb": trimmed(wallet.wallet),
                    "cw": trimmed(wallet.cross_wallet),
                    "bc": trimmed(wallet.change),
                }
                for wallet in event.balances
            ],
            "P": [self._position(position) for position in positions],
        }
        return _stamped("ACCOUNT_UPDATE", event.time_ms) | {"a": body}

    def _position(self, position: PositionChange) -> Frame:
        return {
            "s": self._listing(position.symbol).id,
            "pa": trimmed(position.quantity),
            "ep": trimmed(position.entry_price),
            "bep": trimmed(position.break_even_price),
            "cr": trimmed(position.realised),
            "up": trimmed(position.unrealised),
            "mt": "isolated" if position.isolated else "cross",
            "iw": trimmed(position.isolated_wallet),
            "ps": position.side.name,
        }

    def _changed_settings(self, event: SettingsUpdate) -> Iterator[Frame]:
        if not event.symbol:
            return  # the venue tells nothing of the position mode
        listing, key = self._listing(event.symbol), (event.account, event.symbol)
        before = self._settings.get(key, _DEFAULTS)
        self._settings[key] = (event.leverage, event.isolated)
        if event.leverage != before[0]:
            body = {"s": listing.id, "l": event.leverage}
            yield _stamped("ACCOUNT_CONFIG_UPDATE", event.time_ms) | {"ac": body}
        if event.isolated is not before[1]:
            account = self._house.exchange.account(event.account)
            changed = [
                self._position(self._house.exchange.margin.change(account, position))
                for (symbol, _), position in account.positions.items()
                if symbol == event.symbol
            ]
            body = {"m": "MARGIN_TYPE_CHANGE", "B": [], "P": changed}
            yield _stamped("ACCOUNT_UPDATE", event.time_ms) | {"a": body}

    def _margin_call(self, event: MarginCall) -> Frame:
        account = self._house.exchange.account(event.account)
        crossed = [p for p in event.positions if not p.isolated]
        frame: Frame = {"e": "MARGIN_CALL", "E": event.time_ms}
        if crossed:
            quote = self._listing(crossed[0].symbol).quote
            frame["cw"] = trimmed(self._house.exchange.margin.cross_wallet(account, quote))
        frame["p"] = [
            {
                "s": self._listing(p.symbol).id,
                "ps": p.side.name,
                "pa": trimmed(p.quantity),
                "mt": "ISOLATED" if p.isolated else "CROSSED",
                "iw": trimmed(p.isolated_wallet),
                "mp": trimmed(p.mark_price),
                "up": trimmed(p.unrealised),
                "mm": trimmed(p.maintenance_margin),
            }
            for p in event.positions
        ]
        return frame


def _stamped(event: str, time_ms: int) -> Frame:
    return {"e": event, "E": time_ms, "T": time_ms}


def _reason(event: FuturesUpdate) -> str:
    if event.cause is BalanceCause.TRANSFER:
        return "DEPOSIT" if event.balances[0].change > 0 else "WITHDRAW"
    return _CAUSES.get(event.cause, "ORDER")


def _trade_lite(event: OrderUpdate, trade: Trade, listing: Listing) -> Frame:
    return _stamped("TRADE_LITE", event.time_ms) | {
        "s": listing.id,
        "q": trimmed(event.quantity),
        "p": trimmed(event.price),
        "m": trade.maker,
        "c": event.order.client_id,
        "S": trade.side.name,
        "L": trimmed(trade.price),
        "l": trimmed(trade.quantity),
        "t": trade.id,
        "i": event.order.id,
    }
