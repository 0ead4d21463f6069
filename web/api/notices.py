"""What the public may see and say: notices, comments, check of a letter; the working-day calendar."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from registers.errors import NotFound
from web import downloads, guides, views
from web.api import schemas
from web.context import idempotency_key, runtime
from web.pages.which import tree
from workflows import compiling, definitions, letters, notices, openness, publicity

blueprint = Blueprint("public", __name__, description="Public notices and the calendar")


@blueprint.get("/notices")
@blueprint.arguments(schemas.NoticesIn(), location="query")
@blueprint.response(200)
def listing(args: dict[str, Any]) -> Any:
    """Public notices, newest first."""
    with runtime().db.transaction() as conn:
        return views.plain(
            notices.public(
                conn,
                runtime().time.today(),
                text=args["search"],
                kind=args.get("kind"),
                running=args["open"],
                limit=args["limit"],
                offset=args["offset"],
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


@blueprint.get("/open-data")
@blueprint.response(200)
def dictionary() -> Any:
    """The sets of open data with their fields in both languages."""
    return openness.dictionary()


@blueprint.get("/open-data/<dataset>")
@blueprint.arguments(schemas.OpenDataIn(), location="query")
@blueprint.response(200)
def dataset(args: dict[str, Any], dataset: str) -> Any:
    """The rows of a set of open data, newest first."""
    with runtime().db.transaction() as conn:
        found = openness.rows(conn, dataset, runtime().time.today(), **args)
    return {"dataset": dataset, "rows": views.plain(found)}


@blueprint.get("/procedures/<procedure>/guide")
@blueprint.response(200)
def guide(procedure: str) -> Any:
    """The guide of a procedure: who, materials, limits of law and promised ones, special procedures, basis, letters."""
    rt = runtime()
    with rt.db.transaction() as conn:
        compiled = compiling.compiled(rt, conn, definitions.in_force(conn, procedure, rt.time.today()))
        told = guides.of(conn, rt, compiled)
    return views.plain({**told, "body": told["body_name"], "title": compiled.title, "version": compiled.version})


@blueprint.get("/which")
@blueprint.response(200)
def which() -> Any:
    """The questions that lead to the procedure one needs, with their answers."""
    return tree()


@blueprint.get("/calendar/due")
@blueprint.arguments(schemas.DueIn(), location="query")
@blueprint.response(200)
def due(args: dict[str, Any]) -> Any:
    """The last day of a period, and whether it rests on a year that is not published yet."""
    rt = runtime()
    with rt.db.transaction() as conn:
        found = rt.reference.get(conn).calendar.due(args["start"], args["limit"], args["unit"], args["count_start"])
    return {"due": found.date.isoformat(), "provisional": found.provisional}
