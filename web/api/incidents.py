"""Stopped steps: look, skip with a reason, propose and decide corrections (retrying is at the case)."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, incidentviews, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, incidents, reasons

blueprint = Blueprint("incidents", __name__, description="Steps that stopped.")
_REASON = validate.Length(1, reasons.LONGEST)


class SkipIn(Schema):
    reason = fields.String(required=True, validate=_REASON)
    result = fields.Raw(load_default=None, allow_none=True)


class MendIn(Schema):
    path = fields.String(required=True, validate=validate.Length(1, 300))
    value = fields.Raw(required=True, allow_none=True)
    reason = fields.String(required=True, validate=_REASON)


class DecideIn(Schema):
    accept = fields.Boolean(required=True)
    remark = fields.String(load_default="", validate=validate.Length(max=reasons.LONGEST))


@blueprint.get("/incidents")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """Stopped service steps with their cause."""
    access.require(actor(), "incident.see")
    with reading() as conn:
        return views.plain(incidents.open_incidents(conn))


@blueprint.get("/incidents/<uuid:incident_id>")
@blueprint.response(200)
@auth.signed_in
def show(incident_id: uuid.UUID) -> Any:
    """One stopped step: its cause, what it is given, the data of the case, corrections."""
    with reading() as conn:
        return incidentviews.document(*incidentviews.details(conn, runtime(), actor(), incident_id))


@blueprint.post("/incidents/<uuid:incident_id>/skip")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(SkipIn())
@blueprint.response(200)
@auth.signed_in
def skip(args: dict[str, Any], incident_id: uuid.UUID) -> Any:
    """Let the step count as done, with a reason and (when later steps need one) a result."""
    return run(incidents.skip, incident_id=incident_id, **args)


@blueprint.post("/incidents/<uuid:incident_id>/mend")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(MendIn())
@blueprint.response(200)
@auth.signed_in
def propose(args: dict[str, Any], incident_id: uuid.UUID) -> Any:
    """Propose to put a datum of the case right."""
    return run(incidents.propose, incident_id=incident_id, **args)


@blueprint.post("/mends/<uuid:mend_id>/decide")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(DecideIn())
@blueprint.response(200)
@auth.signed_in
def decide(args: dict[str, Any], mend_id: uuid.UUID) -> Any:
    """Confirm a correction another person proposed (the step is tried again then), or decline it."""
    return run(incidents.decide, mend_id=mend_id, **args)
