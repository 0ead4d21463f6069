"""Questions, comments at fields, saved filters and second factors."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the revision's own room; nothing stands in it so far."""
