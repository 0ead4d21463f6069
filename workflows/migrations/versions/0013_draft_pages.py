"""Which open page saved a draft last: a page whose answer was lost is told from a colleague's page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draft", sa.Column("page", sa.Text()))
    op.add_column("draft", sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False))
