"""Who may answer what is held against the handling of a case (职责分离): nobody who worked on it.

Whoever closed a step of the case for a body, made one of its letters, entered a fact of its clocks or signed in it does not answer
an objection in it. Of the others, the heads of the bodies of the case answer (or whoever stands in for one); where
none is left, those who supervise these bodies. No law fixes this for objections: it is a rule of the house, kept here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from registers.accounts import Actor

_MOST_NAMED = 5


@dataclass(frozen=True)
class Answerer:
    """A person who may answer in a case, and for which body."""

    case_id: uuid.UUID
    user_id: uuid.UUID
    name: str
    body_zh: str
    body_en: str


# Steps, letters, clock facts and signatures each by the index of their case; heads and supervisors by body and role.
_ANSWERERS = text(
    """
    WITH RECURSIVE asked AS (SELECT id, body_ids FROM cases WHERE id = ANY(:cases)),
    worked AS (
      SELECT case_id, closed_by AS user_id FROM task WHERE case_id = ANY(:cases) AND status = 'done' AND body_id IS NOT NULL
      UNION SELECT case_id, made_by FROM letter WHERE case_id = ANY(:cases)
      UNION SELECT m.case_id, f.recorded_by FROM matter m JOIN clock_fact f ON f.matter_id = m.id WHERE m.case_id = ANY(:cases)
      UNION SELECT case_id, signer_id FROM signature WHERE case_id = ANY(:cases)),
    holds AS (
      SELECT r.user_id, r.role, r.body_id FROM user_role r WHERE r.role IN ('head', 'supervisor')
      UNION SELECT d.to_user_id, r.role, r.body_id FROM delegation d JOIN user_role r ON r.user_id = d.from_user_id
       WHERE r.role = 'head' AND d.revoked_at IS NULL AND :today BETWEEN d.valid_from AND d.valid_to),
    above AS (
      SELECT a.id AS case_id, b AS body_id FROM asked a CROSS JOIN unnest(a.body_ids) AS b
      UNION SELECT above.case_id, body.parent_id FROM above JOIN body ON body.id = above.body_id
       WHERE body.parent_id IS NOT NULL),
    able AS (
      SELECT a.id AS case_id, h.user_id, h.body_id, 1 AS turn FROM asked a JOIN holds h
          ON h.role = 'head' AND h.body_id = ANY(a.body_ids)
      UNION SELECT above.case_id, h.user_id, h.body_id, 2 FROM above JOIN holds h
          ON h.role = 'supervisor' AND h.body_id = above.body_id),
    free AS (
      SELECT able.*, u.name, b.name_zh, b.name_en FROM able
        JOIN app_user u ON u.id = able.user_id AND u.active JOIN body b ON b.id = able.body_id
       WHERE NOT EXISTS (SELECT FROM worked w WHERE w.case_id = able.case_id AND w.user_id = able.user_id))
    SELECT DISTINCT ON (f.case_id, f.user_id) f.case_id, f.user_id, f.name, f.name_zh, f.name_en FROM free f
     WHERE f.turn = (SELECT min(turn) FROM free other WHERE other.case_id = f.case_id)
     ORDER BY f.case_id, f.user_id, f.name_zh
    """
)


def answerers(conn: Connection, case_ids: Iterable[uuid.UUID], today: date) -> list[Answerer]:
    """Who may answer in these cases today."""
    asked = list(case_ids)
    if not asked:
        return []
    rows = conn.execute(_ANSWERERS, {"cases": asked, "today": today})
    return [Answerer(row.case_id, row.user_id, row.name, row.name_zh, row.name_en) for row in rows]


def may_answer(conn: Connection, actor: Actor, case_id: uuid.UUID, today: date) -> bool:
    """Whether this person is one of them."""
    return any(one.user_id == actor.id for one in answerers(conn, [case_id], today))


def named(found: Sequence[Answerer]) -> tuple[str, str]:
    """These people in words, Chinese and English; what to do when there is nobody."""
    if not found:
        return (
            "目前没有未经手的签发人或者监管人员，请安全管理员为本机关或者上级机关指定一人",
            "nobody is left who did not work on it; the security administrator has to name one",
        )
    shown = sorted(found, key=lambda one: (one.body_zh, one.name))[:_MOST_NAMED]
    zh = "、".join(f"{one.name}（{one.body_zh}）" for one in shown)
    return zh, ", ".join(f"{one.name} ({one.body_en})" for one in shown)
