"""Parks with their file (一园一档), and the file of an enterprise (一企一档)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for

from registers import catalogues, parties
from registers.errors import DomainError
from web import auth, permitviews, pilotviews, unitsheets
from web.context import actor, reading, run, runtime
from web.i18n import in_language
from web.pages import blueprint
from web.refusals import told
from workflows import piloting, unitfiles


@blueprint.get("/parks")
@auth.signed_in
def parks() -> str:
    """All parks."""
    with reading() as conn:
        rows = unitfiles.parks(conn, actor())
    return render_template("parks.html", parks=rows)


@blueprint.get("/parks/<code>")
@auth.signed_in
def park(code: str) -> str:
    """Everything of one park."""
    return _park(code)


@blueprint.post("/parks/<code>")
@auth.signed_in
def park_save(code: str) -> Any:
    """Keep what is known of a park; a list has one entry a line."""
    form = request.form
    facts: dict[str, Any] = {
        "area_km2": form.get("area_km2", "").strip(),
        "position": form.get("position", ""),
        "sectors": _lines("sectors"),
        "infrastructure": [_parts(line, ("name", "capacity", "state")) for line in _lines("infrastructure")],
        "negative_list": [_parts(line, ("item", "document")) for line in _lines("negative_list")],
        "planning_eia": {name: form.get(f"eia_{name}", "").strip() for name in ("number", "body", "on", "until")},
        "zone_codes": form.getlist("zone_codes"),
        "body": form.get("body", ""),
    }
    try:
        run(piloting.save_park, code=code, facts=facts)
    except DomainError as error:
        return _park(code, told(error), facts), error.status
    return redirect(url_for("pages.park", code=code))


@blueprint.get("/enterprise-files")
@auth.signed_in
def enterprise_files() -> Any:
    """Find the file of an enterprise; an enterprise is led to its own."""
    own = actor().enterprise_id
    if own is not None:
        return redirect(url_for("pages.enterprise_file", enterprise_id=own))
    words = request.args.get("q", "").strip()[:100]
    with reading() as conn:
        rows = unitfiles.enterprises(conn, actor(), words)
    return render_template("enterprise_files.html", rows=rows, words=words)


@blueprint.get("/enterprise-files/<uuid:enterprise_id>")
@auth.signed_in
def enterprise_file(enterprise_id: uuid.UUID) -> str:
    """Everything of one enterprise."""
    with reading() as conn:
        found = unitfiles.enterprise(conn, runtime(), actor(), enterprise_id)
        found["permits"] = permitviews.told(conn, runtime(), found["permits"])
    industry = dict(catalogues.choices("gbt4754")).get(found["unit"]["industry"], "")
    return render_template("enterprise_file.html", **found, industry=industry, as_of=runtime().time.now())


@blueprint.get("/enterprise-files/<uuid:enterprise_id>/sheet")
@auth.signed_in
def enterprise_file_sheet(enterprise_id: uuid.UUID) -> Any:
    """Everything of one enterprise as a workbook."""
    with reading() as conn:
        found = unitfiles.enterprise(conn, runtime(), actor(), enterprise_id)
    return unitsheets.enterprise(found, runtime().time.now())


@blueprint.get("/parks/<code>/sheet")
@auth.signed_in
def park_sheet(code: str) -> Any:
    """Everything of one park as a workbook."""
    with reading() as conn:
        found = unitfiles.park(conn, runtime(), actor(), code)
    return unitsheets.park(found, runtime().time.now())


def _park(code: str, error: str = "", typed: Mapping[str, Any] | None = None) -> str:
    """The page; its form holds what was typed, or else what is known."""
    with reading() as conn:
        found = unitfiles.park(conn, runtime(), actor(), code)
        bodies, zones = parties.bodies(conn), parties.zones(conn)
    return render_template(
        "park.html",
        **found,
        bodies=bodies,
        all_zones=zones,
        zone_names={code: in_language((zh, en)) for code, zh, en in zones},
        error=error,
        kept={**found["park"], "position": _position(found["park"]), **(typed or {})},
        as_of=runtime().time.now(),
        **pilotviews.words(),
    )


def _position(park: Mapping[str, Any]) -> str:
    if park["longitude"] is None:
        return ""
    return f"E{park['longitude'].normalize():f} N{park['latitude'].normalize():f}"


def _lines(name: str) -> list[str]:
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()][:200]


def _parts(line: str, names: tuple[str, ...]) -> dict[str, str]:
    """A line such as “name | capacity | state” as its named parts."""
    given = [part.strip() for part in line.split("|")]
    return {name: given[place] if place < len(given) else "" for place, name in enumerate(names)}
