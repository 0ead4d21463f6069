"""Public notices (公示): what the law makes public, for how long, and what people said about it."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from workflows.commands import Step
from workflows.models import Notice, NoticeComment

NOTICE_TITLES: dict[str, tuple[str, str]] = {
    "acceptance": ("受理公示", "Notice of acceptance"),
    "intended_decision": ("拟审批公示", "Notice of intended decision"),
    "decision": ("审批决定公告", "Announcement of the decision"),
    "permit": ("排污许可公开", "Publication of the permit"),
}
# The notices that publish what was decided, with the full text of the decisions.
OF_DECISIONS = frozenset({"decision", "permit"})


def publish(
    step: Step,
    case_id: uuid.UUID,
    *,
    kind: str,
    title: str,
    content: dict[str, Any],
    matter: str | None,
    body_id: uuid.UUID | None,
    rule: str | None,
    until: date | None,
) -> uuid.UUID:
    """Open a public notice from today until the last day of its period."""
    notice_id = uuid7()
    step.conn.execute(
        insert(Notice).values(
            id=notice_id,
            case_id=case_id,
            kind=kind,
            matter=matter,
            title=title,
            content=content,
            body_id=body_id,
            rule=rule,
            from_on=step.today,
            until_on=until,
        )
    )
    return notice_id


def close(step: Step, case_id: uuid.UUID, kind: str | None = None) -> list[uuid.UUID]:
    """Close the open notices of a case (of one kind)."""
    query = update(Notice).where(Notice.case_id == case_id, Notice.closed_at.is_(None)).values(closed_at=step.now)
    if kind is not None:
        query = query.where(Notice.kind == kind)
    return list(step.conn.scalars(query.returning(Notice.id)))


def comments(conn: Connection, case_id: uuid.UUID, kind: str | None = None) -> list[dict[str, Any]]:
    """What was said on the notices of a case."""
    query = (
        select(NoticeComment.__table__)
        .join(Notice, Notice.id == NoticeComment.notice_id)
        .where(NoticeComment.case_id == case_id)
        .order_by(NoticeComment.at)
    )
    if kind is not None:
        query = query.where(Notice.kind == kind)
    return [dict(row) for row in conn.execute(query).mappings()]


def public(
    conn: Connection,
    on: date,
    *,
    kind: str | None = None,
    text: str = "",
    running: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Notices for everybody, newest first; nothing but what a notice itself says."""
    query = (
        select(Notice.id, Notice.kind, Notice.title, Notice.from_on, Notice.until_on, Notice.closed_at)
        .where(Notice.from_on <= on)
        .order_by(Notice.from_on.desc(), Notice.id.desc())
        .limit(limit)
        .offset(offset)
    )
    if kind:
        query = query.where(Notice.kind == kind)
    if running:
        query = query.where(Notice.closed_at.is_(None), or_(Notice.until_on.is_(None), Notice.until_on >= on))
    if text:
        query = query.where(Notice.title.icontains(text, autoescape=True))
    return [{**row, "open": _is_open(dict(row), on)} for row in conn.execute(query).mappings()]


def one(conn: Connection, notice_id: uuid.UUID, on: date) -> dict[str, Any]:
    """One public notice; raises NotFound."""
    row = conn.execute(select(Notice.__table__).where(Notice.id == notice_id, Notice.from_on <= on)).mappings().first()
    if row is None:
        raise NotFound("没有这个公示。", "There is no such notice.")
    return {**row, "open": _is_open(dict(row), on)}


def add_comment(
    step: Step, notice_id: uuid.UUID, *, author: str, contact: str, text: str, wants_hearing: bool
) -> dict[str, Any]:
    """Take a comment while the notice is open; raises Conflict after its last day."""
    notice = one(step.conn, notice_id, step.today)
    if not notice["open"]:
        raise Conflict("notice_over", "公示期已结束。", "The period of this notice is over.")
    for pointer, value, most in (("author", author, 100), ("contact", contact, 200), ("comment", text, 4000)):
        if not value.strip() or len(value) > most:
            raise DomainError(
                "comment_field",
                f"请填写，且不超过{most}字。",
                f"This is needed, at most {most} characters.",
                pointer=pointer,
            )
    comment_id = uuid7()
    step.conn.execute(
        insert(NoticeComment).values(
            id=comment_id,
            notice_id=notice_id,
            case_id=notice["case_id"],
            author=author.strip(),
            contact=contact.strip(),
            comment=text.strip(),
            wants_hearing=wants_hearing,
            at=step.now,
        )
    )
    return {"comment_id": str(comment_id), "case_id": notice["case_id"]}


def add_answer(step: Step, case_id: uuid.UUID, comment_id: uuid.UUID, text: str) -> None:
    """Answer a comment of a case; an answer given again replaces the one before."""
    if not text.strip() or len(text) > 4000:
        raise DomainError(
            "answer", "请填写，且不超过4000字。", "This is needed, at most 4000 characters.", pointer="text"
        )
    done = step.conn.execute(
        update(NoticeComment)
        .where(NoticeComment.id == comment_id, NoticeComment.case_id == case_id)
        .values(answer=text.strip(), answered_at=step.now, answered_by=step.actor.id)
    )
    if done.rowcount != 1:
        raise NotFound()


def answered(conn: Connection, notice_id: uuid.UUID, limit: int = 200) -> list[dict[str, Any]]:
    """The comments of a notice that have an answer, with the author's full name: whoever shows them shortens it."""
    rows = conn.execute(
        select(
            NoticeComment.author,
            NoticeComment.comment,
            NoticeComment.at,
            NoticeComment.answer,
            NoticeComment.answered_at,
        )
        .where(NoticeComment.notice_id == notice_id, NoticeComment.answered_at.is_not(None))
        .order_by(NoticeComment.at)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def of_case(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The notices of a case in order."""
    rows = conn.execute(select(Notice.__table__).where(Notice.case_id == case_id).order_by(Notice.from_on, Notice.id))
    return [dict(row) for row in rows.mappings()]


def _is_open(notice: dict[str, Any], on: date) -> bool:
    return notice["closed_at"] is None and (notice["until_on"] is None or on <= notice["until_on"])
