"""Cases: open, look at, end."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import access, cases, separate, worklist

blueprint = Blueprint("cases", __name__, description="Cases")


@blueprint.get("/cases")
@blueprint.arguments(schemas.CasesIn(), location="query")
@blueprint.response(200)
@auth.signed_in
def listing(args: dict[str, Any]) -> Any:
    """The cases I may see."""
    with reading() as conn:
        page = worklist.cases(conn, actor(), **args)
    return {"total": page.total, "cases": views.plain(page.rows)}


@blueprint.post("/cases")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.StartIn())
@blueprint.response(201)
@auth.signed_in
def start(args: dict[str, Any]) -> Any:
    """Open a case of a procedure."""
    return run(cases.start, **args)


@blueprint.get("/cases/<uuid:case_id>")
@blueprint.response(200)
@auth.signed_in
def show(case_id: uuid.UUID) -> Any:
    """A case with its tasks, matters and clocks, letters, notices, permits and obligations."""
    with reading() as conn:
        return views.case_document(conn, runtime(), actor(), case_id)


@blueprint.get("/cases/<uuid:case_id>/events")
@blueprint.response(200)
@auth.signed_in
def history(case_id: uuid.UUID) -> Any:
    """The record of a case."""
    with reading() as conn:
        case = access.visible_case(conn, actor(), case_id)
        return views.plain(views.history(conn, runtime(), actor(), case))


@blueprint.get("/cases/<uuid:case_id>/letters")
@blueprint.response(200)
@auth.signed_in
def letters_of_case(case_id: uuid.UUID) -> Any:
    """The letters of a case."""
    with reading() as conn:
        access.visible_case(conn, actor(), case_id)
        return views.plain(views.letters_of(conn, separate.hidden(conn, actor(), case_id), case_id))


@blueprint.post("/cases/<uuid:case_id>/withdraw")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.ReasonIn())
@blueprint.response(200)
@auth.signed_in
def withdraw(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """The applicant takes the application back."""
    return run(cases.withdraw, case_id=case_id, reason=args["reason"])


@blueprint.post("/cases/<uuid:case_id>/cancel")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.ReasonIn())
@blueprint.response(200)
@auth.signed_in
def cancel(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """The authority ends the case without a decision."""
    return run(cases.cancel, case_id=case_id, reason=args["reason"])


@blueprint.post("/cases/<uuid:case_id>/remarks")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.RemarkIn())
@blueprint.response(201)
@auth.signed_in
def remark(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Add a remark to the record."""
    return run(cases.remark, case_id=case_id, text=args["text"])


@blueprint.post("/cases/<uuid:case_id>/corrections")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.CorrectIn())
@blueprint.response(201)
@auth.signed_in
def correct(args: dict[str, Any], case_id: uuid.UUID) -> Any:
    """Correct a datum of a closed case; the submission itself stays as it was."""
    return run(cases.correct, case_id=case_id, **args)


@blueprint.post("/cases/<uuid:case_id>/retry")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.response(200)
@auth.signed_in
def retry(case_id: uuid.UUID) -> Any:
    """Try stopped service steps again."""
    return run(cases.retry, case_id=case_id)
