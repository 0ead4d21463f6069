"""The total register: the list of a year, what was declared and allowed, last year's results, spreadsheets."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import Connection, select

from registers import parties, totals
from registers.errors import DomainError
from registers.total_tables import METHOD_TITLES
from web import auth, sheets, totalviews
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.refusals import by_field
from web.words import in_language
from workflows import reductionwork, totalwork


@blueprint.get("/totals")
@auth.signed_in
def total_register() -> str:
    """The register of a year: of one's zones, or of one's own enterprise."""
    return _page({})


@blueprint.post("/totals/units")
@auth.signed_in
def totals_enlist() -> Any:
    """Put a unit on the list."""
    return _done(
        totalwork.enlist, year=_year(), enterprise_id=_uuid("enterprise_id"), basis=request.form.get("basis", "")
    )


@blueprint.post("/totals/units/<uuid:enterprise_id>/remove")
@auth.signed_in
def totals_unlist(enterprise_id: uuid.UUID) -> Any:
    """Take a unit off the list."""
    return _done(totalwork.unlist, year=_year(), enterprise_id=enterprise_id, reason=request.form.get("reason", ""))


@blueprint.post("/totals/quality")
@auth.signed_in
def totals_quality() -> Any:
    """Enter last year's result of a zone."""
    form = request.form
    return _done(
        totalwork.quality,
        year=_year() - 1,
        zone=form.get("zone", ""),
        medium=form.get("medium", ""),
        met=form.get("met") == "true",
        cut_percent=_percent(form.get("cut_percent", "")),
        document=form.get("document", ""),
    )


@blueprint.post("/totals/import")
@auth.signed_in
def totals_import() -> Any:
    """Read a spreadsheet in and show what became of its rows."""
    kind, sent = request.form.get("kind", ""), request.files.get("file")
    try:
        if sent is None or not sent.filename or kind not in totalwork.COLUMNS:
            raise DomainError("file", "请选择表格文件。", "Choose a spreadsheet.", pointer="file")
        rows = sheets.read(sent.stream, totalwork.COLUMNS[kind], totalwork.MOST_ROWS)
        year = totalviews.data_year(kind, _year())
        made = run(totalwork.read_in, kind=kind, year=year, file_name=sent.filename, rows=rows)
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.totals_imported", import_id=made["import_id"]))


@blueprint.get("/totals/imports/<uuid:import_id>")
@auth.signed_in
def totals_imported(import_id: uuid.UUID) -> str:
    """What became of the rows of a spreadsheet."""
    with reading() as conn:
        found = totalwork.imported(conn, actor(), import_id)
    return render_template(
        "totals_import.html",
        found=found,
        columns=totalwork.COLUMNS[found["kind"]],
        kind=in_language(totalwork.KIND_TITLES[found["kind"]]),
    )


@blueprint.get("/totals/imports/<uuid:import_id>/sheet")
@auth.signed_in
def totals_import_sheet(import_id: uuid.UUID) -> Any:
    """The rows with what is wrong in each, as a spreadsheet to be mended and read in again."""
    with reading() as conn:
        found = totalwork.imported(conn, actor(), import_id)
    return totalviews.import_sheet(found)


@blueprint.get("/totals/export/<kind>")
@auth.signed_in
def totals_export(kind: str) -> Any:
    """The register as a spreadsheet that can be read in again."""
    with reading() as conn:
        return totalviews.export_sheet(conn, actor(), kind, _year_of(request.args.get("year")))


def _done(command: Any, **arguments: Any) -> Any:
    try:
        run(command, **arguments)
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.total_register", year=_year()))


def _page(errors: dict[str, str]) -> str:
    year, person = _year(), actor()
    with reading() as conn:
        zones = reductionwork.zones_of(conn, person)
        keeps = totalwork.may_keep(conn, person)
        shown = {
            "units": totals.units(conn, year, zones) if zones else [],
            "amounts": totalviews.amounts(conn, person, year - 1),
            "results": [
                {"zone": zone, "media": totals.quality(conn, year - 1, zone[0])}
                for zone in parties.zones(conn)
                if zone[0] in zones
            ],
            "imports": totalwork.imports(conn, person) if keeps else [],
            "enterprises": _enterprises(conn, zones) if keeps else [],
        }
    return render_template(
        "totals.html",
        year=year,
        zones=zones,
        keeps=keeps,
        may_report=bool(zones),
        errors=errors,
        kinds={key: in_language(pair) for key, pair in totalwork.KIND_TITLES.items()},
        methods={key: in_language(pair) for key, pair in METHOD_TITLES.items()},
        in_language=in_language,
        **shown,
    )


def _enterprises(conn: Connection, zones: list[str]) -> list[Any]:
    query = select(parties.Enterprise.id, parties.Enterprise.name).where(parties.Enterprise.zone_code.in_(zones))
    return list(conn.execute(query.order_by(parties.Enterprise.name).limit(2000)))


def _year() -> int:
    return _year_of(request.values.get("year"))


def _year_of(text: str | None) -> int:
    """The year of the list; last year's declarations belong to it."""
    return int(text) if text and text.isdecimal() and 2000 <= int(text) <= 2100 else runtime().time.today().year


def _uuid(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        raise DomainError(name, "请选择单位。", "Choose a unit.", pointer=name) from None


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text.strip() or "0")
    except InvalidOperation:
        raise DomainError("cut_percent", "削减比例应为数字。", "The cut is a number.", pointer="cut_percent") from None
