"""The working-day calendar: published years, importing one, and what an import would move."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for

from registers import calendar_years
from registers.calendar_years import CalendarYear
from registers.errors import DomainError
from web import auth
from web.context import actor, reading, run, runtime
from web.i18n import language
from web.pages import blueprint
from workflows import access, calendaring, recompute


@blueprint.get("/calendar")
@auth.signed_in
def calendar() -> Any:
    """What is published and imported, and the form for the next year."""
    access.require(actor(), "registers.import")
    return _page({})


@blueprint.post("/calendar/preview")
@auth.signed_in
def preview_calendar() -> Any:
    """What would move; nothing is kept."""
    access.require(actor(), "registers.import")
    try:
        item = _year()
        with runtime().db.transaction() as conn:
            moves = calendaring.preview(conn, item, runtime().time.today())
    except DomainError as error:
        return _page({error.pointer or "": error.message(language())}), error.status
    return _page({}, item=item, moves=moves)


@blueprint.post("/calendar/import")
@auth.signed_in
def import_calendar() -> Any:
    """Keep the year; the clocks are counted anew right after."""
    access.require(actor(), "registers.import")
    try:
        run(calendaring.import_year, **calendaring.as_arguments(_year()))
    except DomainError as error:
        return _page({error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.calendar"))


def _year() -> CalendarYear:
    form, upload = request.form, request.files.get("file")
    source = form.get("source", "")
    if upload is not None and upload.filename:
        item = calendar_years.parse(upload.read(100_000), source)
        return calendaring.parsed(
            item.year, item.source or source, {day.isoformat(): kind for day, kind in item.days.items()}
        )
    return calendaring.from_text(form.get("year", 0, int), source, form.get("holidays", ""), form.get("makeup", ""))


def _page(errors: dict[str, str], **more: Any) -> str:
    rt = runtime()
    with reading() as conn:
        years = calendar_years.load_all(conn)
        walks = recompute.recent(conn)
        counted = rt.reference.get(conn).calendar
    this_year = rt.time.today().year
    known = [(year, counted.provisional(year)) for year in range(this_year - 1, this_year + 3)]
    return render_template(
        "calendar.html",
        years=years,
        walks=walks,
        known=known,
        errors=errors,
        given=request.form,
        next_year=this_year + 1,
        **more,
    )
