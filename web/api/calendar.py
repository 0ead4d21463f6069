"""The working-day calendar for administrators: import a year, preview, progress of the recount."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import calendar_years
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, calendaring, recompute

blueprint = Blueprint("calendar", __name__, description="Working-day calendar")


class YearIn(Schema):
    year = fields.Integer(required=True, validate=validate.Range(2004, 2100))
    source = fields.String(required=True, validate=validate.Length(1, 200))
    days = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(["off", "work"])),
        required=True,
        metadata={"description": "date to off or work"},
    )


@blueprint.get("/calendar/years")
@blueprint.response(200)
@auth.signed_in
def years() -> Any:
    """The imported years, and how far recounting has come."""
    access.require(actor(), "registers.import")
    with reading() as conn:
        return views.plain(
            {
                "years": [calendaring.as_arguments(item) for item in calendar_years.load_all(conn)],
                "recomputations": recompute.recent(conn),
            }
        )


@blueprint.post("/calendar/years")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(YearIn)
@blueprint.response(201)
@auth.signed_in
def import_year(args: dict[str, Any]) -> Any:
    """Import a published year; open clocks are counted anew right after."""
    return run(calendaring.import_year, **args)


@blueprint.post("/calendar/preview")
@blueprint.arguments(YearIn)
@blueprint.response(200)
@auth.signed_in
def preview(args: dict[str, Any]) -> Any:
    """What would move if a year were imported; nothing is kept."""
    access.require(actor(), "registers.import")
    item = calendaring.parsed(**args)
    with runtime().db.transaction() as conn:
        moves = calendaring.preview(conn, item, runtime().time.today())
    return {"moves": views.plain([vars(move) for move in moves])}
