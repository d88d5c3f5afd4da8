"""What a panic did, as a file beside the journal: whole at every step, so that nothing it sent is forgotten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from tradewind.files import write_whole
from tradewind.market import Clock, Command, CommandKind, Fill, FillReason, Inconsistent
from tradewind.trading.journal.records import Record, decode, encode

PATTERN = "panic-*.json"
JOINED = ".joined"


@dataclass(slots=True)
class PanicRecord:
    """Written before each order is sent (`save`)."""

    path: Path
    at: int  # UTC ms
    scope: str  # "run" or "account"
    orders: dict[str, str] = field(default_factory=dict)  # client id to the venue's id, "" while unknown
    steps: list[dict[str, Any]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    residue: list[str] = field(default_factory=list)
    dust: list[str] = field(default_factory=list)
    flat: bool = False
    code: int | None = None  # of the process that wrote it; None while it is at work
    process: int = 0  # that wrote it
    unwritten: str = ""  # why the file could not be written

    @classmethod
    def begin(cls, folder: Path, at: int, scope: str) -> PanicRecord:
        """In a file of its own, also where another began in the same millisecond."""
        path, number = folder / f"panic-{at}.json", 1
        while path.exists():
            path, number = folder / f"panic-{at}-{number}.json", number + 1
        return cls(path, at, scope, process=os.getpid())

    def is_at_work(self) -> bool:
        """Does the process live that wrote it? One without an end may have been killed."""
        if not self.process:
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it lives, as another user's
            return True
        return True

    def step(self, at: int, what: str, **about: Any) -> None:
        """Note something that was done, and put all of it on disk."""
        self.steps.append({"at": at, "what": what, **about})
        try:
            self.save()
        except OSError as error:  # a full disk is no reason to keep positions; it is told at the end
            self.unwritten = f"what was done could not be written to {self.path}: {error.strerror}"

    def end(self, at: int, code: int) -> None:
        self.code, self.flat = code, code == 0
        if self.unwritten:
            self.residue.append(self.unwritten)
        self.step(at, "end", code=code)

    def save(self) -> None:
        value = {
            "at": self.at,
            "scope": self.scope,
            "process": self.process,
            "flat": self.flat,
            "code": self.code,
            "residue": self.residue,
            "dust": self.dust,
            "orders": self.orders,
            "fills": [orjson.loads(encode(fill)[2]) for fill in self.fills],
            "steps": self.steps,
        }
        text = json.dumps(value, indent=1, default=str) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, lambda part: part.write_text(text, encoding="utf-8"))

    @classmethod
    def read(cls, path: Path) -> PanicRecord:
        """`Inconsistent` where the file is not what `save` wrote."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            fills = [_fill(row) for row in data["fills"]]
            found = cls(path, int(data["at"]), data["scope"], data["orders"], data["steps"], fills)
            found.code, found.process = data["code"], int(data.get("process", 0))
            found.residue, found.dust, found.flat = data["residue"], data["dust"], data["flat"]
            return found
        except (ValueError, KeyError, TypeError) as error:
            raise Inconsistent(f"{path} is not what a panic wrote ({error!r}): look at it by hand") from error


class Notebook:
    """Writes down what a panic does, and tells it."""

    def __init__(self, record: PanicRecord, clock: Clock, tell: Callable[[str], None]) -> None:
        self.record, self._clock, self._tell = record, clock, tell

    def note(self, what: str, symbol: str, text: str) -> None:
        self.record.step(self._clock.now_ms(), what, symbol=symbol, text=text)
        self._tell(f"{symbol}: {what}: {text}")


def panic_files(folder: Path) -> list[Path]:
    """What panics of a run wrote that the journal does not have yet, oldest first."""
    return [path for path in sorted(folder.glob(PATTERN)) if JOINED not in path.suffixes]


def is_pressed(folder: Path) -> bool:
    """Has a panic begun of which the journal does not know? Quick: it is asked before every order."""
    with os.scandir(folder) as found:
        return any(
            f.name.startswith("panic-") and JOINED not in f.name and f.name.endswith(".json") for f in found
        )


def after_panic(folder: Path, positions: Mapping[str, str]) -> dict[str, Any] | None:
    """What the status of a run must say after its last panic, instead of what the run said; None where there is none.

    `positions` are those of which the run spoke: quantities in base units, by symbol.
    """
    paths = panic_files(folder)
    if not paths:
        return None
    records = [PanicRecord.read(path) for path in paths]
    last = records[-1]
    held = {symbol: Decimal(text) for symbol, text in positions.items()}
    for fill in (fill for record in records for fill in record.fills):
        held[fill.symbol] = held.get(fill.symbol, Decimal(0)) + fill.quantity
    if last.flat:
        held, told = dict.fromkeys(held, Decimal(0)), "closed everything"
    elif last.code is None:
        told = f"is at work (process {last.process})" if last.is_at_work() else "was killed: press it again"
    else:
        told = f"left something: {'; '.join(last.residue)}"
    found = {
        "positions": {symbol: f"{quantity:f}" for symbol, quantity in held.items()},
        "risk": "halted",
        "risk_reason": f"a panic {told}",
        "panic": {"file": last.path.name, "flat": last.flat, "residue": last.residue, "dust": last.dust},
    }
    return {**found, "open_orders": 0, "orders": [], "in_doubt": 0} if last.flat else found


def panic_records(path: Path) -> Sequence[Record]:
    """The records by which a panic joins the journal: the halt, then what it sold and bought.

    Its fills have no order of the journal (`FillReason.CLOSE_OUT`). Those that stand there already must be left
    out; `mark_joined` afterwards.
    """
    record = PanicRecord.read(path)
    halt = Command(CommandKind.HALT, record.at, f"panic, written down in {path.name}")
    return [halt, *(replace(fill, order_id="", reason=FillReason.CLOSE_OUT) for fill in record.fills)]


def mark_joined(path: Path) -> None:
    """The journal has it now."""
    path.rename(path.with_suffix(f"{JOINED}.json"))


def _fill(row: dict[str, Any]) -> Fill:
    found = decode("fill", orjson.dumps(row))
    assert isinstance(found, Fill)
    return found
