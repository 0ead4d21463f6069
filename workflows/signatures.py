"""Signatures: who signed which step, when, and the SHA-256 of exactly what was signed.

A user task of a model says when it is signed (property `signed`, an expression over its answers, e.g. `decision ==
'agree'`). What is signed is one document in canonical JSON: the answers handed in, and by hash everything the case had
gathered by then (submissions, letters, files) and the letters that the step itself makes (`stepletters`). It is made twice: before,
for the seal service and for reading (`signing`); and inside the step, when the engine has come to rest, where it must come out the same.
The signature is kept beside the submission, never changed; its hash, and the letters it let out, are a line of the record.
Rehearsals and scenarios play a signed step with `PLAYED`; over HTTP there is no way to say that.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, ForeignKey, Index, LargeBinary, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from registers import files, parties
from registers.accounts import Actor
from registers.db import Base, uuid7
from registers.errors import Conflict, DomainError, NotFound
from workflows import access, casefile, documents, engine, events, expressions, formdata, letters, seals, stepletters
from workflows.commands import Proof, to_json
from workflows.compiling import Compiled
from workflows.models import Case, Event

if TYPE_CHECKING:
    from workflows.caserun import CaseRun

SCHEMA = "onewindow/signature/2"
REHEARSAL = "rehearsal"
CLIENT_LENGTH = 300


class Signature(Base):
    """One signature; rows are never changed."""

    __tablename__ = "signature"
    __table_args__ = (Index("ix_signature_case", "case_id", "signed_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), unique=True)
    element: Mapped[str]
    title: Mapped[str] = mapped_column(comment="the step, as it was called")
    signer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    signer_name: Mapped[str]
    role: Mapped[str]
    unit: Mapped[str] = mapped_column(comment="the body or enterprise signed for")
    method: Mapped[str] = mapped_column(comment="the seal adapter, or rehearsal")
    evidence: Mapped[dict[str, Any]]
    document: Mapped[bytes] = mapped_column(LargeBinary, comment="canonical JSON, exactly what was signed")
    sha256: Mapped[str]
    client: Mapped[str] = mapped_column(comment="address and program the signature came from")
    signed_at: Mapped[datetime]


@dataclass(frozen=True)
class Seal(Proof):
    """That somebody signed a document: by which adapter, what it gave as evidence, and from where."""

    method: str
    sha256: str
    evidence: Mapping[str, Any]
    client: str


PLAYED = Seal(REHEARSAL, "", {}, "")


class SignatureRequired(DomainError):
    """The step is signed, and the request carried no signature."""

    def __init__(self) -> None:
        super().__init__(
            "signature_required",
            "这一步需要签名：请重新验证身份后提交。",
            "This step is signed: prove who you are, then hand it in.",
            pointer="signature",
        )


def wanted(compiled: Compiled, element: engine.Element, values: Mapping[str, Any]) -> bool:
    """Whether a step is signed with these answers; a question that was not asked is answered by nothing."""
    condition = element.properties.get("signed")
    if not condition:
        return False
    known = {**dict.fromkeys(compiled.form_of(element.id).fields), **values}
    return bool(expressions.compile_expression(condition, None).evaluate(known))


def begin(
    run: CaseRun, task: Mapping[str, Any], filled: formdata.Filled, seal: Seal | None
) -> Callable[[], None] | None:
    """Before a step that is signed: what is done when the engine has come to rest. None when nothing is signed; refused without a seal."""
    if not wanted(run.compiled, run.compiled.model.elements[task["element"]], filled.values):
        return None
    if seal is None:
        raise SignatureRequired
    held = letters.of_case(run.step.conn, run.id)
    document = _before(run, task, filled.stored, held)

    def finish() -> None:
        known = {one["id"] for one in held}
        made = [one for one in letters.of_case(run.step.conn, run.id) if one["id"] not in known]
        _enter(run, task, seal, {**document, "made": stepletters.entries(run.compiled, made)}, made)

    return finish


def _before(
    run: CaseRun, task: Mapping[str, Any], stored: dict[str, Any], held: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The document of a signature as far as it is known before the step: the answers, and what the case held, each by its hash."""
    conn, compiled = run.step.conn, run.compiled
    form = compiled.form_of(task["element"])
    submitted = casefile.submissions(conn, run.id)
    named = formdata.file_ids(form, stored)
    for row in submitted:
        named |= formdata.file_ids(compiled.form_of(row["element"]), row["data"])
    known = documents.by_ids(conn, named)
    return {
        "schema": SCHEMA,
        "case": {"id": run.id, "number": run.number},
        "procedure": {"id": compiled.procedure, "version": compiled.version, "definition": compiled.id},
        "step": {"task": task["id"], "element": task["element"], "name": task["name"]},
        "form": {"id": form.id, "version": form.version},
        "answers": stored,
        "submissions": [
            {
                "id": row["id"],
                "element": row["element"],
                "at": row["submitted_at"].astimezone(UTC).isoformat(),
                "sha256": _hash(to_json(row["data"])),
            }
            for row in submitted
        ],
        "letters": [
            {"id": one["id"], "title": one["title"], "number": one["number"], "sha256": one["sha256"]} for one in held
        ],
        "files": [{"id": key, "name": file.name, "sha256": file.sha256} for key, file in sorted(known.items())],
    }


