"""`run_targets`: one call that gives, bit for bit, what its parts give one by one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.markets import FREE, perpetual, random_market, simulator_of, spot, with_costs, with_risk
from tests.simulator.test_compiled import RUNTIME, compiled_text
from tests.simulator.test_invariants import cases, promise, seeds
from tests.simulator.test_reference import Case
from tradewind.account import ACCOUNT, INSTRUMENT, POSITION, RULES
from tradewind.market import DataError, FeeAsset
from tradewind.simulator import Rules, Simulator, kernel
from tradewind.simulator.bar import trade_bar
from tradewind.simulator.plain import fix, is_plain
from tradewind.simulator.rebalance import decide

PLAIN = with_costs(FREE, half_spread=0.0003, slippage=0.0002)
SWITCHES: dict[str, Rules] = {
    "impact": with_costs(PLAIN, impact=0.01),
    "participation": with_costs(PLAIN, participation_cap=1e-9),
    "order cap": with_risk(PLAIN, max_order_notional=50.0),
    "stop loss": with_risk(PLAIN, stop_loss=0.01),
    "trailing stop": with_risk(PLAIN, trailing_stop=0.01),
    "daily loss": with_risk(PLAIN, daily_loss=0.01),
    "drawdown": with_risk(PLAIN, max_drawdown=0.03),
    "losing streak": with_risk(PLAIN, streak_losses=2),
}


def followed(case: Case) -> tuple[Simulator, np.ndarray]:
    """All targets in one call; what is not the first account stays as it was."""
    simulator = simulator_of(
        case.market, case.rules, capital=case.capital, features=case.features, accounts=2
    )
    untouched = simulator.accounts[1].tobytes() + simulator.positions[1].tobytes()
    rules, instruments = simulator.rules_record.tobytes(), simulator.tape.instruments.tobytes()
    rows = len(case.market)
    curve = np.zeros(rows)
    tape = simulator.tape
    kernel.run_targets(
        simulator.accounts,
        simulator.positions,
        tape.bars,
        tape.rows,
        tape.instruments,
        simulator.rules_record,
        case.actions,
        0,
        rows - 1,
        curve,
        simulator.log,
    )
    assert simulator.accounts[1].tobytes() + simulator.positions[1].tobytes() == untouched
    assert (simulator.rules_record.tobytes(), tape.instruments.tobytes()) == (rules, instruments)
    return simulator, curve


def one_by_one(case: Case) -> tuple[Simulator, np.ndarray]:
    """The same through the functions that the live engine calls, each compiled alone for any rules."""
    simulator = simulator_of(
        case.market, case.rules, capital=case.capital, features=case.features, accounts=2
    )
    tape, rules = simulator.tape, simulator.rules_record[0]
    books = simulator.accounts, simulator.positions, 0
    curve = [simulator.accounts[0]["equity"]]
    for row in range(len(case.market) - 1):
        simulator.positions[0]["wanted"] = case.actions[row]
        decide(*books, tape.bars, row, int(tape.rows[row]["ready"]), tape.instruments, rules)
        trade_bar(*books, tape.bars, row + 1, tape.instruments, rules, simulator.log)
        kernel.mark_and_judge(*books, tape.bars, tape.rows, row + 1, tape.instruments, rules)
        curve.append(simulator.accounts[0]["equity"])
    return simulator, np.array(curve)


def assert_same_bits(case: Case) -> Simulator:
    one, two = followed(case), one_by_one(case)
    assert one[1].tobytes() == two[1].tobytes()
    for name in ("accounts", "positions", "log"):
        assert getattr(one[0], name).tobytes() == getattr(two[0], name).tobytes(), name
    return one[0]


def plain_case(seed: int, rules: Rules, **changes: Any) -> Case:
    """Spot with fees in quote, unless changed; an agent that trades at almost every bar."""
    random = np.random.default_rng(seed)
    values: dict[str, Any] = {"taker_fee": 0.001, "lot": Decimal("0.00001"), "min_notional": Decimal(5)}
    make = changes.pop("make", spot)
    market = random_market(random, [make(**values, **changes)], 60, gap=0.005, missing=0.05, funding=0.001)
    actions = random.uniform(-0.2, 1.2, (60, 1))
    actions[random.random(60) < 0.1] = np.nan
    features = np.where(random.random((60, 1)) < 0.05, np.nan, 0.0)
    features[0] = 0.0
    return Case(market, rules, 1000.0, features, actions)


@promise
@given(cases)
def test_any_case_followed_in_one_call_equals_its_parts(case: Case) -> None:
    assert_same_bits(case)


@promise
@given(seeds, st.floats(0, 0.05), st.floats(0, 0.02), st.floats(0, 1))
def test_plain_rules_followed_in_one_call_equal_their_parts(
    seed: int, band: float, reserve: float, max_weight: float
) -> None:
    rules = replace(with_risk(PLAIN, max_weight=max_weight + 0.1), band=band, reserve=reserve)
    case = plain_case(seed, rules)
    simulator = assert_same_bits(case)
    assert is_plain(simulator.rules_record[0], simulator.tape.instruments[0])


@pytest.mark.parametrize("rules", SWITCHES.values(), ids=SWITCHES.keys())
def test_each_rule_that_plain_leaves_out_counts_when_it_is_on(rules: Rules) -> None:
    on, off = assert_same_bits(plain_case(7, rules)), assert_same_bits(plain_case(7, PLAIN))
    assert not is_plain(on.rules_record[0], on.tape.instruments[0])
    assert is_plain(off.rules_record[0], off.tape.instruments[0])
    assert on.accounts[0]["equity"] != off.accounts[0]["equity"]


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        (PLAIN, {"fee_asset": FeeAsset.BASE}),
        (PLAIN, {"make": perpetual}),
        (replace(PLAIN, leverage=2.0), {"make": perpetual}),
    ],
    ids=["fee in base", "perpetual", "leverage"],
)
def test_an_instrument_that_is_not_plain_is_followed_by_its_own_rules(
    rules: Rules, changes: dict[str, Any]
) -> None:
    simulator = assert_same_bits(plain_case(7, rules, **changes))
    assert not is_plain(simulator.rules_record[0], simulator.tape.instruments[0])


def test_fixing_plain_rules_changes_no_bit() -> None:
    simulator = simulator_of(plain_case(1, PLAIN).market, PLAIN)
    rules, instruments = simulator.rules_record.copy(), simulator.tape.instruments.copy()
    fix(rules[0], instruments[0])
    assert rules.tobytes() == simulator.rules_record.tobytes()
    assert instruments.tobytes() == simulator.tape.instruments.tobytes()


def test_books_and_rules_live_in_registers_and_nothing_is_counted() -> None:
    followed(plain_case(1, PLAIN))
    text = compiled_text(kernel.run_targets)
    assert [call for call in RUNTIME if call in text] == []

    def in_memory(record: np.dtype[np.void]) -> bool:
        return f"alloca [{record.itemsize // 8} x i64]" in text

    assert [in_memory(record) for record in (ACCOUNT, POSITION, RULES)] == [False] * 3
    assert in_memory(INSTRUMENT)  # a control: its tiers are reached by an index


@pytest.mark.parametrize("name", [None, *SWITCHES])
def test_following_is_stepping(name: str | None) -> None:
    case = plain_case(5, PLAIN if name is None else SWITCHES[name])
    case = replace(
        case, features=np.zeros_like(case.features)
    )  # `step` waits for features, a target does not
    stepped, followed_at_once = (
        simulator_of(case.market, case.rules, capital=case.capital, features=case.features) for _ in range(2)
    )
    first, last = 3, len(case.market) - 2
    stepped.begin(0, first, last)
    curve = np.full(len(case.market), np.nan)
    curve[first] = stepped.accounts[0]["equity"]
    for row in range(first, last):
        stepped.step(case.actions[row][None, :])
        curve[row + 1] = stepped.accounts[0]["equity"]
        if stepped.accounts[0]["terminated"]:
            break
    equity = followed_at_once.follow(case.actions, first, last)
    known = ~np.isnan(curve)
    assert known.sum() > 10
    assert equity[known].tobytes() == curve[known].tobytes()
    assert np.isnan(equity[[0, first - 1, last + 1]]).all()


def test_targets_of_another_shape_are_refused() -> None:
    case = plain_case(5, PLAIN)
    simulator = simulator_of(case.market, case.rules, capital=case.capital, features=case.features)
    with pytest.raises(DataError, match=r"\(8, 1\), expected \(60, 1\)"):
        simulator.follow(np.zeros((8, 1)), 0, 8)
