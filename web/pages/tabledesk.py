"""Decision tables at the workbench: the editor, and beginning a new table."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for

from registers.errors import DomainError, NotFound
from web import auth, designer, runviews, workbench
from web.context import actor, reading, run, runtime
from web.i18n import language
from web.pages import blueprint
from workflows import authoring, designing, foreseeing, modelruns

MOST_RUNS = 5  # replays of a table that are named on its page


@blueprint.get("/definitions/<uuid:definition_id>/decisions")
@auth.signed_in
def decision_tables(definition_id: uuid.UUID) -> str:
    """A decision table in its editor; which one is named by `file`."""
    return _page(definition_id, {})


@blueprint.post("/definitions/<uuid:definition_id>/decisions")
@auth.signed_in
def begin_table(definition_id: uuid.UUID) -> Any:
    """Add a decision table to a draft and open it."""
    given = request.form
    code, title = given.get("decision", "").strip(), given.get("title", "").strip()
    try:
        content = authoring.first_table(code, title or code, given.get("place", ""))
        with reading() as conn:
            if f"{code}.dmn" in workbench.opened(conn, definition_id).files:
                raise DomainError(
                    "taken", "已有这个代码的决策表。", "There is a table of this code.", pointer="decision"
                )
        expected = given.get("expected", "")
        run(designing.save, definition_id=definition_id, name=f"{code}.dmn", content=content, expected=expected)
    except DomainError as error:
        return _page(definition_id, {error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.decision_tables", definition_id=definition_id, file=f"{code}.dmn"))


def _page(definition_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        names = sorted(name for name in draft.files if name.endswith(".dmn"))
        name = request.args.get("file", names[0] if names else "")
        if name and name not in names:
            raise NotFound("该版本中没有这个决策表。", "There is no such decision table in this version.")
        payload = designer.table_payload(conn, draft, name, actor().csrf) if name else None
        tables = runviews.tables({name: draft.files[name]}) if name else []
        replays = modelruns.of_definition(conn, definition_id, "table")
    today = runtime().time.today()
    return render_template(
        "decisions.html",
        row=draft.row,
        editable=draft.editable,
        names=names,
        name=name,
        payload=payload,
        places=workbench.places(draft.files),
        tables=tables,
        runs=[one for one in replays if one["arguments"]["decision"] in dict(tables)][:MOST_RUNS],
        since=date(today.year - 1, today.month, 1),
        until=today,
        most=foreseeing.MOST_CASES,
        errors=errors,
        given=request.form,
    )
