"""Duties with due dates: of one's enterprise, or of the bodies one works for."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers import obligations
from registers import permits as register
from registers.errors import DomainError
from web import auth, formvalues, uploads
from web.context import actor, reading, run
from web.pages import blueprint
from web.refusals import by_field
from workflows import duties as work


@blueprint.get("/duties")
@auth.signed_in
def duties() -> str:
    """What is to be done by when, and what was done."""
    return _page({})


@blueprint.post("/duties/<uuid:obligation_id>")
@auth.signed_in
def duty_done(obligation_id: uuid.UUID) -> Any:
    """Say that a duty is fulfilled."""
    try:
        files = uploads.store(request.files.getlist("files"))
        run(work.done, obligation_id=obligation_id, note=request.form.get("note", ""), files=files)
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.duties"))


@blueprint.post("/permits/<uuid:permit_id>/operation-started")
@auth.signed_in
def operation_started(permit_id: uuid.UUID) -> Any:
    """Say since when the works of a permit operate."""
    try:
        run(work.operation_started, permit_id=permit_id, on=formvalues.day("on"))
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.duties"))


def _page(errors: dict[str, str]) -> str:
    with reading() as conn:
        held = register.of_parties(conn, actor().enterprise_id, sorted(actor().case_body_ids))
        rows = obligations.of_parties(conn, actor().enterprise_id, sorted(actor().case_body_ids))
    permits = [row for row in held if row["status"] == "valid" and row["kind"] in ("permit", "waste")]
    return render_template("duties.html", rows=rows, permits=permits, errors=errors, procedures=work.PROCEDURES)
