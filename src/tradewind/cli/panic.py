"""`tradewind panic`: close what a run owns, from another process."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.cli.common import DEFAULT_HOME, AsJson, Home


def panic_command(
    name: Annotated[str, typer.Argument(help="The run.")],
    account: Annotated[
        bool, typer.Option("--account", help="Everything in the account, also what the run never bought.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Halt a run, cancel all its orders, and close its positions at the market, at once.

    Works while the run hangs, after it died, and without its model. Press it as often as you like. Exit code 0: flat,
    5: something is left, 3: the venue cannot be reached.
    """
    from tradewind.cli.live.panicking import press

    press(name, account=account, yes=yes, home=home, as_json=as_json)
