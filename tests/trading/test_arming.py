"""A run trades real money on a person's word, given in full, and on that word only for what it was given for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tradewind.market import ConfigError
from tradewind.trading.journal.arming import (
    Arm,
    Armed,
    Override,
    account_hash,
    arm,
    confirmation,
    keep_arm,
    keep_override,
    kept_arm,
    kept_override,
)
from tradewind.trading.journal.journal import Journal
from tradewind.trading.journal.run_folder import RunFolder

ARMED = Armed(account_hash("f" * 16, "binance", "live"), "bundle", "configuration")
WORDS = confirmation("binance", "live", 1000.0, "USDT")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "one")


class Person:
    """Types what it was told to, and remembers what it was asked."""

    def __init__(self, types: str) -> None:
        self.types, self.asked = types, ""

    def __call__(self, question: str) -> str:
        self.asked = question
        return self.types


def armed_once(folder: RunFolder, armed: Armed = ARMED) -> Arm:
    given = arm(folder, armed, WORDS, Person(WORDS), 5)
    assert given is not None
    keep_arm(folder, given)
    return given


def nobody(_: str) -> str:
    raise AssertionError("somebody was asked")


def test_the_words_name_the_money_and_the_place() -> None:
    assert WORDS == "trade 1000 USDT on binance live"
    assert confirmation("bitget", "live", 0.1, "BTC") == "trade 0.1 BTC on bitget live"
    assert confirmation("bitget", "live", 1234567.25, "USDT") == "trade 1234567.25 USDT on bitget live"


@pytest.mark.fault("C2")
@pytest.mark.parametrize("typed", ["", "y", "yes", WORDS.upper(), WORDS + "!", WORDS[:-1]])
def test_nothing_but_the_words_arms(folder: RunFolder, typed: str) -> None:
    with pytest.raises(ConfigError, match="nothing was started"):
        arm(folder, ARMED, WORDS, Person(typed), 5)
    assert kept_arm(folder) is None


@pytest.mark.fault("C2")
def test_without_anybody_to_ask_nothing_starts(folder: RunFolder) -> None:
    with pytest.raises(ConfigError, match=r'never armed: .*--confirm "trade 1000 USDT on binance live"'):
        arm(folder, ARMED, WORDS, None, 5)


def test_the_same_starts_unattended(folder: RunFolder) -> None:
    given = armed_once(folder)
    assert given == Arm(5, ARMED.account, ARMED.bundle, ARMED.configuration, WORDS)
    assert kept_arm(folder) == given
    assert arm(folder, ARMED, WORDS, nobody, 9) is None
    assert arm(folder, ARMED, WORDS, None, 9) is None


@pytest.mark.parametrize("changed", ["account", "bundle", "configuration"])
@pytest.mark.fault("A13")
def test_any_change_asks_again_and_says_what_changed(folder: RunFolder, changed: str) -> None:
    given = armed_once(folder)
    other = replace(ARMED, **{changed: "other"})
    assert not given.matches(other)
    assert given.changes(other) == (changed,)
    with pytest.raises(ConfigError, match=f"^{changed} changed since this run was armed"):
        arm(folder, other, WORDS, None, 9)
    person = Person(f"  {WORDS.replace(' ', '  ')} ")
    again = arm(folder, other, WORDS, person, 9)
    assert again is not None
    assert again.matches(other)
    assert WORDS in person.asked


@pytest.mark.parametrize(
    "other", [("e" * 16, "binance", "live"), ("f" * 16, "bitget", "live"), ("f" * 16, "binance", "testnet")]
)
def test_an_account_is_its_key_its_venue_and_its_environment(other: tuple[str, str, str]) -> None:
    assert account_hash(*other) != ARMED.account


@pytest.mark.parametrize("reason", ["", "   ", "because", "yes please"[:9]])
def test_going_live_without_a_gate_takes_a_reason(reason: str) -> None:
    with pytest.raises(ConfigError, match="say in a sentence why"):
        Override(1, "bundle", reason)


def test_an_override_is_for_one_bundle_and_leaves_the_arm(folder: RunFolder) -> None:
    given = armed_once(folder)
    override = Override(7, "bundle", "a test with very little money")
    keep_override(folder, override)
    assert kept_override(folder, "bundle") == override
    assert kept_override(folder, "another") is None
    assert kept_arm(folder) == given
    keep_arm(folder, replace(given, at=9))
    assert kept_override(folder, "bundle") == override


def test_both_stand_in_the_journal(tmp_path: Path) -> None:
    written = [Arm(1, "a", "b", "c", "words"), Override(2, "b", "a test with little money")]
    with Journal.create(tmp_path / "j.sqlite", {}) as journal:
        journal.append(written)
        assert [record for _, record in journal.records()] == written


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"arm": {"at": 1}})])
def test_a_damaged_word_is_none(folder: RunFolder, text: str) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "arm.json").write_text(text)
    reads: list[Callable[[], object]] = [
        lambda: kept_arm(folder),
        lambda: arm(folder, ARMED, WORDS, nobody, 1),
    ]
    for read in reads:
        with pytest.raises(ConfigError, match=r"arm\.json is damaged: remove it, and confirm"):
            read()
