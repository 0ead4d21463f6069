"""Objections have a day by which they are answered and say who answered; requests for correction have a state of their own.

Counters know which numbers were given elsewhere; a mark of virus scanners that nothing ever set is gone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Objections that are open already: fifteen working days are three weeks without holidays; the next recount of dates is exact.
_OWED = """
INSERT INTO obligation (id, body_id, case_id, kind, title, due_on, provisional, basis, rule, start_on, period_key, status, created_at)
SELECT gen_random_uuid(), c.lead_body_id, c.id, 'objection_answer',
       jsonb_build_object('zh', '答复异议：' || c.number, 'en', 'answer the objection: ' || c.number),
       (o.raised_at AT TIME ZONE 'Asia/Shanghai')::date + 21, true, '《平台默认规则》（非法律规定，由各机关确定）', 'objection.answer',
       (o.raised_at AT TIME ZONE 'Asia/Shanghai')::date, 'objection:' || o.id, 'open', now()
  FROM objection o JOIN cases c ON c.id = o.case_id
 WHERE o.answered_at IS NULL AND o.withdrawn_at IS NULL AND c.lead_body_id IS NOT NULL
"""


def upgrade() -> None:
    given = "numbers up to this one were given outside this program"
    op.add_column("numbering_counter", sa.Column("elsewhere", sa.Integer(), nullable=True, comment=given))
    op.drop_column("stored_file", "scan")
    op.add_column("objection", sa.Column("answered_by", sa.Uuid(), nullable=True))
    op.execute("SET LOCAL app.everything = 'on'")
    op.execute(_OWED)
    about = "how a request for correction was answered"
    op.add_column("case_note", sa.Column("outcome", sa.Text(), nullable=True, comment=about))
    who = "who answered the request or settled the note"
    op.add_column("case_note", sa.Column("settled_name", sa.Text(), server_default="", nullable=False, comment=who))
    op.drop_constraint(op.f("ck_case_note_kind"), "case_note", type_="check")
    op.create_check_constraint(op.f("ck_case_note_kind"), "case_note", "kind IN ('question', 'field', 'correction')")
    op.create_check_constraint(op.f("ck_case_note_outcome"), "case_note", "outcome IN ('granted', 'declined')")
    op.create_index(
        "ix_case_note_correction",
        "case_note",
        ["at"],
        postgresql_where=sa.text("kind = 'correction' AND parent_id IS NULL AND outcome IS NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("the record is append-only: restore a backup instead")
