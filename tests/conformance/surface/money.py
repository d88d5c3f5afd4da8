"""Money between wallets, in and out."""

from __future__ import annotations

from tests.conformance.here import Here
from tests.conformance.surface.method import BOTH, probe


@probe("transfer")
async def transfer(here: Here) -> None:
    before = (await here.client.fetch_balance(here.wallet))["USDT"]["total"]
    await here.client.transfer("USDT", 100, "spot", "swap")
    after = (await here.client.fetch_balance(here.wallet))["USDT"]["total"]
    assert after == before + (100 if here.place.is_swap else -100)


@probe("fetchTransfers")
async def fetch_transfers(here: Here) -> None:
    await here.client.transfer("USDT", 100, "spot", "swap")
    found = await here.client.fetch_transfers("USDT", params={"fromAccount": "spot", "toAccount": "swap"})
    assert [row["amount"] for row in found] == [100]


@probe("fetchDeposits")
async def fetch_deposits(here: Here) -> None:
    here.deposit("USDT", 25)
    assert 25 in [row["amount"] for row in await here.client.fetch_deposits("USDT")]


@probe("fetchWithdrawals")
async def fetch_withdrawals(here: Here) -> None:
    here.withdraw("USDT", 25)
    assert [row["amount"] for row in await here.client.fetch_withdrawals("USDT")] == [25]


@probe("fetchDeposit")
async def fetch_deposit(here: Here) -> None:
    here.deposit("USDT", 25)
    found = (await here.client.fetch_deposits("USDT"))[-1]
    assert (await here.client.fetch_deposit(found["id"], "USDT"))["amount"] == found["amount"]


@probe("fetchWithdrawal")
async def fetch_withdrawal(here: Here) -> None:
    here.withdraw("USDT", 25)
    found = (await here.client.fetch_withdrawals("USDT"))[-1]
    assert (await here.client.fetch_withdrawal(found["id"], "USDT"))["amount"] == 25


@probe("withdraw", BOTH, ("binance", "binanceusdm"))
async def withdraw(here: Here) -> None:
    assert (await here.client.withdraw("USDT", 25, "an-address"))["id"]
    assert [row["amount"] for row in await here.client.fetch_withdrawals("USDT")] == [25]
