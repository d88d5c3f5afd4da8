"""The markets of one kind at a venue: names, and instruments with the account's own fees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tradewind.data.venue_instruments import instrument_of_market, maintenance_tiers
from tradewind.market import ConfigError, FeeAsset, Instrument, Kind
from tradewind.venues.remote.reading import Unreadable

_LARGEST = ("maxOrderQty", "maxMarketOrderQty")  # of Bitget, which ccxt leaves out for futures


class Listing:
    """Symbols and the venue's ids. `known` are the instruments in whose lots this run counts."""

    def __init__(self, client: Any, kind: Kind, instruments: Iterable[Instrument] = ()) -> None:
        self._client, self._kind = client, kind
        self.known = {i.symbol: i for i in instruments}
        self._symbols: dict[str, str] = {}
        self._markets: object = None

    def id(self, symbol: str) -> str:
        """`ConfigError` for a symbol that the venue does not list as this kind."""
        return str(self.market(symbol)["id"])

    def market(self, symbol: str) -> Mapping[str, Any]:
        market = self._client.markets.get(symbol)
        if market is None or not self._is_ours(market):
            raise ConfigError(f"{self._client.id} lists no {self._kind} market {symbol}: check the symbol")
        found: Mapping[str, Any] = market
        return found

    def instrument(self, symbol: str) -> Instrument:
        if symbol not in self.known:
            raise ConfigError(f"the rules of {symbol} were not read: ask the venue for its instruments first")
        return self.known[symbol]

    def learn(self, instrument: Instrument) -> None:
        """From now on these rules, in the lots that this run counts in."""
        known = self.known.get(instrument.symbol, instrument)
        self.known[instrument.symbol] = replace(instrument, lot=known.lot)

    def ours(self, venue_symbol: str) -> Instrument | None:
        """The instrument with that id at the venue; None where this run does not trade it."""
        return self.known.get(self.symbol_of(venue_symbol))

    def symbol_of(self, venue_symbol: str) -> str:
        """Of any market of the kind; empty where the venue lists none with that id."""
        if self._markets is not self._client.markets:
            self._markets = self._client.markets
            self._symbols = {str(m["id"]): s for s, m in self._client.markets.items() if self._is_ours(m)}
        return self._symbols.get(venue_symbol, "")

    def read(self, symbol: str, maker: float, taker: float, tiers: list[Any]) -> Instrument | None:
        """The rules that the venue has now, with these fees; None for a market that is gone or not trading."""
        market = self._client.markets.get(symbol)
        if market is None or not self._is_ours(market) or market.get("active") is False:
            return None
        told = dict(market) | {"maker": maker, "taker": taker}
        known = instrument_of_market(
            self._client.id, told, self._client.precisionMode, maintenance_tiers(tiers)
        )
        if {"tick", "lot"} & set(known.assumed):
            raise Unreadable(f"{symbol} comes without tick or lot")
        return known.instrument

    def most_lots(self, symbol: str) -> int | None:
        """Lots of the run that one order of any type may have; None where the venue names no limit."""
        market = self.market(symbol)
        limits, info = market["limits"], market["info"]
        told = [limits.get(kind, {}).get("max") for kind in ("amount", "market")]
        told += [info.get(name) for name in _LARGEST]
        known = [most for one in told if one and (most := Decimal(str(one))) > 0]
        return self.instrument(symbol).whole_lots(min(known)) if known else None

    def _is_ours(self, market: Mapping[str, Any]) -> bool:
        if self._kind is Kind.SPOT:
            return bool(market.get("spot"))
        return bool(market.get("swap") and market.get("linear"))


def paying(instrument: Instrument, fee_asset: FeeAsset) -> Instrument:
    return instrument if instrument.fee_asset is fee_asset else replace(instrument, fee_asset=fee_asset)
