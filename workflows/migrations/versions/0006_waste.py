"""The ledger of wastes and joint inspections."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the revision's own room; nothing stands in it so far."""
