"""Procedures and their versions: list, upload with lint result, publish."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import Any

from flask_smorest import Blueprint

from web import auth, comparison, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, comparing, definitions, designing, migrating, versionchecks, versionfiles

blueprint = Blueprint("definitions", __name__, description="Procedures and definitions")


@blueprint.get("/procedures")
@blueprint.response(200)
def procedures() -> Any:
    """The procedures in force today."""
    with runtime().db.transaction() as conn:
        rows = definitions.listing(conn, status="published")
    return [
        {
            "procedure": row["procedure"],
            "version": row["version"],
            "title": row["title"],
            "id": str(row["id"]),
            "valid_from": row["valid_from"].isoformat(),
        }
        for row in rows
    ]


@blueprint.get("/definitions")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """All versions, newest first."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        return [_row(row) for row in definitions.listing(conn)]


@blueprint.get("/definitions/<uuid:definition_id>")
@blueprint.response(200)
@auth.signed_in
def show(definition_id: uuid.UUID) -> Any:
    """A version with its files."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        return {
            "id": str(definition_id),
            "files": versionfiles.as_texts(definitions.files_of(conn, definition_id)),
        }


@blueprint.post("/lint")
@blueprint.arguments(schemas.LintIn())
@blueprint.response(200)
@auth.signed_in
def lint_files(args: dict[str, Any]) -> Any:
    """Check models without keeping them."""
    files = _bytes(args["files"])
    files.setdefault(versionfiles.SETTINGS, versionfiles.plain_settings("unnamed", "unnamed"))
    with reading() as conn:
        return {"findings": [vars(finding) for finding in versionchecks.check(conn, files)]}


@blueprint.post("/definitions")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.UploadIn())
@blueprint.response(201)
@auth.signed_in
def upload(args: dict[str, Any]) -> Any:
    """Keep files as a new draft; the answer carries the linter's findings."""
    return run(designing.draft, procedure=args["procedure"], files=args["files"])


@blueprint.post("/definitions/<uuid:definition_id>/copy")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(201)
@auth.signed_in
def copy(definition_id: uuid.UUID) -> Any:
    """Begin a new draft with the files of any version."""
    return run(designing.copy, definition_id=definition_id)


@blueprint.put("/definitions/<uuid:definition_id>/files")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.SaveFileIn())
@blueprint.response(200)
@auth.signed_in
def save_file(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Keep one file of a draft; answers with the draft's new SHA-256 and the linter's findings."""
    return run(designing.save, definition_id=definition_id, **args)


@blueprint.get("/definitions/<uuid:definition_id>/compare/<uuid:other_id>")
@blueprint.response(200)
@auth.signed_in
def compare(definition_id: uuid.UUID, other_id: uuid.UUID) -> Any:
    """What a version changes against another: steps, flows, rules, fields and settings."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        found = comparing.compare(definitions.files_of(conn, other_id), definitions.files_of(conn, definition_id))
        told = comparison.readable(conn, runtime(), found)
    return {"differences": [comparing.document(item) for item in told]}


@blueprint.post("/definitions/<uuid:definition_id>/publish")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.PublishIn())
@blueprint.response(200)
@auth.signed_in
def publish(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Put a draft in force; refused with the findings when the linter finds errors."""
    return run(designing.publish, definition_id=definition_id, **args)


@blueprint.post("/definitions/<uuid:definition_id>/retire")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.RetireIn())
@blueprint.response(200)
@auth.signed_in
def retire(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Take a version out of force; running cases keep it."""
    return run(designing.retire, definition_id=definition_id, **args)


@blueprint.get("/definitions/<uuid:definition_id>/cases")
@blueprint.response(200)
@auth.signed_in
def movable(definition_id: uuid.UUID) -> Any:
    """The running cases on other versions, each with where it is and what stands in the way of a move to this one."""
    access.require(actor(), "case.migrate")
    with reading() as conn:
        return views.plain([asdict(item) for item in migrating.candidates(runtime(), conn, definition_id)])


@blueprint.post("/cases/<uuid:case_id>/migrate")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.MigrateIn())
@blueprint.response(200)
@auth.signed_in
def migrate(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Move a running case to another published version; refused with everything that stands in the way."""
    return run(migrating.migrate, case_id=case_id, **args)


@blueprint.post("/cases/<uuid:case_id>/migrate-back")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def migrate_back(case_id: uuid.UUID) -> Any:
    """Undo the last move of a case while nothing has happened in it since."""
    return run(migrating.migrate_back, case_id=case_id)


def _bytes(files: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def _row(row: dict[str, Any]) -> Any:
    plain: dict[str, Any] = json.loads(json.dumps(row, default=str))
    return plain
