"""House rules: the numbers an installation decides for itself."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import house
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import houserules, limitwork

blueprint = Blueprint("house", __name__, description="House rules")


class SettingIn(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 100))
    value = fields.Integer(required=True)
    source = fields.String(required=True, validate=validate.Length(1, 500))


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