def _enter(
    run: CaseRun, task: Mapping[str, Any], seal: Seal, document: dict[str, Any], made: Sequence[Mapping[str, Any]]
) -> None:
    """Keep the signature of a step; refused when what was signed is not what there is now."""
    content = to_json(document).encode()
    digest = hashlib.sha256(content).hexdigest()
    if seal is not PLAYED and seal.sha256 != digest:
        raise Conflict(
            "signed_changed",
            "签名时案件内容有变动（他人提交了材料或意见，或者将出具的文书与您核对的不同），尚未签名；请核对后重新签名。",
            "The case, or a letter this step makes, changed while you were signing, so nothing was signed. Look at it and sign again.",
        )
    actor, signature_id = run.step.actor, uuid7()
    run.step.conn.execute(
        insert(Signature).values(
            id=signature_id,
            case_id=run.id,
            task_id=task["id"],
            element=task["element"],
            title=task["name"],
            signer_id=actor.id,
            signer_name=actor.name,
            role=task["role"] or "",
            unit=_unit(run),
            method=seal.method,
            evidence=dict(seal.evidence),
            document=content,
            sha256=digest,
            client=seal.client[:CLIENT_LENGTH],
            signed_at=run.step.now,
        )
    )
    let_out = [{"id": str(one["id"]), "sha256": one["sha256"]} for one in made]
    about = {"name": task["name"], "sha256": digest, "method": seal.method, "signature": str(signature_id)}
    run.record("signed", task["element"], **about, letters=let_out)


