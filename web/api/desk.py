"""The desks by API: several tasks at once, kept filters, notes of a case, marks and wordings of reviewers, rounds of visits."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, idempotency_key, reading, run, runtime
from workflows import access, casenotes, deskwork, publicity, reviewing, visits

blueprint = Blueprint("desk", __name__, description="Desks")


class ManyIn(Schema):
    task_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, deskwork.MOST_AT_ONCE))
    user_id = fields.UUID(load_default=None)
    reason = fields.String(load_default="")


class FilterIn(Schema):
    name = fields.String(required=True)
    query = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class NoteIn(Schema):
    text = fields.String(required=True)
    parent_id = fields.UUID(load_default=None)
    submission_id = fields.UUID(load_default=None)
    path = fields.String(load_default="")
    internal = fields.Boolean(load_default=False)


class VisitIn(Schema):
    on = fields.Date(required=True)
    purpose = fields.String(required=True, validate=validate.OneOf(list(visits.PURPOSES)))
    note = fields.String(load_default="", validate=validate.Length(max=500))


class ReverseVisitIn(Schema):
    note = fields.String(required=True, validate=validate.Length(1, 500))


class MarkIn(Schema):
    part = fields.String(required=True)
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(reviewing.STATES))
    note = fields.String(load_default="")


class TemplateIn(Schema):
    form = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)


class RoundIn(Schema):
    title = fields.String(required=True)
    on_date = fields.Date(required=True)
    inspectors = fields.String(required=True)
    task_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, deskwork.MOST_STOPS))


@blueprint.post("/tasks/several")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ManyIn())
@blueprint.response(200)
@auth.signed_in
def several(args: dict[str, Any]) -> Any:
    """Claim several tasks, or give them to a colleague (`user_id`); each has its own answer."""
    key, chosen = idempotency_key(), args["task_ids"]
    if args["user_id"] is not None:
        return deskwork.assign_many(runtime(), actor(), key, chosen, args["user_id"], args["reason"])
    return deskwork.claim_many(runtime(), actor(), key, chosen)


@blueprint.get("/filters")
@blueprint.response(200)
@auth.signed_in
def filters() -> Any:
    """My kept filters of the work list."""
    with reading() as conn:
        return views.plain(deskwork.filters(conn, actor()))


@blueprint.post("/filters")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(FilterIn())
@blueprint.response(201)
@auth.signed_in
def save_filter(args: dict[str, Any]) -> Any:
    """Keep a filter under a name."""
    return run(deskwork.save_filter, **args)


@blueprint.delete("/filters/<uuid:filter_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def drop_filter(filter_id: uuid.UUID) -> Any:
    """Forget a kept filter."""
    return run(deskwork.drop_filter, filter_id=filter_id)


@blueprint.get("/cases/<uuid:case_id>/notes")
@blueprint.response(200)
@auth.signed_in
def notes(case_id: uuid.UUID) -> Any:
    """Questions and comments of a case with their answers."""
    with reading() as conn:
        case = access.visible_case(conn, actor(), case_id)
        return views.plain(views.notes(conn, runtime(), actor(), case))


@blueprint.post("/cases/<uuid:case_id>/notes")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(NoteIn())
@blueprint.response(201)
@auth.signed_in
def write_note(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Ask, answer (`parent_id`) or comment at a datum (`submission_id`, `path`)."""
    return run(casenotes.write, case_id=case_id, **args)


@blueprint.post("/cases/<uuid:case_id>/notes/<uuid:note_id>/settle")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def settle_note(case_id: uuid.UUID, note_id: uuid.UUID) -> Any:
    """Mark a question or comment as settled."""
    return run(casenotes.settle, case_id=case_id, note_id=note_id)


@blueprint.post("/cases/<uuid:case_id>/comments/<uuid:comment_id>/answer")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.RemarkIn())
@blueprint.response(200)
@auth.signed_in
def answer_comment(args: dict[str, Any], case_id: uuid.UUID, comment_id: uuid.UUID) -> Any:
    """Answer a comment from the public; both are then published under the notice."""
    return run(publicity.answer, case_id=case_id, comment_id=comment_id, text=args["text"])


