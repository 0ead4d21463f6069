"""Pilots and parks: the portfolio, one pilot, entering it, scoring, questionnaires, unit files, Word reports."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import pilot_events, scoring
from registers.accounts import ANONYMOUS
from registers.pilot_tables import CAUSES, GROUNDS, LIGHTS
from web import auth, pilotviews, schemeforms, views
from web.api import schemas
from web.context import actor, idempotency_key, reading, run, runtime
from web.pages import parks as parkpages
from web.pages import scoring as scoringpages
from workflows import majorevents, milestoning, piloting, portfolio, reformwork, scoringwork, unitfiles
from workflows.commands import Command

blueprint = Blueprint("pilots", __name__, description="Pilots, parks, scoring and questionnaires")
TEXT = validate.Length(1, 4000)
KEY = [schemas.KEY_HEADER]


class PilotDayIn(Schema):
    on = fields.Date(load_default=None, allow_none=True)


class BoardIn(PilotDayIn):
    programme = fields.String(load_default="")
    light = fields.String(load_default="", validate=validate.OneOf(["", "red", "yellow", "green", "grey"]))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1_000_000))


class PilotDueIn(PilotDayIn):
    programme = fields.String(load_default="")
    days = fields.Integer(load_default=30, validate=validate.Range(-1, 3660))


class SlipsIn(PilotDayIn):
    programme = fields.String(load_default="")
    cause = fields.String(required=True, validate=validate.OneOf(list(CAUSES)))


class PilotAssignIn(Schema):
    lead = fields.String(load_default="")
    approver = fields.String(load_default="")


class PilotTaskIn(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 300))
    due = fields.Date(required=True)
    deliverable = fields.String(load_default="", validate=validate.Length(max=500))
    source = fields.String(required=True, validate=validate.Length(1, 300))


class ReachIn(Schema):
    key = fields.String(required=True)
    on = fields.Date(required=True)
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class PilotPreviewIn(Schema):
    key = fields.String(required=True)
    on = fields.Date(required=True)


class PilotPushIn(PilotPreviewIn):
    cause = fields.String(required=True, validate=validate.OneOf(list(CAUSES)))
    reason = fields.String(required=True, validate=validate.Length(1, 2000))


class DeliverIn(Schema):
    key = fields.String(required=True)
    title = fields.String(required=True, validate=validate.Length(1, 300))
    note = fields.String(load_default="", validate=validate.Length(max=2000))
    file_id = fields.UUID(load_default=None, allow_none=True)


class PilotReportIn(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(list(piloting.REPORTS)))
    light = fields.String(required=True, validate=validate.OneOf(list(LIGHTS)))
    said = fields.String(required=True, validate=validate.Length(1, 10_000))


class PilotNoteIn(Schema):
    reason = fields.String(required=True, validate=TEXT)
    document = fields.String(load_default="", validate=validate.Length(max=500))


class IndicatorIn(Schema):
    key = fields.String(required=True, validate=validate.Length(1, 60))
    title = fields.String(required=True, validate=validate.Length(1, 200))
    unit = fields.String(load_default="", validate=validate.Length(max=40))
    better = fields.String(required=True, validate=validate.OneOf(["up", "down"]))
    baseline = fields.Decimal(load_default=None, allow_none=True, places=None)
    target = fields.Decimal(load_default=None, allow_none=True, places=None)
    target_on = fields.Date(load_default=None, allow_none=True)
    source = fields.String(required=True, validate=validate.Length(1, 300))


class PilotValueIn(Schema):
    key = fields.String(required=True)
    on = fields.Date(required=True)
    value = fields.Decimal(required=True, places=None)
    source = fields.String(required=True, validate=validate.Length(1, 300))


class RiskIn(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 300))
    level = fields.String(required=True, validate=validate.OneOf(["low", "middle", "high"]))
    measures = fields.String(load_default="", validate=validate.Length(max=2000))
    owner = fields.String(load_default="", validate=validate.Length(max=100))


class RiskCloseIn(Schema):
    closing = fields.String(required=True, validate=validate.Length(1, 2000))


class PilotEventIn(Schema):
    on = fields.Date(required=True)
    ground = fields.String(required=True, validate=validate.OneOf(list(GROUNDS)))
    said = fields.String(required=True, validate=TEXT)
    document = fields.String(load_default="", validate=validate.Length(max=500))


class PilotEventSettleIn(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(list(pilot_events.OUTCOMES)))
    reason = fields.String(required=True, validate=TEXT)
    document = fields.String(load_default="", validate=validate.Length(max=500))


class CompareIn(Schema):
    metric = fields.String(required=True, validate=validate.OneOf(list(reformwork.METRICS)))
    procedure = fields.String(required=True)
    zone = fields.String(load_default=None, allow_none=True)
    base_first = fields.Date(load_default=None, allow_none=True)
    base_last = fields.Date(load_default=None, allow_none=True)
    base_value = fields.Decimal(load_default=None, allow_none=True, places=None)
    base_source = fields.String(load_default="", validate=validate.Length(max=500))
    reform_first = fields.Date(required=True)
    reform_last = fields.Date(required=True)
    claimed_percent = fields.Decimal(load_default=None, allow_none=True, places=None)


class ParkIn(Schema):
    facts = fields.Dict(keys=fields.String(), required=True)


class SchemeIn(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 60))
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    content = fields.Dict(keys=fields.String(), required=True)
    basis = fields.String(required=True, validate=validate.Length(1, 300))


class SchemePreviewIn(Schema):
    content = fields.Dict(keys=fields.String(), required=True)
    samples = fields.Dict(
        keys=fields.String(),
        values=fields.List(
            fields.Decimal(places=None, validate=validate.Range(0, scoring.TOP)), validate=validate.Length(0, 50)
        ),
        load_default=dict,
    )


class InviteIn(Schema):
    names = fields.List(
        fields.String(validate=validate.Length(1, 200)), required=True, validate=validate.Length(1, 500)
    )


class AnswersIn(Schema):
    answers = fields.Dict(keys=fields.String(), required=True)


class WordsIn(Schema):
    q = fields.String(load_default="", validate=validate.Length(max=100))


def _on(given: date | None) -> date:
    return given or runtime().time.today()


@blueprint.get("/pilots")
@blueprint.arguments(BoardIn, location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """The portfolio on a day: counts, what is due, slippage and a page of pilots."""
    with pilotviews.register() as conn:
        board = pilotviews.board(conn, actor(), _on(args["on"]), args["programme"], args["light"], args["offset"])
        return views.plain(board)


@blueprint.get("/pilots/due")
@blueprint.arguments(PilotDueIn, location="query")
@blueprint.response(200)
@auth.signed_in
def due(args: dict[str, Any]) -> Any:
    """The tasks that are late (days = -1), or due within so many days."""
    piloting.require_seeing(actor())
    with pilotviews.register() as conn:
        return views.plain({"tasks": portfolio.due(conn, _on(args["on"]), args["days"], args["programme"])})


@blueprint.get("/pilots/slips")
@blueprint.arguments(SlipsIn, location="query")
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
@blueprint.arguments(PilotDayIn, location="query")
@blueprint.response(200)
@auth.signed_in
def one(args: dict[str, Any], pilot_id: uuid.UUID) -> Any:
    """A pilot with all that is recorded of it, as it stood on a day."""
    with reading() as conn:
        return views.plain(pilotviews.pilot_document(conn, actor(), pilot_id, _on(args["on"])))


@blueprint.get("/pilots/<uuid:pilot_id>/word")
@blueprint.arguments(PilotDayIn, location="query")
@auth.signed_in
def word(args: dict[str, Any], pilot_id: uuid.UUID) -> Response:
    """The summary report as a Word document."""
    return scoringpages.word_report(pilot_id)


@blueprint.get("/programmes/<code>/bulletin")
@blueprint.arguments(PilotDayIn, location="query")
@auth.signed_in
def bulletin(args: dict[str, Any], code: str) -> Response:
    """The bulletin of a programme as a Word document."""
    return scoringpages.word_bulletin(code)


# What is entered of a pilot and handed on as it is: address, schema, command, answer, what it does.
_ENTERED: tuple[tuple[str, type[Schema], Command, int, str], ...] = (
    ("assign", PilotAssignIn, piloting.assign, 200, "Say which bodies lead and approve a pilot, by their codes."),
    ("tasks", PilotTaskIn, piloting.add_task, 201, "Add a task with its date."),
    ("reach", ReachIn, piloting.reach, 200, "Note the day on which a task was done."),
    ("push", PilotPushIn, piloting.push, 200, "Push a task, with the reason and whom the delay is put down to."),
    (
        "deliverables",
        DeliverIn,
        piloting.deliver,
        201,
        "Hand in the next version of what a task delivers; the file was uploaded before.",
    ),
    ("reports", PilotReportIn, piloting.report, 201, "Report how the pilot stands."),
    ("notes", PilotNoteIn, piloting.note, 201, "Record a decision that changes no status."),
    ("indicators", IndicatorIn, piloting.indicator, 201, "Enter an indicator with baseline and target."),
    ("values", PilotValueIn, piloting.value, 201, "Enter a measured value."),
    ("risks", RiskIn, piloting.risk, 201, "Enter a risk."),
    ("comparisons", CompareIn, reformwork.compare, 201, "Say how the pilot's effect is measured."),
    ("events", PilotEventIn, majorevents.enter, 201, "Enter an event that may cost the pilot its place."),
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
@blueprint.arguments(PilotEventSettleIn)
@blueprint.response(200)
@auth.signed_in
def settle_event(args: dict[str, Any], pilot_id: uuid.UUID, event_id: uuid.UUID) -> Any:
    """Dismiss an event, or disqualify the pilot for it."""
    return run(majorevents.settle, pilot_id=pilot_id, event_id=event_id, **args)


@blueprint.post("/pilots/<uuid:pilot_id>/push/preview")
@blueprint.arguments(PilotPreviewIn)
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
@blueprint.arguments(RiskCloseIn)
@blueprint.response(200)
@auth.signed_in
def close_risk(args: dict[str, Any], pilot_id: uuid.UUID, risk_id: uuid.UUID) -> Any:
    """Close a risk."""
    return run(piloting.close_risk, pilot_id=pilot_id, risk_id=risk_id, **args)


@blueprint.get("/pilots/<uuid:pilot_id>/evaluations/<uuid:evaluation_id>")
@blueprint.response(200)
@auth.signed_in
def evaluation(pilot_id: uuid.UUID, evaluation_id: uuid.UUID) -> Any:
    """An evaluation, its sheets and result once it is closed."""
    with reading() as conn:
        return views.plain(scoringwork.evaluation_document(conn, actor(), pilot_id, evaluation_id))


@blueprint.get("/pilots/<uuid:pilot_id>/surveys/<uuid:survey_id>")
@blueprint.response(200)
@auth.signed_in
def survey_document(pilot_id: uuid.UUID, survey_id: uuid.UUID) -> Any:
    """A questionnaire with its counts."""
    with reading() as conn:
        return views.plain(scoringwork.survey_document(conn, actor(), pilot_id, survey_id))


@blueprint.post("/pilots/<uuid:pilot_id>/surveys/<uuid:survey_id>/invitations")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(InviteIn)
@blueprint.response(201)
@auth.signed_in
def invite(args: dict[str, Any], pilot_id: uuid.UUID, survey_id: uuid.UUID) -> Any:
    """Make invitations; each link is told once, in this answer."""
    return {"links": scoringpages.invitations(pilot_id, survey_id, args["names"])}


@blueprint.get("/survey/<token>")
@blueprint.response(200)
def public_survey(token: str) -> Any:
    """The questions behind an invitation."""
    with runtime().db.transaction() as conn:
        return views.plain(scoringwork.public_survey(conn, token, runtime().time.today()))


@blueprint.post("/survey/<token>")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(AnswersIn)
@blueprint.response(201)
def survey_answer(args: dict[str, Any], token: str) -> Any:
    """Give the one answer of an invitation."""
    return scoringwork.answer(runtime(), ANONYMOUS, idempotency_key(), token=token, answers=args["answers"])


@blueprint.get("/schemes")
@blueprint.response(200)
@auth.signed_in
def schemes() -> Any:
    """All scoring schemes."""
    piloting.require_seeing(actor())
    with reading() as conn:
        return views.plain({"schemes": scoring.schemes(conn)})


@blueprint.post("/schemes")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(SchemeIn)
@blueprint.response(201)
@auth.signed_in
def save_scheme(args: dict[str, Any]) -> Any:
    """Keep a draft of a scheme."""
    return run(scoringwork.save_scheme, **args)


@blueprint.post("/schemes/preview")
@blueprint.arguments(SchemePreviewIn)
@blueprint.response(200)
@auth.signed_in
def preview_scheme(args: dict[str, Any]) -> Any:
    """The result that sample scores would give by a scheme, whether it is kept or not; nothing is stored."""
    piloting.require_seeing(actor())
    return views.plain(schemeforms.previewed(args["content"], args["samples"]))


@blueprint.post("/schemes/<uuid:scheme_id>/publish")
@blueprint.doc(parameters=KEY)
@blueprint.response(200)
@auth.signed_in
def publish_scheme(scheme_id: uuid.UUID) -> Any:
    """Put a draft in force."""
    return run(scoringwork.publish_scheme, scheme_id=scheme_id)


@blueprint.get("/parks")
@blueprint.response(200)
@auth.signed_in
def parks() -> Any:
    """All parks."""
    with reading() as conn:
        return views.plain({"parks": unitfiles.parks(conn, actor())})


@blueprint.get("/parks/<code>")
@blueprint.response(200)
@auth.signed_in
def park(code: str) -> Any:
    """Everything of one park."""
    with reading() as conn:
        found = unitfiles.park(conn, runtime(), actor(), code)
        return views.plain({**found, "quota": [vars(one) for one in found["quota"]]})


@blueprint.post("/parks/<code>")
@blueprint.doc(parameters=KEY)
@blueprint.arguments(ParkIn)
@blueprint.response(200)
@auth.signed_in
def save_park(args: dict[str, Any], code: str) -> Any:
    """Keep what is known of a park."""
    return run(piloting.save_park, code=code, **args)


@blueprint.get("/enterprise-files")
@blueprint.arguments(WordsIn, location="query")
@blueprint.response(200)
@auth.signed_in
def enterprise_files(args: dict[str, Any]) -> Any:
    """Enterprises whose file you may open."""
    with reading() as conn:
        return views.plain({"enterprises": unitfiles.enterprises(conn, actor(), args["q"])})


@blueprint.get("/enterprise-files/<uuid:enterprise_id>/sheet")
@auth.signed_in
def enterprise_sheet(enterprise_id: uuid.UUID) -> Any:
    """Everything of one enterprise as a workbook."""
    return parkpages.enterprise_file_sheet(enterprise_id=enterprise_id)


@blueprint.get("/parks/<code>/sheet")
@auth.signed_in
def park_sheet(code: str) -> Any:
    """Everything of one park as a workbook."""
    return parkpages.park_sheet(code=code)


@blueprint.get("/enterprise-files/<uuid:enterprise_id>")
@blueprint.response(200)
@auth.signed_in
def enterprise_file(enterprise_id: uuid.UUID) -> Any:
    """Everything of one enterprise."""
    with reading() as conn:
        return views.plain(unitfiles.enterprise(conn, runtime(), actor(), enterprise_id))
