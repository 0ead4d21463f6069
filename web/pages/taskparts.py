"""A long form one topic a page: the parts of a task, the answers to be checked before they are handed in, tables as workbooks."""

from __future__ import annotations

import io
import uuid
from typing import Any

from flask import redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from forms.definition import Section
from registers.errors import Forbidden, NotFound
from web import auth, drafts, formpage, sheets, tableimport
from web.context import actor, new_key, reading, runtime
from web.i18n import gettext, pick
from web.pages import blueprint
from web.pages.tasks import complete, import_rows, keep, with_other_parts
from workflows import access, formdata, worklist


@blueprint.get("/tasks/<uuid:task_id>/parts/<section>")
@auth.signed_in
def task_part(task_id: uuid.UUID, section: str) -> Any:
    """One part of a form, alone on its page."""
    return _part_page(task_id, section)


@blueprint.post("/tasks/<uuid:task_id>/parts/<section>")
@auth.signed_in
def save_part(task_id: uuid.UUID, section: str) -> Any:
    """Save a part and go on to the next one, or stay and change rows."""
    with reading() as conn:
        form = formdata.for_display(conn, runtime(), _mine(worklist.task(conn, actor(), task_id))).form
    raw = formpage.read(form, request.form)
    errors = formpage.take_uploads(form, raw)
    raw = with_other_parts(task_id, section, raw)
    action = request.form.get("do", "save")

    def again(_: uuid.UUID, data: dict[str, Any], wrong: dict[str, str], imported: str = "") -> Any:
        return _part_page(task_id, section, data, wrong, imported)

    if errors:
        return again(task_id, raw, errors), 422
    if action.startswith("import:"):
        return import_rows(task_id, raw, action.removeprefix("import:"), again)
    if action.startswith(("add:", "drop:")):
        formpage.change_rows(raw, action)
    keep(task_id, raw)
    if action == "next":
        return redirect(_after(task_id, section))
    place = "#f-" + action.split(":", 1)[1].split(".")[0] if ":" in action else ""
    return redirect(url_for("pages.task_part", task_id=task_id, section=section) + place)


@blueprint.get("/tasks/<uuid:task_id>/check")
@auth.signed_in
def check_task(task_id: uuid.UUID) -> Any:
    """All answers for reading, with what is missing or wrong, before they are handed in."""
    return _check_page(task_id)


@blueprint.post("/tasks/<uuid:task_id>/check")
@auth.signed_in
def submit_checked(task_id: uuid.UUID) -> Any:
    """Hand in what was checked; when somebody saved something else meanwhile it is shown again instead."""
    with reading() as conn:
        shown = formdata.for_display(conn, runtime(), _mine(worklist.task(conn, actor(), task_id)))
    if request.form.get("revision", "") != str(shown.revision or 0):
        changed = gettext("核对之后草稿又有改动，请再次核对。")
        return _check_page(task_id, errors={"": changed}), 409
    return complete(task_id, shown.data, lambda _, data, errors: _check_page(task_id, data, errors))


@blueprint.get("/tasks/<uuid:task_id>/tables/<table>.xlsx")
@auth.signed_in
def task_table(task_id: uuid.UUID, table: str) -> Response:
    """A table of the form as a workbook: the template for an import, with the rows there are."""
    with reading() as conn:
        shown = formdata.for_display(conn, runtime(), worklist.task(conn, actor(), task_id))
    field = shown.form.fields.get(table)
    if field is None or field.type != "table":
        raise NotFound()
    content = io.BytesIO(tableimport.write(field, shown.data.get(table) or []))
    name = f"{pick(field.label)}.xlsx"
    return send_file(content, mimetype=sheets.XLSX, as_attachment=True, download_name=name, max_age=0)


def _mine(task: dict[str, Any]) -> dict[str, Any]:
    if task["status"] != "open" or not access.may_work_on(actor(), task):
        raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
    return task


def _part_page(
    task_id: uuid.UUID,
    section: str,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    imported: str = "",
) -> Any:
    with reading() as conn:
        task = _mine(worklist.task(conn, actor(), task_id))
        shown = formdata.for_display(conn, runtime(), task)
        own = next((one for one in shown.form.sections if one.id == section), None)
        if own is None or (shown.open_sections is not None and section not in shown.open_sections):
            raise NotFound()
        data = typed if typed is not None else shown.data
        parts = formdata.parts(conn, shown, data)
    return render_template(
        "taskpart.html",
        task=task,
        form=shown.form,
        section=own,
        elsewhere=_elsewhere(shown.form.sections, own),
        data=data,
        files=shown.files,
        revision=shown.revision,
        saved_page=shown.saved_page,
        saved=drafts.line(shown, parts) if typed is None else "",
        progress=[drafts.part(part) for part in parts],
        errors=errors or {},
        imported=imported,
        **formpage.helpers(),
    )


def _elsewhere(sections: tuple[Section, ...], own: Section) -> list[Any]:
    """Questions of other parts that conditions on this page may ask for."""
    return [
        field
        for one in sections
        if one is not own
        for field in one.fields
        if field.type in ("choice", "boolean", "catalogue", "declaration")
    ]


def _after(task_id: uuid.UUID, section: str) -> str:
    """The next part that can be worked on; after the last one the answers are checked."""
    with reading() as conn:
        shown = formdata.for_display(conn, runtime(), worklist.task(conn, actor(), task_id))
        parts = [drafts.part(part) for part in formdata.parts(conn, shown)]
    here = next((index for index, part in enumerate(parts) if part["id"] == section), len(parts))
    for part in parts[here + 1 :]:
        if part["state"] != "blocked" and not part["closed"]:
            return url_for("pages.task_part", task_id=task_id, section=part["id"])
    return url_for("pages.check_task", task_id=task_id)


def _check_page(task_id: uuid.UUID, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> Any:
    with reading() as conn:
        task = _mine(worklist.task(conn, actor(), task_id))
        shown = formdata.for_display(conn, runtime(), task)
        parts = formdata.parts(conn, shown)
    found = [error for part in parts for error in (*part.wrong, *part.missing)]
    told = formpage.first_messages(found) if errors is None else errors
    sections = {field.name: one.id for one in shown.form.sections for field in one.fields}
    return render_template(
        "check.html",
        task=task,
        form=shown.form,
        data=shown.data,
        files=shown.files,
        revision=shown.revision or 0,
        saved=drafts.line(shown, parts),
        progress=[drafts.part(part) for part in parts],
        sections=sections,
        errors=told,
        tried=errors is not None,
        key=new_key(),
        **formpage.helpers(),
    )
