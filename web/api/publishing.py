"""Publishing with four eyes: propose a draft, send a proposal back, see what became of them."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import access, definitions, publishing

blueprint = Blueprint("publishing", __name__, description="Proposals to publish a version.")


class ProposeIn(Schema):
    valid_from = fields.Date()
    note = fields.String(required=True, validate=validate.Length(1, publishing.MOST_NOTE))


class DeclineIn(Schema):
    remark = fields.String(required=True, validate=validate.Length(1, publishing.MOST_NOTE))


@blueprint.get("/definitions/<uuid:definition_id>/proposals")
@blueprint.response(200)
@auth.signed_in
def proposals(definition_id: uuid.UUID) -> Any:
    """The proposals of a version: by whom, for which files, from when, and what a second person decided."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        definitions.row(conn, definition_id)
        return {"proposals": views.plain(publishing.history(conn, definition_id))}


@blueprint.post("/definitions/<uuid:definition_id>/propose")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ProposeIn())
@blueprint.response(200)
@auth.signed_in
def propose(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Propose a draft; refused with the findings when the linter finds errors. Another person publishes it (`publish`)."""
    return run(publishing.propose, definition_id=definition_id, **args)


@blueprint.post("/definitions/<uuid:definition_id>/decline")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(DeclineIn())
@blueprint.response(200)
@auth.signed_in
def decline(args: dict[str, Any], definition_id: uuid.UUID) -> Any:
    """Send a proposal back, or take one's own back."""
    return run(publishing.decline, definition_id=definition_id, **args)
