"""The waste ledger and joint inspections: entries, balance, reports, spreadsheets, random lists."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from handlers import waste_reports
from registers import waste_ledger
from registers.errors import Forbidden
from registers.waste_tables import KIND_TITLES
from web import auth, views, wasteviews
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import inspecting, wasteledger

blueprint = Blueprint("waste", __name__, description="Waste ledger and joint inspections")


class YearIn(Schema):
    year = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(2000, 2100))


class ListIn(Schema):
    code = fields.String(load_default="")
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class EntryIn(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(list(KIND_TITLES)))
    on = fields.Date(required=True)
    code = fields.String(required=True, validate=validate.Length(max=10))
    amount = fields.Decimal(required=True, places=None)
    lot = fields.String(load_default="", validate=validate.Length(max=60))
    partner = fields.String(load_default="", validate=validate.Length(max=200))
    note = fields.String(load_default="", validate=validate.Length(max=500))


class ReverseIn(Schema):
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class WasteImportIn(Schema):
    file_name = fields.String(load_default="api", validate=validate.Length(max=200))
    rows = fields.List(fields.Dict(keys=fields.String()), required=True)


class ReportIn(YearIn):
    kind = fields.String(required=True, validate=validate.OneOf(list(waste_reports.REPORTS)))
    quarter = fields.Integer(load_default=1, validate=validate.Range(1, 4))


class DrawIn(Schema):
    wanted = fields.Integer(required=True, validate=validate.Range(1, inspecting.MOST))
    seed = fields.String(load_default="", validate=validate.Length(max=64))


@blueprint.get("/waste/operators")
@blueprint.response(200)
@auth.signed_in
def operators() -> Any:
    """The operators whose ledgers you may read, with their licence."""
    with reading() as conn:
        return views.plain({"operators": wasteledger.overseen(conn, actor())})


@blueprint.get("/waste/<uuid:enterprise_id>")
@blueprint.arguments(YearIn, location="query")
@blueprint.response(200)
@auth.signed_in
def ledger(args: dict[str, Any], enterprise_id: uuid.UUID) -> Any:
    """A ledger for a year: papers, licensed scale used, stock with its age, balance by code."""
    with reading() as conn:
        return views.plain(wasteviews.ledger(conn, runtime(), actor(), enterprise_id, _year(args)))


@blueprint.get("/waste/<uuid:enterprise_id>/entries")
@blueprint.arguments(ListIn, location="query")
@blueprint.response(200)
@auth.signed_in
def entries(args: dict[str, Any], enterprise_id: uuid.UUID) -> Any:
    """The entries of a ledger, newest first."""
    with reading() as conn:
        wasteledger.require_read(conn, actor(), enterprise_id)
        rows, total = waste_ledger.entries(conn, enterprise_id, **args)
        return views.plain({"entries": rows, "total": total})


@blueprint.get("/waste/<uuid:enterprise_id>/sheet")
@auth.signed_in
def entries_sheet(enterprise_id: uuid.UUID) -> Any:
    """The standing entries as a spreadsheet with the columns of the import."""
    with reading() as conn:
        return wasteviews.entries_sheet(conn, actor(), enterprise_id)


@blueprint.get("/waste/<uuid:enterprise_id>/report")
@blueprint.arguments(ReportIn, location="query")
@blueprint.response(200)
@auth.signed_in
def report(args: dict[str, Any], enterprise_id: uuid.UUID) -> Any:
    """One of the reports that the ledger fills."""
    with reading() as conn:
        found = wasteviews.report(conn, actor(), enterprise_id, args["kind"], _year(args), args["quarter"])
        return views.plain(found)


@blueprint.get("/waste/<uuid:enterprise_id>/report/sheet")
@blueprint.arguments(ReportIn, location="query")
@auth.signed_in
def report_sheet(args: dict[str, Any], enterprise_id: uuid.UUID) -> Any:
    """The report as a spreadsheet."""
    with reading() as conn:
        found = wasteviews.report(conn, actor(), enterprise_id, args["kind"], _year(args), args["quarter"])
        return wasteviews.report_sheet(found)


@blueprint.post("/waste/entries")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(EntryIn)
@blueprint.response(201)
@auth.signed_in
def enter(args: dict[str, Any]) -> Any:
    """Enter one movement in your own ledger."""
    return run(wasteledger.enter, **args)


@blueprint.post("/waste/entries/<uuid:entry_id>/reverse")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ReverseIn)
@blueprint.response(201)
@auth.signed_in
def reverse(args: dict[str, Any], entry_id: uuid.UUID) -> Any:
    """Take an entry of your own ledger back; both stay in it."""
    return run(wasteledger.reverse, entry_id=entry_id, **args)


@blueprint.post("/waste/import")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(WasteImportIn)
@blueprint.response(201)
@auth.signed_in
def read_in(args: dict[str, Any]) -> Any:
    """Read rows in, as a spreadsheet gives them; all rows are kept with what is wrong in each."""
    return run(wasteledger.read_in, **args)


@blueprint.get("/waste/imports/<uuid:import_id>")
@blueprint.response(200)
@auth.signed_in
def imported(import_id: uuid.UUID) -> Any:
    """One import with all its rows and errors."""
    with reading() as conn:
        return views.plain(wasteledger.imported(conn, actor(), import_id))


@blueprint.get("/waste/imports/<uuid:import_id>/sheet")
@auth.signed_in
def import_sheet(import_id: uuid.UUID) -> Any:
    """The rows of an import with what is wrong in each, as a spreadsheet."""
    with reading() as conn:
        return wasteviews.import_sheet(wasteledger.imported(conn, actor(), import_id))


@blueprint.get("/inspections")
@blueprint.response(200)
@auth.signed_in
def lists() -> Any:
    """The random lists of your bodies, newest first, with candidates, seed and cases."""
    if not inspecting.may_inspect(actor()):
        raise Forbidden("联合检查由生态环境主管部门进行。", "Joint inspections are made by the authority.")
    with reading() as conn:
        return views.plain({"lists": inspecting.lists(conn, actor())})


@blueprint.post("/inspections")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(DrawIn)
@blueprint.response(201)
@auth.signed_in
def draw(args: dict[str, Any]) -> Any:
    """Draw a random list of operators."""
    return run(inspecting.draw, **args)


@blueprint.post("/inspections/<uuid:draw_id>/begin/<uuid:enterprise_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(201)
@auth.signed_in
def begin(draw_id: uuid.UUID, enterprise_id: uuid.UUID) -> Any:
    """Begin the inspection of an enterprise on a list."""
    return run(inspecting.begin, draw_id=draw_id, enterprise_id=enterprise_id)


def _year(args: dict[str, Any]) -> int:
    return int(args["year"] or runtime().time.today().year)
