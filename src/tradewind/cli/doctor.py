"""`tradewind doctor`: everything that a run needs, looked at before it may trade."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from tradewind.cli.common import AsJson
from tradewind.cli.live.asked import AskedRun
from tradewind.cli.live.options import names_a_run
from tradewind.market import ConfigError

MODES = ("paper", "testnet", "live")


@names_a_run
def doctor_command(
    asked: AskedRun,
    mode: Annotated[str, typer.Option(help="paper, testnet or live: what is to run.")] = "testnet",
    as_json: AsJson = False,
) -> None:
    """Look at everything that a run needs, and change nothing. Takes what `run` takes.

    Exit code 0: ready, 1: ready with warnings, 2: bad configuration, 3: unreachable, 4: refused.
    """
    if mode not in MODES:
        raise ConfigError(f"there is no mode {mode!r}: choose {', '.join(MODES)}")
    from tradewind.cli.live.examining import examine

    examine(replace(asked, mode=mode), as_json=as_json)
