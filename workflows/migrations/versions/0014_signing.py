"""Signatures of steps, kept for good; objections of applicants; papers that go with a fulfilled duty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_SEEN = """
CREATE POLICY {table}_seen ON {table} USING (current_setting('app.everything', true) = 'on'
  OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))
"""


def upgrade() -> None:
    op.create_table(
        "signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="the step, as it was called"),
        sa.Column("signer_id", sa.Uuid(), nullable=True),
        sa.Column("signer_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False, comment="the body or enterprise signed for"),
        sa.Column("method", sa.Text(), nullable=False, comment="the seal adapter, or rehearsal"),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False, comment="canonical JSON, exactly what was signed"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False, comment="address and program the signature came from"),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_signature_case_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_signature_task_id")),
        sa.ForeignKeyConstraint(["signer_id"], ["app_user.id"], name=op.f("fk_signature_signer_id")),
        sa.UniqueConstraint("task_id", name=op.f("uq_signature_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
    )
    op.create_index("ix_signature_case", "signature", ["case_id", "signed_at"])
    op.create_index(op.f("ix_signature_signer_id"), "signature", ["signer_id"])
    _behind_the_wall("signature")
    op.execute(
        "CREATE TRIGGER signature_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON signature"
        " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
    )
    op.add_column(
        "obligation",
        sa.Column(
            "done_files",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
            comment="identifiers of the stored files handed in with it",
        ),
    )
    op.create_index("ix_obligation_done_files", "obligation", ["done_files"], postgresql_using="gin")
    _objections()


def _objections() -> None:
    op.create_table(
        "objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False, comment="what the enterprise asks for"),
        sa.Column(
            "files", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="identifiers of stored files"
        ),
        sa.Column("raised_by", sa.Uuid(), nullable=True),
        sa.Column("raised_name", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_name", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('decision', 'request', 'limit', 'conduct')", name=op.f("ck_objection_kind")),
        sa.CheckConstraint("outcome IN ('upheld', 'partly', 'dismissed')", name=op.f("ck_objection_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name=op.f("ck_objection_answered")),
        sa.CheckConstraint("answered_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_objection_one_end")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_objection_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index("ix_objection_case", "objection", ["case_id", "raised_at"])
    _behind_the_wall("objection")


def _behind_the_wall(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(_SEEN.format(table=table))


def downgrade() -> None:
    raise NotImplementedError("the record is append-only: restore a backup instead")
