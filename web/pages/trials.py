"""Sandbox cases (试办): a version tried with all roles in one hand, the clock turned forward, nothing left behind."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

from flask import redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

import forms
from registers.errors import DomainError
from web import auth, diagrams, formpage, formvalues, record, trialviews, views
from web.context import actor, new_key, reading, run, runtime
from web.i18n import language, model_name
from web.pages import blueprint
from workflows import access, definitions, letters, looking, rehearsal
from workflows import trials as trying


@blueprint.get("/definitions/<uuid:definition_id>/trials")
@auth.signed_in
def trials(definition_id: uuid.UUID) -> str:
    """The sandbox cases of a version, and how to begin one."""
    access.require(actor(), "definition.edit")
    with reading() as conn:
        row = definitions.row(conn, definition_id)
        rows = trying.of_definition(conn, definition_id)
    return render_template("trials.html", row=row, trials=rows, today=runtime().time.today())


@blueprint.post("/definitions/<uuid:definition_id>/trials")
@auth.signed_in
def start_trial(definition_id: uuid.UUID) -> Response:
    """Begin a sandbox case."""
    made = run(
        trying.start,
        definition_id=definition_id,
        title=request.form.get("title", ""),
        today=formvalues.optional_day("today"),
        given={key: request.form.get(key, "").strip() for key in ("enterprise", "starter")},
    )
    return redirect(url_for("pages.trial", trial_id=made["trial_id"]))


@blueprint.get("/trials/<uuid:trial_id>")
@auth.signed_in
def trial(trial_id: uuid.UUID) -> Any:
    """Where a sandbox case stands: the diagram with its tokens, open tasks, letters, dates, record, variables."""
    return _page(trial_id)


@blueprint.post("/trials/<uuid:trial_id>/step")
@auth.signed_in
def trial_step(trial_id: uuid.UUID) -> Any:
    """Turn the clock, withdraw, cancel, or let a member of the public comment."""
    step = _step_of(request.form)
    found, _, contents = trialviews.opened(trial_id)
    try:
        looking.attempt(runtime(), found, contents, step)
    except DomainError as refused:
        return _page(trial_id, refused), refused.status
    run(trying.take, trial_id=trial_id, taken=step, revision=found["revision"])
    return redirect(url_for("pages.trial", trial_id=trial_id))


@blueprint.post("/trials/<uuid:trial_id>/undo")
@auth.signed_in
def trial_undo(trial_id: uuid.UUID) -> Response:
    """Go back to an earlier step."""
    run(trying.undo, trial_id=trial_id, keep=request.form.get("keep", 0, type=int))
    return redirect(url_for("pages.trial", trial_id=trial_id))


@blueprint.post("/trials/<uuid:trial_id>/drop")
@auth.signed_in
def drop_trial(trial_id: uuid.UUID) -> Response:
    """Throw a sandbox case away."""
    found, _, _ = trialviews.opened(trial_id)
    run(trying.drop, trial_id=trial_id)
    return redirect(url_for("pages.trials", definition_id=found["definition_id"]))


@blueprint.post("/trials/<uuid:trial_id>/scenario")
@auth.signed_in
def keep_trial(trial_id: uuid.UUID) -> Any:
    """Keep what was played as a scenario of the draft."""
    found, _, contents = trialviews.opened(trial_id)
    name = trialviews.scenario_name(request.form.get("zh", ""), request.form.get("en", ""))
    try:
        scenario = trying.record(runtime(), found, contents, name)
    except DomainError as refused:
        return _page(trial_id, refused), refused.status
    run(trying.keep, trial_id=trial_id, scenario=scenario)
    return redirect(url_for("pages.trial", trial_id=trial_id, kept=1))


@blueprint.get("/trials/<uuid:trial_id>/tasks/<element>")
@auth.signed_in
def trial_task(trial_id: uuid.UUID, element: str) -> str:
    """An open task of a sandbox case with its real form."""
    return _task_page(trial_id, element, None, {}, example=bool(request.args.get("example")))


@blueprint.post("/trials/<uuid:trial_id>/tasks/<element>")
@auth.signed_in
def trial_submit(trial_id: uuid.UUID, element: str) -> Any:
    """Hand in a task of a sandbox case, or change the rows of a table."""
    found, _, contents = trialviews.opened(trial_id)
    form = looking.look(runtime(), found, contents).compiled.form_of(element)
    raw = formpage.read(form, request.form)
    formpage.name_samples(form, raw, rehearsal.FILE_MARK)
    action = request.form.get("do", "submit")
    if action.startswith(("add:", "drop:")):
        formpage.change_rows(raw, action)
        return _task_page(trial_id, element, raw, {})
    step: dict[str, Any] = {"task": element, "submit": raw}
    if request.args.get("body"):
        step["body"] = request.args["body"]
    try:
        looking.attempt(runtime(), found, contents, step)
    except forms.FormErrors as wrong:
        return _task_page(trial_id, element, raw, formpage.messages(wrong)), 422
    except DomainError as wrong:
        return _task_page(trial_id, element, raw, {wrong.pointer or "": wrong.message(language())}), wrong.status
    run(trying.take, trial_id=trial_id, taken=step, revision=found["revision"])
    return redirect(url_for("pages.trial", trial_id=trial_id))


@blueprint.get("/trials/<uuid:trial_id>/letters/<number>")
@auth.signed_in
def trial_letter(trial_id: uuid.UUID, number: str) -> str:
    """A letter of a sandbox case as it reads."""
    letter, content = trialviews.look(trial_id).letter(number)
    blocks = letters.outline(content)
    return render_template("trialletter.html", trial_id=trial_id, number=number, letter=letter, blocks=blocks)


@blueprint.get("/trials/<uuid:trial_id>/letters/<number>.docx")
@auth.signed_in
def trial_letter_file(trial_id: uuid.UUID, number: str) -> Response:
    """The same as a Word file."""
    letter, content = trialviews.look(trial_id).letter(number)
    name = f"{rehearsal.TRIAL_MARK}{letter['title']}.docx"
    return send_file(io.BytesIO(content), mimetype=letters.DOCX, as_attachment=True, download_name=name, max_age=0)


def _page(trial_id: uuid.UUID, refused: DomainError | None = None) -> str:
    found, row, contents = trialviews.opened(trial_id)
    try:
        state = looking.look(runtime(), found, contents).state
        with reading() as conn:
            lines = record.lines(conn, runtime().reference.get(conn), state["compiled"], state["history"])
    except DomainError as broken:
        return render_template("trial.html", trial=found, row=row, state=None, refused=refused or broken, steps=[])
    elements = state["compiled"].model.elements
    return render_template(
        "trial.html",
        trial=found,
        row=row,
        state=state,
        refused=refused,
        lines=lines,
        steps=[_told(step, elements) for step in found["steps"]],
        element_name=lambda key: model_name(elements[key].name) if key in elements else key,
        diagrams=diagrams.of(contents, state["markers"]),
        variables=json.dumps(views.plain(state["variables"]), ensure_ascii=False, indent=1),
    )


def _task_page(
    trial_id: uuid.UUID, element: str, typed: dict[str, Any] | None, errors: dict[str, str], *, example: bool = False
) -> str:
    found, row, contents = trialviews.opened(trial_id)
    body = request.args.get("body", "")
    task = looking.look(runtime(), found, contents).task(element, body)
    shown, given = task.shown, task.example
    data = typed if typed is not None else {**shown.data, **given} if example and given else shown.data
    return render_template(
        "trialtask.html",
        trial=found,
        row=row,
        element=element,
        body=body,
        done=task.row,
        basis=task.basis,
        form=shown.form,
        data=data,
        open_sections=shown.open_sections,
        errors=errors,
        files=shown.files,
        has_example=given is not None,
        key=new_key(),
        **{**formpage.helpers(), "upload_words": dict},
    )


def _step_of(given: Any) -> dict[str, Any]:
    kind, reason = given.get("kind", ""), given.get("reason", "").strip()
    if kind == "due":
        element = given.get("element", "")
        return {"advance": "until_due", **({"element": element} if element else {})}
    if kind == "days":
        days = given.get("days", 0, type=int)
        return {"advance": max(min(days, 3660), 1)}
    if kind == "date":
        on = formvalues.optional_day("on")
        if on is not None:
            return {"advance": on.isoformat()}
    if kind in ("withdraw", "cancel"):
        return {kind: reason or "试办"}
    if kind == "comment":
        said = {"comment": reason or "意见", "wants_hearing": bool(given.get("hearing"))}
        return {"comment": said}
    raise DomainError("trial_step", "请选择要做的事。", "Choose what to do.", pointer="kind")


def _told(step: dict[str, Any], elements: Any) -> str:
    """A step of a sandbox case in a few words."""
    if "task" in step:
        name = elements[step["task"]].name if step["task"] in elements else step["task"]
        return f"{model_name(name)} {step.get('body', '')}".strip()
    return trialviews.told(step)
