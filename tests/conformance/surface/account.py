"""What an account is asked about itself."""

from __future__ import annotations

from tests.conformance.here import Here
from tests.conformance.surface.acts import held, liquidated
from tests.conformance.surface.method import BOTH, SWAP, among, ask, probe, rows_of

ask("fetchBalance", BOTH, lambda h: h.client.fetch_balance(h.wallet), lambda h, b: b["USDT"]["total"] > 0)
ask(
    "fetchTradingFee",
    BOTH,
    lambda h: h.client.fetch_trading_fee(h.symbol),
    lambda h, f: 0 <= f["taker"] < 0.01,
)
ask("fetchTradingFees", BOTH, lambda h: h.client.fetch_trading_fees(h.wallet), among)
ask(
    "fetchTradingLimits",
    BOTH,
    lambda h: h.client.fetch_trading_limits([h.symbol]),
    lambda h, t: h.symbol in t,
)
ask(
    "fetchDepositWithdrawFees",
    BOTH,
    lambda h: h.client.fetch_deposit_withdraw_fees(["USDT"]),
    lambda h, f: "USDT" in f,
)
ask(
    "fetchDepositWithdrawFee",
    BOTH,
    lambda h: h.client.fetch_deposit_withdraw_fee("USDT"),
    lambda h, f: bool(f),
)
ask(
    "fetchTransactionFees",
    BOTH,
    lambda h: h.client.fetch_transaction_fees(["USDT"]),
    lambda h, f: "withdraw" in f,
)
ask("fetchTransactionFee", BOTH, lambda h: h.client.fetch_transaction_fee("USDT"), lambda h, f: bool(f))
ask(
    "fetchPositionMode",
    SWAP,
    lambda h: h.client.fetch_position_mode(h.symbol),
    lambda h, p: p["hedged"] is False,
)
ask(
    "fetchMarginMode",
    SWAP,
    lambda h: h.client.fetch_margin_mode(h.symbol),
    lambda h, m: m["marginMode"] == "cross",
)
ask("fetchMarginModes", SWAP, lambda h: h.client.fetch_margin_modes([h.symbol]), among)
ask("fetchLeverage", SWAP, lambda h: h.client.fetch_leverage(h.symbol), lambda h, v: v["longLeverage"] >= 1)
ask("fetchLeverages", SWAP, lambda h: h.client.fetch_leverages([h.symbol]), among)


@probe("fetchLedger", without=("binance spot",))
async def fetch_ledger(here: Here) -> None:
    await held(here)
    assert {row["currency"] for row in await here.client.fetch_ledger("USDT", params=here.wallet)} == {"USDT"}


@probe("fetchMyLiquidations", SWAP, ("binance", "binanceusdm"))
async def fetch_my_liquidations(here: Here) -> None:
    await liquidated(here)
    assert rows_of(here, await here.client.fetch_my_liquidations(here.symbol))
