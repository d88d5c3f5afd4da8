"""Instruments: what is written is read; what is wrong is named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import ccxt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.data.instruments import (
    KnownInstrument,
    build_instrument,
    instrument_toml,
    read_instrument_file,
    read_stored_instrument,
    with_measured_tick,
)
from tradewind.data.venue_instruments import instrument_of_market, maintenance_tiers
from tradewind.market import ConfigError, FeeAsset

decimals = st.decimals(Decimal("1e-8"), Decimal("1e6"), allow_nan=False, places=8)
rates = st.floats(-0.009, 0.09, allow_nan=False)


@given(
    tick=decimals,
    lot=decimals,
    least=decimals,
    taker=rates,
    maker=rates,
    floors=st.sets(st.floats(1, 1e12), max_size=4),
)
def test_an_instrument_survives_its_toml(
    tick: Decimal, lot: Decimal, least: Decimal, taker: float, maker: float, floors: set[float]
) -> None:
    import tempfile

    told = enumerate([0.0, *sorted(floors)], start=1)
    tiers = maintenance_tiers([{"minNotional": f, "maintenanceMarginRate": 0.07 * k} for k, f in told])
    instrument = replace(
        build_instrument('ve"nue\\', "BTC/USDT:USDT", {}).instrument,
        tick=tick,
        lot=lot,
        min_notional=least,
        taker_fee=taker,
        maker_fee=maker,
        tiers=tiers,
        closes_below_minimum=False,
    )
    known = KnownInstrument(instrument, ("lot",))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "instrument.toml"
        path.write_text(instrument_toml(known))
        assert read_stored_instrument(path) == known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lots = 1", r"i.toml: unknown key 'lots', did you mean lot\?"),
        ('lot = "much"', "lot is 'much', expected a number such as 0.001"),
        ("lot = true", "lot is True, expected a number"),
        ("lot = 0", "lot is 0, it must be positive"),
        ("taker_fee = 0.4", "taker_fee is 0.4, expected a fraction: 0.001 for 0.1 %"),
        ('fee_asset = "dollars"', "fee_asset is 'dollars', expected quote, base or other"),
        ('kind = "spot"', "kind is 'spot', but BTC/USDT:USDT on binance has 'perpetual'"),
        ("[[tiers]]\nrate = 0.1", "a tier has"),
        ("[[tiers]]\nnotional_floor = 0\nrate = 5", "a maintenance tier's rate is 5.0, expected a fraction"),
        ("lot = ", "is not valid TOML"),
        (
            '[[instrument]]\nsymbol = "ETH/USDT"',
            r"no \[\[instrument\]\] has symbol BTC/USDT:USDT: it has ETH/USDT",
        ),
        ("closes_below_minimum = 1", "closes_below_minimum is 1, expected true or false"),
    ],
)
def test_a_wrong_instrument_file_is_told_by_key(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "i.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_instrument_file(tmp_path / "i.toml", "binance", "BTC/USDT:USDT")


def test_one_file_may_state_several_instruments(tmp_path: Path) -> None:
    (tmp_path / "i.toml").write_text(
        """
taker_fee = 0.0004
[[instrument]]
symbol = "BTC/USDT:USDT"
lot = 0.001
[[instrument]]
symbol = "XRP/USDT:USDT"
lot = 0.1
taker_fee = 0.0003
"""
    )
    btc, xrp = (
        read_instrument_file(tmp_path / "i.toml", "binance", f"{c}/USDT:USDT").instrument
        for c in ("BTC", "XRP")
    )
    assert (btc.lot, btc.taker_fee) == (Decimal("0.001"), 0.0004)
    assert (xrp.lot, xrp.taker_fee) == (Decimal("0.1"), 0.0003)


def test_an_absent_instrument_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        read_instrument_file(tmp_path / "i.toml", "binance", "BTC/USDT")


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC/USD:BTC", "BTC/USDT:USDT-250101", ""])
def test_what_is_not_traded_here_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigError):
        build_instrument("binance", symbol, {})


@pytest.mark.parametrize(
    ("prices", "tick"), [([57953.86, 1.5], "0.01"), ([0.36079], "0.00001"), ([43000.0, 100], "1")]
)
def test_the_tick_is_measured_unless_stated(prices: list[float], tick: str) -> None:
    assert (
        str(with_measured_tick(build_instrument("x", "A/USDT", {}), np.array(prices)).instrument.tick) == tick
    )
    stated = build_instrument("x", "A/USDT", {"tick": "0.25"})
    assert with_measured_tick(stated, np.array(prices)) == stated


def _market(**changes: object) -> dict[str, object]:
    return {
        "symbol": "BTC/USDT",
        "spot": True,
        "taker": None,
        "maker": 0.0008,
        "feeSide": "get",
        "precision": {"price": 0.01, "amount": 1e-05},
        "limits": {"cost": {"min": None}},
    } | changes


def test_what_a_venue_does_not_tell_is_called_assumed() -> None:
    known = instrument_of_market("binance", _market(), ccxt.TICK_SIZE)
    assert known.assumed == ("min_notional", "taker_fee")
    got = known.instrument
    assert (str(got.tick), str(got.lot), got.maker_fee, got.fee_asset) == (
        "0.01",
        "0.00001",
        0.0008,
        FeeAsset.BASE,
    )


def test_decimal_places_and_contract_sizes_become_steps() -> None:
    places = instrument_of_market(
        "x", _market(precision={"price": 2, "amount": 5}), ccxt.DECIMAL_PLACES
    ).instrument
    assert (str(places.tick), str(places.lot)) == ("0.01", "0.00001")
    swap = _market(
        symbol="BTC/USDT:USDT",
        spot=False,
        swap=True,
        linear=True,
        contractSize=0.01,
        precision={"price": 0.1, "amount": 1.0},
    )
    assert str(instrument_of_market("okx", swap, ccxt.TICK_SIZE).instrument.lot) == "0.01"
    with pytest.raises(ConfigError, match="neither spot nor a linear perpetual"):
        instrument_of_market(
            "x", _market(symbol="BTC/USD:BTC", spot=False, swap=True, linear=False), ccxt.TICK_SIZE
        )


def test_maintenance_does_not_jump_at_a_tiers_floor() -> None:
    told = [
        {"minNotional": 50_000, "maintenanceMarginRate": 0.01},
        {"minNotional": 0, "maintenanceMarginRate": 0.004},
        {"minNotional": 250_000, "maintenanceMarginRate": 0.025},
    ]
    tiers = maintenance_tiers(told)
    assert [t.amount for t in tiers] == pytest.approx([0, 300, 4050])
    for below, above in zip(tiers, tiers[1:]):  # noqa: RUF007
        at = above.notional_floor
        assert at * below.rate - below.amount == pytest.approx(at * above.rate - above.amount)
