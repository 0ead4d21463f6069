"""Publishing a version with four eyes: propose, look at what there is to know, publish or send back."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for

from registers.errors import DomainError
from web import auth, formvalues
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from workflows import access, definitions, designing, modelruns, publishing, versionchecks


@blueprint.get("/definitions/<uuid:definition_id>/publication")
@auth.signed_in
def publication(definition_id: uuid.UUID) -> Any:
    """Whether a version is proposed or published, by whom, with what; and the findings before that."""
    return _page(definition_id)


@blueprint.post("/definitions/<uuid:definition_id>/propose")
@auth.signed_in
def propose(definition_id: uuid.UUID) -> Any:
    """Propose a draft."""
    note = request.form.get("note", "")

    def proposed() -> None:
        start = formvalues.optional_day("valid_from")
        run(publishing.propose, definition_id=definition_id, valid_from=start, note=note)

    return _done(definition_id, proposed)


@blueprint.post("/definitions/<uuid:definition_id>/publish")
@auth.signed_in
def publish(definition_id: uuid.UUID) -> Any:
    """Publish what another person proposed."""
    remark = request.form.get("remark", "")
    return _done(definition_id, lambda: run(designing.publish, definition_id=definition_id, note=remark))


@blueprint.post("/definitions/<uuid:definition_id>/decline")
@auth.signed_in
def decline(definition_id: uuid.UUID) -> Any:
    """Send a proposal back."""
    remark = request.form.get("remark", "")
    return _done(definition_id, lambda: run(publishing.decline, definition_id=definition_id, remark=remark))


def _done(definition_id: uuid.UUID, act: Any) -> Any:
    try:
        act()
    except DomainError as refused:
        return _page(definition_id, refused), refused.status
    return redirect(url_for("pages.publication", definition_id=definition_id))


def _page(definition_id: uuid.UUID, refused: DomainError | None = None) -> str:
    access.require(actor(), "definition.edit")
    with reading() as conn:
        row = definitions.row(conn, definition_id)
        pending = publishing.pending(conn, definition_id)
        proposals = publishing.history(conn, definition_id)
        contents = definitions.files_of(conn, definition_id)
        findings = versionchecks.check(conn, contents) if row["status"] == "draft" else []
        runs = modelruns.of_definition(conn, definition_id)
        tried = next((modelruns.one(conn, one["id"]) for one in runs if one["kind"] == "scenarios"), None)
    return render_template(
        "publication.html",
        row=row,
        pending=pending,
        proposals=proposals,
        findings=findings,
        tried=tried,
        foreseen=next((one for one in runs if one["kind"] != "scenarios"), None),
        mine=pending is not None and pending["proposed_by"] == actor().id,
        may_publish=access.administers(actor(), "definition.publish"),
        refused=refused,
        today=runtime().time.today(),
    )
