"""The workbench of the process designer: a new procedure, its settings, the history of a draft."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

import forms
from registers.errors import DomainError, NotFound
from web import auth, workbench
from web.context import actor, reading, run, runtime
from web.i18n import language, pick
from web.pages import blueprint
from workflows import access, authoring, comparing, drafting, versionfiles

ROWS_MORE = 2  # empty rows for further variables


@blueprint.get("/definitions/new")
@auth.signed_in
def new_procedure() -> str:
    """Begin a procedure from nothing."""
    return _new_page({})


@blueprint.post("/definitions/new")
@auth.signed_in
def begin_procedure() -> Any:
    """Make the first draft and open it in the editor."""
    given = request.form
    try:
        made = run(
            authoring.begin,
            procedure=given.get("procedure", "").strip(),
            title={"zh": given.get("title_zh", ""), "en": given.get("title_en", "")},
            form=given.get("form", versionfiles.PLAIN_FORM),
            starter=given.get("starter", ""),
            applicant=bool(given.get("applicant")),
            lead_matter=given.get("lead_matter") or None,
        )
    except DomainError as error:
        return _new_page({error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.edit_definition", definition_id=made["id"]))


def _new_page(errors: dict[str, str]) -> str:
    access.require(actor(), "definition.edit")
    titles = sorted(((name, pick(form.title)) for name, form in forms.load_all().items()), key=lambda item: item[1])
    return render_template(
        "newprocedure.html",
        errors=errors,
        given=request.form,
        forms=titles,
        roles=workbench.starter_options(),
        matters=workbench.matter_options(),
    )


@blueprint.get("/definitions/<uuid:definition_id>/settings")
@auth.signed_in
def draft_settings(definition_id: uuid.UUID) -> str:
    """The settings of a version as fields."""
    return _settings_page(definition_id, {})


@blueprint.post("/definitions/<uuid:definition_id>/settings")
@auth.signed_in
def save_draft_settings(definition_id: uuid.UUID) -> Any:
    """Keep the settings of a draft."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    try:
        run(
            authoring.change_settings,
            definition_id=definition_id,
            facts=_facts(draft),
            expected=request.form.get("expected", ""),
        )
    except DomainError as error:
        return _settings_page(definition_id, {error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.draft_settings", definition_id=definition_id, saved=1))


def _facts(draft: workbench.Draft) -> dict[str, Any]:
    form = request.form
    tasks = {node.id: node for node in workbench.nodes(draft.files)}
    start = form.get("start_task", "")
    names, kinds = form.getlist("variable"), form.getlist("variable_type")
    guide = dict(draft.settings.get("guide", {}))
    who = {"zh": form.get("who_zh", "").strip(), "en": form.get("who_en", "").strip()}
    guide["limits"] = form.getlist("guide_limit")
    guide["basis"] = [
        part.strip() for part in form.get("guide_basis", "").replace("；", ";").split(";") if part.strip()
    ]
    if who["zh"]:
        guide["who"] = {"zh": who["zh"], "en": who["en"] or who["zh"]}
    guide |= {part: _lines(form, part) for part in ("conditions", "steps", "result")}
    guide |= {"fee": _words(form, "fee")}
    guide = {key: value for key, value in guide.items() if value not in (None, {})}
    facts: dict[str, Any] = {
        "title": {"zh": form.get("title_zh", ""), "en": form.get("title_en", "")},
        "summary": {"zh": form.get("summary_zh", ""), "en": form.get("summary_en", "")},
        "applicant": bool(form.get("applicant")),
        "lead_matter": form.get("lead_matter") or None,
        "starters": form.getlist("starter"),
        "lanes": {lane: form.get(f"lane:{lane}", "") for lane in workbench.lanes(draft.files)},
        "variables": {name.strip(): kind for name, kind in zip(names, kinds, strict=False) if name.strip()},
        "letters": form.getlist("letter"),
        "letter_values": {key.removeprefix("value:"): path for key, path in form.items() if key.startswith("value:")},
        "guide": guide,
    }
    if form.get("process_id"):
        facts["process_id"] = form["process_id"]
    if start:
        facts |= {"start_task": start}
        asked = tasks[start].properties.get("form") if start in tasks else None
        facts |= {"start_form": asked} if asked else {}
    return facts


def _lines(form: Any, name: str) -> dict[str, list[str]] | None:
    """A text of one line each as a list in both languages; nothing where the Chinese is empty."""
    said = {
        lang: [line.strip() for line in form.get(f"{name}_{lang}", "").splitlines() if line.strip()]
        for lang in ("zh", "en")
    }
    return {"zh": said["zh"], "en": said["en"] or said["zh"]} if said["zh"] else None


def _words(form: Any, name: str) -> dict[str, str] | None:
    chinese, english = (form.get(f"{name}_{lang}", "").strip() for lang in ("zh", "en"))
    return {"zh": chinese, "en": english or chinese} if chinese else None


def _settings_page(definition_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        limits = workbench.limit_options(conn, runtime().time.today())
    settings = draft.settings
    chosen = [name for name in settings.get("letters", []) if name in workbench.letter_kinds(draft.files)]
    return render_template(
        "draftsettings.html",
        row=draft.row,
        editable=draft.editable,
        settings=settings,
        errors=errors,
        saved=request.args.get("saved"),
        lanes=workbench.lanes(draft.files),
        tasks=workbench.user_tasks(draft.files),
        processes=workbench.processes(draft.files),
        places=workbench.places(draft.files),
        roles=workbench.role_options(),
        starters=workbench.starter_options(),
        matters=workbench.matter_options(),
        letters=workbench.letter_options(draft.files),
        letter_places=workbench.letter_places(draft.files, chosen),
        limits=limits,
        types=workbench.variable_types(),
        rows_more=ROWS_MORE,
    )


@blueprint.get("/definitions/<uuid:definition_id>/history")
@auth.signed_in
def draft_history(definition_id: uuid.UUID) -> str:
    """The changes of a draft; with `change`, what the draft was before that one."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        changes = drafting.history(conn, definition_id)
        change = next((one for one in changes if str(one["id"]) == request.args.get("change")), None)
        then = drafting.state_before(conn, definition_id, change["id"]) if change else {}
    differences: list[comparing.Difference] = []
    unreadable = False
    try:
        differences = comparing.compare(then, draft.files) if change else []
    except DomainError:
        unreadable = True
    names = sorted(then)
    return render_template(
        "drafthistory.html",
        row=draft.row,
        changes=changes,
        change=change,
        differences=differences,
        unreadable=unreadable,
        names=names,
    )


@blueprint.post("/definitions/<uuid:definition_id>/history")
@auth.signed_in
def restore_draft(definition_id: uuid.UUID) -> Any:
    """Bring the draft back to an earlier state."""
    try:
        change_id = uuid.UUID(request.args.get("change", ""))
    except ValueError:
        raise NotFound() from None
    run(drafting.restore, definition_id=definition_id, change_id=change_id, expected=request.form.get("expected", ""))
    return redirect(url_for("pages.draft_history", definition_id=definition_id))


@blueprint.get("/definitions/<uuid:definition_id>/history/<uuid:change_id>/<path:name>")
@auth.signed_in
def draft_earlier_file(definition_id: uuid.UUID, change_id: uuid.UUID, name: str) -> Response:
    """A file of a draft as it was, to be read or kept."""
    with reading() as conn:
        workbench.opened(conn, definition_id)
        content = drafting.state_before(conn, definition_id, change_id).get(name)
    if content is None:
        raise NotFound()
    return workbench.as_file(name, content)
