"""The memory of the kernels, made from what people wrote."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from tests.simulator.markets import perpetual, spot
from tradewind.account import (
    ACCOUNT,
    BAR,
    FILL,
    MAX_TIERS,
    POSITION,
    ROW,
    RULES,
    instrument_records,
    open_account,
)
from tradewind.market import FeeAsset, MaintenanceTier
from tradewind.market.errors import ConfigError


@pytest.mark.parametrize("record", [ACCOUNT, BAR, FILL, POSITION, ROW, RULES])
def test_every_number_of_a_record_is_eight_bytes(record: np.dtype[np.void]) -> None:
    assert record.fields is not None
    assert {field[0].str for field in record.fields.values()} <= {"<f8", "<i8"}
    assert record.itemsize == 8 * len(record.fields)


def test_an_open_account_is_flat_and_has_its_capital_in_every_mark() -> None:
    accounts, positions = open_account(500.0, instruments=3, accounts=2)
    assert accounts.shape == (2,)
    assert positions.shape == (2, 3)
    for name in ("wallet", "equity", "previous_equity", "start_equity", "peak_equity", "day_start_equity"):
        assert accounts[name].tolist() == [500.0, 500.0]
    assert not positions["lots"].any()
    assert np.isnan(positions["wanted"]).all()


def test_instruments_become_records_with_their_tiers() -> None:
    tiers = (MaintenanceTier(0, 0.004), MaintenanceTier(50_000, 0.005, 50))
    (record,) = instrument_records([perpetual(lot=Decimal("0.01"), taker_fee=0.0005, tiers=tiers)])
    assert (record["lot"], record["taker_fee"], record["perpetual"], record["tiers"]) == (0.01, 0.0005, 1, 2)
    assert record["tier_floor"][:2].tolist() == [0.0, 50_000.0]
    assert record["tier_amount"][:2].tolist() == [0.0, 50.0]
    assert record["closes_below_minimum"] == 1
    (record,) = instrument_records([spot(fee_asset=FeeAsset.BASE)])
    assert (record["perpetual"], record["fee_in_base"], record["closes_below_minimum"]) == (0, 1, 0)
    (record,) = instrument_records([spot(fee_asset=FeeAsset.OTHER)])
    assert record["fee_in_base"] == 0


def test_accounts_of_mixed_kinds_or_quotes_are_refused() -> None:
    with pytest.raises(ConfigError, match="kinds"):
        instrument_records([spot(), perpetual()])
    with pytest.raises(ConfigError, match="quote currencies"):
        instrument_records([spot(), replace(spot("BBB/USDT"), quote="EUR")])
    with pytest.raises(ConfigError, match="no instrument"):
        instrument_records([])


def test_more_tiers_than_the_record_holds_are_refused() -> None:
    tiers = tuple(MaintenanceTier(1000.0 * k, 0.01) for k in range(MAX_TIERS + 1))
    with pytest.raises(ConfigError, match="at most 8"):
        instrument_records([perpetual(tiers=tiers)])
