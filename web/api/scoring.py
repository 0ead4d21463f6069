"""Scoring: schemes, evaluations and questionnaires."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import scoring
from registers.accounts import ANONYMOUS
from web import auth, schemeforms, views
from web.api import schemas
from web.context import actor, idempotency_key, reading, run, runtime
from web.pages import scoring as scoringpages
from workflows import piloting, scoringwork

blueprint = Blueprint("scoring", __name__, description="Scoring schemes, evaluations and questionnaires")
KEY = [schemas.KEY_HEADER]


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