def of_case(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The signatures of a case in order, without their documents; the caller has checked the case."""
    columns = [one for one in Signature.__table__.columns if one.name not in ("document", "client", "evidence")]
    rows = conn.execute(
        select(*columns).where(Signature.case_id == case_id).order_by(Signature.signed_at, Signature.id).limit(500)
    )
    return [dict(row) for row in rows.mappings()]


def documents_of(conn: Connection, case_id: uuid.UUID) -> list[tuple[uuid.UUID, bytes]]:
    """Exactly what was signed in a case, by signature."""
    query = select(Signature.id, Signature.document).where(Signature.case_id == case_id).order_by(Signature.id)
    return [(row.id, bytes(row.document)) for row in conn.execute(query.limit(1000))]


def one(conn: Connection, actor: Actor, signature_id: uuid.UUID) -> dict[str, Any]:
    """A signature whose case the person may see; where it came from only for the signer and the auditor. NotFound."""
    row = (
        conn.execute(
            select(Signature.__table__, Case.number, Case.title.label("case_title"), Case.definition_id)
            .join(Case, Case.id == Signature.case_id)
            .where(Signature.id == signature_id, access.visible_cases(actor))
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("没有这份签名，或您无权查看。", "There is no such signature, or it is not yours to see.")
    mine = actor.id is not None and row["signer_id"] == actor.id
    return {**row, "client": row["client"] if mine or access.administers(actor, "audit.see") else ""}


def let_out(conn: Connection, signature: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The letters that a signed step made, as they are on file; the caller has checked the signature."""
    named = {one["id"] for one in _line(conn, signature).get("letters", [])}
    return [one for one in letters.of_case(conn, signature["case_id"]) if str(one["id"]) in named]


def check(conn: Connection, files_root: Path, compiled: Compiled, signature: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is not as it was when the signature was given, each in words; nothing when all is unchanged."""
    kept = bytes(signature["document"])
    found: list[tuple[str, str]] = []
    if hashlib.sha256(kept).hexdigest() != signature["sha256"]:
        found.append(("签名的文件与其指纹不符", "the signed document does not have its fingerprint"))
        return _told(found)
    said = json.loads(kept)
    found += _record_faults(conn, signature)
    found += _submission_faults(conn, signature, said)
    found += _letter_faults(conn, files_root, signature["case_id"], said)
    found += _made_faults(conn, files_root, compiled, signature, said)
    found += _file_faults(files_root, said)
    if signature["method"] != REHEARSAL and not _sealed(signature, kept):
        found.append(("电子签章的凭证不成立", "the evidence of the seal does not hold"))
    return _told(found)


def _line(conn: Connection, signature: Mapping[str, Any]) -> dict[str, Any]:
    """What the record says of a signature; empty when it says nothing."""
    lines = conn.scalars(
        select(Event.data).where(Event.case_id == signature["case_id"], Event.kind == "signed").limit(1000)
    )
    return next((line for line in lines if line["signature"] == str(signature["id"])), {})


def _record_faults(conn: Connection, signature: Mapping[str, Any]) -> list[tuple[str, str]]:
    if _line(conn, signature).get("sha256") != signature["sha256"]:
        return [("办理记录中没有这份签名的指纹", "the record of the case does not have this fingerprint")]
    if next(events.verify(conn, signature["case_id"]), None) is not None:
        return [("办理记录的哈希链不完整", "the chain of the case's record is broken")]
    return []


def _submission_faults(
    conn: Connection, signature: Mapping[str, Any], said: Mapping[str, Any]
) -> list[tuple[str, str]]:
    rows = casefile.submissions(conn, signature["case_id"])
    now = {str(row["id"]): _hash(to_json(row["data"])) for row in rows}
    own = [row for row in rows if row["task_id"] == signature["task_id"]]
    found = []
    if len(own) != 1 or to_json(own[0]["data"]) != to_json(said["answers"]):
        found.append(("提交的内容与签名时不同", "what was handed in differs from what was signed"))
    for was in said["submissions"]:
        if now.get(was["id"]) != was["sha256"]:
            found.append(
                (f"此前提交的材料（{was['element']}）已改动", f"an earlier submission ({was['element']}) was altered")
            )
    return found


def _letter_faults(
    conn: Connection, files_root: Path, case_id: uuid.UUID, said: Mapping[str, Any]
) -> list[tuple[str, str]]:
    now = {str(one["id"]): one["sha256"] for one in letters.of_case(conn, case_id)}
    return [
        (f"文书“{was['title']}”已改动", f"the letter “{was['title']}” was altered")
        for was in said["letters"]
        if now.get(was["id"]) != was["sha256"] or not _intact(files_root, was["sha256"])
    ]


def _made_faults(
    conn: Connection, files_root: Path, compiled: Compiled, signature: Mapping[str, Any], said: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """The letters the step made: on file they say what was signed, and the Word files say what is on file."""
    recorded = {one["id"]: one["sha256"] for one in _line(conn, signature).get("letters", [])}
    made = let_out(conn, signature)
    if len(made) != len(recorded) or stepletters.entries(compiled, made) != said["made"]:
        return [("签名后出具的文书与签名的内容不符", "a letter the signed step made does not say what was signed")]
    return [
        (f"文书“{one['title']}”已改动", f"the letter “{one['title']}” was altered")
        for one in made
        if one["sha256"] != recorded[str(one["id"])]
        or not _intact(files_root, one["sha256"])
        or not stepletters.says_the_same(compiled, one, files.path_of(files_root, one["sha256"]).read_bytes())
    ]


def _file_faults(files_root: Path, said: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"附件“{was['name']}”已改动或丢失", f"the file “{was['name']}” was altered or is missing")
        for was in said["files"]
        if not _intact(files_root, was["sha256"])
    ]


def _intact(files_root: Path, sha256: str) -> bool:
    try:
        with files.open_file(files_root, sha256) as stored:
            digest = hashlib.sha256()
            while piece := stored.read(1 << 20):
                digest.update(piece)
            return digest.hexdigest() == sha256
    except (OSError, DomainError):
        return False


def _sealed(signature: Mapping[str, Any], kept: bytes) -> bool:
    try:
        return seals.find(signature["method"]).verify(kept, signature["evidence"])
    except DomainError:
        return False


def _told(found: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"zh": zh, "en": en} for zh, en in found]


def _unit(run: CaseRun) -> str:
    """Whom the signer signs for: the body of the task, else the enterprise of the case."""
    if run.body_name or run.enterprise_id is None:
        return run.body_name
    found = parties.enterprise(run.step.conn, run.enterprise_id)
    return str(found["name"]) if found else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
