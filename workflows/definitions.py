"""Definitions (流程版本): drafts, published versions, retirement.

A published definition never changes (its SHA-256 is kept) and is in force from a date; running cases keep the version they
started with. What its files are is `versionfiles`, what must hold of them `versionchecks`, the form that runs `compiling`.
"""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from workflows import lint, versionchecks, versionfiles
from workflows.models import Definition, DefinitionFile

_FILE_NAME = re.compile(
    r"[A-Za-z0-9_.-]{1,80}\.(bpmn|dmn|json)|forms/[a-z0-9_]{1,60}\.json|letters/[a-z0-9_]{1,60}\.(docx|json)"
)


def create_draft(
    conn: Connection, actor: Actor, procedure: str, files: dict[str, bytes], now: datetime
) -> tuple[uuid.UUID, int]:
    """Keep the files as a new draft version; returns its id and version. Drafts may have findings."""
    settings = versionfiles.settings(files)
    last = conn.scalar(select(func.max(Definition.version)).where(Definition.procedure == procedure)) or 0
    definition_id = uuid7()
    conn.execute(
        insert(Definition).values(
            id=definition_id,
            procedure=procedure,
            version=last + 1,
            status="draft",
            title=settings["title"],
            sha256=versionfiles.digest(files),
            created_at=now,
            created_by=actor.id,
        )
    )
    conn.execute(
        insert(DefinitionFile),
        [{"definition_id": definition_id, "name": name, "content": content} for name, content in files.items()],
    )
    return definition_id, last + 1


def publish(
    conn: Connection, actor: Actor, definition_id: uuid.UUID, valid_from: date, now: datetime, note: str = ""
) -> list[lint.Finding]:
    """Put a draft in force from a date; an open-ended earlier version ends the day before.

    Raises LintFailed when there are errors; returns the remaining warnings.
    """
    row = conn.execute(select(Definition.__table__).where(Definition.id == definition_id).with_for_update()).first()
    if row is None:
        raise NotFound()
    if row.status != "draft":
        raise Conflict("not_a_draft", "只有草稿可以发布。", "Only a draft can be published.")
    findings = versionchecks.check(conn, files_of(conn, definition_id))
    if any(finding.severity == "error" for finding in findings):
        raise versionchecks.LintFailed(findings)
    put_in_force(conn, definition_id, valid_from, now, actor, note)
    return findings


def put_in_force(
    conn: Connection, definition_id: uuid.UUID, valid_from: date, now: datetime, actor: Actor, note: str
) -> None:
    """Make a checked draft the version in force from a date; the version before it ends there."""
    procedure = conn.scalar(select(Definition.procedure).where(Definition.id == definition_id))
    conn.execute(
        update(Definition)
        .where(
            Definition.procedure == procedure,
            Definition.status == "published",
            or_(Definition.valid_to.is_(None), Definition.valid_to >= valid_from),
        )
        .values(valid_to=valid_from, status="retired")
    )
    conn.execute(
        update(Definition)
        .where(Definition.id == definition_id)
        .values(status="published", valid_from=valid_from, published_at=now, published_by=actor.id, note=note)
    )


def end_force(conn: Connection, definition_id: uuid.UUID, valid_to: date) -> bool:
    """Take a published version out of force from a date; False when it was not in force."""
    done = conn.execute(
        update(Definition)
        .where(Definition.id == definition_id, Definition.status == "published")
        .values(status="retired", valid_to=valid_to)
    )
    return done.rowcount == 1


def in_force(conn: Connection, procedure: str, on: date) -> uuid.UUID:
    """The published version of a procedure that is in force on a date; raises NotFound."""
    found = conn.scalar(
        select(Definition.id)
        .where(
            Definition.procedure == procedure,
            Definition.status.in_(("published", "retired")),
            Definition.valid_from <= on,
            or_(Definition.valid_to.is_(None), Definition.valid_to > on),
        )
        .order_by(Definition.valid_from.desc(), Definition.version.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound(f"流程“{procedure}”目前没有生效的版本。", f"No version of “{procedure}” is in force.")
    return found


def listing(conn: Connection, *, status: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Definitions, newest first."""
    query = select(Definition.__table__).order_by(Definition.procedure, Definition.version.desc()).limit(limit)
    if status:
        query = query.where(Definition.status == status)
    return [dict(row) for row in conn.execute(query).mappings()]


def of_procedure(conn: Connection, procedure: str, limit: int = 200) -> list[dict[str, Any]]:
    """The versions of one procedure, newest first."""
    rows = conn.execute(
        select(Definition.__table__)
        .where(Definition.procedure == procedure)
        .order_by(Definition.version.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def files_of(conn: Connection, definition_id: uuid.UUID) -> dict[str, bytes]:
    """The files of a definition by name; raises NotFound."""
    rows = conn.execute(
        select(DefinitionFile.name, DefinitionFile.content).where(DefinitionFile.definition_id == definition_id)
    ).all()
    if not rows:
        raise NotFound("没有这个流程版本。", "There is no such definition.")
    return {row.name: bytes(row.content) for row in rows}


def row(conn: Connection, definition_id: uuid.UUID) -> dict[str, Any]:
    """A version without its files; raises NotFound."""
    found = conn.execute(select(Definition.__table__).where(Definition.id == definition_id)).mappings().first()
    if found is None:
        raise NotFound("没有这个流程版本。", "There is no such definition.")
    return dict(found)


def save_file(conn: Connection, definition_id: uuid.UUID, name: str, content: bytes | None, expected: str) -> str:
    """Replace, add or (with None) remove a file of a draft; returns the draft's new SHA-256.

    Raises Conflict when the version is no draft any more, or when its SHA-256 is not the expected one.
    """
    row = conn.execute(select(Definition.__table__).where(Definition.id == definition_id).with_for_update()).first()
    if row is None:
        raise NotFound("没有这个流程版本。", "There is no such definition.")
    if row.status != "draft":
        raise Conflict(
            "not_a_draft",
            "已发布的版本不能修改，请另存为草稿。",
            "A published version is not edited; copy it to a draft.",
        )
    if row.sha256 != expected:
        raise Conflict(
            "draft_changed",
            "草稿已被他人（或另一窗口）修改。您的内容仍在编辑器中：请导出备份，再重新打开草稿。",
            "Somebody else (or another window) has changed this draft. Your work is still in the editor: export it, then open"
            " the draft again.",
        )
    if not _FILE_NAME.fullmatch(name):
        raise DomainError("file_name", "文件名无效。", "That is no name for a file of a model.", pointer="name")
    files = files_of(conn, definition_id)
    if content is None:
        files.pop(name, None)
        conn.execute(
            delete(DefinitionFile).where(DefinitionFile.definition_id == definition_id, DefinitionFile.name == name)
        )
    else:
        files[name] = content
        row_of = {"definition_id": definition_id, "name": name, "content": content}
        conn.execute(
            upsert(DefinitionFile)
            .values(row_of)
            .on_conflict_do_update(index_elements=["definition_id", "name"], set_={"content": content})
        )
    settings = versionfiles.settings(files)
    if settings["id"] != row.procedure:
        raise DomainError("procedure", "流程代码不能更改。", "The code of a procedure does not change.", pointer="id")
    changed = {"sha256": versionfiles.digest(files), "title": settings["title"]}
    conn.execute(update(Definition).where(Definition.id == definition_id).values(changed))
    return versionfiles.digest(files)
