"""Duties with due dates."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import obligations
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import duties

blueprint = Blueprint("duties", __name__, description="Duties by the calendar")


class DoneIn(Schema):
    note = fields.String(required=True, validate=validate.Length(1, 2000))
    files = fields.List(fields.UUID(), load_default=list, metadata={"description": "stored files, such as a report"})


class StartedIn(Schema):
    on = fields.Date(required=True)


@blueprint.post("/permits/<uuid:permit_id>/operation-started")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(StartedIn)
@blueprint.response(200)
@auth.signed_in
def operation_started(args: dict[str, Any], permit_id: uuid.UUID) -> Any:
    """Say since when the works operate; a year later the quotas are checked."""
    return run(duties.operation_started, permit_id=permit_id, on=args["on"])


@blueprint.get("/obligations")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """The duties of my enterprise or of the bodies I work for."""
    with reading() as conn:
        rows = obligations.of_parties(conn, actor().enterprise_id, sorted(actor().case_body_ids))
    return views.plain([{**row, "procedure": duties.PROCEDURES.get(row["kind"])} for row in rows])


@blueprint.post("/obligations/<uuid:obligation_id>/done")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(DoneIn)
@blueprint.response(200)
@auth.signed_in
def done(args: dict[str, Any], obligation_id: uuid.UUID) -> Any:
    """Say that a duty is fulfilled, and how."""
    return run(duties.done, obligation_id=obligation_id, **args)
