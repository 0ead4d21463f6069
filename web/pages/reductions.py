"""Reduction projects: the register, one project with its calculation and uses, and the report per zone."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for

from handlers.reserve import quarter_days
from registers import catalogues, parties
from registers.errors import DomainError
from registers.reduction_tables import KIND_TITLES, ORIGIN_TITLES, STATUS_TITLES, USE_TITLES
from web import auth, formvalues
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.refusals import by_field
from web.words import in_language
from workflows import reductionwork as work

PAGE = 50


@blueprint.get("/reductions")
@auth.signed_in
def reductions() -> str:
    """The projects this person may see."""
    wanted = {name: request.args.get(name, "") for name in ("zone", "status", "kind")}
    year, offset = request.args.get("year", type=int), max(request.args.get("offset", 0, int), 0)
    with reading() as conn:
        rows = work.listing(conn, actor(), **wanted, year=year, limit=PAGE + 1, offset=min(offset, 1_000_000))
        zones = parties.zones(conn)
        may_report = work.may_report(conn, actor())
    return render_template(
        "reductions.html",
        rows=rows[:PAGE],
        more=len(rows) > PAGE,
        offset=offset,
        limit=PAGE,
        wanted={**wanted, "year": year or ""},
        zones=zones,
        may_report=may_report,
        **_words(),
    )


@blueprint.get("/reductions/report")
@auth.signed_in
def reduction_report() -> str:
    """Audited, used, reserved and left per zone and factor between two days."""
    today = runtime().time.today()
    first, last = quarter_days(today.year, (today.month + 2) // 3)
    first, last = _day("first", first), _day("last", last)
    zone = request.args.get("zone", "")
    with reading() as conn:
        rows = work.report(conn, actor(), first, last, zone)
        zones = parties.zones(conn)
    return render_template(
        "reduction_report.html", may_report=True, rows=rows, first=first, last=last, zone=zone, zones=zones, **_words()
    )


@blueprint.get("/reductions/<uuid:project_id>")
@auth.signed_in
def reduction(project_id: uuid.UUID) -> str:
    """One project."""
    return _project(project_id, {})


@blueprint.post("/reductions/<uuid:project_id>/upper-use")
@auth.signed_in
def reduction_upper_use(project_id: uuid.UUID) -> Any:
    """The upper level has used an amount."""
    form = request.form
    try:
        run(
            work.upper_use,
            project_id=project_id,
            factor=form.get("factor", ""),
            amount=formvalues.amount("amount"),
            document=form.get("document", ""),
        )
    except DomainError as error:
        return _project(project_id, by_field(error)), error.status
    return redirect(url_for("pages.reduction", project_id=project_id))


def _project(project_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        found = work.one(conn, actor(), project_id)
        zone = parties.zone(conn, found["zone_code"])
    return render_template("reduction.html", p=found, zone=in_language((zone[1], zone[2])), errors=errors, **_words())


def _words() -> dict[str, Any]:
    return {
        "kinds": {key: in_language(pair) for key, pair in KIND_TITLES.items()},
        "origins": {key: in_language(pair) for key, pair in ORIGIN_TITLES.items()},
        "statuses": {key: in_language(pair) for key, pair in STATUS_TITLES.items()},
        "purposes": {key: in_language(pair) for key, pair in USE_TITLES.items()},
        "factors": {item["key"]: in_language((item["zh"], item["en"])) for item in catalogues.pollutants()},
        "in_language": in_language,
    }


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args.get(name, "") or otherwise.isoformat())
    except ValueError:
        return otherwise
