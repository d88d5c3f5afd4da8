"""`tradewind init`: a file that is read again, from options, from answers, from an old program's settings."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradewind.config import Settings, effective_toml, load_settings
from tradewind.config.old import read_old
from tradewind.config.written import commented_toml
from tradewind.market import ConfigError
from tradewind.trading.acting.settings import EntryType

TOKEN = "123456789:AAF3kd93kdmNx0sl3kd93kdmNx0slQwErTy"
WEBHOOK = "https://discord.com/api/webhooks/112/Ab3dEf6hIjKl"
OLD: dict[str, Any] = {
    "exchange": "bitget",
    "market_type": "spot",
    "timeframe": "5m",
    "ticker_list": ["BTC/USDT", "ETH/USDT"],
    "initial_capital": 1000,
    "leverage": 1,
    "slippage_pct": 0.0005,
    "max_position_pct": 0.25,
    "stop_loss_pct": 0.05,
    "max_drawdown_pct": 0.15,
    "daily_loss_limit_pct": 0.10,
    "max_margin_ratio": 0.80,
    "order_type": "market",
    "paper_trading": True,
    "loop_interval_sec": 300,
    "lookback_candles": 100,
    "enable_websocket": True,
    "ws_check_interval_sec": 5,
    "telegram_bot_token": "",
    "telegram_chat_id": "",
    "discord_webhook_url": "",
    "model_result_dir": "",
}


def old_python(folder: Path, table: dict[str, Any], around: str = "") -> Path:
    path = folder / "config_main.py"
    path.write_text(f"{around}\nLIVE_TRADING_CONFIG = {table!r}\n")
    return path


def test_without_options_it_writes_all_defaults(command: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    told = command("init", path)
    assert told.code == 0, told.err
    assert effective_toml(load_settings(path)) == effective_toml(Settings())
    assert path.read_text() == commented_toml({})
    again = command("init", path)
    assert again.code == 2
    assert "exists already" in again.err
    assert command("init", path, "--replace").code == 0


def test_options_stand_in_the_file(command: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    options = ["--venue", "binance", "-s", "BTC/USDT:USDT", "-s", "ETH/USDT:USDT", "-t", "1h"]
    told = command("init", path, *options, "--agent", "first", "--allocation", 500)
    assert told.code == 0, told.err
    run = load_settings(path).run
    assert (run.venue, run.symbols, run.timeframe) == ("binance", ("BTC/USDT:USDT", "ETH/USDT:USDT"), "1h")
    assert (run.agent, run.allocation) == ("first", 500.0)
    assert "TRADEWIND_BINANCE_KEY" in told.out


def test_a_wrong_option_writes_nothing(command: Callable[..., Any], tmp_path: Path) -> None:
    told = command("init", tmp_path / "mine.toml", "-s", "USDT/BTC")
    assert told.code == 2
    assert "did you mean BTC/USDT?" in told.err
    assert list(tmp_path.iterdir()) == []


def test_every_old_setting_has_a_place_or_a_reason(command: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    told = command("init", path, "--from", old_python(tmp_path, OLD), "--json")
    assert told.code == 0, told.err
    said = json.loads(told.out)
    assert said["moved"].keys() | said["dropped"].keys() == OLD.keys()
    assert said["secrets"] == {}
    read = load_settings(path)
    assert (read.run.venue, read.run.symbols) == ("bitget", ("BTC/USDT", "ETH/USDT"))
    assert (read.run.timeframe, read.run.allocation) == ("5m", 1000)
    assert read.rules.costs.slippage == 0.0005
    assert read.rules.risk.max_weight == 0.25
    assert read.rules.risk.stop_loss == 0.05
    assert read.rules.risk.max_drawdown == 0.15
    assert read.rules.risk.daily_loss == 0.10
    assert read.guards.max_margin_ratio == 0.80
    assert read.execution.order_type is EntryType.MARKET


def test_old_futures_become_perpetuals(tmp_path: Path) -> None:
    table = OLD | {"market_type": "futures", "leverage": 3, "ticker_list": ["BTC/USDT", "ETHUSDT"]}
    taken = read_old(old_python(tmp_path, table | {"order_type": "limit", "loop_interval_sec": 60}))
    assert taken.values["run"]["symbols"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert taken.values["rules"] == {"leverage": 3}
    assert taken.values["margin"] == {"leverage": 3}
    assert taken.values["execution"] == {"order_type": "post_only"}
    assert "60 s were not the 5m of the candles" in dict(taken.dropped)["loop_interval_sec"]


@pytest.mark.fault("C3")
def test_secrets_of_an_old_file_are_not_copied(command: Callable[..., Any], tmp_path: Path) -> None:
    secrets = {"telegram_bot_token": TOKEN, "telegram_chat_id": "424242", "discord_webhook_url": WEBHOOK}
    table = OLD | secrets | {"api_key": "swordfish", "note": TOKEN}
    path = tmp_path / "new.toml"
    told = command("init", path, "--from", old_python(tmp_path, table))
    assert told.code == 0, told.err
    for text in (told.out, told.err, path.read_text()):
        for secret in (TOKEN, "424242", WEBHOOK, "swordfish"):
            assert secret not in text
    assert "telegram_bot_token is a secret and was not copied" in told.out
    assert load_settings(path).alerts.channels == (
        "tgram://${TELEGRAM_TOKEN}/${TELEGRAM_CHAT}",
        "${DISCORD_WEBHOOK}",
    )


def test_nothing_in_an_old_file_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    path = tmp_path / "config_main.py"
    path.write_text(
        f"import pathlib\npathlib.Path({str(mark)!r}).touch()\nCCXT_CONFIG = {{}}\n"
        f"LIVE_TRADING_CONFIG = {{'timeframe': pathlib.Path({str(mark)!r}).touch() or '5m', 'leverage': 1}}\n"
    )
    taken = read_old(path)
    assert not mark.exists()
    assert ("timeframe", "is an expression, which is not executed: set it by hand") in taken.dropped
    assert ("CCXT_CONFIG", "was never read") in taken.dropped


def test_a_percent_in_an_old_file_is_named(command: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    told = command("init", path, "--from", old_python(tmp_path, OLD | {"stop_loss_pct": 5}))
    assert told.code == 2
    assert "stop_loss is 5" in told.err
    assert "did you mean 0.05?" in told.err
    assert not path.exists()


def test_the_other_program_is_taken_over_too(tmp_path: Path) -> None:
    path = tmp_path / "trading_config.json"
    path.write_text(
        json.dumps(
            {"model_path": "m/a2c.zip", "scaler_path": None, "sentiment_path": "s.csv", "api_secret": "x"}
        )
    )
    taken = read_old(path)
    assert taken.values["run"] == {"venue": "binance", "symbols": ["ETH/USDT"], "timeframe": "1m"}
    assert dict(taken.dropped).keys() == {"model_path", "scaler_path", "sentiment_path"}
    assert [name for name, _ in taken.secrets] == ["api_secret"]
    assert any("m/a2c.zip" in step for step in taken.next_steps)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("config_main.py", "TIMEFRAME = '5m'\n", r"has no LIVE_TRADING_CONFIG"),
        ("config_main.py", "LIVE_TRADING_CONFIG = {\n", r"is not Python \(line 1\)"),
        ("config_main.py", "LIVE_TRADING_CONFIG = dict(leverage=1)\n", r"has no LIVE_TRADING_CONFIG = \{"),
        ("trading_config.json", "{", r"is not JSON"),
        ("trading_config.json", "[]", r"names no model_path"),
        ("old.yaml", "a: 1", r"neither Python nor JSON"),
    ],
)
def test_what_is_no_old_file_is_said(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_old(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_old(tmp_path / "absent.py")


def test_in_a_terminal_it_asks(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = [sys.executable, "-m", "tradewind.cli", "init", str(tmp_path / "mine.toml")]
    with subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        os.write(ours, b"first\nbinance\nBTC/USDT, ETH/USDT\n\n250\n")
        assert process.wait(60) == 0
    os.close(ours)
    run = tomllib.loads((tmp_path / "mine.toml").read_text())["run"]
    assert run["agent"] == "first"
    assert run["symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert run["timeframe"] == "off"
    assert run["allocation"] == 250.0
