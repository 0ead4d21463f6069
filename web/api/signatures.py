"""Signatures: what a task would be signed for, who signed what in a case, and whether it is unchanged since."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from web import auth, sealing, views
from web.api import schemas
from web.context import actor, reading
from workflows import access

blueprint = Blueprint("signatures", __name__, description="Signatures")


@blueprint.post("/tasks/<uuid:task_id>/signing")
@blueprint.arguments(schemas.DraftIn())
@blueprint.response(200)
@auth.signed_in
def signing(args: dict[str, Any], task_id: uuid.UUID) -> Any:
    """What handing in these answers would sign: the document, its SHA-256, the letters of the step, what the signer is asked for.

    Nothing is changed. `signature` of the request that completes the task then carries what is asked for.
    """
    foretold = sealing.foretell(task_id, args["data"])
    if foretold is None:
        return {"required": False}
    return {
        "required": True,
        **sealing.described(),
        "sha256": foretold.order.sha256,
        "document": foretold.order.document.decode(),
        "letters": sealing.letters_shown(foretold),
    }


@blueprint.get("/cases/<uuid:case_id>/signatures")
@blueprint.response(200)
@auth.signed_in
def of_case(case_id: uuid.UUID) -> Any:
    """The signatures of a case, in order."""
    with reading() as conn:
        case = access.visible_case(conn, actor(), case_id)
        return views.plain(sealing.of_case(conn, case_id, case["definition_id"]))


@blueprint.get("/signatures/<uuid:signature_id>")
@blueprint.response(200)
@auth.signed_in
def show(signature_id: uuid.UUID) -> Any:
    """A signature with the document that was signed; `unchanged` says whether all of it is still as it was."""
    with reading() as conn:
        return sealing.signature_document(sealing.found(conn, signature_id))
