"""Alembic's entry: runs revisions on the connection that `upgrade` handed over, or on its own."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from workflows.migrations.metadata import METADATA


def run() -> None:
    """Run the revisions in the caller's transaction, or in one of our own."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        context.configure(connection=connection, target_metadata=METADATA, compare_type=True)
        context.run_migrations()
        return
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.begin() as own:
        context.configure(connection=own, target_metadata=METADATA, compare_type=True)
        context.run_migrations()


run()
