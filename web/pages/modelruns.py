"""Scenarios run from the page with coverage on the diagram, and past cases replayed by a version that is not in force yet."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web import auth, diagrams, formvalues, runviews, words
from web.context import actor, reading, run, runtime
from web.i18n import model_name
from web.pages import blueprint
from web.pages.objections import kinds
from workflows import access, definitions, foreseeing, modelruns
from workflows import scenarios as playing


@blueprint.get("/definitions/<uuid:definition_id>/scenarios")
@auth.signed_in
def scenarios(definition_id: uuid.UUID) -> str:
    """The scenarios of a version, how they went last, and which flows they cover."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        row = definitions.row(conn, definition_id)
        contents = definitions.files_of(conn, definition_id)
        runs = modelruns.of_definition(conn, definition_id, "scenarios")
        last = modelruns.one(conn, runs[0]["id"]) if runs else None
    names = [
        playing.title_of(one) for one in json.loads(contents.get(playing.SCENARIOS, b'{"scenarios": []}'))["scenarios"]
    ]
    lines = last.lines if last else []
    chosen = request.args.get("only", type=int)
    shown = lines[chosen : chosen + 1] if chosen is not None else lines
    flows, passed = modelruns.coverage(contents, lines)
    steps = runviews.steps(contents)
    return render_template(
        "scenarios.html",
        row=row,
        names=names,
        last=last,
        lines=lines,
        chosen=chosen,
        flows=len(flows),
        passed=len(passed),
        diagrams=diagrams.of(contents, runviews.coverage_markers(contents, shown)) if lines else [],
        step_name=lambda key: model_name(steps[key].name) or key if key in steps else key,
    )


@blueprint.post("/definitions/<uuid:definition_id>/scenarios")
@auth.signed_in
def run_scenarios(definition_id: uuid.UUID) -> Response:
    """Have all scenarios played."""
    run(modelruns.request, definition_id=definition_id, kind="scenarios")
    return redirect(url_for("pages.scenarios", definition_id=definition_id))


@blueprint.get("/definitions/<uuid:definition_id>/foresee")
@auth.signed_in
def foresee(definition_id: uuid.UUID) -> str:
    """Choose past cases to be replayed by this version, and the replays there are."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        row = definitions.row(conn, definition_id)
        contents = definitions.files_of(conn, definition_id)
        runs = modelruns.of_definition(conn, definition_id, "replay", "table")
    today = runtime().time.today()
    return render_template(
        "foresee.html",
        row=row,
        runs=runs,
        tables=runviews.tables(contents),
        since=date(today.year - 1, today.month, 1),
        until=today,
        most=foreseeing.MOST_CASES,
    )


@blueprint.post("/definitions/<uuid:definition_id>/foresee")
@auth.signed_in
def start_foreseeing(definition_id: uuid.UUID) -> Response:
    """Have past cases replayed."""
    decision = request.form.get("decision", "")
    made = run(
        modelruns.request,
        definition_id=definition_id,
        kind="table" if decision else "replay",
        since=formvalues.optional_day("since"),
        until=formvalues.optional_day("until"),
        limit=request.form.get("limit", 50, type=int),
        decision=decision,
    )
    return redirect(url_for("pages.model_run", run_id=made["run_id"]))


@blueprint.get("/runs/<uuid:run_id>")
@auth.signed_in
def model_run(run_id: uuid.UUID) -> Any:
    """What a replay has found so far."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        found = modelruns.one(conn, run_id)
        row = definitions.row(conn, found.row["definition_id"])
        steps = runviews.steps(definitions.files_of(conn, row["id"]))
    if found.row["kind"] == "scenarios":
        return redirect(url_for("pages.scenarios", definition_id=row["id"]))

    def ended(outcome: str | None) -> str:
        """How a case ended, or that it did not."""
        if outcome is None or outcome in ("running", "withdrawn", "cancelled"):
            return words.case_status(outcome or "running", None)
        return words.case_status("closed", outcome, model_name(steps[outcome].name) if outcome in steps else outcome)

    summary = modelruns.summary(found)
    return render_template("foreseen.html", row=row, found=found, summary=summary, ended=ended, objection_kinds=kinds())
