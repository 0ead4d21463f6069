"""The page of a task: read what it concerns, fill in its form, save, submit; claim, release, assign."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

import forms
from forms.definition import FormDefinition
from registers.errors import DomainError
from web import auth, drafts, findings, formpage, reviewsheet, sealing, tableimport, views
from web.context import actor, new_key, reading, run, runtime
from web.i18n import gettext, language
from web.pages import blueprint
from workflows import (
    access,
    casefile,
    compiling,
    documents,
    events,
    formdata,
    notices,
    people,
    separate,
    signatures,
    worklist,
)

_MOST_TURNS = 2**53  # what a browser can count


@blueprint.get("/tasks/<uuid:task_id>")
@auth.signed_in
def task(task_id: uuid.UUID) -> str:
    """A task as it stands."""
    return show(task_id)


@blueprint.post("/tasks/<uuid:task_id>")
@auth.signed_in
def submit_task(task_id: uuid.UUID) -> Any:
    """Submit, save, or change the rows of a table (without script)."""
    with reading() as conn:
        found = worklist.task(conn, actor(), task_id)
        form = compiling.compiled(runtime(), conn, found["definition_id"]).form_of(found["element"])
    raw = formpage.read(form, request.form)
    errors = formpage.take_uploads(form, raw)
    action = request.form.get("do", "submit")
    if errors:
        return show(task_id, raw, errors), 422
    if action == "submit":
        return complete(task_id, raw, show)
    if action.startswith("import:"):
        return import_rows(task_id, raw, action.removeprefix("import:"), show)
    if action.startswith(("add:", "drop:")):
        formpage.change_rows(raw, action)
    keep(task_id, raw)
    if action == "check":
        return redirect(url_for("pages.check_task", task_id=task_id))
    place = "#f-" + action.split(":", 1)[1].split(".")[0] if ":" in action else ""
    return redirect(url_for("pages.task", task_id=task_id) + place)


def complete(task_id: uuid.UUID, raw: dict[str, Any], again: Callable[..., Any]) -> Any:
    """Hand the answers in; when they cannot be taken they are kept, and `again` shows them with what is wrong."""
    try:
        sealing.complete(task_id, raw)
    except signatures.SignatureRequired:
        keep(task_id, raw)
        return redirect(url_for("pages.sign_task", task_id=task_id))
    except forms.FormErrors as wrong:
        keep(task_id, raw)
        return again(task_id, raw, formpage.messages(wrong)), 422
    except DomainError as wrong:
        keep(task_id, raw)
        return again(task_id, raw, {wrong.pointer or "": wrong.message(language())}), wrong.status
    return redirect(url_for("pages.receipt", task_id=task_id))


def import_rows(task_id: uuid.UUID, raw: dict[str, Any], table: str, again: Callable[..., Any]) -> Any:
    """Rows of a spreadsheet go below those of the table; what is wrong in them is told row by row, nothing is lost."""
    with reading() as conn:
        found = worklist.task(conn, actor(), task_id)
        shown = formdata.for_display(conn, runtime(), found)
    field = shown.form.fields.get(table)
    sent = request.files.get(f"sheet:{table}")
    if field is None or field.type != "table" or sent is None or not sent.filename:
        chosen = {table: gettext("请选择一个xlsx或者CSV文件。")}
        return again(task_id, raw, chosen), 422
    try:
        came = tableimport.read(field, sent.stream, sent.filename)
    except DomainError as wrong:
        return again(task_id, raw, {table: wrong.message(language())}), wrong.status
    before = [row for row in raw.get(table) or [] if any(row.values())]
    raw[table] = [*before, *came.rows]
    keep(task_id, raw)
    with reading() as conn:
        wrong_ones = [error for part in formdata.parts(conn, shown, raw) for error in (*part.wrong, *part.missing)]
    errors = formpage.first_messages(one for one in wrong_ones if one.path.split(".")[0] == table)
    told = gettext("已导入%(n)s行，从第%(first)s行起") % {"n": len(came.rows), "first": len(before) + 1}
    if came.ignored:
        told += gettext("；未识别的列：%(heads)s") % {"heads": "、".join(came.ignored)}
    if came.beyond:
        told += gettext("；超过%(n)s行的部分未导入") % {"n": field.max_rows}
    return again(task_id, raw, errors, imported=told), 422 if errors else 200


@blueprint.get("/tasks/<uuid:task_id>/receipt")
@auth.signed_in
def receipt(task_id: uuid.UUID) -> Any:
    """What was handed in with a task, and what happens next; to be kept or printed."""
    person, rt = actor(), runtime()
    with reading() as conn:
        found = worklist.task(conn, person, task_id)
        if found["status"] == "open":
            return redirect(url_for("pages.task", task_id=task_id))
        case = access.visible_case(conn, person, found["case_id"])
        compiled = compiling.compiled(rt, conn, found["definition_id"])
        submitted = earlier_submissions(conn, compiled, found["case_id"])
        mine = [item for item in submitted if item["task_id"] == task_id]
        files = documents.by_ids(
            conn, {file for item in mine for file in formdata.file_ids(item["form"], item["data"])}
        )
        waiting = [
            {**row, "mine": access.may_work_on(person, row)}
            for row in worklist.tasks_of_case(conn, found["case_id"])
            if row["status"] == "open"
        ]
        variables = formdata.variables_of(conn, compiled, found["case_id"])
        history = events.history(conn, found["case_id"])
        away = separate.hidden(conn, person, found["case_id"])
        rules = findings.of_case(compiled, variables, separate.own_events(compiled, away, history))
        stopped = bool(casefile.incidents(conn, found["case_id"]))
        open_notices = [row for row in notices.of_case(conn, found["case_id"]) if row["closed_at"] is None]
        signed = sealing.of_case(conn, found["case_id"], found["definition_id"])
    return render_template(
        "receipt.html",
        task=found,
        case=case,
        compiled=compiled,
        submission=mine[-1] if mine else None,
        files=files,
        findings=rules,
        first=len(submitted) == 1,
        signatures=[one for one in signed if one["task_id"] == task_id],
        stopped=stopped,
        waiting=sorted(waiting, key=lambda row: not row["mine"]),
        notices=open_notices,
        **formpage.helpers(),
    )


@blueprint.post("/tasks/<uuid:task_id>/draft")
@auth.signed_in
def save_draft(task_id: uuid.UUID) -> Any:
    """Save what has been typed; called by the page while typing."""
    with reading() as conn:
        found = worklist.task(conn, actor(), task_id)
        form = compiling.compiled(runtime(), conn, found["definition_id"]).form_of(found["element"])
    raw = formpage.read(form, request.form)
    section = request.args.get("part")
    if section is not None:
        raw = with_other_parts(task_id, section, raw)
    given = request.form.get("revision", "")
    answer = worklist.save_draft(
        runtime(),
        actor(),
        new_key(),
        task_id=task_id,
        data=raw,
        revision=int(given) if given.isdecimal() else None,
        page=request.form.get("draft-page", "")[:60],
        turn=min(request.form.get("draft-turn", 0, int), _MOST_TURNS),
        left_page=request.form.get("draft-left", "")[:60],
    )
    with reading() as conn:
        shown = formdata.for_display(conn, runtime(), found)
        parts = formdata.parts(conn, shown)
    said = {"said": drafts.line(shown, parts), "parts": [drafts.part(part) for part in parts]}
    return jsonify({**answer, **said})


def with_other_parts(task_id: uuid.UUID, section: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The answers of one section, together with what the draft holds of the others."""
    with reading() as conn:
        shown = formdata.for_display(conn, runtime(), worklist.task(conn, actor(), task_id))
    own = {field.name for one in shown.form.sections if one.id == section for field in one.fields}
    others = {name: value for name, value in shown.data.items() if name not in own}
    return {**others, **{name: value for name, value in raw.items() if name in own}}


