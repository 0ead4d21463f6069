"""What the public may see and say: notices, comments, check of a letter; the working-day calendar."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from registers.errors import NotFound
from web import downloads, views
from web.api import schemas
from web.context import idempotency_key, runtime
from workflows import letters, notices, publicity

blueprint = Blueprint("public", __name__, description="Public notices and the calendar")


@blueprint.get("/notices")
@blueprint.arguments(schemas.PageIn(), location="query")
@blueprint.response(200)
def listing(args: dict[str, Any]) -> Any:
    """Public notices, newest first."""
    with runtime().db.transaction() as conn:
        return views.plain(
            notices.public(
                conn, runtime().time.today(), text=args["search"], limit=args["limit"], offset=args["offset"]
            )
        )


@blueprint.get("/notices/<uuid:notice_id>")
@blueprint.response(200)
def show(notice_id: uuid.UUID) -> Any:
    """One public notice."""
    with runtime().db.transaction() as conn:
        return views.public_notice(conn, notices.one(conn, notice_id, runtime().time.today()))


@blueprint.get("/notices/<uuid:notice_id>/letters/<uuid:letter_id>/<form>")
@blueprint.response(200)
def decision(notice_id: uuid.UUID, letter_id: uuid.UUID, form: str) -> Any:
    """The full text of a published decision."""
    return downloads.published_letter(notice_id, letter_id, form)


@blueprint.post("/notices/<uuid:notice_id>/comments")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.CommentIn())
@blueprint.response(201)
def comment(args: dict[str, Any], notice_id: uuid.UUID) -> Any:
    """Say something on a notice within its period."""
    return publicity.take_comment(runtime(), idempotency_key(), notice_id, **args)


@blueprint.get("/verify/<code>")
@blueprint.response(200)
def verify(code: str) -> Any:
    """Check a letter by the code printed on it."""
    with runtime().db.transaction() as conn:
        found = letters.verify(conn, code)
    if found is None:
        raise NotFound("没有与此校验码相符的文书。", "No letter carries this code.")
    return views.plain(found)


@blueprint.get("/calendar/due")
@blueprint.arguments(schemas.DueIn(), location="query")
@blueprint.response(200)
def due(args: dict[str, Any]) -> Any:
    """The last day of a period, and whether it rests on a year that is not published yet."""
    rt = runtime()
    with rt.db.transaction() as conn:
        found = rt.reference.get(conn).calendar.due(args["start"], args["limit"], args["unit"], args["count_start"])
    return {"due": found.date.isoformat(), "provisional": found.provisional}
