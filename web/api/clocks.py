"""Clocks of a case: how a date came about, and what officers do to it."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, clockviews
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import clockwork, pausing

blueprint = Blueprint("clocks", __name__, description="Statutory clocks")


class PauseIn(Schema):
    kind = fields.String(required=True)
    days = fields.Integer(required=True, validate=validate.Range(1, pausing.LONGEST_PAUSE))
    reason = fields.String(required=True, validate=validate.Length(1, 2000))


class ResumeIn(Schema):
    kind = fields.String(allow_none=True, load_default=None)
    reason = fields.String(load_default="", validate=validate.Length(max=2000))


class ExtendIn(Schema):
    days = fields.Integer(required=True, validate=validate.Range(1, 366))
    reason = fields.String(required=True, validate=validate.Length(1, 2000))
    approved_by = fields.String(load_default="", validate=validate.Length(max=100))


@blueprint.get("/cases/<uuid:case_id>/clocks/<matter>")
@blueprint.response(200)
@auth.signed_in
def show(case_id: uuid.UUID, matter: str) -> Any:
    """A matter's clock with its derivation day by day, its facts, and in whose hands the case was."""
    with reading() as conn:
        return clockviews.document(clockviews.clock(conn, runtime(), actor(), case_id, matter))


@blueprint.post("/cases/<uuid:case_id>/clocks/<matter>/pause")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(PauseIn)
@blueprint.response(200)
@auth.signed_in
def pause(args: dict[str, Any], case_id: uuid.UUID, matter: str) -> Any:
    """Pause for a procedure the law does not count; makes the written notice to the applicant."""
    return run(clockwork.pause, case_id=case_id, matter=matter, **args)


@blueprint.post("/cases/<uuid:case_id>/clocks/<matter>/resume")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ResumeIn)
@blueprint.response(200)
@auth.signed_in
def resume(args: dict[str, Any], case_id: uuid.UUID, matter: str) -> Any:
    """Let the clock run again."""
    return run(clockwork.resume, case_id=case_id, matter=matter, **args)


@blueprint.post("/cases/<uuid:case_id>/clocks/<matter>/extend")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ExtendIn)
@blueprint.response(200)
@auth.signed_in
def extend(args: dict[str, Any], case_id: uuid.UUID, matter: str) -> Any:
    """Extend the limit where the law allows it; makes the notice with the reason."""
    return run(clockwork.extend, case_id=case_id, matter=matter, **args)
