"""New versions of a limit, with four eyes: one administrator proposes, another approves.

A version is dated and never overwritten: the one before ends where the new one begins, and every act is judged by
the version of its own date. What a body decides for itself (a shorter promise, whether a bare 日 is a working
day) goes the same way, and so does a limit of the house's own: it has a new code and a name, and counts like one that is known
(`modelled_on`). It may be proposed by a designer as well. On approval all running cases are gone through, so clocks that use the version follow.
"""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, Index, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from registers import laws, limits, parties
from registers.accounts import Actor
from registers.db import Base, uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.limits import LimitRow, LimitSetting
from workflows import access, recompute
from workflows.commands import Answer, Step, command

_CODE = re.compile(r"[a-z][a-z0-9_.]{2,59}")


class LimitProposal(Base):
    """A proposed version of a limit, or (with a body) of what that body promises."""

    __tablename__ = "limit_proposal"
    __table_args__ = (
        CheckConstraint("status IN ('proposed', 'approved', 'rejected')", name="status"),
        CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        Index("ix_limit_proposal_open", "proposed_at", postgresql_where=text("status = 'proposed'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    body_code: Mapped[str | None]
    modelled_on: Mapped[str | None] = mapped_column(
        comment="for a new code: the limit whose way of counting it takes over"
    )
    title: Mapped[dict[str, Any] | None] = mapped_column(comment="for a new code: its name in both languages")
    valid_from: Mapped[date]
    limit: Mapped[int | None]
    unit: Mapped[str | None]
    promised: Mapped[int | None]
    basis: Mapped[str] = mapped_column(comment="citation codes for the law, words for a body's promise")
    note: Mapped[str]
    status: Mapped[str]
    proposed_by: Mapped[uuid.UUID]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(server_default="")


@command("limit.propose")
def propose(
    step: Step,
    *,
    code: str,
    valid_from: date,
    note: str,
    limit: int | None = None,
    unit: str | None = None,
    promised: int | None = None,
    basis: str = "",
    body_code: str | None = None,
    modelled_on: str | None = None,
    title: dict[str, str] | None = None,
) -> Answer:
    """Propose a version of a limit from a date on, or a new limit that counts like another; nothing changes until somebody approves."""
    if not (modelled_on and may_add(step.actor)):
        access.require(step.actor, "registers.import")
    if not note.strip():
        raise DomainError("note", "请说明修改理由和依据文件。", "Give the reason and the document.", pointer="note")
    values = {
        "code": code,
        "body_code": body_code or None,
        "modelled_on": modelled_on or None,
        "title": _named(title) if modelled_on else None,
        "valid_from": valid_from,
        "limit": limit,
        "unit": unit or None,
        "promised": promised,
        "basis": basis.strip(),
    }
    _check(step.conn, values)
    proposal_id = uuid7()
    step.conn.execute(
        insert(LimitProposal).values(
            id=proposal_id,
            **values,
            note=note.strip()[:2000],
            status="proposed",
            proposed_by=step.actor.id,
            proposed_at=step.now,
        )
    )
    return {"proposal_id": proposal_id}


@command("limit.decide")
def decide(step: Step, *, proposal_id: uuid.UUID, approve: bool, note: str = "") -> Answer:
    """Approve or reject a proposal; never one's own. An approved version is in the table at once."""
    if not may_decide(step.actor):
        raise Forbidden("只有管理员可以审批时限修改。", "Only an administrator decides on limits.")
    query = select(LimitProposal.__table__).where(LimitProposal.id == proposal_id).with_for_update()
    row = step.conn.execute(query).mappings().first()
    if row is None:
        raise NotFound("没有这项修改。", "There is no such proposal.")
    if row["status"] != "proposed":
        raise Conflict("decided", "该修改已有结论。", "This proposal has been decided.")
    if row["proposed_by"] == step.actor.id:
        raise Forbidden("修改须由另一名管理员复核。", "Another administrator must decide (four eyes).")
    if not approve and not note.strip():
        raise DomainError("note", "请说明不同意的理由。", "Give the reason of the rejection.", pointer="note")
    recomputation = None
    if approve:
        _check(step.conn, dict(row))
        (_enter_setting if row["body_code"] else _enter_version)(step, dict(row))
        recomputation = recompute.request(
            step,
            f"时限“{row['code']}”新版本（{row['note']}）",
            f"new version of the limit “{row['code']}” ({row['note']})",
        )
    step.conn.execute(
        update(LimitProposal)
        .where(LimitProposal.id == proposal_id)
        .values(
            status="approved" if approve else "rejected",
            decided_by=step.actor.id,
            decided_at=step.now,
            decision_note=note.strip()[:2000],
        )
    )
    return {"proposal_id": proposal_id, "approved": approve, "recomputation_id": recomputation}


def may_add(actor: Actor) -> bool:
    """Whether a person may propose a limit of the house's own: administrators of the registers, and designers."""
    return access.administers(actor, "registers.import") or "designer" in actor.role_names


def may_decide(actor: Actor) -> bool:
    """Whether a person may be the second pair of eyes."""
    return bool(actor.role_names & {"system_admin", "security_admin"})


def require_administrator(actor: Actor) -> None:
    """Raise Forbidden for anybody but the administrators concerned, and designers, who read the table."""
    if not may_decide(actor) and "designer" not in actor.role_names:
        raise Forbidden("您没有查看时限表的权限。", "You do not have the right to see the limit table.")


def table(conn: Connection, on: date) -> list[dict[str, Any]]:
    """Every limit with the version in force on a date and the number of its versions."""
    counts = {
        row.code: row.versions
        for row in conn.execute(select(LimitRow.code, func.count().label("versions")).group_by(LimitRow.code))
    }
    found = []
    for code in sorted(limits.codes(conn)):
        try:
            found.append({"rule": limits.rule(conn, code, on), "versions": counts.get(code, 0)})
        except DomainError:
            continue  # no version of it is in force on that day
    return found


def versions(conn: Connection, code: str) -> list[dict[str, Any]]:
    """All versions of a limit, newest first."""
    rows = conn.execute(
        select(LimitRow.valid_from, LimitRow.valid_to, LimitRow.limit, LimitRow.unit, LimitRow.source)
        .where(LimitRow.code == code)
        .order_by(LimitRow.valid_from.desc())
    )
    return [dict(row) for row in rows.mappings()]


def proposals(conn: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Proposals, those still open first."""
    rows = conn.execute(
        select(LimitProposal.__table__, parties.User.name.label("proposer"))
        .outerjoin(parties.User, parties.User.id == LimitProposal.proposed_by)
        .order_by(LimitProposal.status != "proposed", LimitProposal.proposed_at.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def _named(title: dict[str, str] | None) -> dict[str, str]:
    chinese = str((title or {}).get("zh") or "").strip()[:200]
    if not chinese:
        raise DomainError("title", "请填写时限名称。", "Give the limit a name.", pointer="title")
    return {"zh": chinese, "en": str((title or {}).get("en") or "").strip()[:200] or chinese}


def _check_new(conn: Connection, values: dict[str, Any]) -> None:
    if not _CODE.fullmatch(values["code"]):
        raise DomainError(
            "code",
            "时限代码用小写字母、数字、点和下划线，以字母开头。",
            "The code has small letters, digits, dots and underscores, and begins with a letter.",
            pointer="code",
        )
    if values["code"] in limits.codes(conn):
        raise DomainError("taken", "已有这个代码的时限。", "There is a limit of this code.", pointer="code")
    if values["limit"] is None or values["body_code"]:
        raise DomainError("limit", "请填写新时限的天数或月数。", "Give the length of the new limit.", pointer="limit")


def _check(conn: Connection, values: dict[str, Any]) -> None:
    if values["modelled_on"]:
        _check_new(conn, values)
    rule = limits.rule(conn, values["modelled_on"] or values["code"], values["valid_from"])
    number, unit, promised = values["limit"], values["unit"], values["promised"]
    if unit is not None and unit not in limits.UNITS:
        raise DomainError("unit", "未知的时限单位。", "Unknown unit of a limit.", pointer="unit")
    if number is not None and not 0 <= number <= 5000:
        raise DomainError("limit", "时限数字不正确。", "The number is not right.", pointer="limit")
    if promised is not None and promised < 1:
        raise DomainError("promised", "承诺时限至少为1。", "A promise is at least 1.", pointer="promised")
    if values["body_code"]:
        parties.body_by_code(conn, values["body_code"])
        if number is not None or (unit is not None and not rule.bare_day):
            raise DomainError(
                "limit",
                "机关只能承诺更短的时限，或确定“日”按自然日还是工作日计算。",
                "A body can only promise less, or say whether a bare 日 is a working day.",
                pointer="limit",
            )
        limits.with_setting(rule, None, promised)
        return
    for code in _codes(values["basis"]):
        try:
            laws.cite(code)
        except (KeyError, ValueError):
            raise DomainError(
                "basis", f"未知的依据代码“{code}”。", f"Unknown citation “{code}”.", pointer="basis"
            ) from None
    if promised is not None and promised > (rule.limit if number is None else number):
        raise DomainError(
            "promise_too_long",
            "承诺时限不得长于法定时限。",
            "A promise must not be longer than the law.",
            pointer="promised",
        )
    taken = conn.scalar(
        select(LimitRow.id).where(LimitRow.code == values["code"], LimitRow.valid_from == values["valid_from"])
    )
    if taken is not None:
        raise DomainError(
            "version_taken",
            "该日已有版本起效，请另选日期。",
            "A version begins on that day already.",
            pointer="valid_from",
        )


def _codes(basis: str) -> list[str]:
    return [part.strip() for part in basis.replace("；", ";").split(";") if part.strip()]


def _enter_version(step: Step, row: dict[str, Any]) -> None:
    new = bool(row["modelled_on"])
    before = (
        step.conn.execute(
            select(LimitRow.__table__)
            .where(LimitRow.code == (row["modelled_on"] or row["code"]), LimitRow.valid_from <= row["valid_from"])
            .where(LimitRow.valid_to.is_(None) | (LimitRow.valid_to > row["valid_from"]))
            .order_by(LimitRow.valid_from.desc())
            .limit(1)
        )
        .mappings()
        .one()
    )
    facts = {**before["facts"], "promised": row["promised"]}
    if new:
        # What is taken over is the way of counting; the name, the authority and the day are its own.
        facts |= {"code": row["code"], "title": row["title"], "basis": [], "verified": "no"}
    else:
        step.conn.execute(update(LimitRow).where(LimitRow.id == before["id"]).values(valid_to=row["valid_from"]))
    if row["basis"]:
        facts["basis"] = _codes(row["basis"])
    step.conn.execute(
        insert(LimitRow).values(
            id=uuid7(),
            code=row["code"],
            valid_from=row["valid_from"],
            valid_to=None if new else before["valid_to"],
            limit=before["limit"] if row["limit"] is None else row["limit"],
            unit=row["unit"] or before["unit"],
            facts=facts,
            source=f"proposal {row['id']}",
        )
    )


def _enter_setting(step: Step, row: dict[str, Any]) -> None:
    step.conn.execute(
        insert(LimitSetting).values(
            id=uuid7(),
            body_code=row["body_code"],
            code=row["code"],
            valid_from=row["valid_from"],
            bare_day_unit=row["unit"],
            promised=row["promised"],
            basis=row["basis"] or row["note"],
        )
    )
