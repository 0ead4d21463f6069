"""The total register: list of a year, declarations, results, spreadsheets in and out."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import totals
from web import auth, totalviews, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import reductionwork, totalwork

blueprint = Blueprint("totals", __name__, description="Total register and annual round")
YEAR = validate.Range(2000, 2100)


class YearIn(Schema):
    year = fields.Integer(required=True, validate=YEAR)


class EnlistIn(YearIn):
    enterprise_id = fields.UUID(required=True)
    basis = fields.String(required=True, validate=validate.Length(1, 300))


class UnlistIn(YearIn):
    reason = fields.String(required=True, validate=validate.Length(1, 300))


class QualityIn(YearIn):
    zone = fields.String(required=True)
    medium = fields.String(required=True, validate=validate.OneOf(["air", "water"]))
    met = fields.Boolean(required=True)
    cut_percent = fields.Decimal(load_default=Decimal(0), places=None)
    document = fields.String(required=True, validate=validate.Length(1, 300))


class ImportIn(YearIn):
    kind = fields.String(required=True, validate=validate.OneOf(list(totalwork.COLUMNS)))
    file_name = fields.String(load_default="api", validate=validate.Length(max=200))
    rows = fields.List(fields.Dict(keys=fields.String()), required=True)


@blueprint.get("/totals/units")
@blueprint.arguments(YearIn, location="query")
@blueprint.response(200)
@auth.signed_in
def units(args: dict[str, Any]) -> Any:
    """The list of a year in your zones, and how far each unit has come."""
    with reading() as conn:
        return views.plain(
            {"units": totals.units(conn, args["year"], reductionwork.zones_of(conn, actor())), "year": args["year"]}
        )


@blueprint.post("/totals/units")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(EnlistIn)
@blueprint.response(201)
@auth.signed_in
def enlist(args: dict[str, Any]) -> Any:
    """Put a unit on the list of a year."""
    return run(totalwork.enlist, **args)


@blueprint.post("/totals/units/<uuid:enterprise_id>/remove")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(UnlistIn)
@blueprint.response(200)
@auth.signed_in
def unlist(args: dict[str, Any], enterprise_id: uuid.UUID) -> Any:
    """Take a unit off the list of a year."""
    return run(totalwork.unlist, enterprise_id=enterprise_id, **args)


@blueprint.get("/totals/amounts")
@blueprint.arguments(YearIn, location="query")
@blueprint.response(200)
@auth.signed_in
def amounts(args: dict[str, Any]) -> Any:
    """What was declared for a year and allowed for the next: of your zones, or of your enterprise."""
    with reading() as conn:
        return views.plain({"amounts": totalviews.amounts(conn, actor(), args["year"])})


@blueprint.get("/totals/quality")
@blueprint.arguments(YearIn, location="query")
@blueprint.response(200)
@auth.signed_in
def quality(args: dict[str, Any]) -> Any:
    """Last year's results of your zones."""
    with reading() as conn:
        zones = reductionwork.zones_of(conn, actor())
        return views.plain({zone: totals.quality(conn, args["year"], zone) for zone in zones})


@blueprint.post("/totals/quality")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(QualityIn)
@blueprint.response(201)
@auth.signed_in
def put_quality(args: dict[str, Any]) -> Any:
    """Enter the result of a zone's air or water for a year."""
    return run(totalwork.quality, **args)


@blueprint.post("/totals/import")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ImportIn)
@blueprint.response(201)
@auth.signed_in
def read_in(args: dict[str, Any]) -> Any:
    """Read rows in, as a spreadsheet gives them; all rows are kept with what is wrong in each."""
    return run(totalwork.read_in, **args)


@blueprint.get("/totals/imports")
@blueprint.response(200)
@auth.signed_in
def imports() -> Any:
    """What was read in, newest first."""
    with reading() as conn:
        return views.plain({"imports": totalwork.imports(conn, actor())})


@blueprint.get("/totals/imports/<uuid:import_id>")
@blueprint.response(200)
@auth.signed_in
def imported(import_id: uuid.UUID) -> Any:
    """One import with all its rows and errors."""
    with reading() as conn:
        return views.plain(totalwork.imported(conn, actor(), import_id))


@blueprint.get("/totals/imports/<uuid:import_id>/sheet")
@auth.signed_in
def import_sheet(import_id: uuid.UUID) -> Any:
    """The rows of an import with what is wrong in each, as a spreadsheet."""
    with reading() as conn:
        return totalviews.import_sheet(totalwork.imported(conn, actor(), import_id))


@blueprint.get("/totals/export/<kind>")
@blueprint.arguments(YearIn, location="query")
@auth.signed_in
def export(args: dict[str, Any], kind: str) -> Any:
    """The list of a year (`list`) or the declarations of the year before (`declaration`) as a spreadsheet."""
    with reading() as conn:
        return totalviews.export_sheet(conn, actor(), kind, args["year"])
