"""What commands that run something show of their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tradewind.config import Settings

ShowConfig = Annotated[
    bool, typer.Option("--show-config", help="Print the settings in force as TOML, without secrets, and end.")
]


def show_config(settings: Settings, agent_rules: dict[str, Any] | None = None) -> None:
    """Print every setting of a run as it is in force; `agent_rules` where a model brings its own."""
    from tradewind.config import effective_toml

    typer.echo(effective_toml(settings, agent_rules), nl=False)
