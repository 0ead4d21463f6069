"""The page of a matter's clock: how its date came about, day by day, to print; pausing and extending it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from registers.limits import pause_text
from web import auth, clockviews
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from workflows import clockwork, holding


@blueprint.app_context_processor
def _rights() -> dict[str, Any]:
    """What templates ask of a clock: may this person pause or extend it, and for which procedures."""
    return {
        "may_pause": lambda matter: matter["status"] == "open" and clockwork.may_pause(actor(), matter["body_id"]),
        "may_extend": lambda matter: matter["status"] == "open" and clockwork.may_extend(actor(), matter["body_id"]),
        "pause_text": pause_text,
        "holders": holding.HOLDERS,
    }


@blueprint.get("/cases/<uuid:case_id>/clock/<matter>")
@auth.signed_in
def clock(case_id: uuid.UUID, matter: str) -> Any:
    """The clock of a matter with its derivation; `?format=json` gives the same as data."""
    with reading() as conn:
        found = clockviews.clock(conn, runtime(), actor(), case_id, matter)
    if request.args.get("format") == "json":
        return jsonify(clockviews.document(found))
    return render_template("clock.html", **found)


@blueprint.post("/cases/<uuid:case_id>/clock/<matter>/pause")
@auth.signed_in
def pause_clock(case_id: uuid.UUID, matter: str) -> Response:
    """Pause the clock; the letter to the applicant is made in the same step."""
    form = request.form
    run(
        clockwork.pause,
        case_id=case_id,
        matter=matter,
        kind=form["kind"],
        days=form.get("days", 0, int),
        reason=form["reason"],
    )
    return redirect(url_for("pages.clock", case_id=case_id, matter=matter))


@blueprint.post("/cases/<uuid:case_id>/clock/<matter>/resume")
@auth.signed_in
def resume_clock(case_id: uuid.UUID, matter: str) -> Response:
    """Let the clock run again."""
    form = request.form
    run(clockwork.resume, case_id=case_id, matter=matter, kind=form.get("kind"), reason=form.get("reason", ""))
    return redirect(url_for("pages.clock", case_id=case_id, matter=matter))


@blueprint.post("/cases/<uuid:case_id>/clock/<matter>/extend")
@auth.signed_in
def extend_clock(case_id: uuid.UUID, matter: str) -> Response:
    """Extend the limit where the law allows it."""
    form = request.form
    run(
        clockwork.extend,
        case_id=case_id,
        matter=matter,
        days=form.get("days", 0, int),
        reason=form["reason"],
        approved_by=form.get("approved_by", ""),
    )
    return redirect(url_for("pages.clock", case_id=case_id, matter=matter))
