"""Sandbox cases, runs over scenarios and past cases, proposals to publish, mended data of stopped cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _trials()
    _runs()
    _publications()
    _mends()


def _trials() -> None:
    op.create_table(
        "trial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("given", postgresql.JSONB(), nullable=False, comment="who begins it, as a scenario says it"),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_trial_definition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
    )
    op.create_index(op.f("ix_trial_definition_id"), "trial", ["definition_id"])


def _runs() -> None:
    op.create_table(
        "model_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("todo", postgresql.JSONB(), nullable=False, comment="names of scenarios, or identifiers of cases"),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('scenarios', 'replay', 'table')", name=op.f("ck_model_run_kind")),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_model_run_definition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_run")),
    )
    op.create_index(op.f("ix_model_run_definition_id"), "model_run", ["definition_id"])
    op.create_index("ix_model_run_open", "model_run", ["requested_at"], postgresql_where=sa.text("finished_at IS NULL"))
    op.create_table(
        "model_run_line",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["model_run.id"], name=op.f("fk_model_run_line_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "no", name=op.f("pk_model_run_line")),
    )


def _publications() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column(
            "sha256",
            sa.Text(),
            nullable=False,
            comment="of the files as they were proposed; others cannot be published by it",
        ),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        *_decision("publication", "'published', 'declined'"),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_publication_definition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_index("ix_publication_definition", "publication", ["definition_id", "proposed_at"])
    _people("publication")
    op.create_index(
        "uq_publication_open",
        "publication",
        ["definition_id"],
        unique=True,
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def _mends() -> None:
    op.create_table(
        "mend",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="of the variable, such as application.area"),
        sa.Column("old", postgresql.JSONB(), nullable=True),
        sa.Column("new", postgresql.JSONB(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        *_decision("mend", "'done', 'declined'"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_mend_case_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_mend_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mend")),
    )
    op.create_index("ix_mend_case", "mend", ["case_id", "proposed_at"])
    op.create_index(op.f("ix_mend_incident_id"), "mend", ["incident_id"])
    _people("mend")
    op.create_index(
        "uq_mend_open", "mend", ["case_id", "path"], unique=True, postgresql_where=sa.text("decided_at IS NULL")
    )
    op.execute("ALTER TABLE mend ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE mend FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY mend_seen ON mend USING (current_setting('app.everything', true) = 'on'"
        " OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))"
    )


def _decision(table: str, outcomes: str) -> list[sa.schema.SchemaItem]:
    """What a second person decided."""
    return [
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(f"outcome IN ({outcomes})", name=op.f(f"ck_{table}_outcome")),
        sa.ForeignKeyConstraint(["proposed_by"], ["app_user.id"], name=op.f(f"fk_{table}_proposed_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["app_user.id"], name=op.f(f"fk_{table}_decided_by")),
    ]


def _people(table: str) -> None:
    for column in ("proposed_by", "decided_by"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
