"""For everybody: the registers of permits, reductions, pilots and parks, the map of outlets, open data with its dictionary."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from flask import Response, render_template, request

from registers import parties
from registers.errors import NotFound
from registers.pilot_tables import STATUSES
from registers.reduction_tables import KIND_TITLES
from web import mapping, views, words
from web.context import runtime
from web.i18n import language, pick
from web.pages import blueprint
from web.pages.work import offset_asked, page_url
from workflows import openness

PAGE = 50
PERMIT_STATES = {
    "valid": ("有效", "in force"),
    "superseded": ("已替代", "superseded"),
    "cancelled": ("已撤销或者注销", "cancelled"),
    "expired": ("已到期", "expired"),
}


@blueprint.get("/register/permits")
def public_permits() -> str:
    """The public register of permits and approvals."""
    return _listing("permits", "publicpermits.html", state=_state)


@blueprint.get("/register/permits/<path:number>")
def public_permit(number: str) -> str:
    """A permit with its outlets and limits."""
    with runtime().db.transaction() as conn:
        found = openness.permit(conn, number)
    return render_template("publicpermit.html", permit=found, state=_state)


@blueprint.get("/register/reductions")
def public_reductions() -> str:
    """The reductions entered in the register."""
    return _listing("reductions", "publicreductions.html", kind_name=_kind)


@blueprint.get("/register/pilots")
def public_pilots() -> str:
    """The reform pilots and how they stand."""
    return _listing("pilots", "publicpilots.html", state=_pilot_state)


@blueprint.get("/register/parks")
def public_parks() -> str:
    """The parks of the pilots."""
    return _listing("parks", "publicparks.html")


@blueprint.get("/map")
def outlet_map() -> str:
    """Parks and permitted outlets on drawings, and the same in tables."""
    with runtime().db.transaction() as conn:
        rows = openness.rows(conn, "outlets", runtime().time.today())
        parks = openness.park_places(conn)
    found = mapping.places(rows)
    zone, chosen = request.args.get("zone", ""), request.args.get("park", "")
    inside = {park["code"]: [place for place in found if place.zone in (park["zones"] or ())] for park in parks}
    shown = [place for place in inside.get(chosen, found) if zone in ("", place.zone)]
    located = [
        ((float(p["longitude"]), float(p["latitude"])), pick(p["title"])) for p in parks if p["longitude"] is not None
    ]
    return render_template(
        "map.html",
        parks=[{**park, "outlets": len(inside[park["code"]])} for park in parks],
        park_drawing=mapping.park_drawing(located) if len(located) > 1 else None,
        chosen=next((park for park in parks if park["code"] == chosen), None),
        places=shown,
        drawing=mapping.drawing(shown) if shown else None,
        zones=sorted({place.zone for place in found}),
        zone=zone,
    )


@blueprint.get("/open-data")
def open_data() -> str:
    """What can be taken, field by field."""
    return render_template("opendata.html", dictionary=openness.dictionary())


@blueprint.get("/open-data/<dataset>.<any(csv, json):form>")
def open_dataset(dataset: str, form: str) -> Response:
    """A set of open data as CSV (with a mark of UTF-8 for spreadsheets) or JSON."""
    with runtime().db.transaction() as conn:
        rows = openness.rows(conn, dataset, runtime().time.today(), offset=offset_asked())
    if form == "json":
        document = {"dataset": dataset, "on": runtime().time.today(), "rows": rows}
        text = json.dumps(views.plain(document), ensure_ascii=False)
        kind = "application/json; charset=utf-8"
    else:
        text, kind = _csv(openness.fields(dataset), views.plain(rows)), "text/csv; charset=utf-8"
    response = Response(text, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="onewindow-{dataset}.{form}"'
    return response


def _csv(names: list[str], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([[_safe(row[name]) for name in names] for row in rows])
    return "\ufeff" + out.getvalue()


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\0＝＋－＠" and value else value


def _listing(dataset: str, template: str, **more: Any) -> str:
    query, offset = request.args.get("q", "").strip()[:100], offset_asked()
    with runtime().db.transaction() as conn:
        rows = openness.rows(conn, dataset, runtime().time.today(), search=query, limit=PAGE + 1, offset=offset)
    if offset and not rows:
        raise NotFound()
    return render_template(
        template,
        rows=rows[:PAGE],
        more=len(rows) > PAGE,
        q=query,
        offset=offset,
        limit=PAGE,
        page_url=page_url,
        **more,
    )


@blueprint.app_template_global("zone_words")
def _zone_words(name: str | None) -> str:
    """A zone, which open data name in Chinese, in the reader's language."""
    if not name or language() == "zh":
        return name or "—"
    with runtime().db.transaction() as conn:
        return next((en for _, zh, en in parties.zones(conn) if zh == name), name)


def _state(status: str) -> str:
    return words.in_language(PERMIT_STATES.get(status, (status, status)))


def _pilot_state(status: str) -> str:
    return words.in_language(STATUSES[status])


def _kind(kind: str) -> str:
    return words.in_language(KIND_TITLES.get(kind, (kind, kind)))
