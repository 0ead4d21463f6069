"""Reduction projects: the register, one project, the report per zone, upper-level use."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers.reduction_tables import KIND_TITLES, STATUS_TITLES
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import reductionwork as work

blueprint = Blueprint("reductions", __name__, description="Reduction projects and their report")


class ListIn(Schema):
    zone = fields.String(load_default="")
    status = fields.String(load_default="", validate=validate.OneOf(["", *STATUS_TITLES]))
    kind = fields.String(load_default="", validate=validate.OneOf(["", *KIND_TITLES]))
    year = fields.Integer(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class ReportIn(Schema):
    first = fields.Date(required=True)
    last = fields.Date(required=True)
    zone = fields.String(load_default="")


class UpperUseIn(Schema):
    factor = fields.String(required=True)
    amount = fields.Decimal(required=True, places=None)
    document = fields.String(required=True, validate=validate.Length(1, 300))


@blueprint.get("/reductions")
@blueprint.arguments(ListIn, location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """The projects you may see, newest first, with what is left of their amounts."""
    with reading() as conn:
        return views.plain({"projects": work.listing(conn, actor(), **args)})


@blueprint.get("/reductions/report")
@blueprint.arguments(ReportIn, location="query")
@blueprint.response(200)
@auth.signed_in
def report(args: dict[str, Any]) -> Any:
    """Audited, used by purpose, reserved and left per zone and factor between two days."""
    with reading() as conn:
        return views.plain({"rows": work.report(conn, actor(), args["first"], args["last"], args["zone"])})


@blueprint.get("/reductions/<uuid:project_id>")
@blueprint.response(200)
@auth.signed_in
def one(project_id: uuid.UUID) -> Any:
    """One project: declaration, calculation, checks, amounts, uses."""
    with reading() as conn:
        return views.plain(work.one(conn, actor(), project_id))


@blueprint.post("/reductions/<uuid:project_id>/upper-use")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(UpperUseIn)
@blueprint.response(201)
@auth.signed_in
def upper_use(args: dict[str, Any], project_id: uuid.UUID) -> Any:
    """The upper level has used an amount that it also holds in reserve."""
    return run(work.upper_use, project_id=project_id, **args)
