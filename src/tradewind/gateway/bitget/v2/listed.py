"""What is listed: coins, spot symbols, contracts, tiers."""

from __future__ import annotations

from decimal import Decimal

from tradewind.exchange import Listing, Status, Tier
from tradewind.gateway.bitget.formats import places, text
from tradewind.gateway.bitget.routes import Call, Routes
from tradewind.gateway.bitget.v2.products import is_served, listings, perpetual
from tradewind.market import Kind

routes = Routes("/api/v2")
HOUR_MS = 3_600_000
_SPOT_STATUS = {
    Status.TRADING: "online",
    Status.HALTED: "halt",
    Status.CANCEL_ONLY: "halt",
    Status.DELISTED: "offline",
}
_MIX_STATUS = {
    Status.TRADING: "normal",
    Status.HALTED: "maintain",
    Status.CANCEL_ONLY: "limit_open",
    Status.DELISTED: "off",
}


@routes.get("/spot/public/coins", 3)
def coins(call: Call) -> object:
    """Every coin of a spot market, with one chain of its own name on which nothing moves."""
    names = sorted({name for m in call.exchange.listings for name in (m.base, m.quote)})
    wanted = call.params.maybe("coin")
    return [_coin(number, name) for number, name in enumerate(names, 1) if wanted in (None, name)]


def _coin(number: int, name: str) -> object:
    chain = {
        "chain": name,
        "needTag": "false",
        "withdrawable": "false",
        "rechargeable": "false",
        "withdrawFee": "0",
        "extraWithdrawFee": "0",
        "depositConfirm": "1",
        "withdrawConfirm": "1",
        "minDepositAmount": "0.00000001",
        "minWithdrawAmount": "0.00000001",
        "browserUrl": "",
        "contractAddress": "",
        "withdrawStep": "0",
        "withdrawMinScale": "8",
        "congestion": "normal",
    }
    return {"coinId": str(number), "coin": name, "transfer": "true", "chains": [chain], "areaCoin": "no"}


@routes.get("/spot/public/symbols")
def symbols(call: Call) -> object:
    """Spot markets with their steps and minimums."""
    return [_symbol(m) for m in listings(call, Kind.SPOT)]


def _symbol(m: Listing) -> object:
    f = m.filters
    return {
        "symbol": m.id,
        "baseCoin": m.base,
        "quoteCoin": m.quote,
        "minTradeAmount": text(f.min_quantity),
        "maxTradeAmount": text(f.max_quantity),
        "takerFeeRate": text(m.taker_fee),
        "makerFeeRate": text(m.maker_fee),
        "pricePrecision": str(places(f.tick)),
        "quantityPrecision": str(places(f.step)),
        "quotePrecision": str(min(8, places(f.tick) + places(f.step))),
        "status": _SPOT_STATUS[m.status],
        "minTradeUSDT": text(f.min_notional),
        "buyLimitPriceRatio": text(max(Decimal(0), f.bid_multiplier_up - 1)),
        "sellLimitPriceRatio": text(max(Decimal(0), 1 - f.ask_multiplier_down)),
        "areaSymbol": "no",
        "orderQuantity": str(f.max_orders),
        "openTime": str(m.listed_ms),
        "offTime": "",
    }


@routes.get("/spot/market/vip-fee-rate", 10)
def spot_vip_fees(call: Call) -> object:
    """One level for all."""
    return [_vip(call, Kind.SPOT)]


@routes.get("/mix/market/vip-fee-rate", 10)
def mix_vip_fees(call: Call) -> object:
    """One level for all."""
    return [_vip(call, Kind.PERPETUAL)]


def _vip(call: Call, kind: Kind) -> object:
    first = next((m for m in call.exchange.listings if m.kind is kind), None)
    return {
        "level": "0",
        "dealAmount": "0",
        "assetAmount": "0",
        "takerFeeRate": text(first.taker_fee) if first else "0",
        "makerFeeRate": text(first.maker_fee) if first else "0",
        "btcWithdrawAmount": "0",
        "usdtWithdrawAmount": "0",
    }


