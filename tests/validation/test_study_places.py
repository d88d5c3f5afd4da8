"""A study in a file and in PostgreSQL; and two machines that share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import sqlalchemy as sa

from tests.postgres import postgres as postgres
from tests.validation.studies import Here, design, settings, told
from tradewind.market import ConfigError, Inconsistent, VenueUnavailable
from tradewind.validation.ledger import Ledger
from tradewind.validation.study.runs import Job, Outcome, Run
from tradewind.validation.study.storage import Storage
from tradewind.validation.study.study import Study

_numbers = count()
OUTCOME = Outcome(0.5, {0: np.array([1.0, 1.25]), 2: np.array([1.0, 0.5, 0.75])}, b"packed", "", 1.5)


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    name = f"{next(_numbers):064x}"
    if request.param == "sqlite":
        made = Storage.in_file(tmp_path, name)
    else:
        made = Storage.in_database(request.getfixturevalue("postgres"), name[::-1])
    with made:
        yield made


def test_a_run_comes_back_as_it_was_kept(storage: Storage) -> None:
    storage.keep(Run(3, 0, 1), OUTCOME)
    storage.keep(Run(3, 1, 0), Outcome(error="no bar is left", seconds=0.5))
    found = storage.outcome(Run(3, 0, 1))
    assert (found.sharpe, found.bundle, found.error, found.seconds) == (0.5, b"packed", "", 1.5)
    assert {group: curve.tolist() for group, curve in found.equity.items()} == {
        0: [1.0, 1.25],
        2: [1.0, 0.5, 0.75],
    }
    scores = storage.scores(3)
    assert {run: (one.sharpe, one.error) for run, one in scores.items()} == {
        Run(3, 0, 1): (0.5, ""),
        Run(3, 1, 0): (None, "no bar is left"),
    }
    assert storage.scores(4) == {}
    with pytest.raises(ConfigError, match="has no finished Run"):
        storage.outcome(Run(3, 2, 2))


def test_a_finished_run_is_never_written_over(storage: Storage) -> None:
    storage.keep(Run(0, 0, 0), OUTCOME)
    with pytest.raises(sa.exc.IntegrityError):
        storage.keep(Run(0, 0, 0), Outcome(sharpe=9.0))
    assert storage.outcome(Run(0, 0, 0)).sharpe == 0.5


def test_what_was_asked_stays_asked(storage: Storage) -> None:
    storage.asked(0, {"rules.lookback": 4})
    storage.asked(0, {"rules.lookback": 4})
    storage.asked(1, {"rules.lookback": 1})
    assert storage.trials() == {0: {"rules.lookback": 4}, 1: {"rules.lookback": 1}}
    with pytest.raises(Inconsistent, match=r"trial 0 of .* was asked with other values"):
        storage.asked(0, {"rules.lookback": 2})


def test_one_claims_a_run_at_a_time_and_a_claim_ends_with_its_owner(postgres: str) -> None:
    name = "c" * 64
    with Storage.in_database(postgres, name) as one, Storage.in_database(postgres, name) as two:
        assert one.claim(Run(0, 0, 0))
        assert not two.claim(Run(0, 0, 0))
        assert two.claim(Run(0, 0, 1))
        one.release(Run(0, 0, 0))
        assert two.claim(Run(0, 0, 0))
        two.close()
        assert one.claim(Run(0, 0, 0))


def test_the_database_of_another_format_is_refused(postgres: str) -> None:
    name = "d" * 64
    Storage.in_database(postgres, name).close()
    engine = sa.create_engine(sa.make_url(postgres).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"update study_{name[:24]}.meta set value = '9' where key = 'format'")
    engine.dispose()
    with pytest.raises(ConfigError, match="has format 9, this version reads 1"):
        Storage.in_database(postgres, name)


def test_a_server_that_is_not_there_is_said_in_one_sentence() -> None:
    with pytest.raises(VenueUnavailable, match="is the server at work") as told_so:
        Storage.in_database("postgresql://me:canary-4711@127.0.0.1:1/db", "e" * 64)
    assert "canary" not in str(told_so.value)


@pytest.mark.parametrize("url", ["mysql://host/db", "no url at all"])
def test_another_kind_of_storage_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="write postgresql://"):
        Storage.in_database(url, "e" * 64)


def scored(job: Job) -> Outcome:
    """A run that costs nothing: its numbers follow from which run it is."""
    rng = np.random.default_rng([job.run.trial, job.run.split, job.seed])
    equity = {
        group.number: np.concatenate([[1.0], np.cumprod(1 + rng.normal(1e-4, 1e-3, len(group) - 1))])
        for group in job.split.test
    }
    return Outcome(sharpe=float(rng.normal()), equity=equity)


def test_two_machines_share_the_runs_and_have_the_same_ledger(postgres: str, tmp_path: Path) -> None:
    chosen = design(settings(trials=6, batch=3))
    done: list[Run] = []

    def machine(home: Path) -> None:
        with Storage.in_database(postgres, chosen.hash) as storage:
            executor = Here(chosen, scored)
            Study(chosen, storage, Ledger(home / "ledger"), executor).run()
            done.extend(executor.done)

    homes = [tmp_path / "one", tmp_path / "two"]
    threads = [Thread(target=machine, args=(home,)) for home in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert set(Counter(done).values()) == {1}
    assert len(told(homes[0])) == 6
    assert told(homes[0]) == told(homes[1])

    alone = tmp_path / "alone"
    with Storage.in_file(alone / "studies", chosen.hash) as storage:
        Study(chosen, storage, Ledger(alone / "ledger"), Here(chosen, scored)).run()
    assert told(alone) == told(homes[0])
