"""Many storms, one line each, and the table of what happened in them.

`PYTHONPATH=src:. python -m tests.promises.climate 0 1000 storms.jsonl` adds a line for each seed to the file and
prints the table of all that stands in it; without seeds, only the table.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.promises.storms import Story, weather


def observe(seed: int) -> dict[str, Any]:
    """One seed, as a line of the log."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        story = weather(seed, Path(folder))
    return as_line(story) | {"seconds": round(time.monotonic() - began, 2)}


def as_line(story: Story) -> dict[str, Any]:
    return {
        "seed": story.seed,
        "place": str(story.place),
        "lives": story.lives,
        "ends": story.ends,
        "orders": story.orders,
        "fills": story.fills,
        "fired": story.fired,
        "mishaps": Counter(m.kind for m in story.mishaps),
        "alarms": Counter(alarm.split()[1] for alarm in story.alarms),
        "wrong": story.wrong,
    }


def table(lines: list[dict[str, Any]]) -> str:
    """How often each kind of mishap was drawn, in how many seeds it did something, and how often."""
    drawn: Counter[str] = Counter()
    seeds: Counter[str] = Counter()
    fired: Counter[str] = Counter()
    for line in lines:
        drawn.update(line["mishaps"])
        fired.update(line["fired"])
        seeds.update(kind for kind, times in line["fired"].items() if times)
    told = [f"{'':28}{'drawn':>8}{'seeds':>8}{'realised':>10}"]
    told += [f"{kind:28}{drawn[kind]:8}{seeds[kind]:8}{fired[kind]:10}" for kind in sorted(drawn)]
    sums = {name: sum(line[name] for line in lines) for name in ("orders", "fills", "lives")}
    idle = [line["seed"] for line in lines if not line["fills"]]
    told += [f"{len(lines)} seeds: " + ", ".join(f"{n} {name}" for name, n in sums.items())]
    told += [f"without a fill: {idle}", f"wrong: {[line['seed'] for line in lines if line['wrong']]}"]
    return "\n".join(told)


def main(words: list[str]) -> None:
    *span, log = words
    if span:
        for seed in range(*map(int, span)):
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(json.dumps(observe(seed)) + "\n")
    print(table([json.loads(line) for line in Path(log).read_text(encoding="utf-8").splitlines()]))


if __name__ == "__main__":
    main(sys.argv[1:])
