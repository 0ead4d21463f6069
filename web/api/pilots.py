"""Pilots: the portfolio, one pilot, what is entered of it, its reports as Word documents."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema

from web import auth, pilotviews, views
from web.api import pilot_schemas as given
from web.api import schemas
from web.context import actor, reading, run, runtime
from web.pages import scoring as scoringpages
from workflows import majorevents, milestoning, piloting, portfolio, reformwork
from workflows.commands import Command

blueprint = Blueprint("pilots", __name__, description="Pilots and their programmes")
KEY = [schemas.KEY_HEADER]


def _on(day: date | None) -> date:
    return day or runtime().time.today()


@blueprint.get("/pilots")
@blueprint.arguments(given.BoardIn, location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """The portfolio on a day: counts, what is due, slippage and a page of pilots."""
    with pilotviews.register() as conn:
        board = pilotviews.board(conn, actor(), _on(args["on"]), args["programme"], args["light"], args["offset"])
        return views.plain(board)


@blueprint.get("/pilots/due")
@blueprint.arguments(given.PilotDueIn, location="query")
@blueprint.response(200)
@auth.signed_in
def due(args: dict[str, Any]) -> Any:
    """The tasks that are late (days = -1), or due within so many days."""
    piloting.require_seeing(actor())
    with pilotviews.register() as conn:
        return views.plain({"tasks": portfolio.due(conn, _on(args["on"]), args["days"], args["programme"])})


@blueprint.get("/pilots/slips")
@blueprint.arguments(given.SlipsIn, location="query")
@blueprint.response(200)
@auth.signed_in
def slips(args: dict[str, Any]) -> Any:
    """The pushes put down to one side."""
    piloting.require_seeing(actor())
    with pilotviews.register() as conn:
        return views.plain({"slips": portfolio.slipped(conn, _on(args["on"]), args["cause"], args["programme"])})


@blueprint.post("/pilots/load")
@blueprint.doc(parameters=KEY)
@blueprint.response(201)
@auth.signed_in
def load() -> Any:
    """Enter the pilots of the source documents; what is there stays as it is."""
    return run(piloting.load)


@blueprint.get("/pilots/<uuid:pilot_id>")
@blueprint.arguments(given.PilotDayIn, location="query")
@blueprint.response(200)
@auth.signed_in
def one(args: dict[str, Any], pilot_id: uuid.UUID) -> Any:
    """A pilot with all that is recorded of it, as it stood on a day."""
    with reading() as conn:
        return views.plain(pilotviews.pilot_document(conn, actor(), pilot_id, _on(args["on"])))


@blueprint.get("/pilots/<uuid:pilot_id>/word")
@blueprint.arguments(given.PilotDayIn, location="query")
@auth.signed_in
def word(args: dict[str, Any], pilot_id: uuid.UUID) -> Response:
    """The summary report as a Word document."""
    return scoringpages.word_report(pilot_id)


@blueprint.get("/programmes/<code>/bulletin")
@blueprint.arguments(given.PilotDayIn, location="query")
@auth.signed_in
def bulletin(args: dict[str, Any], code: str) -> Response:
    """The bulletin of a programme as a Word document."""
    return scoringpages.word_bulletin(code)


# What is entered of a pilot and handed on as it is: address, schema, command, answer, what it does.
_ENTERED: tuple[tuple[str, type[Schema], Command, int, str], ...] = (
    ("assign", given.PilotAssignIn, piloting.assign, 200, "Say which bodies lead and approve a pilot, by their codes."),
    ("tasks", given.PilotTaskIn, piloting.add_task, 201, "Add a task with its date."),
    ("reach", given.ReachIn, piloting.reach, 200, "Note the day on which a task was done."),
    ("push", given.PilotPushIn, piloting.push, 200, "Push a task, with the reason and whom the delay is put down to."),
    (
        "deliverables",
        given.DeliverIn,
        piloting.deliver,
        201,
        "Hand in the next version of what a task delivers; the file was uploaded before.",
    ),
    ("reports", given.PilotReportIn, piloting.report, 201, "Report how the pilot stands."),
    ("notes", given.PilotNoteIn, piloting.note, 201, "Record a decision that changes no status."),
    ("indicators", given.IndicatorIn, piloting.indicator, 201, "Enter an indicator with baseline and target."),
    ("values", given.PilotValueIn, piloting.value, 201, "Enter a measured value."),
    ("risks", given.RiskIn, piloting.risk, 201, "Enter a risk."),
    ("comparisons", given.CompareIn, reformwork.compare, 201, "Say how the pilot's effect is measured."),
    ("events", given.PilotEventIn, majorevents.enter, 201, "Enter an event that may cost the pilot its place."),
)


def _enter(path: str, schema: type[Schema], command: Command, status: int, said: str) -> None:
    def view(args: dict[str, Any], pilot_id: uuid.UUID) -> Any:
        return run(command, pilot_id=pilot_id, **args)

    view.__name__, view.__doc__ = f"enter_{path}", said
    answered = blueprint.response(status)(auth.signed_in(view))
    described = blueprint.doc(parameters=KEY)(blueprint.arguments(schema)(answered))
    blueprint.post(f"/pilots/<uuid:pilot_id>/{path}")(described)


for _entry in _ENTERED:
    _enter(*_entry)


@blueprint.post("/pilots/<uuid:pilot_id>/events/<uuid:event_id>/settle")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(given.PilotEventSettleIn)
@blueprint.response(200)
@auth.signed_in
def settle_event(args: dict[str, Any], pilot_id: uuid.UUID, event_id: uuid.UUID) -> Any:
    """Dismiss an event, or disqualify the pilot for it."""
    return run(majorevents.settle, pilot_id=pilot_id, event_id=event_id, **args)


@blueprint.post("/pilots/<uuid:pilot_id>/push/preview")
@blueprint.arguments(given.PilotPreviewIn)
@blueprint.response(200)
@auth.signed_in
def preview(args: dict[str, Any], pilot_id: uuid.UUID) -> Any:
    """What a push would move."""
    with reading() as conn:
        piloting.see(conn, actor(), pilot_id)
        moved = milestoning.preview(conn, runtime(), "pilot", pilot_id, args["key"], args["on"])
        return views.plain({"moved": [vars(shift) for shift in moved]})


@blueprint.get("/pilots/<uuid:pilot_id>/deliverables/<uuid:deliverable_id>")
@auth.signed_in
def deliverable(pilot_id: uuid.UUID, deliverable_id: uuid.UUID) -> Response:
    """The file of a deliverable."""
    return scoringpages.pilot_file(pilot_id=pilot_id, deliverable_id=deliverable_id)


@blueprint.post("/pilots/<uuid:pilot_id>/risks/<uuid:risk_id>/close")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(given.RiskCloseIn)
@blueprint.response(200)
@auth.signed_in
def close_risk(args: dict[str, Any], pilot_id: uuid.UUID, risk_id: uuid.UUID) -> Any:
    """Close a risk."""
    return run(piloting.close_risk, pilot_id=pilot_id, risk_id=risk_id, **args)
