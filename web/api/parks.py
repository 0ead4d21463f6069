"""Parks and enterprises: everything that is known of one, as JSON and as a workbook."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from web.pages import parks as parkpages
from workflows import piloting, unitfiles

blueprint = Blueprint("parks", __name__, description="Parks and the files of enterprises")
KEY = [schemas.KEY_HEADER]


class ParkIn(Schema):
    facts = fields.Dict(keys=fields.String(), required=True)


class WordsIn(Schema):
    q = fields.String(load_default="", validate=validate.Length(max=100))


@blueprint.get("/parks")
@blueprint.response(200)
@auth.signed_in
def parks() -> Any:
    """All parks."""
    with reading() as conn:
        return views.plain({"parks": unitfiles.parks(conn, actor())})


@blueprint.get("/parks/<code>")
@blueprint.response(200)
@auth.signed_in
def park(code: str) -> Any:
    """Everything of one park."""
    with reading() as conn:
        found = unitfiles.park(conn, runtime(), actor(), code)
        return views.plain({**found, "quota": [vars(one) for one in found["quota"]]})


@blueprint.post("/parks/<code>")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(ParkIn)
@blueprint.response(200)
@auth.signed_in
def save_park(args: dict[str, Any], code: str) -> Any:
    """Keep what is known of a park."""
    return run(piloting.save_park, code=code, **args)


@blueprint.get("/enterprise-files")
@blueprint.arguments(WordsIn, location="query")
@blueprint.response(200)
@auth.signed_in
def enterprise_files(args: dict[str, Any]) -> Any:
    """Enterprises whose file you may open."""
    with reading() as conn:
        return views.plain({"enterprises": unitfiles.enterprises(conn, actor(), args["q"])})


@blueprint.get("/enterprise-files/<uuid:enterprise_id>/sheet")
@auth.signed_in
def enterprise_sheet(enterprise_id: uuid.UUID) -> Any:
    """Everything of one enterprise as a workbook."""
    return parkpages.enterprise_file_sheet(enterprise_id=enterprise_id)


@blueprint.get("/parks/<code>/sheet")
@auth.signed_in
def park_sheet(code: str) -> Any:
    """Everything of one park as a workbook."""
    return parkpages.park_sheet(code=code)


@blueprint.get("/enterprise-files/<uuid:enterprise_id>")
@blueprint.response(200)
@auth.signed_in
def enterprise_file(enterprise_id: uuid.UUID) -> Any:
    """Everything of one enterprise."""
    with reading() as conn:
        return views.plain(unitfiles.enterprise(conn, runtime(), actor(), enterprise_id))
