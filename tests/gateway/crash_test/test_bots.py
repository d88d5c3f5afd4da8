"""Two real bots through real faults: the careless one is caught, the careful one passes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.exchange.worlds import PERP, SPOT, START, D, flat, market
from tradewind.gateway.crash_test import CrashTest, Fault, Run, crash_test
from tradewind.gateway.crash_test.judge import Terms
from tradewind.gateway.scenario import Scenario
from tradewind.market import ConfigError

BOTS = Path(__file__).parent / "bots"
SYMBOL = SPOT


def through(bot: str, names: list[str], folder: Path, **options: object) -> dict[str, Run]:
    values: dict = {
        "seconds": 6.0,
        "settle_seconds": 5.0,
        "speed": 1.0,
        "symbol": SYMBOL,
        "logs": folder / "logs",
    } | options
    test = CrashTest(
        command=(sys.executable, str(BOTS / f"{bot}.py")),
        scenarios=tuple(Scenario.named(name) for name in names),
        markets=[market(flat(600), (SPOT, PERP))],
        start_ms=START + 3_600_000,
        **values,
    )
    return {run.scenario.name: run for run in asyncio.run(crash_test(test))}


def test_a_bot_that_resends_blindly_is_caught(tmp_path: Path) -> None:
    terms = Terms(max_exposure=D(30))
    runs = through("careless", ["O3", "O4"], tmp_path, terms=terms, seconds=4.0, settle_seconds=1.0)
    for run in runs.values():
        assert run.verdict == "failed"
        assert {f.fault for f in run.judgement.findings} == {Fault.DOUBLED, Fault.LOST, Fault.OVER_LIMIT}
        assert run.judgement.unclear >= 2
    assert "again, after" in (tmp_path / "logs" / "O3.log").read_text()


def test_a_bot_that_asks_first_passes_also_when_it_is_killed(tmp_path: Path) -> None:
    runs = through("careful", ["O3", "O4", "P1"], tmp_path, kill_after=(3,))
    for run in runs.values():
        assert run.judgement.findings == [], run.scenario.name
        assert run.verdict == "passed"
        assert run.judgement.placed >= 2
        assert run.starts >= 2
    assert runs["O3"].judgement.unclear >= 1


@pytest.mark.slow
def test_both_bots_get_the_same_judgement_at_bitget(tmp_path: Path) -> None:
    there = {"venue": "bitget", "symbol": PERP}
    blind = through("careless", ["O3"], tmp_path, seconds=4.0, settle_seconds=1.0, **there)["O3"]
    assert blind.verdict == "failed"
    assert {Fault.DOUBLED, Fault.LOST} <= {f.fault for f in blind.judgement.findings}
    banned = through("careless", ["E2"], tmp_path, seconds=5.0, settle_seconds=0.0, **there)["E2"]
    assert {f.fault for f in banned.judgement.findings} >= {Fault.BANNED}
    assert "DDoSProtection" in (tmp_path / "logs" / "E2.log").read_text()
    patient = through("careful", ["E2"], tmp_path, seconds=5.0, settle_seconds=8.0, **there)["E2"]
    assert (patient.verdict, patient.judgement.findings) == ("passed", [])
    for run in through("careful", ["O3", "O4"], tmp_path, kill_after=(3,), **there).values():
        assert run.judgement.findings == [], run.scenario.name
        assert run.verdict == "passed"
        assert run.judgement.placed >= 2
        assert run.starts >= 2


@pytest.mark.slow
def test_both_bots_get_the_same_judgement_on_a_unified_account(tmp_path: Path) -> None:
    there = {"venue": "bitget", "symbol": PERP, "unified": True}
    blind = through("careless", ["O3"], tmp_path, seconds=4.0, settle_seconds=1.0, **there)["O3"]
    assert blind.verdict == "failed"
    assert {Fault.DOUBLED, Fault.LOST} <= {f.fault for f in blind.judgement.findings}
    careful = through("careful", ["O3"], tmp_path, **there)["O3"]
    assert careful.judgement.unclear >= 1
    assert (careful.verdict, careful.judgement.findings) == ("passed", [])


@pytest.mark.parametrize(
    ("venue", "symbol"), [("binance", SPOT), pytest.param("bitget", PERP, marks=pytest.mark.slow)]
)
def test_a_bot_that_takes_orders_back_meets_the_races_of_its_cancels(
    venue: str, symbol: str, tmp_path: Path
) -> None:
    runs = through(
        "retracting",
        ["O9", "O10", "O11"],
        tmp_path,
        venue=venue,
        symbol=symbol,
        seconds=5.0,
        settle_seconds=1.0,
    )
    for run in runs.values():
        assert run.fired >= 1, run.scenario.name
        assert {f.fault for f in run.judgement.findings} <= {Fault.LEFT_OPEN}, run.scenario.name
        assert run.verdict == "passed"
    said = {name: (tmp_path / "logs" / f"{name}.log").read_text() for name in runs}
    assert "canceled 0.05" in said["O9"]
    assert "closed 0.1" in said["O10"]
    assert "asking, after " in said["O11"]
    assert "canceled 0.0" in said["O11"]


def test_a_bot_that_cannot_be_started_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be started"):
        asyncio.run(
            crash_test(
                CrashTest(
                    command=(str(tmp_path / "nothing"),),
                    scenarios=(Scenario.named("O1"),),
                    markets=[market(flat(600), (SPOT, PERP))],
                    start_ms=START + 3_600_000,
                )
            )
        )


def test_a_bot_that_does_nothing_proves_nothing(tmp_path: Path) -> None:
    test = CrashTest(
        command=(sys.executable, "-c", "raise SystemExit(3)"),
        scenarios=(Scenario.named("O1"),),
        markets=[market(flat(600), (SPOT, PERP))],
        start_ms=START + 3_600_000,
        step_ms=60_000,
        settle_seconds=0.0,
    )
    [run] = asyncio.run(crash_test(test))
    assert (run.verdict, run.code, run.starts) == ("no orders", 3, 1)
