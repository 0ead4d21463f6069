"""Milestones of a case: plan, what a push would move, push, log of revisions."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, milestoneviews, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import milestoning

blueprint = Blueprint("milestones", __name__, description="Milestones of a case")


class ItemIn(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 100))
    title = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=200))
    on = fields.Date(allow_none=True, load_default=None)
    after = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=100))
    offset = fields.Integer(allow_none=True, load_default=None, validate=validate.Range(0, 5000))
    unit = fields.String(load_default="workday", validate=validate.OneOf(("workday", "day")))
    rule = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=100))


class PlanIn(Schema):
    items = fields.List(fields.Nested(ItemIn), required=True, validate=validate.Length(1, 100))


class PreviewIn(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 100))
    on = fields.Date(required=True)


class PushIn(PreviewIn):
    reason = fields.String(required=True, validate=validate.Length(1, 2000))


@blueprint.get("/cases/<uuid:case_id>/milestones")
@blueprint.response(200)
@auth.signed_in
def listing(case_id: uuid.UUID) -> Any:
    """Baseline, current and actual dates, and the log of revisions."""
    with reading() as conn:
        return views.plain(milestoneviews.document(conn, runtime(), actor(), "case", case_id))


@blueprint.post("/cases/<uuid:case_id>/milestones/plan")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(PlanIn)
@blueprint.response(201)
@auth.signed_in
def plan(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Plan milestones that have no plan yet; the dates become their baseline."""
    return run(milestoning.plan, owner_kind="case", owner_id=case_id, items=args["items"])


@blueprint.post("/cases/<uuid:case_id>/milestones/preview")
@blueprint.arguments(PreviewIn)
@blueprint.response(200)
@auth.signed_in
def preview(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """What would move if a milestone were pushed; nothing is changed."""
    with reading() as conn:
        milestoning.see(conn, actor(), "case", case_id)
        return views.plain([vars(shift) for shift in milestoning.preview(conn, runtime(), "case", case_id, **args)])


@blueprint.post("/cases/<uuid:case_id>/milestones/push")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(PushIn)
@blueprint.response(200)
@auth.signed_in
def push(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Push a milestone and what is planned after it, with the reason."""
    return run(milestoning.push, owner_kind="case", owner_id=case_id, **args)
