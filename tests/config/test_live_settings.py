"""The settings of a run: what docs/live_settings.md shows is what is read, and what is wrong is named."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.config import OnStop, Settings, effective_toml, load_settings, parse_settings, settings_hash
from tradewind.config.live import RunSettings, filled_in
from tradewind.config.tree import LIVE_PARTS
from tradewind.market import ConfigError
from tradewind.trading.acting.settings import EntryType, ExecutionSettings, MarginSettings
from tradewind.trading.terms.discrepancy import Policy

PAGE = Path(__file__).parents[2] / "docs" / "live_settings.md"
TEMPLATE = files("tradewind.config").joinpath("live.toml").read_text(encoding="utf-8")


def test_the_page_shows_the_file_that_init_writes() -> None:
    shown = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown[0] == TEMPLATE


def test_that_file_names_every_setting_with_its_default() -> None:
    tables = tomllib.loads(TEMPLATE)
    assert tables.keys() == LIVE_PARTS.keys()
    for name, part in LIVE_PARTS.items():
        assert set(tables[name]) == {f.name for f in fields(part)}, name
    read = parse_settings(tables)
    for name in LIVE_PARTS:
        assert getattr(read, name) == getattr(Settings(), name), name


def test_a_file_for_a_run_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        """
        [run]
        agent = "first"
        symbols = ["BTC/USDT:USDT", "ETH/USDT:USDT"]
        allocation = 1000
        on_stop = "flatten"
        on_difference = "adopt"
        [execution]
        order_type = "post_only"
        [margin]
        leverage = 3
        [guards]
        max_leverage = "off"
        [alerts]
        channels = ["tgram://${TELEGRAM_TOKEN}/${TELEGRAM_CHAT}"]
        [database]
        url = "postgresql://tradewind:${DATABASE_PASSWORD}@127.0.0.1/tradewind"
        """
    )
    read = load_settings(path, ["execution.repricings=1"])
    assert read.run == RunSettings(
        agent="first",
        symbols=("BTC/USDT:USDT", "ETH/USDT:USDT"),
        allocation=1000,
        on_stop=OnStop.FLATTEN,
        on_difference=Policy.ADOPT,
    )
    assert read.execution == ExecutionSettings(order_type=EntryType.POST_ONLY, repricings=1)
    assert read.margin.leverage_for(2.5) == 3
    assert MarginSettings().leverage_for(2.5) == 3
    assert read.guards.max_leverage is None


@pytest.mark.fault("C1")
@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"runn": {}}, r"unknown table \[runn\]: did you mean run\?"),
        ({"run": {"symbol": []}}, r"unknown setting run\.symbol: did you mean run\.symbols\?"),
        ({"run": {"symbols": "BTC/USDT"}}, r"run\.symbols is 'BTC/USDT', expected a list of texts"),
        ({"run": {"symbols": ["BTC/USDT", "BTC/USDT"]}}, r"run\.symbols name BTC/USDT twice"),
        ({"run": {"symbols": ["USDT/BTC"]}}, r"wrong way round: did you mean BTC/USDT\?"),
        ({"run": {"symbols": ["BTC/ETH"]}}, r"wrong way round: did you mean ETH/BTC\?"),
        ({"run": {"symbols": ["USDT/BTC:BTC"]}}, r"wrong way round: did you mean BTC/USDT:USDT\?"),
        ({"run": {"symbols": ["BTCUSDT"]}}, r"did you mean BTC/USDT\?"),
        ({"run": {"symbols": ["btc/usdt"]}}, r"did you mean BTC/USDT\?"),
        ({"run": {"symbols": ["BTC-USDT"]}}, r"did you mean BTC/USDT\?"),
        ({"run": {"symbols": ["BTC/USD:BTC"]}}, r"settled in BTC.*did you mean BTC/USD:USD\?"),
        ({"run": {"symbols": ["BTC/BTC"]}}, r"buys BTC with itself"),
        ({"run": {"symbols": ["BTC/USDT", "ETH/USDT:USDT"]}}, r"perpetual \(ETH/USDT:USDT\) and spot"),
        ({"run": {"symbols": ["BTC/USDT", "ETH/USDC"]}}, r"the allocation of one run is in one currency"),
        ({"run": {"timeframe": "5 min"}}, r"run\.timeframe is '5 min': .*such as 5m or 1h"),
        ({"run": {"name": "../x"}}, r"run\.name is '\.\./x', expected letters"),
        ({"run": {"on_stop": "flaten"}}, r"run\.on_stop is 'flaten': did you mean flatten\?"),
        ({"run": {"on_stop": 3}}, r"run\.on_stop is 3: known are keep, flatten"),
        ({"run": {"unified": 1}}, r"run\.unified is 1, expected true or false"),
        ({"execution": {"order_type": "limit"}}, r"known are market, post_only"),
        ({"execution": {"slippage_cap": 0.2}}, r"execution\.slippage_cap is 0\.2, .*did you mean 0\.002\?"),
        ({"execution": {"slippage_cap": -0.1}}, r"slippage_cap is -0\.1, expected a fraction above 0"),
        ({"execution": {"timeout_seconds": 0}}, r"execution\.timeout_seconds is 0, expected more than 0"),
        ({"execution": {"repricings": -1}}, r"execution\.repricings is -1, expected 0 to 100"),
        ({"stops": {"trailing_step": 0.5}}, r"stops\.trailing_step is 0\.5, .*did you mean 0\.005\?"),
        ({"stops": {"trigger": "book"}}, r"stops\.trigger is 'book'.*mark, last"),
        ({"guards": {"max_margin_ratio": 80.0}}, r"guards\.max_margin_ratio is 80\.0.*did you mean 0\.8\?"),
        ({"margin": {"mode": "cross"}}, r"margin\.mode is 'cross', .*expected isolated"),
        ({"margin": {"leverage": 200}}, r"margin\.leverage is 200, expected 1 to 125"),
        ({"margin": {"leverage": 2}, "rules": {"leverage": 3}}, r"below the rules' leverage of 3"),
        ({"margin": {"leverage": 2}, "run": {"symbols": ["BTC/USDT"]}}, r"BTC/USDT is spot, which has none"),
        ({"alerts": {"channels": ["telegram"]}}, r"alerts\.channels\.0 is 'telegram', expected an address"),
        ({"alerts": {"level": "warn"}}, r"did you mean warning\?"),
        ({"metrics": {"port": 70000}}, r"metrics\.port is 70000, expected 0 to 65535"),
        ({"database": {"url": "mysql://h/d"}}, r"database\.url is 'mysql://h/d', expected postgresql"),
    ],
)
def test_what_is_wrong_is_named_with_a_suggestion(tree: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_settings(tree)


@pytest.mark.fault("C5")
@pytest.mark.parametrize("allocation", [0, 0.0, -5, float("inf"), float("nan")])
def test_an_allocation_that_is_none_is_refused_with_the_number(allocation: float) -> None:
    with pytest.raises(ConfigError, match=r"run\.allocation is (0|-5|inf|nan)"):
        parse_settings({"run": {"allocation": allocation}})


SECRETS = [
    "tgram://123456789:AAF3kd93kdmNx0sl3kd93kdmNx0slQwErTy/4242",
    "https://discord.com/api/webhooks/1120000000000000000/Ab3dEf-6hIjKlMnOpQrStUvWxYz0123456789",
    "https://hooks.slack.com/services/T000/B000/Ab3dEf6hIjKlMnOpQrStUv",
    "mailto://someone:hunter2@example.org",
    "sk-proj-Ab3dEf6hIjKlMnOpQrStUv",
]


@pytest.mark.fault("C3")
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_the_file_is_refused_and_not_repeated(secret: str) -> None:
    for tree in ({"alerts": {"channels": [secret]}}, {"alerts": {"channels": secret}}):
        with pytest.raises(ConfigError) as raised:
            parse_settings(tree)
        assert secret not in str(raised.value)
        assert not any(part in str(raised.value) for part in re.split(r"[/:@]", secret) if len(part) > 15)


@pytest.mark.fault("C3")
def test_the_password_of_a_database_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match=r"database\.url looks as if it held a secret") as raised:
        parse_settings({"database": {"url": "postgresql://me:hunter22@localhost/db"}})
    assert "hunter22" not in str(raised.value)


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    "tree", [{"run": {"api_key": "x"}}, {"binance": {"secret": "x"}}, {"api_secret": "x"}]
)
def test_a_key_of_an_exchange_has_no_place_in_the_file(tree: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"no secret stands in this file: .*\.env"):
        parse_settings(tree)


def test_names_of_variables_are_filled_in_where_they_are_used() -> None:
    channel = "tgram://${TELEGRAM_TOKEN}/${TELEGRAM_CHAT}"
    variables = {"TELEGRAM_TOKEN": "1:a", "TELEGRAM_CHAT": "7"}
    assert filled_in(channel, variables, "alerts.channels.0") == "tgram://1:a/7"
    with pytest.raises(ConfigError, match=r"alerts\.channels\.0 needs the variable TELEGRAM_CHAT"):
        filled_in(channel, {"TELEGRAM_TOKEN": "1:a"}, "alerts.channels.0")


def settings_of(allocation: float, symbols: list[str], port: int | str, step: float) -> Settings:
    return parse_settings(
        {
            "run": {"allocation": allocation, "symbols": symbols},
            "metrics": {"port": port},
            "stops": {"trailing_step": step},
        }
    )


@given(
    st.floats(1e-3, 1e9),
    st.lists(st.sampled_from(["BTC/USDT", "ETH/USDT", "1000PEPE/USDT"]), unique=True),
    st.sampled_from([0, 9100, "off"]),
    st.floats(1e-9, 0.1),
)
def test_what_is_shown_reads_back_to_the_same(
    allocation: float, symbols: list[str], port: int | str, step: float
) -> None:
    settings = settings_of(allocation, symbols, port, step)
    again = parse_settings(tomllib.loads(effective_toml(settings)))
    for name in (*LIVE_PARTS, "rules"):
        assert getattr(again, name) == getattr(settings, name), name
    assert settings_hash(again) == settings_hash(settings)


def test_what_is_shown_names_every_setting() -> None:
    shown = tomllib.loads(effective_toml(Settings()))
    assert list(shown) == [*LIVE_PARTS, "rules"]
    for name in LIVE_PARTS:
        assert set(shown[name]) == set(asdict(getattr(Settings(), name)))


@pytest.mark.fault("A13")
def test_any_change_changes_the_hash() -> None:
    base = settings_hash(Settings())
    changed = [
        {"run": {"allocation": 10.0}},
        {"guards": {"window": 21}},
        {"alerts": {"level": "critical"}},
        {"rules": {"risk": {"stop_loss": 0.04}}},
    ]
    hashes = {base, *(settings_hash(parse_settings(tree)) for tree in changed)}
    assert len(hashes) == 1 + len(changed)
    assert settings_hash(Settings(), {"leverage": 2.0}) != base
