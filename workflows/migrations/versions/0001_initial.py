"""The first schema."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from workflows.migrations.metadata import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    METADATA.create_all(op.get_bind())
    op.execute((Path(__file__).parent.parent / "rules.sql").read_text())
