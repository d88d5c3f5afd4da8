"""Whatever network, venue and power do: no order is lost or doubled, no limit is crossed, and the books agree.

A seed is one run of the whole composition over real sockets against the local exchange, in virtual time: random
faults and deaths while it trades at random, then calm until all is clear. Spot and perpetual, Binance and Bitget.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.storms import weather

AT_ONCE = 5
ALONE = "PYTHONPATH=src:. python -m tests.promises.test_random_faults"
QUICK, ALL = range(0, 50, AT_ONCE), range(50, 1000, AT_ONCE)


@pytest.mark.fault("P1")
@pytest.mark.parametrize("first", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in ALL)])
def test_every_promise_holds_through_any_storm(first: int, tmp_path: Path) -> None:
    stories = [weather(seed, tmp_path / str(seed)) for seed in range(first, first + AT_ONCE)]
    wrong = [f"{story}\n  alone: {ALONE} {story.seed}" for story in stories if story.wrong]
    assert not wrong, "\n\n".join(wrong)
    assert sum(story.fills for story in stories) > 5 * AT_ONCE / 2, "hardly anything was traded"
    assert sum(bool(sum(story.fired.values())) for story in stories) > AT_ONCE / 2, (
        "hardly anything went wrong"
    )


if __name__ == "__main__":
    import sys
    import tempfile

    for word in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            print(weather(int(word), Path(folder)))