@blueprint.post("/tasks/<uuid:task_id>/claim")
@auth.signed_in
def claim(task_id: uuid.UUID) -> Response:
    """Take the task."""
    run(worklist.claim, task_id=task_id)
    return redirect(url_for("pages.task", task_id=task_id))


@blueprint.post("/tasks/<uuid:task_id>/release")
@auth.signed_in
def release(task_id: uuid.UUID) -> Response:
    """Give the task back."""
    run(worklist.release, task_id=task_id, reason=request.form.get("reason", ""))
    return redirect(url_for("pages.home"))


@blueprint.post("/tasks/<uuid:task_id>/assign")
@auth.signed_in
def assign(task_id: uuid.UUID) -> Response:
    """Give the task to a colleague."""
    run(worklist.assign, task_id=task_id, user_id=uuid.UUID(request.form["user_id"]))
    return redirect(url_for("pages.task", task_id=task_id))


def keep(task_id: uuid.UUID, raw: dict[str, Any]) -> None:
    """Whatever was typed stays, even when it cannot be submitted yet."""
    try:
        worklist.save_draft(runtime(), actor(), new_key(), task_id=task_id, data=raw)
    except DomainError:
        # The task was closed meanwhile: there is no draft to keep, the page still shows what was typed.
        return


def show(
    task_id: uuid.UUID,
    typed: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    imported: str = "",
) -> str:
    """The page of a task, with what was typed and what is wrong with it after an attempt."""
    person, rt = actor(), runtime()
    with reading() as conn:
        found = worklist.task(conn, person, task_id)
        shown = formdata.for_display(conn, rt, found)
        compiled = compiling.compiled(rt, conn, found["definition_id"])
        submitted = earlier_submissions(conn, compiled, found["case_id"])
        data = typed if typed is not None else shown.data
        files = {**shown.files, **documents.by_ids(conn, _all_files(submitted, shown.form, data))}
        element = compiled.model.elements[found["element"]]
        colleagues = people.who_may(conn, found) if _may_hand_on(found) else []
        away = separate.hidden(conn, person, found["case_id"])
        history = separate.own_events(compiled, away, events.history(conn, found["case_id"]))
        parts = formdata.parts(conn, shown, data)
        said = _open_comments(conn, found, submitted)
    rules = findings.of_case(compiled, shown.context, history)
    may_work = found["status"] == "open" and access.may_work_on(person, found)
    offered = found["status"] == "open" and access.is_offered(person, found)
    return render_template(
        "task.html",
        task=found,
        form=shown.form,
        data=data,
        revision=shown.revision,
        saved_page=shown.saved_page,
        open_sections=shown.open_sections,
        progress=[drafts.part(part) for part in parts],
        saved=drafts.line(shown, parts) if typed is None else "",
        imported=imported,
        said=said,
        errors=errors or {},
        files=files,
        earlier=submitted,
        may_work=may_work,
        own=next((item for item in submitted if item["task_id"] == task_id), None),
        returned=_sent_back(submitted),
        basis=element.properties.get("legalBasis", ""),
        findings=rules if shown.open_sections is None else findings.for_correction(rules),
        official=found["body_id"] is not None,
        may_claim=offered and found["assignee_id"] is None and found["body_id"] is not None,
        may_release=found["status"] == "open" and found["assignee_id"] == person.id,
        colleagues=[row for row in colleagues if row["id"] != person.id],
        key=request.form.get("idempotency_key") if typed is not None else new_key(),
        **formpage.helpers(),
    )


