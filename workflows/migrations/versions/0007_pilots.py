"""The register of pilots and parks."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the revision's own room; nothing stands in it so far."""
