"""The quota ledger."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quota_period",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.CheckConstraint("last_on > first_on", name=op.f("ck_quota_period_days")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_quota_period")),
    )
    op.create_table(
        "quota_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("balance", sa.Numeric(20, 6), server_default="0", nullable=False),
        sa.CheckConstraint(
            "register IN ('reduction', 'reserve', 'reserved', 'total', 'upper', 'source', 'used')",
            name=op.f("ck_quota_account_register"),
        ),
        sa.CheckConstraint(
            "balance >= 0 OR register IN ('source', 'used')", name=op.f("ck_quota_account_not_negative")
        ),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_quota_account_zone_code")),
        sa.ForeignKeyConstraint(["period"], ["quota_period.code"], name=op.f("fk_quota_account_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_account")),
        sa.UniqueConstraint(
            "zone_code",
            "factor",
            "register",
            "period",
            name=op.f("uq_quota_account_zone_code_factor_register_period"),
        ),
    )
    op.create_table(
        "quota_posting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("zone_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column(
            "document",
            sa.Text(),
            nullable=False,
            comment="letter:<id>, file:<id>, reduction:<id> or words",
        ),
        sa.Column("rule", sa.Text(), nullable=False, comment="code and version of the rule that was applied"),
        sa.Column("ratio", sa.Numeric(8, 4), nullable=True),
        sa.Column("base", sa.Numeric(20, 6), nullable=True, comment="the added external amount before the ratio"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opening', 'reduction', 'to_reserve', 'reduction_use', 'upper_grant', 'upper_debit', 'zone_transfer',"
            " 'reservation', 'commitment', 'release', 'recovery', 'auction', 'replacement', 'reversal')",
            name=op.f("ck_quota_posting_kind"),
        ),
        sa.CheckConstraint("(kind = 'reversal') = (reverses IS NOT NULL)", name=op.f("ck_quota_posting_reverses")),
        sa.CheckConstraint("ratio IS NULL OR ratio >= 1", name=op.f("ck_quota_posting_ratio")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_quota_posting_enterprise_id")),
        sa.ForeignKeyConstraint(["reverses"], ["quota_posting.id"], name=op.f("fk_quota_posting_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_posting")),
        sa.UniqueConstraint("reverses", name=op.f("uq_quota_posting_reverses")),
    )
    for column in ("case_id", "enterprise_id"):
        op.create_index(
            f"ix_quota_posting_{column}",
            "quota_posting",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_table(
        "quota_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_quota_entry_amount")),
        sa.ForeignKeyConstraint(["posting_id"], ["quota_posting.id"], name=op.f("fk_quota_entry_posting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_entry")),
    )
    op.create_index("ix_quota_entry_account", "quota_entry", ["account_id", "on_date", "id"])
    op.create_index("ix_quota_entry_posting_id", "quota_entry", ["posting_id"])
    op.create_table(
        "quota_share",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_quota_share_not_negative")),
        sa.PrimaryKeyConstraint("account_id", "owner", name=op.f("pk_quota_share")),
    )
    op.create_index("ix_quota_share_owner", "quota_share", ["owner"])
    _rules()
    op.execute((Path(__file__).parent.parent / "quota.sql").read_text(encoding="utf-8"))


def _rules() -> None:
    op.create_table(
        "quota_ratio",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "lines",
            postgresql.JSONB(),
            nullable=False,
            comment="factor, ratio, and optionally zone and industry prefix",
        ),
        sa.Column("basis", sa.Text(), nullable=False, comment="the document the ratios are taken from"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sign_note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("status IN ('proposed', 'signed', 'rejected')", name=op.f("ck_quota_ratio_status")),
        sa.CheckConstraint("signed_by <> entered_by", name=op.f("ck_quota_ratio_four_eyes")),
        sa.CheckConstraint("(status = 'proposed') = (signed_at IS NULL)", name=op.f("ck_quota_ratio_signed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_ratio")),
        sa.UniqueConstraint("version", name=op.f("uq_quota_ratio_version")),
    )
    op.create_index(
        "uq_quota_ratio_day",
        "quota_ratio",
        ["valid_from"],
        unique=True,
        postgresql_where=sa.text("status = 'signed'"),
    )
    op.create_table(
        "quota_ban",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'in_force', 'rejected', 'lifted')", name=op.f("ck_quota_ban_status")
        ),
        sa.CheckConstraint("to_on IS NULL OR to_on >= from_on", name=op.f("ck_quota_ban_days")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_quota_ban_zone_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_ban")),
    )
    op.create_index("ix_quota_ban_zone", "quota_ban", ["zone_code", "factor", "from_on"])
    op.create_table(
        "quota_recovery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("permitted", sa.Numeric(20, 6), nullable=False),
        sa.Column("actual", sa.Numeric(20, 6), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True, comment="the year whose actual amount was audited"),
        sa.Column("amount", sa.Numeric(20, 6), nullable=False, comment="what is proposed to be taken back"),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("ground IN ('dropped', 'surplus', 'other')", name=op.f("ck_quota_recovery_ground")),
        sa.CheckConstraint("status IN ('proposed', 'recovered', 'declined')", name=op.f("ck_quota_recovery_status")),
        sa.CheckConstraint("amount > 0 AND amount <= permitted", name=op.f("ck_quota_recovery_amount")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_quota_recovery_enterprise_id")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_quota_recovery_zone_code")),
        sa.ForeignKeyConstraint(["period"], ["quota_period.code"], name=op.f("fk_quota_recovery_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_recovery")),
    )
    op.create_index(
        "uq_quota_recovery_open",
        "quota_recovery",
        ["enterprise_id", "zone_code", "factor", "period"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_index("ix_quota_recovery_zone", "quota_recovery", ["zone_code", "status"])
