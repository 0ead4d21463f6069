"""Duties with due dates: of one's enterprise, or of the bodies one works for."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers import obligations
from registers.errors import DomainError
from web import auth
from web.context import actor, reading, run
from web.i18n import language
from web.pages import blueprint
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
        run(work.done, obligation_id=obligation_id, note=request.form.get("note", ""))
    except DomainError as error:
        return _page({error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.duties"))


def _page(errors: dict[str, str]) -> str:
    with reading() as conn:
        rows = obligations.of_parties(conn, actor().enterprise_id, sorted(actor().case_body_ids))
    return render_template("duties.html", rows=rows, errors=errors, procedures=work.PROCEDURES)
