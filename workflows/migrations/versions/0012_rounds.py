"""Visits of applicants as recorded facts, major events of pilots, boards carried over in portions, regions of bodies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SEEN = """
CREATE POLICY case_visit_seen ON case_visit USING (current_setting('app.everything', true) = 'on'
  OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))
"""

# The runtime role may make temporary tables; what the ledger's function names must never be one of them.
_NOT_SHADOWED = """
DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION quota_post SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
END $$
"""


def upgrade() -> None:
    op.execute(_NOT_SHADOWED)
    op.add_column(
        "body",
        sa.Column(
            "region_code", sa.Text(), server_default="", nullable=False, comment="行政区划代码, in licence numbers"
        ),
    )
    _visits()
    _events()
    op.create_table(
        "board_walk",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column(
            "months", postgresql.ARRAY(sa.Date()), nullable=False, comment="months whose counts are to be taken anew"
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_board_walk")),
    )


def _visits() -> None:
    op.create_table(
        "case_visit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('consult', 'hand_in', 'correct', 'collect', 'called')", name=op.f("ck_case_visit_purpose")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_visit_case_id")),
        sa.ForeignKeyConstraint(["reverses"], ["case_visit.id"], name=op.f("fk_case_visit_reverses")),
        sa.UniqueConstraint("reverses", name=op.f("uq_case_visit_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_visit")),
    )
    op.create_index("ix_case_visit_case", "case_visit", ["case_id", "on_date"])
    op.execute("ALTER TABLE case_visit ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE case_visit FORCE ROW LEVEL SECURITY")
    op.execute(_SEEN)
    op.execute(
        "CREATE TRIGGER case_visit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON case_visit"
        " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
    )
    op.add_column(
        "board_case",
        sa.Column(
            "submissions",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="what the applicant handed in, in steps",
        ),
    )
    op.create_index(
        "ix_board_case_longest",
        "board_case",
        ["procedure", sa.literal_column("(authority_days + applicant_days)"), "case_id"],
        postgresql_where=sa.text("NOT running"),
    )
    op.alter_column(
        "board_case",
        "visits",
        existing_type=sa.Integer(),
        comment="recorded visits (case_visit) that were not taken back",
    )
    op.drop_constraint(op.f("ck_pilot_comparison_metric"), "pilot_comparison", type_="check")
    op.create_check_constraint(
        op.f("ck_pilot_comparison_metric"),
        "pilot_comparison",
        "metric IN ('authority_days', 'applicant_days', 'total_days', 'materials', 'visits', 'submissions')",
    )
    # What was called a visit until now were the submissions.
    op.execute("UPDATE pilot_comparison SET metric = 'submissions' WHERE metric = 'visits'")
    # Carried over by the old definition of a visit: everything is carried over once more.
    op.execute("UPDATE board_case SET event_seq = -1")


def _events() -> None:
    op.create_table(
        "pilot_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("settling", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_by", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "ground IN ('worse', 'major_event', 'milestones_missed')", name=op.f("ck_pilot_event_ground")
        ),
        sa.CheckConstraint("outcome IN ('dismissed', 'disqualified')", name=op.f("ck_pilot_event_outcome")),
        sa.CheckConstraint("(settled_on IS NULL) = (outcome IS NULL)", name=op.f("ck_pilot_event_settled")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_event_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_event")),
    )
    op.create_index("ix_pilot_event_pilot", "pilot_event", ["pilot_id", "on_date"])
