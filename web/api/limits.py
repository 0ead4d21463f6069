"""The limit table: what is in force, proposals, decisions with four eyes."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers.limits import UNITS
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import limitwork

blueprint = Blueprint("limits", __name__, description="Statutory limits")


class ProposalIn(Schema):
    code = fields.String(required=True, validate=validate.Length(1, 100))
    valid_from = fields.Date(required=True)
    note = fields.String(required=True, validate=validate.Length(1, 2000))
    limit = fields.Integer(allow_none=True, load_default=None, validate=validate.Range(0, 5000))
    unit = fields.String(allow_none=True, load_default=None, validate=validate.OneOf(UNITS))
    promised = fields.Integer(allow_none=True, load_default=None, validate=validate.Range(1, 5000))
    basis = fields.String(load_default="", validate=validate.Length(max=500))
    body_code = fields.String(allow_none=True, load_default=None, validate=validate.Length(max=100))
    modelled_on = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.Length(max=100),
        metadata={"description": "for a new code: the limit whose way of counting it takes over"},
    )
    title = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True, load_default=None)


class DecisionIn(Schema):
    approve = fields.Boolean(required=True)
    note = fields.String(load_default="", validate=validate.Length(max=2000))


@blueprint.get("/limits")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """Every limit as it is in force today, and the proposals."""
    limitwork.require_administrator(actor())
    with reading() as conn:
        rows = limitwork.table(conn, runtime().time.today())
        proposed = limitwork.proposals(conn)
    shown = [
        {
            "code": row["rule"].code,
            "limit": row["rule"].limit,
            "unit": row["rule"].unit,
            "promised": row["rule"].promised,
            "title": dict(row["rule"].title),
            "basis": {"zh": row["rule"].basis_zh, "en": row["rule"].basis_en},
            "valid_from": row["rule"].valid_from,
            "versions": row["versions"],
        }
        for row in rows
    ]
    return views.plain({"limits": shown, "proposals": proposed})


@blueprint.get("/limits/<code>/versions")
@blueprint.response(200)
@auth.signed_in
def versions(code: str) -> Any:
    """All versions of a limit, newest first."""
    limitwork.require_administrator(actor())
    with reading() as conn:
        return views.plain(limitwork.versions(conn, code))


@blueprint.post("/limits")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ProposalIn)
@blueprint.response(201)
@auth.signed_in
def propose(args: dict[str, Any]) -> Any:
    """Propose a dated version; nothing changes until another administrator approves."""
    return run(limitwork.propose, **args)


@blueprint.post("/limits/<uuid:proposal_id>/decision")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(DecisionIn)
@blueprint.response(200)
@auth.signed_in
def decide(args: dict[str, Any], proposal_id: uuid.UUID) -> Any:
    """Approve or reject; never one's own proposal."""
    return run(limitwork.decide, proposal_id=proposal_id, **args)
