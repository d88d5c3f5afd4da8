"""What Alembic runs: the steps, on the connection that `migrate` gives."""

from alembic import context

from tradewind.trading.journal.database import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables)
with context.begin_transaction():
    context.run_migrations()
