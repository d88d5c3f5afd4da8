"""How the tables of a journal became what they are: one step for each version, run by Alembic."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa


def migrate(engine: sa.Engine) -> None:
    """Bring the tables to the newest version, in one transaction."""
    from alembic import command
    from alembic.config import Config

    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent))
        command.upgrade(config, "head")
