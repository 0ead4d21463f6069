"""The three desks: questions and comments at a case, marks and templates of reviewers, saved filters, site rounds,
answers to the public, second factors, identities of an outside log-in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


_SEEN = """
CREATE POLICY {0}_seen ON {0} USING (current_setting('app.everything', true) = 'on'
  OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))
"""


def upgrade() -> None:
    _notes_of_cases()
    _desk_of_officials()
    _site_rounds()
    _answers_to_the_public()
    _signing_in()
    for child in ("case_note", "review_mark", "site_stop"):
        op.execute(f"ALTER TABLE {child} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {child} FORCE ROW LEVEL SECURITY")
        op.execute(_SEEN.format(child))


def _notes_of_cases() -> None:
    op.create_table(
        "case_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.Text(), server_default="", nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("of_enterprise", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('question', 'field')", name=op.f("ck_case_note_kind")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_note_case_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_case_note_submission_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["case_note.id"], name=op.f("fk_case_note_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index("ix_case_note_case", "case_note", ["case_id", "at"])
    op.create_index(op.f("ix_case_note_submission_id"), "case_note", ["submission_id"])
    op.create_index(op.f("ix_case_note_parent_id"), "case_note", ["parent_id"])


def _desk_of_officials() -> None:
    op.create_table(
        "review_mark",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("marked_by", sa.Uuid(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('fine', 'incomplete', 'return')", name=op.f("ck_review_mark_state")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_review_mark_task_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_review_mark_case_id")),
        sa.PrimaryKeyConstraint("task_id", "part", name=op.f("pk_review_mark")),
    )
    op.create_index(op.f("ix_review_mark_case_id"), "review_mark", ["case_id"])
    op.create_table(
        "opinion_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_opinion_template_body_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_template")),
        sa.UniqueConstraint("body_id", "form", "title", name=op.f("uq_opinion_template_body_id_form_title")),
    )
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_saved_filter_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_filter_user_id_name")),
    )


def _site_rounds() -> None:
    op.create_table(
        "site_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("inspectors", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_site_round_body_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_round")),
    )
    op.create_index("ix_site_round_body", "site_round", ["body_id", "on_date"])
    op.create_table(
        "site_stop",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("km", sa.Numeric(8, 2), nullable=True, comment="straight line from the stop before"),
        sa.ForeignKeyConstraint(
            ["round_id"], ["site_round.id"], name=op.f("fk_site_stop_round_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_site_stop_task_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_site_stop_case_id")),
        sa.PrimaryKeyConstraint("round_id", "place", name=op.f("pk_site_stop")),
    )
    op.create_index(op.f("ix_site_stop_task_id"), "site_stop", ["task_id"])
    op.create_index(op.f("ix_site_stop_case_id"), "site_stop", ["case_id"])


def _answers_to_the_public() -> None:
    op.add_column("notice_comment", sa.Column("answer", sa.Text(), server_default="", nullable=False))
    op.add_column("notice_comment", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice_comment", sa.Column("answered_by", sa.Uuid(), nullable=True))


def _signing_in() -> None:
    op.add_column(
        "user_session",
        sa.Column("waits", sa.Text(), server_default="", nullable=False, comment="the step this sign-in waits for"),
    )
    op.add_column("app_user", sa.Column("password_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "user_factor",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recovery", postgresql.JSONB(), nullable=False, comment="hashes of the one-time codes left"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_user_factor_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_factor")),
    )
    op.create_table(
        "user_identity",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_user_identity_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_user_identity")),
    )
    op.create_index(op.f("ix_user_identity_user_id"), "user_identity", ["user_id"])
    op.create_table(
        "login_state",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="who links an identity; none when somebody signs in"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_login_state_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_login_state")),
    )
    op.create_index(op.f("ix_login_state_user_id"), "login_state", ["user_id"])
