"""The demo's candles come over a wire, and are what the world made, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradewind.cli import demo
from tradewind.cli.tables import stdout
from tradewind.data.store import CandleStore


def test_the_demo_trains_on_the_very_candles_of_its_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "BARS", 2_345)
    run = demo.Demo(tmp_path, steps=1, seed=7, console=stdout())
    world = run._fetch_candles()
    assert "downloading 2,345 hourly candles" in capsys.readouterr().out
    market = run._stored_market()
    assert market.instruments[0].venue == "binance"
    for name in ("open_time", "open", "high", "low", "close", "volume"):
        assert (getattr(market, name) == getattr(world.market, name)).all(), name
    (made,), (stored,) = world.market.instruments, market.instruments
    for name in (
        "symbol",
        "kind",
        "tick",
        "lot",
        "min_notional",
        "taker_fee",
        "maker_fee",
        "fee_asset",
        "tiers",
    ):
        assert getattr(stored, name) == getattr(made, name), name
    assert market.funding_rate is None
    assert market.mark is None
    known = CandleStore(tmp_path / "workspace" / "candles").instrument("binance", "DEMO/USDT:USDT")
    assert not {"taker_fee", "maker_fee"} & set(known.assumed)
