"""Runs of a version: its scenarios, or past cases replayed by it."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, runviews, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import access, definitions, foreseeing, modelruns

blueprint = Blueprint("runs", __name__, description="Scenarios and past cases played by a version.")


class RunIn(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(modelruns.KINDS))
    since = fields.Date()
    until = fields.Date()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, foreseeing.MOST_CASES))
    decision = fields.String(load_default="", validate=validate.Length(max=200))


@blueprint.get("/definitions/<uuid:definition_id>/runs")
@blueprint.response(200)
@auth.signed_in
def listing(definition_id: uuid.UUID) -> Any:
    """The runs of a version, newest first, with their progress."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        definitions.row(conn, definition_id)
        return {"runs": views.plain(modelruns.of_definition(conn, definition_id))}


@blueprint.post("/definitions/<uuid:definition_id>/runs")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(RunIn())
@blueprint.response(202)
@auth.signed_in
def start(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Have the scenarios, or the cases of a period, played in the background."""
    return run(modelruns.request, definition_id=definition_id, **args)


@blueprint.get("/runs/<uuid:run_id>")
@blueprint.response(200)
@auth.signed_in
def show(run_id: uuid.UUID) -> Any:
    """What came of a run so far: each scenario with its problems and route, or each case with its differences."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        found = modelruns.one(conn, run_id)
        contents = definitions.files_of(conn, found.row["definition_id"])
    document = runviews.document(found)
    if found.row["kind"] == "scenarios":
        flows, passed = modelruns.coverage(contents, found.lines)
        document |= {"coverage": len(passed) / len(flows) if flows else 1, "uncovered": sorted(flows - passed)}
    return document
