"""Keys come from the environment, .env or the keyring, whole, for one environment, and never show themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from tradewind.clients.connect import VENUES, Environment
from tradewind.clients.credentials import (
    Credentials,
    all_variables,
    load_credentials,
    names_of,
    read_env_file,
)
from tradewind.market import ConfigError

ROOT = Path(__file__).parents[2]
LIVE = {"TRADEWIND_BINANCE_KEY": "live-key", "TRADEWIND_BINANCE_SECRET": "live-secret"}
TESTNET = {"TRADEWIND_BINANCE_TESTNET_KEY": "test-key", "TRADEWIND_BINANCE_TESTNET_SECRET": "test-secret"}


def env_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_text(text)
    path.chmod(mode)
    return path


def load(folder: Path, variables: dict[str, str], venue: str = "binance", place: str = "live") -> Credentials:
    return load_credentials(venue, place, variables=variables, folder=folder, keyring=False)


def test_each_environment_has_its_own_keys(tmp_path: Path) -> None:
    both = LIVE | TESTNET
    assert load(tmp_path, both).keys.key == "live-key"
    assert load(tmp_path, both, place="testnet").keys.key == "test-key"
    assert load(tmp_path, both, "binanceusdm").keys.key == "live-key"


@pytest.mark.fault("C2")
@pytest.mark.fault("E15")
def test_keys_of_one_environment_are_never_used_in_another(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no keys for binance live: .*those of testnet are there, and are not"
    ):
        load(tmp_path, TESTNET)
    with pytest.raises(ConfigError, match=r"TRADEWIND_BINANCE_DEMO_KEY.*those of live are there"):
        load(tmp_path, LIVE, place="demo")


@pytest.mark.fault("E15")
def test_one_key_under_two_names_is_refused(tmp_path: Path) -> None:
    copied = LIVE | {"TRADEWIND_BINANCE_DEMO_KEY": "live-key", "TRADEWIND_BINANCE_DEMO_SECRET": "live-secret"}
    with pytest.raises(
        ConfigError, match=r"TRADEWIND_BINANCE_KEY and TRADEWIND_BINANCE_DEMO_KEY are the same"
    ):
        load(tmp_path, copied)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file(tmp_path, "TRADEWIND_BINANCE_KEY=from-file\nTRADEWIND_BINANCE_SECRET='quoted $x'\n")
    found = load(tmp_path, {})
    assert (found.keys.key, found.keys.secret, found.source) == ("from-file", "quoted $x", ".env")
    assert load(tmp_path, LIVE).source == "the environment"


def test_half_a_pair_is_not_completed_from_elsewhere(tmp_path: Path) -> None:
    env_file(tmp_path, "TRADEWIND_BINANCE_KEY=other\nTRADEWIND_BINANCE_SECRET=other\n")
    with pytest.raises(ConfigError, match=r"TRADEWIND_BINANCE_SECRET not in the environment"):
        load(tmp_path, {"TRADEWIND_BINANCE_KEY": "k"})


def test_bitget_needs_its_passphrase(tmp_path: Path) -> None:
    pair = {"TRADEWIND_BITGET_DEMO_KEY": "k", "TRADEWIND_BITGET_DEMO_SECRET": "s"}
    with pytest.raises(ConfigError, match="TRADEWIND_BITGET_DEMO_PASSPHRASE not in the environment"):
        load(tmp_path, pair, "bitget", "demo")
    whole = load(tmp_path, pair | {"TRADEWIND_BITGET_DEMO_PASSPHRASE": "p"}, "bitget", "demo")
    assert whole.secrets() == ("k", "s", "p")


@pytest.mark.fault("C3")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = env_file(tmp_path, "TRADEWIND_BINANCE_KEY=k\nTRADEWIND_BINANCE_SECRET=swordfish\n", mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {re.escape(str(path))}") as raised:
        load(tmp_path, {})
    assert "swordfish" not in str(raised.value)


def test_old_and_mistyped_names_are_recognised(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"API_KEY_BINANCE, API_SECRET_BINANCE had the old names: rename them"
    ):
        load(tmp_path, {"API_KEY_BINANCE": "k", "API_SECRET_BINANCE": "s"})
    with pytest.raises(ConfigError, match=r"TRADEWIND_BINANCE_API_KEY is no name that is read"):
        load(tmp_path, {"TRADEWIND_BINANCE_API_KEY": "k"})


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    found = load(tmp_path, {"TRADEWIND_BINANCE_KEY": "k" * 64, "TRADEWIND_BINANCE_SECRET": "s" * 64})
    for text in (repr(found), str(found), found.fingerprint):
        assert "sss" not in text
        assert "kkkkk" not in text


def test_a_fingerprint_knows_a_key_again(tmp_path: Path) -> None:
    one = load(tmp_path, LIVE).fingerprint
    assert one == load(tmp_path, LIVE | {"TRADEWIND_BINANCE_SECRET": "x"}, "binanceusdm").fingerprint
    assert one != load(tmp_path, LIVE | {"TRADEWIND_BINANCE_KEY": "x"}).fingerprint
    assert re.fullmatch("[0-9a-f]{16}", one)


class Remembered(KeyringBackend):
    """A keyring in memory, by the interface that every backend has."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


@pytest.fixture
def ring() -> Iterator[Remembered]:
    before, ring = keyring.get_keyring(), Remembered()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_the_keyring_is_asked_last(tmp_path: Path, ring: Remembered) -> None:
    for name, value in TESTNET.items():
        keyring.set_password("tradewind", name, value)
    found = load_credentials("binance", "testnet", variables={}, folder=tmp_path)
    assert (found.keys.key, found.keys.secret, found.source) == ("test-key", "test-secret", "the keyring")
    given = dict.fromkeys(TESTNET, "x")
    assert load_credentials("binance", "testnet", variables=given, folder=tmp_path).keys.key == "x"


def test_a_machine_without_a_keyring_says_where_keys_belong(tmp_path: Path) -> None:
    before = keyring.get_keyring()
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())
    try:
        with pytest.raises(
            ConfigError, match=r"set TRADEWIND_BINANCE_KEY, TRADEWIND_BINANCE_SECRET in the env"
        ):
            load_credentials("binance", "live", variables={}, folder=tmp_path)
    finally:
        keyring.set_keyring(before)


def test_a_locked_keyring_is_no_missing_key(tmp_path: Path, ring: Remembered) -> None:
    def locked(service: str, username: str) -> str | None:
        raise KeyringLocked("swordfish")

    ring.get_password = locked  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match=r"did not answer \(KeyringLocked\): unlock it") as raised:
        load_credentials("binance", "live", variables={}, folder=tmp_path)
    assert "swordfish" not in str(raised.value)


def test_other_variables_come_from_both_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file(tmp_path, "TELEGRAM_TOKEN=file\nTELEGRAM_CHAT=7\n")
    monkeypatch.setenv("TELEGRAM_TOKEN", "environment")
    found = all_variables(tmp_path)
    assert (found["TELEGRAM_TOKEN"], found["TELEGRAM_CHAT"]) == ("environment", "7")


def test_the_example_names_every_key_there_is(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    listed = set(re.findall(r"^(TRADEWIND_\w+)=$", text, re.MULTILINE))
    served = {
        ("binance", Environment.LIVE),
        ("binance", Environment.TESTNET),
        *(
            (venue, place)
            for venue in VENUES
            for place in (Environment.LIVE, Environment.DEMO, Environment.LOCAL)
        ),
    }
    assert listed == {name for venue, place in served for name in names_of(venue, place)}
    env_file(tmp_path, text)
    assert read_env_file(tmp_path) == {}
