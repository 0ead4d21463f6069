"""Versions of procedures: list, upload with findings, publish; stopped steps."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from flask import redirect, render_template, request, url_for

from registers.errors import DomainError, NotFound
from web import auth, comparison, designer, diagrams, workbench
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from workflows import access, comparing, designing
from workflows import definitions as versions

MOST_FILES = 40


@blueprint.get("/definitions")
@auth.signed_in
def definitions() -> str:
    """All versions."""
    access.require(actor(), "definition.edit")
    return _page(None, "")


@blueprint.post("/definitions")
@auth.signed_in
def upload() -> Any:
    """Keep uploaded files as a draft and show what the linter says."""
    procedure = request.form.get("procedure", "").strip()
    sent = [item for item in request.files.getlist("files") if item.filename][:MOST_FILES]
    if not sent:
        raise DomainError("no_file", "请选择文件。", "Choose files.", pointer="files")
    try:
        files = {str(item.filename).rsplit("/", 1)[-1]: item.read().decode("utf-8-sig") for item in sent}
    except UnicodeDecodeError:
        raise DomainError(
            "not_text", "模型文件应为UTF-8文本。", "Model files must be UTF-8 text.", pointer="files"
        ) from None
    answer = run(designing.draft, procedure=procedure, files=files)
    return _page(answer["findings"], procedure)


@blueprint.post("/definitions/<uuid:definition_id>/copy")
@auth.signed_in
def copy_definition(definition_id: uuid.UUID) -> Any:
    """Begin a draft with the files of a version and open it in the editor."""
    made = run(designing.copy, definition_id=definition_id)
    return redirect(url_for("pages.edit_definition", definition_id=made["id"]))


@blueprint.get("/definitions/<uuid:definition_id>/edit")
@auth.signed_in
def edit_definition(definition_id: uuid.UUID) -> str:
    """A model of a draft in the editor; a version that is no draft is shown with the way to copy it."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        models = sorted(
            (name for name in draft.files if name.endswith(".bpmn")), key=lambda name: (name != diagrams.MAIN, name)
        )
        name = request.args.get("file", models[0] if models else "")
        if name not in models:
            raise NotFound("该版本中没有这个模型。", "There is no such model in this version.")
        payload = designer.payload(conn, draft, name, actor().csrf) if draft.editable else None
    return render_template("designer.html", row=draft.row, models=models, name=name, payload=payload)


@blueprint.get("/definitions/<uuid:definition_id>/compare")
@auth.signed_in
def compare_definitions(definition_id: uuid.UUID) -> str:
    """What a version changes against another one (the one before it when none is named)."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        row = versions.row(conn, definition_id)
        others = [one for one in versions.of_procedure(conn, row["procedure"]) if one["id"] != definition_id]
        other = _other(row, others)
        files = versions.files_of(conn, definition_id)
        old = versions.files_of(conn, other["id"]) if other else {}
        differences = comparing.compare(old, files) if other else []
        told = comparison.readable(conn, runtime(), differences)
    drawn = [
        (one, _marked(diagrams.of(shown, comparing.markers(differences, change))))
        for one, shown, change in ((other, old, comparing.REMOVED), (row, files, comparing.ADDED))
        if one
    ]
    return render_template("compare.html", row=row, other=other, others=others, differences=told, drawn=drawn)


def _marked(drawn: list[diagrams.Diagram]) -> list[diagrams.Diagram]:
    """Only the drawings in which something is marked, all of them open."""
    return [replace(one, open=True) for one in drawn if one.marked]


def _other(row: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any] | None:
    asked = request.args.get("with", "")
    earlier = [one for one in others if one["version"] < row["version"]]
    return next((one for one in others if str(one["id"]) == asked), earlier[0] if earlier else None)


def _page(findings: list[dict[str, Any]] | None, procedure: str) -> str:
    with reading() as conn:
        rows = versions.listing(conn)
    return render_template(
        "definitions.html",
        rows=rows,
        findings=findings,
        procedure=procedure,
        may_move=access.administers(actor(), "case.migrate"),
    )
