"""Settings of the programs that Tradewind replaces: LIVE_TRADING_CONFIG of a config_main.py, trading_config.json.

They are read as data; nothing in them is executed. No secret is taken over.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradewind.data.naming import unified_symbol
from tradewind.market import ConfigError, Kind, Timeframe
from tradewind.trading.journal.redaction import is_secret_name, looks_secret

PYTHON_NAME = "LIVE_TRADING_CONFIG"
_UNREAD = ("CCXT_CONFIG", "ENV_PARAMS_CCXT", "TRADING_PARAMS")
_FUTURES = ("futures", "future", "swap", "perpetual")


@dataclass
class Taken:
    """What became of an old file: `values` by table, and sentences for the person whose file it was."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved: list[tuple[str, str]] = field(default_factory=list)  # (old key, where it is now)
    dropped: list[tuple[str, str]] = field(default_factory=list)  # (old key, why it has no meaning here)
    secrets: list[tuple[str, str]] = field(default_factory=list)  # (old key, where it belongs)
    next_steps: list[str] = field(default_factory=list)

    def put(self, old: str, setting: str, value: Any) -> None:
        table, _, key = setting.rpartition(".")
        self.values.setdefault(table, {})[key] = value
        self.moved.append((old, setting))


def read_old(path: Path) -> Taken:
    """What an old file means here; `ConfigError` if it is none that is known."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text: name a config_main.py or a trading_config.json") from error
    if path.suffix == ".py":
        return _from_python(path, text)
    if path.suffix == ".json":
        return _from_json(path, text)
    raise ConfigError(f"{path} is neither Python nor JSON: name a config_main.py or a trading_config.json")


def _from_python(path: Path, text: str) -> Taken:
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(f"{path} is not Python (line {error.lineno}): check the file") from error
    named = dict(_assigned(module))
    table = named.get(PYTHON_NAME)
    if not isinstance(table, ast.Dict):
        raise ConfigError(f"{path} has no {PYTHON_NAME} = {{...}}: name the file that has it")
    taken = Taken()
    old: dict[str, Any] = {}
    for key, value in zip(table.keys, table.values, strict=True):
        name = ast.unparse(key).strip("'\"") if key is not None else "**"
        try:
            old[name] = ast.literal_eval(value)
        except ValueError:
            taken.dropped.append((name, "is an expression, which is not executed: set it by hand"))
    taken.dropped += [(name, "was never read") for name in _UNREAD if name in named]
    _take_live_config(old, taken)
    return taken


def _assigned(module: ast.Module) -> list[tuple[str, ast.expr]]:
    found = []
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            found += [(t.id, statement.value) for t in statement.targets if isinstance(t, ast.Name)]
        elif (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.value
        ):
            found.append((statement.target.id, statement.value))
    return found


_PLAIN = {
    "exchange": "run.venue",
    "timeframe": "run.timeframe",
    "initial_capital": "run.allocation",
    "slippage_pct": "rules.costs.slippage",
    "max_position_pct": "rules.risk.max_weight",
    "stop_loss_pct": "rules.risk.stop_loss",
    "max_drawdown_pct": "rules.risk.max_drawdown",
    "daily_loss_limit_pct": "rules.risk.daily_loss",
    "max_margin_ratio": "guards.max_margin_ratio",
}
_NOT_NEEDED = {
    "market_type": "is said by the symbols: BTC/USDT is spot, BTC/USDT:USDT its perpetual",
    "lookback_candles": "follows from the model, which knows how many candles it needs",
    "enable_websocket": "is not a choice: prices and fills always come by streams",
    "ws_check_interval_sec": "has no meaning: stops rest at the venue and act at once",
}


def _take_live_config(old: dict[str, Any], taken: Taken) -> None:
    futures = old.get("market_type") in _FUTURES
    kind = Kind.PERPETUAL if futures else Kind.SPOT
    special: dict[str, Callable[[Any], None]] = {
        "ticker_list": lambda v: taken.put(
            "ticker_list", "run.symbols", [unified_symbol(s, kind) for s in v]
        ),
        "leverage": lambda v: _take_leverage(v, futures, taken),
        "order_type": lambda v: taken.put(
            "order_type", "execution.order_type", "post_only" if v == "limit" else v
        ),
        "paper_trading": lambda v: _take_mode(v, taken),
        "loop_interval_sec": lambda v: _take_interval(v, old.get("timeframe"), taken),
        "telegram_bot_token": lambda v: _take_telegram(v, taken),
        "telegram_chat_id": lambda v: (
            None if old.get("telegram_bot_token") else _absent("telegram_chat_id", taken)
        ),
        "discord_webhook_url": lambda v: _take_discord(v, taken),
        "model_result_dir": lambda v: _take_model("model_result_dir", v, ".pth", taken),
    }
    for key, value in old.items():
        if key in special:
            special[key](value)
        elif key in _PLAIN:
            taken.put(key, _PLAIN[key], value)
        elif key in _NOT_NEEDED:
            taken.dropped.append((key, _NOT_NEEDED[key]))
        else:
            _take_unknown(key, value, taken)


def _from_json(path: Path, text: str) -> Taken:
    """The program traded ETHUSDT at one minute on Binance's testnet; its file says only which model and data."""
    try:
        old = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    if not isinstance(old, dict) or not old.keys() & {"model_path", "scaler_path", "sentiment_path"}:
        raise ConfigError(f"{path} names no model_path: it is no trading_config.json that is known")
    taken = Taken()
    taken.values["run"] = {"venue": "binance", "symbols": ["ETH/USDT"], "timeframe": "1m"}
    for key, value in old.items():
        if key == "model_path":
            _take_model(key, value, ".zip", taken)
        elif key == "scaler_path":
            taken.dropped.append(
                (key, "belongs to the model: give it to `tradewind model import` as --scaler")
            )
        elif key == "sentiment_path":
            taken.dropped.append((key, "is a column of the candles now, not a file of the run"))
        else:
            _take_unknown(key, value, taken)
    taken.next_steps.append(
        "ETH/USDT, 1m and Binance were fixed in that program; trade it with tradewind run testnet"
    )
    return taken


