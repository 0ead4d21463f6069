"""Drafts of models, migrations of cases and replays."""

from __future__ import annotations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the revision's own room; nothing stands in it so far."""
