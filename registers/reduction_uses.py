"""The way out of the reduction register (减排库): portions of entered amounts, to the reserve or to a use that excludes them from it.

More than was entered can never leave: the amounts of the projects are locked in the order of project and factor, then the ledger locks
its accounts. A portion the upper level holds too, or grants, goes through the same postings (细则 四.2).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from registers import quota_postings
from registers.db import uuid7
from registers.errors import Conflict, DomainError
from registers.quota_accounts import Account, Kind, Register, period_on
from registers.quota_postings import Posting
from registers.reduction_tables import USE_TITLES, ReductionAmount, ReductionProject, ReductionUse, standing
from registers.reductions import RULE, between, one


@dataclass(frozen=True)
class Portion:
    """A part of one project's amount of one factor, and what becomes of it."""

    project_id: uuid.UUID
    factor: str
    purpose: str
    amount: Decimal
    to_upper: bool = False


def use(
    conn: Connection,
    portions: Sequence[Portion],
    *,
    on: date,
    now: datetime,
    by: uuid.UUID | None,
    case_id: uuid.UUID | None = None,
    document: str = "",
) -> list[uuid.UUID]:
    """Let portions leave the reduction register: to the reserve, or to a use that excludes them from it.

    All portions or none. Amounts are locked in the order of project and factor, then the ledger locks its accounts.
    """
    ordered = sorted(portions, key=lambda one: (str(one.project_id), one.factor, one.purpose))
    projects = {project_id: one(conn, project_id) for project_id in dict.fromkeys(p.project_id for p in ordered)}
    for portion in ordered:
        _take(conn, portion, projects[portion.project_id])
    postings = [_posting(portion, projects[portion.project_id], on, by, case_id, document) for portion in ordered]
    made = quota_postings.post_all(conn, postings, now)
    if made:
        conn.execute(
            insert(ReductionUse),
            [
                {
                    "id": uuid7(),
                    "project_id": portion.project_id,
                    "factor": portion.factor,
                    "purpose": portion.purpose,
                    "amount": portion.amount,
                    "on_date": on,
                    "to_upper": portion.to_upper,
                    "document": posting.document,
                    "posting_id": posting_id,
                    "actor_id": by,
                    "created_at": now,
                }
                for portion, posting, posting_id in zip(ordered, postings, made, strict=True)
            ],
        )
    return made


def use_by_upper(
    conn: Connection, portion: Portion, *, on: date, now: datetime, by: uuid.UUID | None, document: str
) -> uuid.UUID:
    """The upper level has used an amount it also holds in reserve: it is debited from the zone's reserve (细则 四.2)."""
    project = one(conn, portion.project_id)
    conn.execute(select(ReductionAmount.factor).where(*_amount_of(portion)).with_for_update())
    rows = conn.execute(
        select(ReductionUse.purpose, func.sum(ReductionUse.amount))
        .where(ReductionUse.project_id == portion.project_id, ReductionUse.factor == portion.factor)
        .where(or_(ReductionUse.to_upper, ReductionUse.purpose == "upper"), standing())
        .group_by(ReductionUse.purpose)
    )
    held: dict[str, Decimal] = {row[0]: row[1] for row in rows}
    left = held.get("reserve", Decimal(0)) - held.get("upper", Decimal(0))
    if portion.amount <= 0 or portion.amount > left:
        raise _short(project, portion, left)
    account = Account(project["zone_code"], portion.factor, Register.RESERVE, project["period"])
    posting_id = quota_postings.post(
        conn,
        Posting(
            Kind.UPPER_DEBIT,
            on,
            quota_postings.transfer(account, account._replace(register=Register.USED), portion.amount),
            document=document,
            rule=f"{RULE}.2",
            reason=f"{project['number']} {project['name']}",
            actor_id=by,
        ),
        now,
    )
    conn.execute(
        insert(ReductionUse).values(
            project_id=portion.project_id,
            factor=portion.factor,
            purpose="upper",
            amount=portion.amount,
            on_date=on,
            document=document,
            posting_id=posting_id,
            actor_id=by,
            created_at=now,
        )
    )
    return posting_id


