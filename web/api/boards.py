"""The boards: cases by clock, steps, bodies; each with what it rests on, and the cases behind a figure."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import boards, boardwork

blueprint = Blueprint("boards", __name__, description="Boards of those who supervise")


class ClockIn(Schema):
    procedure = fields.String(load_default="")
    light = fields.String(load_default="", validate=validate.OneOf(["", *boards.LIGHTS]))
    holder = fields.String(load_default="", validate=validate.OneOf(["", "applicant", "authority"]))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class PeriodIn(Schema):
    procedure = fields.String(required=True)
    first = fields.Date(required=True)
    last = fields.Date(required=True)


class StepIn(PeriodIn):
    element = fields.String(required=True)
    open = fields.Boolean(load_default=False)


class ClosedIn(PeriodIn):
    body = fields.String(load_default="")
    zone = fields.String(load_default="")


@blueprint.post("/boards/refresh")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def refresh() -> Any:
    """Carry the boards over now."""
    return run(boardwork.refresh)


@blueprint.get("/boards/cases")
@blueprint.arguments(ClockIn, location="query")
@blueprint.response(200)
@auth.signed_in
def cases(args: dict[str, Any]) -> Any:
    """Running cases by light and by whose turn it is, and a page of them."""
    now = runtime().time.now()
    with reading() as conn:
        counts = boards.lights(conn, actor(), now, args["procedure"])
        rows = boards.by_clock(conn, actor(), now, **args)
        return views.plain({"counts": counts, "cases": rows, "basis": boards.stamp(conn)})


@blueprint.get("/boards/steps")
@blueprint.arguments(PeriodIn, location="query")
@blueprint.response(200)
@auth.signed_in
def steps(args: dict[str, Any]) -> Any:
    """Median and 90th percentile of each step, and what stands open."""
    with reading() as conn:
        return views.plain({"steps": boards.steps(conn, actor(), **args), "basis": boards.stamp(conn)})


@blueprint.get("/boards/steps/months")
@blueprint.arguments(StepIn, location="query")
@blueprint.response(200)
@auth.signed_in
def months(args: dict[str, Any]) -> Any:
    """One step month by month."""
    args.pop("open")
    with reading() as conn:
        return views.plain({"months": boards.months(conn, actor(), **args), "basis": boards.stamp(conn)})


@blueprint.get("/boards/steps/cases")
@blueprint.arguments(StepIn, location="query")
@blueprint.response(200)
@auth.signed_in
def behind(args: dict[str, Any]) -> Any:
    """The cases behind the figures of a step."""
    still_open = args.pop("open")
    with reading() as conn:
        return views.plain({"cases": boards.behind_step(conn, actor(), **args, still_open=still_open)})


@blueprint.get("/boards/bodies")
@blueprint.arguments(PeriodIn, location="query")
@blueprint.response(200)
@auth.signed_in
def bodies(args: dict[str, Any]) -> Any:
    """Bodies compared by the same measures."""
    with reading() as conn:
        return views.plain({"bodies": boards.bodies(conn, actor(), **args), "basis": boards.stamp(conn)})


@blueprint.get("/boards/bodies/cases")
@blueprint.arguments(ClosedIn, location="query")
@blueprint.response(200)
@auth.signed_in
def closed(args: dict[str, Any]) -> Any:
    """The closed cases behind a comparison."""
    with reading() as conn:
        return views.plain({"cases": boards.closed(conn, actor(), **args)})