def _open_comments(conn: Connection, task: dict[str, Any], submitted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was said at data of the applicant's submissions and is not settled, for whoever mends them."""
    if task["status"] != "open" or task["enterprise_id"] is None:
        return []
    case = access.visible_case(conn, actor(), task["case_id"])
    forms_by_id = {item["id"]: item["form"] for item in submitted}
    return [
        {**note, "place": reviewsheet.place_of(forms_by_id[note["submission_id"]], note["path"])}
        for note in views.notes(conn, runtime(), actor(), case)
        if note["settled_at"] is None and note["submission_id"] in forms_by_id
    ]


def _sent_back(submitted: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The last submission when it sent the work back with words about what to change."""
    last = submitted[-1] if submitted else None
    if last is None or last["data"].get("decision") != "return":
        return None
    return {"person": last["person"], "title": last["title"], "comment": last["data"].get("comment") or ""}


def _may_hand_on(found: dict[str, Any]) -> bool:
    person = actor()
    heads = found["body_id"] is not None and person.has("head", found["body_id"])
    return found["status"] == "open" and (found["assignee_id"] == person.id or heads)


def earlier_submissions(conn: Connection, compiled: compiling.Compiled, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was handed in so far, each with the form it was given to."""
    found = []
    away = separate.hidden(conn, actor(), case_id)
    for row in casefile.submissions(conn, case_id):
        if separate.is_hidden(compiled, away, row["element"]):
            continue
        element = compiled.model.elements.get(row["element"])
        found.append(
            {
                "title": element.name if element else row["element"],
                "person": row["person"],
                "at": row["submitted_at"],
                "form": compiled.form_of(row["element"]),
                "data": separate.own_data(compiled, away, compiled.form_of(row["element"]), row["data"]),
                "id": row["id"],
                "task_id": row["task_id"],
            }
        )
    return found


def _all_files(submitted: Iterable[dict[str, Any]], form: FormDefinition, data: dict[str, Any]) -> set[uuid.UUID]:
    ids = formdata.file_ids(form, data)
    for item in submitted:
        ids |= formdata.file_ids(item["form"], item["data"])
    return ids
