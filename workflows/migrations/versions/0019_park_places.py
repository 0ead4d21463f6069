"""A park may say where it is, for the public map."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("longitude", "latitude"):
        op.add_column("park", sa.Column(name, sa.Numeric(9, 6), nullable=True))
    op.create_check_constraint(op.f("ck_park_place"), "park", "(longitude IS NULL) = (latitude IS NULL)")