def _take_leverage(value: Any, futures: bool, taken: Taken) -> None:
    if not futures:
        taken.dropped.append(("leverage", "has no meaning on spot"))
        return
    taken.put("leverage", "rules.leverage", value)
    if isinstance(value, int):
        taken.values.setdefault("margin", {})["leverage"] = value


def _take_mode(paper: Any, taken: Taken) -> None:
    taken.dropped.append(("paper_trading", "is said by the command: tradewind run paper, testnet or live"))
    taken.next_steps.append(
        "it traded on paper: tradewind run paper"
        if paper
        else "it traded real money: begin with tradewind run paper"
    )


def _take_interval(seconds: Any, timeframe: Any, taken: Taken) -> None:
    why = "has no meaning: every closed candle is decided on, at once"
    try:
        bar = Timeframe(str(timeframe)).ms // 1000
    except ConfigError:
        bar = seconds
    if bar != seconds:
        why += f"; {seconds} s were not the {timeframe} of the candles"
    taken.dropped.append(("loop_interval_sec", why))


def _take_telegram(token: Any, taken: Taken) -> None:
    if not token:
        _absent("telegram_bot_token", taken)
        return
    _channel("tgram://${TELEGRAM_TOKEN}/${TELEGRAM_CHAT}", taken)
    taken.secrets.append(("telegram_bot_token", "TELEGRAM_TOKEN"))
    taken.secrets.append(("telegram_chat_id", "TELEGRAM_CHAT"))


def _take_discord(url: Any, taken: Taken) -> None:
    if not url:
        _absent("discord_webhook_url", taken)
        return
    _channel("${DISCORD_WEBHOOK}", taken)
    taken.secrets.append(("discord_webhook_url", "DISCORD_WEBHOOK"))


def _channel(address: str, taken: Taken) -> None:
    taken.values.setdefault("alerts", {}).setdefault("channels", []).append(address)


def _absent(key: str, taken: Taken) -> None:
    taken.dropped.append((key, "was empty; [alerts] channels is where it goes"))


def _take_model(key: str, value: Any, suffix: str, taken: Taken) -> None:
    if not value:
        taken.dropped.append((key, "was empty; run.agent is where the model goes"))
        return
    taken.dropped.append((key, "is a file of another program: import it, then put its name into run.agent"))
    taken.next_steps.append(
        f"import the model: tradewind model import FILE{suffix} --spec SPEC.toml --name NAME ({value})"
    )


def _take_unknown(key: str, value: Any, taken: Taken) -> None:
    if is_secret_name(key) or (isinstance(value, str) and looks_secret(value)):
        taken.secrets.append((key, "the environment or .env, see .env.example"))
    else:
        taken.dropped.append((key, "is not known"))
