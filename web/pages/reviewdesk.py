"""The review desk: the application on the left, checklist and opinion on the right; marks, comments, returns, wordings."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from forms.definition import FormDefinition
from registers.errors import DomainError, Forbidden
from web import auth, drafts, findings, formpage, reviewsheet, views
from web.context import actor, new_key, reading, run, runtime
from web.pages import blueprint
from web.pages.tasks import earlier_submissions, keep
from workflows import (
    access,
    casenotes,
    compiling,
    documents,
    events,
    formdata,
    publicity,
    reviewing,
    separate,
    worklist,
)


@blueprint.get("/tasks/<uuid:task_id>/desk")
@auth.signed_in
def review_desk(task_id: uuid.UUID) -> str:
    """What is under review beside what the reviewer writes."""
    person, rt = actor(), runtime()
    with reading() as conn:
        task = _for_officials(worklist.task(conn, person, task_id))
        compiled = compiling.compiled(rt, conn, task["definition_id"])
        submitted = earlier_submissions(conn, compiled, task["case_id"])
        shown = formdata.for_display(conn, rt, task)
        case = access.visible_case(conn, person, task["case_id"])
        notes = views.notes(conn, rt, person, case)
        away = separate.hidden(conn, person, task["case_id"])
        history = separate.own_events(compiled, away, events.history(conn, task["case_id"]))
        rules = findings.of_case(compiled, shown.context, history)
        chosen, before = _chosen(submitted)
        files = {**shown.files, **_files(conn, chosen)}
        marks = reviewing.marks(conn, task_id)
        parts = formdata.parts(conn, shown)
        kept = reviewing.templates(conn, person, task["form"])
    differing = {one.place for rule in rules for one in rule.differences}
    sheet = [] if chosen is None else reviewsheet.parts(
        chosen["form"],
        chosen["data"],
        None if before is None else before["data"],
        differing=differing,
        notes=[note for note in notes if note["submission_id"] == chosen["id"]],
        marks=marks,
    )  # fmt: skip
    return render_template(
        "reviewdesk.html",
        task=task,
        case=case,
        chosen=chosen,
        before=before,
        submitted=submitted,
        sheet=sheet,
        marks=marks,
        findings=rules,
        templates=kept,
        texts=[one for section in shown.form.sections for one in section.fields if one.type == "textarea"],
        may_return=_items_of(shown.form) is not None and any(one["state"] == "return" for one in marks.values()),
        may_work=task["status"] == "open" and access.may_work_on(person, task),
        form=shown.form,
        data=shown.data,
        revision=shown.revision,
        saved_page=shown.saved_page,
        open_sections=shown.open_sections,
        saved=drafts.line(shown, parts),
        files=files,
        errors={},
        key=new_key(),
        **formpage.helpers(),
    )


@blueprint.post("/tasks/<uuid:task_id>/marks")
@auth.signed_in
def mark_part(task_id: uuid.UUID) -> Response:
    """Mark a part: fine, looked at but incomplete, to be returned."""
    form = request.form
    state = form.get("state") or None
    run(reviewing.mark, task_id=task_id, part=form.get("part", ""), state=state, note=form.get("note", ""))
    return _back(task_id, f"p-{form.get('part', '')}")


@blueprint.post("/tasks/<uuid:task_id>/marks/return")
@auth.signed_in
def return_marked(task_id: uuid.UUID) -> Response:
    """Put what is marked to be returned into the list the form sends back; the reviewer still submits it."""
    with reading() as conn:
        task = _for_officials(worklist.task(conn, actor(), task_id))
        shown = formdata.for_display(conn, runtime(), task)
        marked = [one for one in reviewing.marks(conn, task_id).values() if one["state"] == "return"]
    items = _items_of(shown.form)
    if items is None or not marked:
        raise DomainError(
            "nothing_to_return", "没有标记为退回的部分。", "No part is marked to be returned.", status=409
        )
    data = dict(shown.data)
    held = [row for row in data.get(items) or [] if any(row.values())]
    known = {(row.get("section"), row.get("item")) for row in held}
    rows = [{"section": one["part"], "item": one["note"]} for one in marked]
    data[items] = held + [row for row in rows if (row["section"], row["item"]) not in known]
    outcome = shown.form.fields.get("outcome")
    if outcome is not None and "deficient" in {choice.value for choice in outcome.choices}:
        data["outcome"] = "deficient"
    keep(task_id, data)
    return _back(task_id, f"f-{items}")


@blueprint.post("/tasks/<uuid:task_id>/templates")
@auth.signed_in
def keep_template(task_id: uuid.UUID) -> Response:
    """Keep a wording for this form."""
    with reading() as conn:
        task = _for_officials(worklist.task(conn, actor(), task_id))
    run(
        reviewing.save_template,
        form=task["form"] or "",
        title=request.form.get("title", ""),
        text=request.form.get("text", ""),
    )
    return _back(task_id, "templates")


@blueprint.post("/tasks/<uuid:task_id>/templates/<uuid:template_id>/drop")
@auth.signed_in
def drop_template(task_id: uuid.UUID, template_id: uuid.UUID) -> Response:
    """Forget a wording."""
    run(reviewing.drop_template, template_id=template_id)
    return _back(task_id, "templates")


@blueprint.post("/tasks/<uuid:task_id>/templates/<uuid:template_id>/use")
@auth.signed_in
def use_template(task_id: uuid.UUID, template_id: uuid.UUID) -> Response:
    """Put a wording into a text of the opinion, below what is there."""
    with reading() as conn:
        task = _for_officials(worklist.task(conn, actor(), task_id))
        shown = formdata.for_display(conn, runtime(), task)
        kept = reviewing.templates(conn, actor(), task["form"])
    found = next((one for one in kept if one["id"] == template_id), None)
    into = shown.form.fields.get(request.form.get("into", ""))
    if found is None or into is None or into.type != "textarea":
        raise DomainError(
            "template", "请选择模板和要填入的内容。", "Choose a template and where it goes.", pointer="into"
        )
    before = str(shown.data.get(into.name) or "").rstrip()
    text = f"{before}\n{found['text']}" if before else found["text"]
    keep(task_id, {**shown.data, into.name: text})
    return _back(task_id, f"f-{into.name}")


@blueprint.post("/cases/<uuid:case_id>/notes")
@auth.signed_in
def write_note(case_id: uuid.UUID) -> Response:
    """Ask or answer on a case, or comment at a datum."""
    form = request.form
    run(
        casenotes.write,
        case_id=case_id,
        text=form.get("text", ""),
        parent_id=_uuid(form.get("parent_id")),
        submission_id=_uuid(form.get("submission_id")),
        path=form.get("path", ""),
        internal=form.get("internal") == "true",
    )
    return redirect(_where(case_id))


@blueprint.post("/cases/<uuid:case_id>/notes/<uuid:note_id>/settle")
@auth.signed_in
def settle_note(case_id: uuid.UUID, note_id: uuid.UUID) -> Response:
    """Mark a question or comment as settled."""
    run(casenotes.settle, case_id=case_id, note_id=note_id)
    return redirect(_where(case_id))


@blueprint.post("/cases/<uuid:case_id>/comments/<uuid:comment_id>/answer")
@auth.signed_in
def answer_comment(case_id: uuid.UUID, comment_id: uuid.UUID) -> Response:
    """Answer a comment from the public; it is published with the answer."""
    run(publicity.answer, case_id=case_id, comment_id=comment_id, text=request.form.get("text", ""))
    return redirect(url_for("pages.case", case_id=case_id) + "#comments")


def _where(case_id: uuid.UUID) -> str:
    """Back to the desk the form stood on, else to the notes of the case."""
    desk = _uuid(request.form.get("desk"))
    if desk is not None:
        return url_for("pages.review_desk", task_id=desk) + f"#p-{request.form.get('part', '')}"
    return url_for("pages.case", case_id=case_id) + "#notes"


def _back(task_id: uuid.UUID, place: str) -> Response:
    return redirect(url_for("pages.review_desk", task_id=task_id) + f"#{place}")


def _for_officials(task: dict[str, Any]) -> dict[str, Any]:
    if task["body_id"] is None or task["body_id"] not in actor().case_body_ids:
        raise Forbidden("审查台只供办理机关使用。", "The review desk is for the bodies of a case.")
    return task


def _chosen(submitted: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What is read on the left (the one asked for, else the last thing an applicant's long form gave), and its version before."""
    asked = request.args.get("show", "")
    found = next((one for one in submitted if str(one["id"]) == asked), None)
    if found is None:
        long = [one for one in submitted if len(one["form"].sections) > 2]
        mine = [one for one in long if one["form"].id == long[-1]["form"].id] if long else submitted
        found = mine[-1] if mine else None
    if found is None:
        return None, None
    place = submitted.index(found)
    before = [one for one in submitted[:place] if one["form"].id == found["form"].id]
    return found, before[-1] if before else None


def _items_of(form: FormDefinition) -> str | None:
    """The table of a form that sends parts back: its rows name a section and what is wanted there."""
    for name, field in form.fields.items():
        if {"section", "item"} <= {column.name for column in field.columns}:
            return name
    return None


def _files(conn: Connection, chosen: dict[str, Any] | None) -> dict[str, Any]:
    return documents.by_ids(conn, formdata.file_ids(chosen["form"], chosen["data"])) if chosen else {}


def _uuid(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise DomainError("id", "编号不正确。", "This is no identifier.", status=400) from None
