"""The quota ledger holds each amount once, and what a column must fulfil is a domain: a posting costs a quarter less."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute((Path(__file__).parent.parent / "quota_once.sql").read_text(encoding="utf-8"))
