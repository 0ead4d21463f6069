"""House rules: the numbers an installation decides for itself; and how bodies number their letters."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import house
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, houserules, limitwork, numberwork

blueprint = Blueprint("house", __name__, description="House rules")


class SettingIn(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 100))
    value = fields.Integer(required=True)
    source = fields.String(required=True, validate=validate.Length(1, 500))


class YearIn(Schema):
    year = fields.Integer(load_default=None, allow_none=True)


class PatternIn(Schema):
    body_code = fields.String(required=True)
    kind = fields.String(required=True)
    template = fields.String(required=True, validate=validate.Length(1, 100))
    from_year = fields.Integer(required=True)


class LastIn(Schema):
    body_code = fields.String(required=True)
    kind = fields.String(required=True)
    year = fields.Integer(required=True)
    last = fields.Integer(required=True, validate=validate.Range(0, 999_999_999))
    note = fields.String(required=True, validate=validate.Length(1, 500))


@blueprint.get("/house-rules")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """The values that count now with their bounds and source, and what was changed."""
    limitwork.require_administrator(actor())
    with reading() as conn:
        return views.plain({"rules": [vars(rule) for rule in house.rules(conn)], "changes": house.history(conn)})


@blueprint.post("/house-rules")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(SettingIn)
@blueprint.response(201)
@auth.signed_in
def save(args: dict[str, Any]) -> Any:
    """Choose another value; when lights change, all open clocks are counted anew."""
    return run(houserules.choose, **args)


@blueprint.get("/numbers")
@blueprint.arguments(YearIn, location="query")
@blueprint.response(200)
@auth.signed_in
def numbers(args: dict[str, Any]) -> Any:
    """How each body numbers its letters and cases: pattern, last number, how the next one reads."""
    access.require(actor(), "registers.import")
    with reading() as conn:
        return numberwork.overview(conn, numberwork.year_asked(args["year"], runtime().time.today()))


@blueprint.post("/numbers/pattern")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(PatternIn)
@blueprint.response(201)
@auth.signed_in
def number_pattern(args: dict[str, Any]) -> Any:
    """Set how a body writes the numbers of a kind from a year on."""
    return run(numberwork.write_as, **args)


@blueprint.post("/numbers/last")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(LastIn)
@blueprint.response(201)
@auth.signed_in
def number_last(args: dict[str, Any]) -> Any:
    """Go on after numbers that were given outside this program."""
    return run(numberwork.go_on_after, **args)
