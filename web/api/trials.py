"""Sandbox cases (试办) of a version: begin, take steps, look, go back, keep as a scenario."""

from __future__ import annotations

import io
import uuid
from typing import Any

from flask import send_file
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, trialviews, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, definitions, letters, looking
from workflows import trials as trying

blueprint = Blueprint("trials", __name__, description="Sandbox cases of a version.")


class StartTrialIn(Schema):
    title = fields.String(load_default="", validate=validate.Length(max=200))
    today = fields.Date()
    given = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class TrialStepIn(Schema):
    step = fields.Dict(required=True, metadata={"description": "a step as scenarios.json has them"})


class UndoIn(Schema):
    keep = fields.Integer(required=True, validate=validate.Range(0, trying.MOST_STEPS))


class KeepIn(Schema):
    zh = fields.String(required=True, validate=validate.Length(1, 200))
    en = fields.String(load_default="", validate=validate.Length(max=200))


class TaskIn(Schema):
    body = fields.String(load_default="")


@blueprint.get("/definitions/<uuid:definition_id>/trials")
@blueprint.response(200)
@auth.signed_in
def listing(definition_id: uuid.UUID) -> Any:
    """The sandbox cases of a version, newest first."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        definitions.row(conn, definition_id)
        return {"trials": views.plain(trying.of_definition(conn, definition_id))}


@blueprint.post("/definitions/<uuid:definition_id>/trials")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(StartTrialIn())
@blueprint.response(201)
@auth.signed_in
def start(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Begin a sandbox case."""
    return run(trying.start, definition_id=definition_id, **args)


@blueprint.get("/trials/<uuid:trial_id>")
@blueprint.response(200)
@auth.signed_in
def show(trial_id: uuid.UUID) -> Any:
    """Where a sandbox case stands: tasks, dates, letters, notices, record, variables, messages that were not sent."""
    found, _, contents = trialviews.opened(trial_id)
    return trialviews.document(found, looking.look(runtime(), found, contents).state)


@blueprint.get("/trials/<uuid:trial_id>/tasks/<element>")
@blueprint.arguments(TaskIn(), location="query")
@blueprint.response(200)
@auth.signed_in
def task(args: dict[str, Any], trial_id: uuid.UUID, element: str) -> Any:
    """An open task: its form, what it starts from, an example of how to fill it in."""
    return trialviews.task_document(trialviews.look(trial_id).task(element, args["body"]))


@blueprint.post("/trials/<uuid:trial_id>/steps")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(TrialStepIn())
@blueprint.response(200)
@auth.signed_in
def step(args: dict[str, Any], trial_id: uuid.UUID) -> Any:
    """Take a step; refused with the reason when it cannot be taken."""
    found, _, contents = trialviews.opened(trial_id)
    looking.attempt(runtime(), found, contents, args["step"])
    return run(trying.take, trial_id=trial_id, taken=args["step"], revision=found["revision"])


@blueprint.post("/trials/<uuid:trial_id>/undo")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(UndoIn())
@blueprint.response(200)
@auth.signed_in
def undo(args: dict[str, Any], trial_id: uuid.UUID) -> Any:
    """Go back to the first steps."""
    return run(trying.undo, trial_id=trial_id, **args)


@blueprint.post("/trials/<uuid:trial_id>/scenario")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(KeepIn())
@blueprint.response(200)
@auth.signed_in
def keep(args: dict[str, Any], trial_id: uuid.UUID) -> Any:
    """Keep what was played as a scenario of the draft, after it was played once more and held."""
    found, _, contents = trialviews.opened(trial_id)
    scenario = trying.record(runtime(), found, contents, trialviews.scenario_name(args["zh"], args["en"]))
    return {**run(trying.keep, trial_id=trial_id, scenario=scenario), "scenario": scenario}


@blueprint.delete("/trials/<uuid:trial_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def drop(trial_id: uuid.UUID) -> Any:
    """Throw a sandbox case away."""
    return run(trying.drop, trial_id=trial_id)


@blueprint.get("/trials/<uuid:trial_id>/letters/<number>")
@auth.signed_in
def letter(trial_id: uuid.UUID, number: str) -> Any:
    """A letter of a sandbox case as a Word file."""
    found, content = trialviews.look(trial_id).letter(number)
    return send_file(
        io.BytesIO(content),
        mimetype=letters.DOCX,
        as_attachment=True,
        download_name=f"{found['title']}.docx",
        max_age=0,
    )
