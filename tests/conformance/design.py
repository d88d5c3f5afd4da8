"""Fields that clients of these venues are known to need, call by call: more than ccxt alone reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.conformance.places import PLACES

SPOT, SWAP, _, BITGET_SWAP = (place.name for place in PLACES[:4])


@dataclass(frozen=True)
class Call:
    """A request by its name in ccxt, asked of an account that has bought and has an order open.

    `inside` leads to what has the fields: names, and indices of rows.
    """

    place: str
    method: str
    fields: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    inside: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Frame:
    """An event that the account hears of while it buys, told by a watch of ccxt. `inside` as for calls."""

    place: str
    name: str
    watch: str
    fields: tuple[str, ...]
    inside: tuple[str | int, ...] = ()
    having: tuple[str, str] | None = None  # only a frame with that value there


def _of(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PAIR = {"symbol": "BTCUSDT"}
_ORDER = _of(
    "symbol orderId orderListId clientOrderId price origQty executedQty cummulativeQuoteQty status timeInForce "
    "type side stopPrice icebergQty time updateTime isWorking workingTime origQuoteOrderQty selfTradePreventionMode"
)
_FUTURES_ORDER = _of(
    "symbol orderId clientOrderId price origQty executedQty avgPrice cumQuote status timeInForce type side "
    "reduceOnly closePosition positionSide origType stopPrice workingType priceProtect time updateTime"
)
CALLS = (
    Call(SPOT, "publicGetExchangeInfo", _of("timezone serverTime rateLimits exchangeFilters symbols")),
    Call(
        SPOT,
        "publicGetExchangeInfo",
        _of(
            "symbol status baseAsset quoteAsset baseAssetPrecision quotePrecision quoteAssetPrecision "
            "baseCommissionPrecision quoteCommissionPrecision orderTypes icebergAllowed ocoAllowed "
            "quoteOrderQtyMarketAllowed allowTrailingStop isSpotTradingAllowed isMarginTradingAllowed "
            "permissions permissionSets filters"
        ),
        inside=("symbols", 0),
    ),
    Call(
        SPOT,
        "privateGetAccount",
        _of("canTrade canWithdraw canDeposit commissionRates updateTime accountType permissions balances"),
    ),
    Call(SPOT, "privateGetAccount", _of("asset free locked"), inside=("balances", 0)),
    Call(
        SPOT,
        "privatePostOrder",
        _of(
            "symbol orderId orderListId clientOrderId transactTime price origQty executedQty cummulativeQuoteQty "
            "status timeInForce type side fills workingTime selfTradePreventionMode"
        ),
        {**_PAIR, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newOrderRespType": "FULL"},
    ),
    Call(
        SPOT,
        "privatePostOrder",
        _of("price qty commission commissionAsset tradeId"),
        {**_PAIR, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newOrderRespType": "FULL"},
        ("fills", 0),
    ),
    Call(SPOT, "privateGetOpenOrders", _ORDER, _PAIR, (0,)),
    Call(SPOT, "privateGetAllOrders", _ORDER, _PAIR, (0,)),
    Call(
        SPOT,
        "privateGetMyTrades",
        _of("symbol id orderId price qty quoteQty commission commissionAsset time isBuyer isMaker"),
        _PAIR,
        (0,),
    ),
    Call(
        SWAP,
        "fapiPublicGetExchangeInfo",
        _of(
            "symbol status baseAsset quoteAsset contractType marginAsset pair deliveryDate onboardDate "
            "pricePrecision quantityPrecision orderTypes timeInForce filters"
        ),
        inside=("symbols", 0),
    ),
    Call(
        SWAP,
        "fapiPrivateV3GetAccount",
        _of(
            "asset walletBalance marginBalance initialMargin maintMargin availableBalance crossWalletBalance "
            "crossUnPnl"
        ),
        inside=("assets", 0),
    ),
    Call(SWAP, "fapiPrivateGetOpenOrders", _FUTURES_ORDER, _PAIR, (0,)),
    Call(SWAP, "fapiPrivateGetAllOrders", _FUTURES_ORDER, _PAIR, (0,)),
    Call(
        SWAP,
        "fapiPrivateGetUserTrades",
        _of(
            "symbol id orderId price qty quoteQty commission commissionAsset time side buyer maker realizedPnl "
            "positionSide"
        ),
        _PAIR,
        (0,),
    ),
    Call(
        SWAP,
        "fapiPrivateV3GetPositionRisk",
        _of(
            "symbol positionSide positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit "
            "liquidationPrice isolatedMargin notional marginAsset isolatedWallet initialMargin maintMargin "
            "updateTime"
        ),
        _PAIR,
        (0,),
    ),
    Call(
        SWAP,
        "fapiPrivateGetLeverageBracket",
        _of("bracket initialLeverage notionalCap notionalFloor maintMarginRatio cum"),
        inside=(0, "brackets", 0),
    ),
    Call(
        SWAP,
        "fapiPublicGetPremiumIndex",
        _of("symbol markPrice indexPrice lastFundingRate nextFundingTime interestRate time"),
        _PAIR,
    ),
    Call(
        BITGET_SWAP,
        "publicMixGetV2MixMarketContracts",
        _of("code msg requestTime data"),
        {"productType": "USDT-FUTURES"},
    ),
    Call(
        BITGET_SWAP,
        "publicMixGetV2MixMarketContracts",
        _of(
            "symbol baseCoin quoteCoin supportMarginCoins symbolType symbolStatus pricePlace priceEndStep "
            "volumePlace sizeMultiplier minTradeNum minTradeUSDT makerFeeRate takerFeeRate minLever maxLever "
            "fundInterval"
        ),
        {"productType": "USDT-FUTURES"},
        ("data", 0),
    ),
)

FRAMES = (
    Frame(
        SPOT,
        "executionReport",
        "watch_orders",
        _of("s c S o f q p x X i l z L n N T t w m Z Y Q"),
        ("event",),
        ("x", "TRADE"),
    ),
    Frame(SPOT, "outboundAccountPosition", "watch_orders", _of("u B"), ("event",)),
    Frame(SPOT, "outboundAccountPosition", "watch_orders", _of("a f l"), ("event", "B", 0)),
    Frame(SWAP, "ACCOUNT_UPDATE", "watch_balance", _of("a wb cw bc"), ("a", "B", 0)),
    Frame(SWAP, "ACCOUNT_UPDATE", "watch_balance", _of("s pa ep up mt iw ps"), ("a", "P", 0)),
    Frame(
        SWAP,
        "ORDER_TRADE_UPDATE",
        "watch_balance",
        _of("s c S o f q p ap sp x X i l z L N n T t m R wt ot ps cp rp"),
        ("o",),
        ("x", "TRADE"),
    ),
)
