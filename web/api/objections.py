"""Objections of applicants: raised, answered, taken back, with the remedies beside them; and requests for correction."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, corrections, impartial, objections, reasons

blueprint = Blueprint("objections", __name__, description="Objections of applicants")


class ObjectionIn(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(list(objections.KINDS)))
    grounds = fields.String(required=True, validate=validate.Length(1, objections.MOST))
    wanted = fields.String(required=True, validate=validate.Length(1, objections.MOST))
    files = fields.List(fields.UUID(), load_default=list)


class AnswerIn(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(list(objections.OUTCOMES)))
    text = fields.String(required=True, validate=validate.Length(1, objections.MOST))


class ObjectionsIn(Schema):
    waiting = fields.Boolean(load_default=False)
    mine = fields.Boolean(load_default=False, metadata={"description": "only those I may answer"})


class CorrectionIn(Schema):
    text = fields.String(required=True, validate=validate.Length(1, reasons.LONGEST))


class CorrectionAnswerIn(Schema):
    outcome = fields.String(required=True, validate=validate.OneOf(list(corrections.OUTCOMES)))
    text = fields.String(load_default="", validate=validate.Length(max=reasons.LONGEST))


@blueprint.get("/objections")
@blueprint.arguments(ObjectionsIn(), location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """The objections in the cases I may see; what waits for an answer first."""
    with reading() as conn:
        if args["mine"]:
            return views.plain(objections.to_answer(conn, actor(), runtime().time.today()))
        return views.plain(objections.of_person(conn, actor(), waiting=args["waiting"]))


@blueprint.get("/cases/<uuid:case_id>/objections")
@blueprint.response(200)
@auth.signed_in
def of_case(case_id: uuid.UUID) -> Any:
    """The objections of a case, who may answer, and until when reconsideration and an action are open against each decision."""
    with reading() as conn:
        access.visible_case(conn, actor(), case_id)
        remedies = objections.remedies(conn, runtime().reference.get(conn), case_id)
        able = impartial.answerers(conn, [case_id], runtime().time.today())
        return views.plain(
            {
                "objections": objections.of_case(conn, case_id),
                "answerers": [{"name": one.name, "body": one.body_zh} for one in able],
                "remedies": [vars(one) for one in remedies],
            }
        )


@blueprint.post("/cases/<uuid:case_id>/objections")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ObjectionIn())
@blueprint.response(201)
@auth.signed_in
def bring(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Object, as the applicant of the case."""
    return run(objections.bring, case_id=case_id, **args)


@blueprint.post("/objections/<uuid:objection_id>/answer")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(AnswerIn())
@blueprint.response(200)
@auth.signed_in
def answer(args: dict[str, Any], objection_id: uuid.UUID) -> Any:
    """Answer an objection, as somebody who did not work on the case; a refusal says who may."""
    return run(objections.answer, objection_id=objection_id, **args)


@blueprint.post("/objections/<uuid:objection_id>/withdraw")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def withdraw(objection_id: uuid.UUID) -> Any:
    """Take an objection back before it is answered."""
    return run(objections.withdraw, objection_id=objection_id)


@blueprint.get("/correction-requests")
@blueprint.response(200)
@auth.signed_in
def correction_requests() -> Any:
    """The requests for correction that wait for an answer in the cases I work on."""
    with reading() as conn:
        return views.plain(corrections.waiting(conn, actor()))


@blueprint.post("/cases/<uuid:case_id>/correction-requests")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(CorrectionIn())
@blueprint.response(201)
@auth.signed_in
def ask_correction(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Ask, as the applicant and before acceptance, to correct what was handed in."""
    return run(corrections.ask, case_id=case_id, **args)


@blueprint.post("/cases/<uuid:case_id>/correction-requests/<uuid:note_id>/answer")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(CorrectionAnswerIn())
@blueprint.response(200)
@auth.signed_in
def answer_correction(args: dict[str, Any], case_id: uuid.UUID, note_id: uuid.UUID) -> Any:
    """Grant or decline a request for correction."""
    return run(corrections.answer, case_id=case_id, note_id=note_id, **args)
