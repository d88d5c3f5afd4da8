"""`tradewind reconcile`: the books of a run beside what its venue says, once."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home


def reconcile_command(
    name: Annotated[str, typer.Argument(help="The run.")],
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Compare the books of a run with its venue, once, and change nothing. Exit code 1 when they differ.

    Works while the run does: what is on its way at that moment may show as a difference.
    """
    from tradewind.cli.live.reconciling import compare

    compare(name, home=home, as_json=as_json)
