"""Changing the files of a draft, with a history: whoever draws can go back to any earlier state.

`keep` is the one way a file of a draft changes. Each change notes what it replaced; an earlier state of the whole draft is found by
walking the notes back from the newest. Saves of one person to one file that follow each other closely are one change, so that saving
by itself every few seconds does not drown the history. What no program could read (broken XML or JSON, a Word file that is none) is
refused; what a model means is the linter's business, and a draft may have findings.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from forms.letters import own, reading
from registers import parties
from registers.db import Base, uuid7
from registers.errors import DomainError, NotFound
from workflows import access, definitions, versionfiles, xmlsafe
from workflows.commands import Answer, Step, command
from workflows.models import DefinitionFile

TOGETHER = timedelta(minutes=5)  # saves of one person to one file within this time are one change
MOST_CHANGES = 300  # of one draft; the oldest go first


class DraftChange(Base):
    """What one change of a draft replaced."""

    __tablename__ = "draft_change"
    __table_args__ = (Index("ix_draft_change_definition", "definition_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id", ondelete="CASCADE"))
    name: Mapped[str]
    before: Mapped[bytes | None] = mapped_column(comment="the file as it was; null when there was none")
    sha256: Mapped[str] = mapped_column(comment="of the draft before the change")
    at: Mapped[datetime]
    by: Mapped[uuid.UUID | None]


def keep(step: Step, definition_id: uuid.UUID, name: str, content: bytes | None, expected: str) -> str:
    """Replace, add or (with None) remove a file of a draft; returns the draft's new SHA-256.

    Raises Conflict when the version is no draft any more, or when its SHA-256 is not the expected one.
    """
    if content is not None:
        _readable(name, content)
    before = step.conn.scalar(
        select(DefinitionFile.content).where(DefinitionFile.definition_id == definition_id, DefinitionFile.name == name)
    )
    digest = definitions.save_file(step.conn, definition_id, name, content, expected)
    if (before is None) == (content is None) and (before is None or bytes(before) == content):
        return digest
    _note(step, definition_id, name, None if before is None else bytes(before), expected)
    return digest


@command("definition.remove_file")
def remove_file(step: Step, *, definition_id: uuid.UUID, name: str, expected: str) -> Answer:
    """Take a file out of a draft; the settings and one model must stay."""
    access.require(step.actor, "definition.edit")
    files = definitions.files_of(step.conn, definition_id)
    if name not in files:
        raise NotFound("草稿中没有这个文件。", "There is no such file in the draft.")
    models = [one for one in files if one.endswith(".bpmn")]
    if name == versionfiles.SETTINGS or models == [name]:
        raise DomainError(
            "file_needed",
            "设置文件和最后一个模型不能移除。",
            "The settings and the last model cannot be removed.",
            pointer="name",
        )
    return {"id": definition_id, "sha256": keep(step, definition_id, name, None, expected)}


@command("definition.restore")
def restore(step: Step, *, definition_id: uuid.UUID, change_id: uuid.UUID, expected: str) -> Answer:
    """Bring a draft back to how it was before a change; this too is a change and can be taken back."""
    access.require(step.actor, "definition.edit")
    now, then = definitions.files_of(step.conn, definition_id), state_before(step.conn, definition_id, change_id)
    digest = expected
    for name in sorted(now.keys() | then.keys()):
        if now.get(name) != then.get(name):
            digest = keep(step, definition_id, name, then.get(name), digest)
    return {"id": definition_id, "sha256": digest}


def state_before(conn: Connection, definition_id: uuid.UUID, change_id: uuid.UUID) -> dict[str, bytes]:
    """The files of a draft as they were before a change; raises NotFound."""
    files = definitions.files_of(conn, definition_id)
    rows = conn.execute(
        select(DraftChange.id, DraftChange.name, DraftChange.before)
        .where(DraftChange.definition_id == definition_id)
        .order_by(DraftChange.id.desc())
    )
    for row in rows:
        files.pop(row.name, None)
        if row.before is not None:
            files[row.name] = bytes(row.before)
        if row.id == change_id:
            return files
    raise NotFound("没有这个历史状态。", "There is no such earlier state.")


def history(conn: Connection, definition_id: uuid.UUID, limit: int = MOST_CHANGES) -> list[dict[str, Any]]:
    """The changes of a draft, newest first: which file, when, by whom."""
    rows = conn.execute(
        select(
            DraftChange.id,
            DraftChange.name,
            DraftChange.before.is_(None).label("added"),
            DraftChange.sha256,
            DraftChange.at,
            parties.User.name.label("person"),
        )
        .outerjoin(parties.User, parties.User.id == DraftChange.by)
        .where(DraftChange.definition_id == definition_id)
        .order_by(DraftChange.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def _note(step: Step, definition_id: uuid.UUID, name: str, before: bytes | None, expected: str) -> None:
    of_draft = DraftChange.definition_id == definition_id
    last = step.conn.execute(
        select(DraftChange.name, DraftChange.by, DraftChange.at)
        .where(of_draft)
        .order_by(DraftChange.id.desc())
        .limit(1)
    ).first()
    if last and (last.name, last.by) == (name, step.actor.id) and step.now - last.at < TOGETHER:
        return
    row = {"id": uuid7(), "definition_id": definition_id, "name": name, "before": before, "sha256": expected}
    step.conn.execute(insert(DraftChange).values(row | {"at": step.now, "by": step.actor.id}))
    oldest = select(DraftChange.id).where(of_draft).order_by(DraftChange.id.desc()).offset(MOST_CHANGES)
    step.conn.execute(delete(DraftChange).where(DraftChange.id.in_(oldest)))


def _readable(name: str, content: bytes) -> None:
    """Refuse what no program could read; the editor keeps what was typed."""
    if name.endswith((".bpmn", ".dmn")):
        xmlsafe.parse(content)
    elif name.endswith(".json"):
        try:
            json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DomainError(
                "json", f"{name} 不是有效的JSON：{error}", f"{name} is not valid JSON: {error}", pointer=name
            ) from None
        if name.startswith("letters/"):
            own.kind(name.removeprefix("letters/").removesuffix(".json"), content, "")
    elif name.endswith(".docx"):
        reading.opened(content)
