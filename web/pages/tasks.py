"""The page of a task: read what it concerns, fill in its form, save, submit; claim, release, assign."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

import forms
from forms.definition import FormDefinition
from registers.errors import DomainError
from web import auth, findings, formpage
from web.context import actor, new_key, reading, run, runtime
from web.i18n import language
from web.pages import blueprint
from workflows import access, casefile, cases, definitions, documents, events, formdata, notices, people, worklist


@blueprint.get("/tasks/<uuid:task_id>")
@auth.signed_in
def task(task_id: uuid.UUID) -> str:
    """A task as it stands."""
    return _show(task_id)


@blueprint.post("/tasks/<uuid:task_id>")
@auth.signed_in
def submit_task(task_id: uuid.UUID) -> Any:
    """Submit, save, or change the rows of a table (without script)."""
    with reading() as conn:
        found = worklist.task(conn, actor(), task_id)
        form = definitions.compiled(runtime(), conn, found["definition_id"]).form_of(found["element"])
    raw = formpage.read(form, request.form)
    errors = formpage.take_uploads(form, raw)
    action = request.form.get("do", "submit")
    if errors:
        return _show(task_id, raw, errors), 422
    if action == "submit":
        try:
            run(cases.complete, task_id=task_id, data=raw)
        except forms.FormErrors as wrong:
            _keep(task_id, raw)
            return _show(task_id, raw, formpage.messages(wrong)), 422
        except DomainError as wrong:
            _keep(task_id, raw)
            return _show(task_id, raw, {wrong.pointer or "": wrong.message(language())}), wrong.status
        return redirect(url_for("pages.receipt", task_id=task_id))
    if action.startswith(("add:", "drop:")):
        formpage.change_rows(raw, action)
        _keep(task_id, raw)
        return redirect(url_for("pages.task", task_id=task_id) + "#f-" + action.split(":", 1)[1].split(".")[0])
    _keep(task_id, raw)
    return redirect(url_for("pages.task", task_id=task_id))


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
        compiled = definitions.compiled(rt, conn, found["definition_id"])
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
        rules = findings.of_case(compiled, variables, events.history(conn, found["case_id"]))
        stopped = bool(casefile.incidents(conn, found["case_id"]))
        open_notices = [row for row in notices.of_case(conn, found["case_id"]) if row["closed_at"] is None]
    return render_template(
        "receipt.html",
        task=found,
        case=case,
        compiled=compiled,
        submission=mine[-1] if mine else None,
        files=files,
        findings=rules,
        first=len(submitted) == 1,
        stopped=stopped,
        waiting=sorted(waiting, key=lambda row: not row["mine"]),
        notices=open_notices,
        **formpage.helpers({}),
    )


@blueprint.post("/tasks/<uuid:task_id>/draft")
@auth.signed_in
def save_draft(task_id: uuid.UUID) -> Any:
    """Save what has been typed; called by the page while typing."""
    with reading() as conn:
        found = worklist.task(conn, actor(), task_id)
        form = definitions.compiled(runtime(), conn, found["definition_id"]).form_of(found["element"])
    raw = formpage.read(form, request.form)
    given = request.form.get("revision", "")
    answer = worklist.save_draft(
        runtime(),
        actor(),
        new_key(),
        task_id=task_id,
        data=raw,
        revision=int(given) if given.isdecimal() else None,
    )
    return jsonify(answer)


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


def _keep(task_id: uuid.UUID, raw: dict[str, Any]) -> None:
    """Whatever was typed stays, even when it cannot be submitted yet."""
    try:
        worklist.save_draft(runtime(), actor(), new_key(), task_id=task_id, data=raw)
    except DomainError:
        # The task was closed meanwhile: there is no draft to keep, the page still shows what was typed.
        return


def _show(task_id: uuid.UUID, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None) -> str:
    person, rt = actor(), runtime()
    with reading() as conn:
        found = worklist.task(conn, person, task_id)
        shown = formdata.for_display(conn, rt, found)
        compiled = definitions.compiled(rt, conn, found["definition_id"])
        submitted = earlier_submissions(conn, compiled, found["case_id"])
        data = typed if typed is not None else shown.data
        files = {**shown.files, **documents.by_ids(conn, _all_files(submitted, shown.form, data))}
        element = compiled.model.elements[found["element"]]
        colleagues = people.who_may(conn, found) if _may_hand_on(found) else []
        history = events.history(conn, found["case_id"])
    rules = findings.of_case(compiled, shown.context, history)
    may_work = found["status"] == "open" and access.may_work_on(person, found)
    offered = found["status"] == "open" and access.is_offered(person, found)
    return render_template(
        "task.html",
        task=found,
        form=shown.form,
        data=data,
        revision=shown.revision,
        open_sections=shown.open_sections,
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
        **formpage.helpers(shown.context),
    )


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


def earlier_submissions(conn: Connection, compiled: definitions.Compiled, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """What was handed in so far, each with the form it was given to."""
    found = []
    for row in casefile.submissions(conn, case_id):
        element = compiled.model.elements.get(row["element"])
        found.append(
            {
                "title": element.name if element else row["element"],
                "person": row["person"],
                "at": row["submitted_at"],
                "form": compiled.form_of(row["element"]),
                "data": row["data"],
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