@blueprint.get("/cases/<uuid:case_id>/visits")
@blueprint.response(200)
@auth.signed_in
def list_visits(case_id: uuid.UUID) -> Any:
    """The visits of the applicant for a case, with what was taken back."""
    with reading() as conn:
        access.visible_case(conn, actor(), case_id)
        return views.plain(visits.of_case(conn, case_id))


@blueprint.post("/cases/<uuid:case_id>/visits")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(VisitIn())
@blueprint.response(201)
@auth.signed_in
def record_visit(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Enter a visit of the applicant (officers of the bodies that handle the case)."""
    return run(visits.record, case_id=case_id, **args)


@blueprint.post("/cases/<uuid:case_id>/visits/<uuid:visit_id>/reverse")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ReverseVisitIn())
@blueprint.response(201)
@auth.signed_in
def reverse_visit(args: dict[str, Any], case_id: uuid.UUID, visit_id: uuid.UUID) -> Any:
    """Take a visit back that was entered by mistake."""
    return run(visits.reverse, case_id=case_id, visit_id=visit_id, **args)


@blueprint.get("/tasks/<uuid:task_id>/marks")
@blueprint.response(200)
@auth.signed_in
def marks(task_id: uuid.UUID) -> Any:
    """The marks on what is under review."""
    with reading() as conn:
        return views.plain(list(reviewing.marks_for(conn, actor(), task_id).values()))


@blueprint.post("/tasks/<uuid:task_id>/marks")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(MarkIn())
@blueprint.response(200)
@auth.signed_in
def mark(args: dict[str, Any], task_id: uuid.UUID) -> Any:
    """Mark a part, or take the mark back (no state)."""
    return run(reviewing.mark, task_id=task_id, **args)


@blueprint.get("/opinion-templates")
@blueprint.response(200)
@auth.signed_in
def templates() -> Any:
    """The wordings my bodies keep for their opinions."""
    with reading() as conn:
        return views.plain(reviewing.templates(conn, actor()))


@blueprint.post("/opinion-templates")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(TemplateIn())
@blueprint.response(201)
@auth.signed_in
def save_template(args: dict[str, Any]) -> Any:
    """Keep a wording for a form; the same title again replaces it."""
    return run(reviewing.save_template, **args)


@blueprint.delete("/opinion-templates/<uuid:template_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def drop_template(template_id: uuid.UUID) -> Any:
    """Forget a wording."""
    return run(reviewing.drop_template, template_id=template_id)


@blueprint.get("/site-rounds")
@blueprint.response(200)
@auth.signed_in
def rounds() -> Any:
    """Site checks that wait for a visit, and the rounds planned."""
    with reading() as conn:
        waiting = [vars(one) for one in deskwork.waiting_visits(conn, actor())]
        return views.plain({"waiting": waiting, "rounds": deskwork.rounds(conn, actor())})


@blueprint.get("/site-rounds/<uuid:round_id>")
@blueprint.response(200)
@auth.signed_in
def show_round(round_id: uuid.UUID) -> Any:
    """A round with its stops in the order of the route."""
    with reading() as conn:
        found, stops = deskwork.round_of(conn, actor(), round_id)
    return views.plain({**found, "stops": [{**stop, "visit": vars(stop["visit"])} for stop in stops]})


@blueprint.post("/site-rounds")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(RoundIn())
@blueprint.response(201)
@auth.signed_in
def plan(args: dict[str, Any]) -> Any:
    """Plan a round; the route is worked out."""
    return run(deskwork.plan, **args)


@blueprint.delete("/site-rounds/<uuid:round_id>")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def drop_round(round_id: uuid.UUID) -> Any:
    """Give a planned round up."""
    return run(deskwork.drop, round_id=round_id)
