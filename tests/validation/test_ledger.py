"""Nothing that was tried is forgotten, and nothing that was written can be changed unseen."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from tradewind.market import ConfigError, Inconsistent
from tradewind.validation.entries import Override, Scope, Trial, VaultOpened, configuration_hash
from tradewind.validation.ledger import GENESIS, Head, Ledger, verified

DAY = 86_400_000
SCOPE = Scope(("BTC/USDT",), "1h", 100 * DAY, 200 * DAY, "ab" * 32)


def trial(number: int = 0, **changes: object) -> Trial:
    base = Trial(
        study="s" * 64,
        trial=number,
        configuration=configuration_hash({"rate": number}),
        values={"training.hyperparameters.learning_rate": 0.001},
        scope=SCOPE,
        algorithm="ppo",
        seeds=(1, 2),
        splits="cpcv, 5 groups, 2 tested",
        status="done",
        code_version="0.1.0+abc",
        sharpe_daily=0.05,
        objective=0.03,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def ledger_in(folder: Path, at: int = 1_000) -> Ledger:
    return Ledger(folder / "ledger", lambda: at)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    records = (
        trial(0),
        trial(1, status="failed", sharpe_daily=None, objective=None, reason="no bar is left"),
        VaultOpened("s" * 64, "c" * 64, SCOPE, -0.01, "0.1.0+abc"),
        Override("m" * 64, "a test of the venue with 10 USDT"),
    )
    for record in records:
        ledger_in(tmp_path).append(record)
    entries = ledger_in(tmp_path).entries()
    assert tuple(entry.record for entry in entries) == records
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert ledger_in(tmp_path).verify() == Head(4, entries[-1].hash)


def test_an_empty_ledger_is_whole_and_makes_no_folder(tmp_path: Path) -> None:
    assert ledger_in(tmp_path).verify() == Head(0, GENESIS)
    assert list(tmp_path.iterdir()) == []


def test_the_same_trial_is_written_once(tmp_path: Path) -> None:
    first = ledger_in(tmp_path, at=1).append(trial(0))
    again = ledger_in(tmp_path, at=2).append(trial(0, sharpe_daily=9.0))
    assert again == first
    assert len(ledger_in(tmp_path).entries()) == 1


@pytest.mark.parametrize("field", ["at", "number", "previous", "hash"])
def test_a_changed_field_is_found(tmp_path: Path, field: str) -> None:
    for number in range(3):
        ledger_in(tmp_path).append(trial(number))
    path = tmp_path / "ledger" / "ledger.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1][field] = 7 if isinstance(lines[1][field], int) else "f" * 64
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(Inconsistent, match="of the ledger"):
        ledger_in(tmp_path).verify()


def test_a_better_sharpe_written_by_hand_is_found(tmp_path: Path) -> None:
    ledger_in(tmp_path).append(trial(0))
    path = tmp_path / "ledger" / "ledger.jsonl"
    path.write_text(path.read_text().replace("0.05", "0.50"))
    with pytest.raises(Inconsistent, match="entry 1 of the ledger was changed"):
        ledger_in(tmp_path).append(trial(1))


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_entry_is_found_also_at_the_end(tmp_path: Path, gone: int) -> None:
    for number in range(3):
        ledger_in(tmp_path).append(trial(number))
    path = tmp_path / "ledger" / "ledger.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for k, line in enumerate(lines) if k != gone))
    with pytest.raises(Inconsistent, match=r"missing or out of order|was written"):
        ledger_in(tmp_path).verify()


def test_what_a_power_cut_left_of_a_line_is_no_entry(tmp_path: Path) -> None:
    ledger_in(tmp_path).append(trial(0))
    path = tmp_path / "ledger" / "ledger.jsonl"
    with path.open("a") as file:
        file.write('{"number": 2, "at"')
    ledger_in(tmp_path).append(trial(1))
    assert [t.trial for t in ledger_in(tmp_path).trials()] == [0, 1]


def test_an_entry_whose_head_was_not_yet_written_counts(tmp_path: Path) -> None:
    ledger_in(tmp_path).append(trial(0))
    head = (tmp_path / "ledger" / "head.json").read_text()
    ledger_in(tmp_path).append(trial(1))
    (tmp_path / "ledger" / "head.json").write_text(head)
    assert ledger_in(tmp_path).verify().number == 2


def _append(folder: Path, first: int) -> None:
    for number in range(first, first + 10):
        Ledger(folder).append(trial(number))


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_append, [tmp_path / "ledger"] * 2, [0, 10]))
    assert {t.trial for t in ledger_in(tmp_path).trials()} == set(range(20))
    assert ledger_in(tmp_path).verify().number == 20


def test_distinct_configurations_that_compete_are_counted(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    later = replace(SCOPE, start_ms=200 * DAY, end_ms=300 * DAY)
    across = replace(SCOPE, start_ms=199 * DAY, end_ms=300 * DAY)
    ledger.append(trial(0))
    ledger.append(trial(1, configuration=configuration_hash({"rate": 0})))  # the same again
    ledger.append(trial(2, status="pruned", sharpe_daily=None))
    ledger.append(trial(3, status="failed", sharpe_daily=None))
    ledger.append(trial(4, scope=replace(SCOPE, timeframe="1d")))
    ledger.append(trial(5, scope=replace(SCOPE, symbols=("ETH/USDT",))))
    ledger.append(trial(6, scope=later))
    assert ledger.configurations(SCOPE) == 3
    assert ledger.configurations(later) == 1
    assert ledger.configurations(across) == 4


def test_the_vault_of_a_study_is_opened_once(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    assert ledger.vault_of("s" * 64) is None
    ledger.append(VaultOpened("s" * 64, "c" * 64, SCOPE, 0.02, "0.1.0+abc"))
    ledger.append(VaultOpened("s" * 64, "d" * 64, SCOPE, 0.09, "0.1.0+abc"))
    opened = ledger.vault_of("s" * 64)
    assert opened is not None
    assert opened.sharpe_daily == 0.02


def test_an_extract_is_verified_without_the_file(tmp_path: Path) -> None:
    for number in range(3):
        ledger_in(tmp_path).append(trial(number))
    extract = json.loads(json.dumps([entry.to_json() for entry in ledger_in(tmp_path).entries()]))
    assert len(verified(extract)) == 3
    extract[0]["record"]["sharpe_daily"] = 1.0
    with pytest.raises(Inconsistent, match="entry 1"):
        verified(extract)


def test_equal_configurations_in_another_order_are_one() -> None:
    assert configuration_hash({"a": 1, "b": [2, 3]}) == configuration_hash({"b": [2, 3], "a": 1})
    assert configuration_hash({"a": 1}) != configuration_hash({"a": 2})


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="finite numbers"):
        configuration_hash({"a": float("nan")})
    with pytest.raises(ConfigError, match="expected one of done, failed, pruned"):
        trial(0, status="lucky")
