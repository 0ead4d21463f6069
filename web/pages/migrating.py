"""Moving running cases to another version of their procedure: check, choose, move, undo."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers.errors import DomainError
from web import auth
from web.context import actor, idempotency_key, reading, run, runtime
from web.pages import blueprint
from workflows import access, compiling, migrating


@blueprint.get("/definitions/<uuid:definition_id>/cases")
@auth.signed_in
def moving(definition_id: uuid.UUID) -> str:
    """The running cases on other versions, each checked against this one."""
    return _page(definition_id, _mapping(request.args), [])


@blueprint.post("/definitions/<uuid:definition_id>/cases")
@auth.signed_in
def move(definition_id: uuid.UUID) -> Any:
    """Move the chosen cases one by one; what could not be moved stays as it was and says why."""
    access.require(actor(), "case.migrate")
    mapping = _mapping(request.form)
    chosen = request.form.getlist("case", type=uuid.UUID)[: migrating.MOST_CASES]
    if not chosen:
        raise DomainError("none_chosen", "请至少选择一个案件。", "Choose at least one case.", pointer="case")
    results = [_moved(case_id, definition_id, mapping) for case_id in chosen]
    return _page(definition_id, mapping, results)


@blueprint.post("/cases/<uuid:case_id>/migrate-back")
@auth.signed_in
def move_back(case_id: uuid.UUID) -> Any:
    """Undo the last move of a case."""
    run(migrating.migrate_back, case_id=case_id)
    return redirect(url_for("pages.case", case_id=case_id))


def _moved(case_id: uuid.UUID, definition_id: uuid.UUID, mapping: dict[str, str]) -> dict[str, Any]:
    rt, once = runtime(), f"{idempotency_key()}:{case_id}"
    reason = request.form.get("reason", "")
    try:
        migrating.migrate(
            rt, actor(), once, case_id=case_id, definition_id=definition_id, mapping=mapping, reason=reason
        )
    except DomainError as refused:
        return {"case_id": case_id, "refused": refused}
    return {"case_id": case_id, "refused": None}


def _mapping(given: Any) -> dict[str, str]:
    """The chosen counterparts: fields named `to.<element>`."""
    return {key[3:]: value for key, value in given.items() if key.startswith("to.") and value}


def _page(definition_id: uuid.UUID, mapping: dict[str, str], results: list[dict[str, Any]]) -> str:
    access.require(actor(), "case.migrate")
    rt = runtime()
    with reading() as conn:
        target = compiling.compiled(rt, conn, definition_id)
        rows = migrating.candidates(rt, conn, definition_id, mapping)
        undoable = migrating.undoable(conn, definition_id)
    lost = {step.element: step for row in rows for step in row.steps if step.target is None or step.element in mapping}
    return render_template(
        "migrating.html",
        target=target,
        rows=rows,
        undoable=undoable,
        lost=list(lost.values()),
        mapping=mapping,
        results={item["case_id"]: item["refused"] for item in results},
        moved=[item for item in results if item["refused"] is None],
        reason=request.form.get("reason", ""),
    )
