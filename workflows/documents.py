"""Documents of a case: stored files, who may see them, and using one again in another case.

The file itself is in the content-addressed store of `registers.files`. A person may use and see a file
that the own enterprise or body stored, or that is attached to a part the person may see of a case.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import IO, Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from registers import files, obligations
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import DomainError, NotFound
from registers.files import StoredFile
from workflows import separate
from workflows.commands import Step
from workflows.models import CaseFile
from workflows.runtime import Runtime


def store(
    rt: Runtime, actor: Actor, stream: IO[bytes], name: str, media_type: str, *, accept: Collection[str] = ()
) -> dict[str, Any]:
    """Check and store an uploaded file for its owner's enterprise (or the officer); returns what to show.

    `accept` narrows the extensions to those of the form's field the file is for.
    """
    checked = files.receive(rt.files_root, stream, name, media_type, accept=accept)
    with rt.db.transaction(actor.scope) as conn:
        kept = files.enter(conn, checked, enterprise_id=actor.enterprise_id, user_id=actor.id, now=rt.time.now())
    return {"id": kept.id, "name": kept.name, "size": kept.size, "sha256": kept.sha256}


def visible(rt: Runtime, conn: Connection, actor: Actor, file_id: uuid.UUID) -> StoredFile:
    """A file this person may see, or NotFound."""
    found = files.find(conn, file_id)
    if found is None or not _may_see(rt, conn, actor, found):
        raise NotFound("没有这个文件，或您无权查看。", "There is no such file, or it is not yours to see.")
    return found


def attach(step: Step, case_id: uuid.UUID, element: str, ids: Collection[uuid.UUID]) -> None:
    """Attach files to a case; each must be one this person may use."""
    if not ids:
        return
    known = by_ids(step.conn, ids)
    for file_id in ids:
        found = known.get(str(file_id))
        if found is None or not _may_see(step.rt, step.conn, step.actor, found):
            raise DomainError(
                "file_unknown",
                "表单引用的文件不存在或不属于您，请重新上传。",
                "The form names a file that does not exist or is not yours; upload it again.",
                pointer=str(file_id),
            )
    step.conn.execute(
        insert(CaseFile).on_conflict_do_nothing(),
        [
            {"id": uuid7(), "case_id": case_id, "file_id": file_id, "element": element, "attached_at": step.now}
            for file_id in sorted(ids)
        ],
    )


def by_ids(conn: Connection, ids: Collection[uuid.UUID]) -> dict[str, StoredFile]:
    """Files by identifier; the caller has checked that they may be shown."""
    return {str(found.id): found for found in files.find_many(conn, ids)} if ids else {}


def of_case(conn: Connection, case_id: uuid.UUID) -> list[StoredFile]:
    """The files attached to a case; the caller has checked the case."""
    return files.find_many(conn, list(conn.scalars(select(CaseFile.file_id).where(CaseFile.case_id == case_id))))


def reusable(conn: Connection, actor: Actor, limit: int = 100) -> list[dict[str, Any]]:
    """Files the person's enterprise (or the person) stored before, newest first."""
    return [
        {"id": found.id, "name": found.name, "size": found.size, "created_at": found.created_at}
        for found in files.owned(conn, actor.enterprise_id, actor.id, limit)
    ]


def _may_see(rt: Runtime, conn: Connection, actor: Actor, found: StoredFile) -> bool:
    if actor.scope.everything or found.uploaded_by == actor.id:
        return True
    if found.enterprise_id is not None and found.enterprise_id == actor.enterprise_id:
        return True
    if actor.case_body_ids and obligations.hands_in_to(conn, found.id, sorted(actor.case_body_ids)):
        return True
    return separate.shows_file(rt, conn, actor, found.id)
