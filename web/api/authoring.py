"""The workbench by program: begin a procedure, its settings, history, decision tables, forms, letters, limits and roles."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from forms.letters import reading as reading_of
from registers.errors import NotFound
from web import auth, formdesk, letterdesk, uploads, views, workbench
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, authoring, comparing, drafting, lettering, tables

blueprint = Blueprint("authoring", __name__, description="The process designer's workbench")


class ProcedureIn(Schema):
    procedure = fields.String(required=True, validate=validate.Length(1, 60))
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    form = fields.String(load_default="remark")
    starter = fields.String(load_default="preparer")
    applicant = fields.Boolean(load_default=True)
    lead_matter = fields.String(allow_none=True, load_default=None)


class ModelSettingsIn(Schema):
    facts = fields.Dict(keys=fields.String(), required=True)
    expected = fields.String(required=True)


class ExpectedIn(Schema):
    expected = fields.String(required=True)


class RemoveIn(ExpectedIn):
    name = fields.String(required=True)


class LetterKindIn(ExpectedIn):
    name = fields.String(required=True, validate=validate.Length(1, 60))
    facts = fields.Dict(keys=fields.String(), required=True)


class TableIn(Schema):
    content = fields.String(required=True, validate=validate.Length(max=1_048_576))
    decision = fields.String(allow_none=True, load_default=None)
    values = fields.List(fields.String(), allow_none=True, load_default=None, validate=validate.Length(max=100))


class FormContentIn(Schema):
    content = fields.String(required=True, validate=validate.Length(max=formdesk.MOST_BYTES))


@blueprint.post("/definitions/begin")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ProcedureIn)
@blueprint.response(201)
@auth.signed_in
def begin(args: dict[str, Any]) -> Any:
    """Make the first draft of a new procedure."""
    return run(authoring.begin, **args)


@blueprint.get("/definitions/<uuid:definition_id>/settings")
@blueprint.response(200)
@auth.signed_in
def settings(definition_id: uuid.UUID) -> Any:
    """The settings of a version, and the SHA-256 to name when changing them."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    return {"settings": draft.settings, "sha256": draft.row["sha256"], "places": workbench.places(draft.files)}