def grant(
    conn: Connection,
    *,
    zone: str,
    amounts: Mapping[str, Decimal],
    on: date,
    now: datetime,
    by: uuid.UUID | None,
    document: str,
    case_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """The upper level grants amounts to a zone's reserve: they come into the upper account and are drawn from it."""
    period = period_on(conn, on)
    postings = [
        Posting(
            Kind.UPPER_GRANT,
            on,
            between(zone, period, source, target, amounts),
            document=document,
            rule=f"{RULE}.2",
            case_id=case_id,
            actor_id=by,
        )
        for source, target in ((Register.SOURCE, Register.UPPER), (Register.UPPER, Register.RESERVE))
    ]
    return quota_postings.post_all(conn, postings, now)


def take_back(conn: Connection, posting_id: uuid.UUID) -> None:
    """A posting was reversed: what it took from a project is there again, what it entered is no longer there.

    An entry of which something has left already is not taken back before those portions are.
    """
    rows = conn.execute(
        select(ReductionUse.project_id, ReductionUse.factor, ReductionUse.amount).where(
            ReductionUse.posting_id == posting_id, ReductionUse.purpose != "upper"
        )
    ).all()
    for row in rows:
        conn.execute(
            update(ReductionAmount)
            .where(ReductionAmount.project_id == row.project_id, ReductionAmount.factor == row.factor)
            .values(used=ReductionAmount.used - row.amount)
        )
    entered = conn.execute(
        select(ReductionAmount.project_id, ReductionAmount.used)
        .where(ReductionAmount.posting_id == posting_id)
        .with_for_update()
    ).all()
    if any(row.used for row in entered):
        raise Conflict(
            "reduction_used",
            "该项目的减排量已有使用，请先冲正使用记录。",
            "Amounts of this project have been used; reverse those postings first.",
        )
    for project_id in {row.project_id for row in entered}:
        conn.execute(
            update(ReductionProject)
            .where(ReductionProject.id == project_id)
            .values(status="void", reason="入库记账已冲正")
        )


def _amount_of(portion: Portion) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ReductionAmount.project_id == portion.project_id, ReductionAmount.factor == portion.factor


def _take(conn: Connection, portion: Portion, project: Mapping[str, Any]) -> None:
    """Take a portion from what is left of a project's amount, under its lock; raises DomainError when less is left."""
    left = conn.scalar(
        select(ReductionAmount.amount - ReductionAmount.used).where(*_amount_of(portion)).with_for_update()
    )
    if portion.amount <= 0 or left is None or portion.amount > left:
        raise _short(project, portion, left or Decimal(0))
    conn.execute(update(ReductionAmount).where(*_amount_of(portion)).values(used=ReductionAmount.used + portion.amount))


def _posting(
    portion: Portion,
    project: Mapping[str, Any],
    on: date,
    by: uuid.UUID | None,
    case_id: uuid.UUID | None,
    document: str,
) -> Posting:
    """The posting of a portion: from the reduction register to the reserve, or out of the account for another use."""
    account = Account(project["zone_code"], portion.factor, Register.REDUCTION, project["period"])
    kept = portion.purpose == "reserve"
    target = account._replace(register=Register.RESERVE if kept else Register.USED)
    return Posting(
        Kind.TO_RESERVE if kept else Kind.REDUCTION_USE,
        on,
        quota_postings.transfer(account, target, portion.amount),
        document=document or f"reduction:{portion.project_id}",
        rule=f"{RULE}.1",
        reason=f"{project['number']} {USE_TITLES[portion.purpose][0]}",
        case_id=case_id,
        enterprise_id=project["enterprise_id"],
        actor_id=by,
    )


def _short(project: Mapping[str, Any], portion: Portion, left: Decimal) -> DomainError:
    """The refusal of a portion: what is left and what was asked for (t/a)."""
    return DomainError(
        "reduction_short",
        f"项目{project['number']}因子{portion.factor}可用减排量{left:f}吨/年，要求{portion.amount:f}吨/年。",
        f"Project {project['number']}, factor {portion.factor}: {left:f} t/a left, {portion.amount:f} t/a asked for.",
        pointer=portion.factor,
        status=409,
        available=format(left, "f"),
    )
