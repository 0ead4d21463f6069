"""Joint inspections: random lists, what was drawn, and beginning the inspection of an enterprise."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers.errors import DomainError, Forbidden
from web import auth
from web.context import actor, reading, run
from web.pages import blueprint
from web.refusals import by_field
from web.words import in_language
from workflows import inspecting


@blueprint.get("/inspections")
@auth.signed_in
def inspections() -> str:
    """The random lists of one's bodies."""
    return _page({})


@blueprint.post("/inspections")
@auth.signed_in
def inspections_draw() -> Any:
    """Draw a list."""
    text = request.form.get("wanted", "")
    try:
        wanted = int(text) if text.isdecimal() and len(text) < 5 else 0
        run(inspecting.draw, wanted=wanted, seed=request.form.get("seed", ""))
    except DomainError as error:
        return _page(by_field(error)), error.status
    return redirect(url_for("pages.inspections"))


@blueprint.post("/inspections/<uuid:draw_id>/begin/<uuid:enterprise_id>")
@auth.signed_in
def inspections_begin(draw_id: uuid.UUID, enterprise_id: uuid.UUID) -> Any:
    """Begin an inspection and go to its checklist."""
    made = run(inspecting.begin, draw_id=draw_id, enterprise_id=enterprise_id)
    return redirect(url_for("pages.task", task_id=made["open_tasks"][0]))


def _page(errors: dict[str, str]) -> str:
    if not inspecting.may_inspect(actor()):
        raise Forbidden("联合检查由生态环境主管部门进行。", "Joint inspections are made by the authority.")
    with reading() as conn:
        lists = inspecting.lists(conn, actor())
    return render_template("inspections.html", lists=lists, errors=errors, in_language=in_language)
