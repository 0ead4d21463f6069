"""Objections of applicants: raised, answered, taken back; with the remedies that stand beside them."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, objections

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


@blueprint.get("/objections")
@blueprint.arguments(ObjectionsIn(), location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """The objections in the cases I may see; what waits for an answer first."""
    with reading() as conn:
        return views.plain(objections.of_person(conn, actor(), **args))


@blueprint.get("/cases/<uuid:case_id>/objections")
@blueprint.response(200)
@auth.signed_in
def of_case(case_id: uuid.UUID) -> Any:
    """The objections of a case, and until when reconsideration and an action are open against each decision."""
    with reading() as conn:
        access.visible_case(conn, actor(), case_id)
        remedies = objections.remedies(conn, runtime().reference.get(conn), case_id)
        return views.plain(
            {"objections": objections.of_case(conn, case_id), "remedies": [vars(one) for one in remedies]}
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
    """Answer an objection, as a head of a body of the case."""
    return run(objections.answer, objection_id=objection_id, **args)


@blueprint.post("/objections/<uuid:objection_id>/withdraw")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def withdraw(objection_id: uuid.UUID) -> Any:
    """Take an objection back before it is answered."""
    return run(objections.withdraw, objection_id=objection_id)
