"""Stopped steps: what they stopped on, with what data; retry, skip with a reason, corrections by two people."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from registers.errors import DomainError
from web import auth, incidentviews
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from workflows import access
from workflows import incidents as stopped


@blueprint.get("/incidents")
@auth.signed_in
def incidents() -> str:
    """Stopped steps with their causes."""
    access.require(actor(), "incident.see")
    with reading() as conn:
        rows = stopped.open_incidents(conn)
    return render_template("incidents.html", rows=rows, may_retry=access.administers(actor(), "incident.retry"))


@blueprint.get("/incidents/<uuid:incident_id>")
@auth.signed_in
def incident(incident_id: uuid.UUID) -> str:
    """One stopped step with its data, and what can be done."""
    return _page(incident_id)


@blueprint.post("/incidents/<uuid:incident_id>/skip")
@auth.signed_in
def skip_incident(incident_id: uuid.UUID) -> Any:
    """Skip the step."""
    given = request.form.get("result", "").strip()
    reason = request.form.get("reason", "")
    return _done(
        incident_id,
        lambda: run(stopped.skip, incident_id=incident_id, reason=reason, result=_value(given) if given else None),
    )


@blueprint.post("/incidents/<uuid:incident_id>/mend")
@auth.signed_in
def propose_mend(incident_id: uuid.UUID) -> Any:
    """Propose a correction."""
    facts = {"path": request.form.get("path", "").strip(), "value": _value(request.form.get("value", ""))}
    reason = request.form.get("reason", "")
    return _done(incident_id, lambda: run(stopped.propose, incident_id=incident_id, **facts, reason=reason))


@blueprint.post("/mends/<uuid:mend_id>/decide")
@auth.signed_in
def decide_mend(mend_id: uuid.UUID) -> Response:
    """Confirm or decline a correction."""
    accept, remark = request.form.get("do") == "accept", request.form.get("remark", "")
    answer = run(stopped.decide, mend_id=mend_id, accept=accept, remark=remark)
    return redirect(url_for("pages.incident", incident_id=answer["incident_id"]))


def _done(incident_id: uuid.UUID, act: Any) -> Any:
    try:
        act()
    except DomainError as refused:
        return _page(incident_id, refused), refused.status
    return redirect(url_for("pages.incident", incident_id=incident_id))


def _page(incident_id: uuid.UUID, refused: DomainError | None = None) -> str:
    with reading() as conn:
        row, facts = incidentviews.details(conn, runtime(), actor(), incident_id)
    return render_template(
        "incident.html",
        row=row,
        refused=refused,
        **facts,
        variables_text=json.dumps(facts["plain"], ensure_ascii=False, indent=1),
        may_act=row["resolved_at"] is None and access.administers(actor(), "incident.retry"),
        may_decide=stopped.may_decide(actor(), row),
    )


def _value(text: str) -> Any:
    """What was typed, as JSON when it is, else as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
