"""Publishing with four eyes: one person proposes a draft, another one publishes it, and the record of the house is signed for it.

A proposal names the files by their SHA-256, the day from which they shall be in force and what is new. Whoever publishes
puts in force exactly those files; a draft that was changed since is proposed anew. The line in the record of the house
holds both names, the digest and the day, and is chained to all lines before it. Only the installer (the program itself) publishes
alone: that is how shipped procedures and those kept in files come into an installation.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.orm import aliased

from registers.db import uuid7
from registers.errors import Conflict, DomainError
from registers.parties import User
from workflows import access, definitions, housebook, versionchecks
from workflows.commands import Answer, Step, command
from workflows.trying_models import Publication

MOST_SHOWN = 50
MOST_NOTE = 2000


@command("definition.propose")
def propose(step: Step, *, definition_id: uuid.UUID, note: str, valid_from: date | None = None) -> Answer:
    """Propose a checked draft for publication, with the day it shall be in force from and what is new in it."""
    access.require(step.actor, "definition.edit")
    row = definitions.row(step.conn, definition_id)
    if row["status"] != "draft":
        raise Conflict("not_a_draft", "只有草稿可以发布。", "Only a draft can be published.")
    start = valid_from or step.today
    if start < step.today:
        raise DomainError(
            "in_the_past",
            "施行日期不能早于今天。",
            "A version cannot be in force from a day that has passed.",
            pointer="valid_from",
        )
    if not note.strip() or len(note) > MOST_NOTE:
        raise DomainError(
            "required",
            "请填写发布说明（2000字以内）。",
            "Say what is new (2000 characters at most).",
            pointer="note",
        )
    if pending(step.conn, definition_id) is not None:
        raise Conflict("proposed_already", "已有人提请发布，请先审核或退回。", "It is proposed already.")
    findings = _checked(step.conn, definition_id)
    step.conn.execute(
        insert(Publication).values(
            id=uuid7(), definition_id=definition_id, sha256=row["sha256"], valid_from=start, note=note.strip(),
            proposed_at=step.now, proposed_by=step.actor.id,
        )
    )  # fmt: skip
    facts = {"definition": definition_id, "procedure": row["procedure"], "version": row["version"]}
    housebook.record(step, "definition_proposed", **facts, sha256=row["sha256"], valid_from=start, note=note.strip())
    return {"id": definition_id, "valid_from": start, "findings": [vars(finding) for finding in findings]}


@command("definition.decline")
def decline(step: Step, *, definition_id: uuid.UUID, remark: str) -> Answer:
    """Send a proposal back with a remark; whoever proposed may take it back."""
    access.require(step.actor, "definition.edit")
    proposal = pending(step.conn, definition_id, lock=True)
    if proposal is None:
        raise Conflict("not_proposed", "没有待审核的发布。", "Nothing is proposed.")
    if not remark.strip():
        raise DomainError("required", "请填写理由。", "Give the reason.", pointer="remark")
    _decide(step, proposal, "declined", remark.strip()[:MOST_NOTE])
    housebook.record(step, "definition_declined", definition=definition_id, remark=remark.strip()[:MOST_NOTE])
    return {"id": definition_id, "outcome": "declined"}


def publish(step: Step, definition_id: uuid.UUID, valid_from: date | None, note: str) -> Answer:
    """Put a draft in force: what another person has proposed; the installer needs no proposal."""
    if step.actor.is_system:
        return _put_in_force(step, definition_id, valid_from or step.today, note, None)
    _checked(step.conn, definition_id)
    proposal = pending(step.conn, definition_id, lock=True)
    if proposal is None:
        raise Conflict(
            "not_proposed",
            "发布须由两人完成：请先由一人提请发布，再由另一人审核发布。",
            "Publishing takes two people: one proposes, another one publishes.",
        )
    if proposal["proposed_by"] == step.actor.id:
        raise Conflict(
            "same_person",
            "您提请的发布须由另一人审核。",
            "You have proposed this; another person has to publish it.",
        )
    if proposal["sha256"] != definitions.row(step.conn, definition_id)["sha256"]:
        raise Conflict(
            "draft_changed",
            "提请之后草稿已被修改：请退回，由提请人重新提请。",
            "The draft was changed after it was proposed: decline it and have it proposed anew.",
        )
    start = max(proposal["valid_from"], step.today)
    answer = _put_in_force(step, definition_id, start, proposal["note"], proposal)
    _decide(step, proposal, "published", note.strip()[:MOST_NOTE])
    return answer


def pending(conn: Connection, definition_id: uuid.UUID, *, lock: bool = False) -> RowMapping | None:
    """The open proposal of a draft."""
    query = select(Publication.__table__).where(
        Publication.definition_id == definition_id, Publication.decided_at.is_(None)
    )
    return conn.execute(query.with_for_update() if lock else query).mappings().first()


def history(conn: Connection, definition_id: uuid.UUID) -> list[dict[str, Any]]:
    """The proposals of a version with what became of them, newest first."""
    proposer, decider = aliased(User), aliased(User)
    rows = conn.execute(
        select(Publication.__table__, proposer.name.label("proposer"), decider.name.label("decider"))
        .outerjoin(proposer, proposer.id == Publication.proposed_by)
        .outerjoin(decider, decider.id == Publication.decided_by)
        .where(Publication.definition_id == definition_id)
        .order_by(Publication.proposed_at.desc())
        .limit(MOST_SHOWN)
    )
    return [dict(row) for row in rows.mappings()]


def _checked(conn: Connection, definition_id: uuid.UUID) -> list[Any]:
    findings = versionchecks.check(conn, definitions.files_of(conn, definition_id))
    if any(finding.severity == "error" for finding in findings):
        raise versionchecks.LintFailed(findings)
    return findings


def _put_in_force(step: Step, definition_id: uuid.UUID, start: date, note: str, proposal: RowMapping | None) -> Answer:
    warnings = definitions.publish(step.conn, step.actor, definition_id, start, step.now, note)
    row = definitions.row(step.conn, definition_id)
    housebook.record(
        step,
        "definition_published",
        definition=definition_id,
        procedure=row["procedure"],
        version=row["version"],
        sha256=row["sha256"],
        valid_from=start,
        note=note,
        proposed_by=proposal["proposed_by"] if proposal else None,
    )
    return {"id": definition_id, "valid_from": start, "findings": [vars(finding) for finding in warnings]}


def _decide(step: Step, proposal: RowMapping, outcome: str, remark: str) -> None:
    step.conn.execute(
        update(Publication)
        .where(Publication.id == proposal["id"])
        .values(outcome=outcome, remark=remark, decided_at=step.now, decided_by=step.actor.id)
    )
