"""Ours and a peer in turn, so that a busy moment of the machine meets both."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

FOLDER = Path(__file__).parent
PEER_FOLDER = FOLDER.parent / ".venv-bench"
PEER_PYTHON = PEER_FOLDER / "bin" / "python"
PEER_PACKAGES = ("gym-trading-env", "vectorbt", "backtesting", "stable-baselines3", "torch")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. `ratio` says how many times better ours is; `target` is what we aim at."""

    name: str
    ours: float
    peer: float | None
    ratio: float | None
    unit: str
    against: str
    target: str
    met: bool | None
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)  # more numbers, for results.json

    def as_dict(self, machine: str) -> dict[str, Any]:
        return {**asdict(self), "machine": machine}


def compared(
    name: str,
    unit: str,
    against: str,
    measured: tuple[float, float],
    *,
    at_least: float | None,
    less_is_better: bool = False,
    note: str = "",
) -> Result:
    """The result of medians (ours, peer), with a target for their ratio."""
    ours, peer = measured
    ratio = peer / ours if less_is_better else ours / peer
    target = "" if at_least is None else f">= {at_least:g} x"
    met = None if at_least is None else ratio >= at_least
    return Result(name, ours, peer, ratio, unit, against, target, met, note)


def side_by_side(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int, *, warm: bool = True
) -> tuple[float, float]:
    """Medians of ours and the peer, measured A B A B; a first round of each is thrown away."""
    if warm:
        ours()
        peer()
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


class Peer:
    """A peer in a process and an environment of its own, on one core and one thread."""

    def __init__(self, script: str) -> None:
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.process = subprocess.Popen(
            [str(PEER_PYTHON), str(FOLDER / "peers" / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **one_thread, "PYTHONPATH": str(FOLDER)},
        )

    def __call__(self, call: str, **arguments: Any) -> Any:
        """The peer's answer; `RuntimeError` when its process ends instead."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"call": call, "arguments": arguments}), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}: see its message above")
        return json.loads(answer)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


def install_peers() -> None:
    """Make .venv-bench, once: the peers want other versions than we do."""
    ready = PEER_FOLDER / ".ready"
    constraints = FOLDER / "constraints-peers.txt"
    if ready.exists() and ready.read_bytes() == constraints.read_bytes():
        return
    print("Setting up .venv-bench with the peers (once; a minute or two)...")
    subprocess.run([sys.executable, "-m", "venv", str(PEER_FOLDER)], check=True)
    pip = [str(PEER_PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--constraint", str(constraints), *_torch_index(), *PEER_PACKAGES], check=True)
    ready.write_bytes(constraints.read_bytes())


def _torch_index() -> list[str]:
    """As in scripts/bootstrap.sh: PyTorch's CPU wheels, where no index is configured and there is no GPU."""
    listed = subprocess.run([str(PEER_PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True)
    configured = any(word in listed.stdout for word in ("index-url", "find-links"))
    if platform.system() != "Linux" or configured or Path("/usr/bin/nvidia-smi").exists():
        return []
    return ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]


def machine() -> str:
    """Processor, cores, Python and how busy the machine was."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}"