@routes.get("/margin/currencies", 10)
def margin_currencies(call: Call) -> object:
    """Spot markets that could be traded on credit: each says that nothing can be borrowed."""
    return [
        {
            "symbol": m.id,
            "baseCoin": m.base,
            "quoteCoin": m.quote,
            "maxCrossedLeverage": "0",
            "maxIsolatedLeverage": "0",
            "warningRiskRatio": "0.8",
            "liquidationRiskRatio": "1",
            "minTradeAmount": text(m.filters.min_quantity),
            "maxTradeAmount": text(m.filters.max_quantity),
            "takerFeeRate": text(m.taker_fee),
            "makerFeeRate": text(m.maker_fee),
            "pricePrecision": str(places(m.filters.tick)),
            "quantityPrecision": str(places(m.filters.step)),
            "minTradeUSDT": text(m.filters.min_notional),
            "isBorrowable": False,
            "isCrossBorrowable": False,
            "isIsolatedBaseBorrowable": False,
            "isIsolatedQuoteBorrowable": False,
            "userMinBorrow": "0",
            "status": "0",
        }
        for m in call.exchange.listings
        if m.is_spot
    ]


@routes.get("/mix/market/contracts")
def contracts(call: Call) -> object:
    """Perpetuals of a product type with their steps, minimums and leverage."""
    return [_contract(m) for m in listings(call, Kind.PERPETUAL)]


def _contract(m: Listing) -> object:
    f = m.filters
    decimals = places(f.tick)
    return {
        "symbol": m.id,
        "baseCoin": m.base,
        "quoteCoin": m.quote,
        "buyLimitPriceRatio": text(max(Decimal(0), f.bid_multiplier_up - 1)),
        "sellLimitPriceRatio": text(max(Decimal(0), 1 - f.ask_multiplier_down)),
        "feeRateUpRatio": "0.005",
        "makerFeeRate": text(m.maker_fee),
        "takerFeeRate": text(m.taker_fee),
        "openCostUpRatio": "0.01",
        "supportMarginCoins": [m.quote],
        "minTradeNum": text(f.min_quantity),
        "priceEndStep": text(f.tick.scaleb(decimals)),
        "volumePlace": str(places(f.step)),
        "pricePlace": str(decimals),
        "sizeMultiplier": text(f.step),
        "symbolType": "perpetual",
        "minTradeUSDT": text(f.min_notional),
        "maxSymbolOrderNum": str(f.max_orders),
        "maxProductOrderNum": str(2 * f.max_orders),
        "maxPositionNum": "150",
        "symbolStatus": _MIX_STATUS[m.status],
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "deliveryPeriod": "",
        "launchTime": str(m.listed_ms) if m.listed_ms else "",
        "fundInterval": text(Decimal(m.funding_interval_ms) / HOUR_MS),
        "minLever": "1",
        "maxLever": str(m.max_leverage),
        "posLimit": "0.05",
        "maintainTime": "",
        "openTime": str(m.listed_ms) if m.listed_ms else "",
        "maxMarketOrderQty": text(f.market_max_quantity),
        "maxOrderQty": text(f.max_quantity),
    }


@routes.get("/mix/market/query-position-lever", 10)
def position_tiers(call: Call) -> object:
    """Maintenance rate and greatest leverage by the worth of a position."""
    if not is_served(call):
        return []
    m = perpetual(call)
    return [_tier(m, level, tier) for level, tier in enumerate(m.tiers, 1)]


def _tier(m: Listing, level: int, tier: Tier) -> object:
    return {
        "symbol": m.id,
        "level": str(level),
        "startUnit": text(tier.floor),
        "endUnit": text(tier.cap),
        "leverage": str(tier.leverage),
        "keepMarginRate": text(tier.rate),
    }
