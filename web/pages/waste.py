"""The waste ledger: an operator's own, the operators one oversees, reports out of it, spreadsheets in and out."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import redirect, render_template, request, url_for

from handlers import waste_reports
from registers import waste_ledger
from registers.errors import DomainError
from registers.waste_tables import KIND_TITLES
from web import auth, formvalues, sheets, wasteviews
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.refusals import by_field
from web.words import in_language
from workflows import wasteledger

PAGE = 50


@blueprint.get("/waste")
@auth.signed_in
def waste() -> str:
    """One's own ledger, or the operators one oversees."""
    own = actor().enterprise_id
    if own is not None:
        return _page(own, {})
    with reading() as conn:
        operators = wasteledger.overseen(conn, actor())
        rows = [
            {**row, "scale": waste_ledger.usage(conn, row["id"], _year(), runtime().time.today())} for row in operators
        ]
    return render_template("waste_operators.html", operators=rows, year=_year())


@blueprint.get("/waste/<uuid:enterprise_id>")
@auth.signed_in
def waste_of(enterprise_id: uuid.UUID) -> str:
    """The ledger of an operator."""
    return _page(enterprise_id, {})


@blueprint.post("/waste/entries")
@auth.signed_in
def waste_enter() -> Any:
    """Enter one movement."""
    form = request.form
    try:
        run(
            wasteledger.enter,
            kind=form.get("kind", ""),
            on=formvalues.day("on"),
            code=form.get("code", "").strip(),
            amount=_decimal(form.get("amount", "")),
            lot=form.get("lot", "").strip(),
            partner=form.get("partner", "").strip(),
            note=form.get("note", "").strip(),
        )
    except DomainError as error:
        return _refused(error)
    return redirect(url_for("pages.waste"))


@blueprint.post("/waste/entries/<uuid:entry_id>/reverse")
@auth.signed_in
def waste_reverse(entry_id: uuid.UUID) -> Any:
    """Take an entry back."""
    try:
        run(wasteledger.reverse, entry_id=entry_id, reason=request.form.get("reason", ""))
    except DomainError as error:
        return _refused(error)
    return redirect(url_for("pages.waste"))


@blueprint.post("/waste/import")
@auth.signed_in
def waste_import() -> Any:
    """Read a spreadsheet in and show what became of its rows."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise DomainError("file", "请选择表格文件。", "Choose a spreadsheet.", pointer="file")
        rows = sheets.read(sent.stream, wasteledger.COLUMNS, wasteledger.MOST_ROWS)
        made = run(wasteledger.read_in, file_name=sent.filename, rows=rows)
    except DomainError as error:
        return _refused(error)
    return redirect(url_for("pages.waste_imported", import_id=made["import_id"]))


@blueprint.get("/waste/imports/<uuid:import_id>")
@auth.signed_in
def waste_imported(import_id: uuid.UUID) -> str:
    """What became of the rows of a spreadsheet."""
    with reading() as conn:
        found = wasteledger.imported(conn, actor(), import_id)
    return render_template("waste_import.html", found=found, columns=wasteledger.COLUMNS)


@blueprint.get("/waste/imports/<uuid:import_id>/sheet")
@auth.signed_in
def waste_import_sheet(import_id: uuid.UUID) -> Any:
    """The rows with what is wrong in each, to be mended and read in again."""
    with reading() as conn:
        return wasteviews.import_sheet(wasteledger.imported(conn, actor(), import_id))


@blueprint.get("/waste/<uuid:enterprise_id>/sheet")
@auth.signed_in
def waste_sheet(enterprise_id: uuid.UUID) -> Any:
    """The standing entries as a spreadsheet."""
    with reading() as conn:
        return wasteviews.entries_sheet(conn, actor(), enterprise_id)


@blueprint.get("/waste/<uuid:enterprise_id>/report")
@auth.signed_in
def waste_report(enterprise_id: uuid.UUID) -> str:
    """One of the reports that the ledger fills."""
    with reading() as conn:
        found = wasteviews.report(conn, actor(), enterprise_id, *_wanted())
    return render_template(
        "waste_report.html",
        found=found,
        enterprise_id=enterprise_id,
        kinds={key: in_language((one.zh, one.en)) for key, one in waste_reports.REPORTS.items()},
        in_language=in_language,
        year=_wanted()[1],
        quarter=_wanted()[2],
    )


@blueprint.get("/waste/<uuid:enterprise_id>/report/sheet")
@auth.signed_in
def waste_report_sheet(enterprise_id: uuid.UUID) -> Any:
    """The report as a spreadsheet."""
    with reading() as conn:
        return wasteviews.report_sheet(wasteviews.report(conn, actor(), enterprise_id, *_wanted()))


def _refused(error: DomainError) -> Any:
    own = actor().enterprise_id
    if own is None:
        raise error
    return _page(own, by_field(error)), error.status


def _page(enterprise_id: uuid.UUID, errors: dict[str, str]) -> str:
    person, year = actor(), _year()
    text = request.args.get("offset", "0")
    offset = int(text) if text.isdecimal() and len(text) < 7 else 0
    with reading() as conn:
        found = wasteviews.ledger(conn, runtime(), person, enterprise_id, year)
        rows, total = waste_ledger.entries(conn, enterprise_id, limit=PAGE, offset=offset)
        imports = wasteledger.imports(conn, enterprise_id)
    return render_template(
        "waste.html",
        found=found,
        enterprise_id=enterprise_id,
        entries=rows,
        page={"total": total},
        limit=PAGE,
        offset=offset,
        page_url=lambda at: url_for("pages.waste_of", enterprise_id=enterprise_id, year=year, offset=at),
        imports=imports,
        own=enterprise_id == person.enterprise_id,
        kinds={key: in_language(pair) for key, pair in KIND_TITLES.items()},
        errors=errors,
        typed=request.form if errors else {},
        year=year,
        today=runtime().time.today(),
    )


def _wanted() -> tuple[str, int, int]:
    quarter = request.args.get("quarter", "")
    now = runtime().time.today()
    chosen = int(quarter) if quarter in ("1", "2", "3", "4") else (now.month + 2) // 3
    return request.args.get("kind", "licence_quarter"), _year(), chosen


def _year() -> int:
    text = request.args.get("year", "")
    return int(text) if text.isdecimal() and 2000 <= int(text) <= 2100 else runtime().time.today().year


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise DomainError("amount", "数量应为数字。", "The amount is a number.", pointer="amount") from None