@blueprint.put("/definitions/<uuid:definition_id>/settings")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ModelSettingsIn)
@blueprint.response(200)
@auth.signed_in
def change_settings(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Change the named settings of a draft; what is not named stays."""
    return run(authoring.change_settings, definition_id=definition_id, **args)


@blueprint.delete("/definitions/<uuid:definition_id>/files")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(RemoveIn)
@blueprint.response(200)
@auth.signed_in
def remove_file(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Take a file out of a draft."""
    return run(drafting.remove_file, definition_id=definition_id, **args)


@blueprint.get("/definitions/<uuid:definition_id>/history")
@blueprint.response(200)
@auth.signed_in
def history(definition_id: uuid.UUID) -> Any:
    """The changes of a draft, newest first."""
    with reading() as conn:
        workbench.opened(conn, definition_id)
        return views.plain({"changes": drafting.history(conn, definition_id)})


@blueprint.get("/definitions/<uuid:definition_id>/history/<uuid:change_id>")
@blueprint.response(200)
@auth.signed_in
def earlier(definition_id: uuid.UUID, change_id: uuid.UUID) -> Any:
    """A draft as it was before a change: its models, tables, forms and settings, and what is different now."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        then = drafting.state_before(conn, definition_id, change_id)
    texts = {name: content.decode() for name, content in then.items() if not name.endswith(".docx")}
    return {"files": texts, "differences": [asdict(one) for one in comparing.compare(then, draft.files)]}


@blueprint.post("/definitions/<uuid:definition_id>/history/<uuid:change_id>/restore")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ExpectedIn)
@blueprint.response(200)
@auth.signed_in
def restore(args: dict[str, Any], definition_id: uuid.UUID, change_id: uuid.UUID) -> Any:
    """Bring a draft back to how it was before a change."""
    return run(drafting.restore, definition_id=definition_id, change_id=change_id, **args)


@blueprint.post("/tables/check")
@blueprint.arguments(TableIn)
@blueprint.response(200)
@auth.signed_in
def check_table(args: dict[str, Any]) -> Any:
    """Overlaps and gaps of decision tables; with `decision` and `values` also which rules fire for a test row."""
    access.require(actor(), "definition.edit")
    return tables.examine(args["content"].encode(), decision=args["decision"], values=args["values"])


@blueprint.post("/definitions/<uuid:definition_id>/forms/<name>/check")
@blueprint.arguments(FormContentIn)
@blueprint.response(200)
@auth.signed_in
def check_form(args: dict[str, Any], definition_id: uuid.UUID, name: str) -> Any:
    """Whether a form is as it should be (else 422 with the place), and what it means for work that is open."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    form = formdesk.parsed(args["content"])
    return views.plain(asdict(formdesk.touched(runtime(), draft.row["procedure"], name, form)))


@blueprint.get("/definitions/<uuid:definition_id>/letters")
@blueprint.response(200)
@auth.signed_in
def letters(definition_id: uuid.UUID) -> Any:
    """The letters of a version with their placeholders and where each stands in the template."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    found = []
    for letter in letterdesk.letters_of(draft):
        lines = lettering.lines(draft.files, letter.name)
        placeholders = [
            {
                "name": line.name,
                "label": dict(line.spec.label),
                "optional": line.spec.optional,
                "places": [asdict(place) for place in line.places],
            }
            for line in lines
        ]
        found.append({**asdict(letter), "placeholders": placeholders})
    return {"letters": found, "sha256": draft.row["sha256"]}


@blueprint.put("/definitions/<uuid:definition_id>/letters")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(LetterKindIn)
@blueprint.response(200)
@auth.signed_in
def save_letter_kind(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Make or change a kind of letter that only this version has: title, basis, number, served, placeholders."""
    return run(lettering.save_kind, definition_id=definition_id, **args)


@blueprint.delete("/definitions/<uuid:definition_id>/letters/<name>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ExpectedIn)
@blueprint.response(200)
@auth.signed_in
def remove_letter_kind(args: dict[str, Any], definition_id: uuid.UUID, name: str) -> Any:
    """Take a kind of letter of the version's own out of a draft, with its template."""
    return run(lettering.remove_kind, definition_id=definition_id, name=name, **args)


@blueprint.post("/definitions/<uuid:definition_id>/letters/<name>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def save_letter(definition_id: uuid.UUID, name: str) -> Any:
    """Keep a Word template (multipart: `file`, `expected`); unknown placeholders are refused with name and place."""
    content, expected = uploads.the_file().read(reading_of.MOST_BYTES + 1), request.form.get("expected", "")
    return run(lettering.save_letter, definition_id=definition_id, name=name, content=content, expected=expected)


@blueprint.get("/definitions/<uuid:definition_id>/letters/<name>/preview.<form>")
@auth.signed_in
def preview(definition_id: uuid.UUID, name: str, form: str) -> Response:
    """The letter filled from a case of one's own (`?case=`), or with the names of its placeholders; docx or pdf."""
    if form not in ("docx", "pdf"):
        raise NotFound()
    return letterdesk.preview(definition_id, name, form, request.args.get("case", None, uuid.UUID))


@blueprint.get("/definitions/<uuid:definition_id>/limits")
@blueprint.response(200)
@auth.signed_in
def limits_and_roles(definition_id: uuid.UUID) -> Any:
    """The limits a version uses with their versions, and its roles with the bodies that have people for them."""
    today = runtime().time.today()
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        used = letterdesk.limits_of(conn, draft, today)
        roles = letterdesk.roles_of(conn, draft, today)
    shown = [{**row, "rule": None if row["rule"] is None else row["rule"].basis_zh} for row in used]
    return views.plain(
        {"limits": shown, "roles": [{**row, "staff": [asdict(s) for s in row["staff"]]} for row in roles]}
    )
