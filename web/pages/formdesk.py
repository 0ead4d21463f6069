"""Forms at the workbench: which ones a version has, the editor with its preview, what a change means for open work."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

from flask import redirect, render_template, request, url_for

import forms
from registers.errors import DomainError, NotFound
from web import auth, formdesk, workbench
from web.context import actor, reading, run, runtime
from web.i18n import language, pick
from web.pages import blueprint
from workflows import access, authoring, designing, drafting, versionfiles


@blueprint.get("/definitions/<uuid:definition_id>/forms")
@auth.signed_in
def draft_forms(definition_id: uuid.UUID) -> str:
    """The forms of a version, and where each is asked."""
    return _list_page(definition_id, {})


@blueprint.post("/definitions/<uuid:definition_id>/forms")
@auth.signed_in
def add_form(definition_id: uuid.UUID) -> Any:
    """Bring a form of the installation into a draft, begin one of its own, or take one out."""
    given, expected = request.form, request.form.get("expected", "")
    try:
        if given.get("do") == "remove":
            name = given.get("name", "")
            run(drafting.remove_file, definition_id=definition_id, name=f"forms/{name}.json", expected=expected)
            return redirect(url_for("pages.draft_forms", definition_id=definition_id))
        name, content = _new_form(given)
        with reading() as conn:
            if f"forms/{name}.json" in workbench.opened(conn, definition_id).files:
                raise DomainError("taken", "本版本已有这张表单。", "The version has this form already.", pointer="name")
        run(designing.save, definition_id=definition_id, name=f"forms/{name}.json", content=content, expected=expected)
    except DomainError as error:
        return _list_page(definition_id, {error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.edit_form", definition_id=definition_id, name=name))


def _new_form(given: Any) -> tuple[str, str]:
    if given.get("do") == "take":
        return given.get("form", ""), forms.definition_bytes(given.get("form", "")).decode()
    name = given.get("name", "").strip()
    return name, authoring.first_form(name, {"zh": given.get("title_zh", ""), "en": given.get("title_en", "")}).decode()


def _list_page(definition_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    own = versionfiles.forms_of(draft.files)
    held = {name for name in own if f"forms/{name}.json" in draft.files}
    used: dict[str, list[str]] = {}
    for node in workbench.nodes(draft.files):
        if node.properties.get("form"):
            used.setdefault(node.properties["form"], []).append(node.name or node.id)
    others = sorted(
        ((name, pick(form.title)) for name, form in forms.load_all().items() if name not in held),
        key=lambda item: item[1],
    )
    return render_template(
        "draftforms.html",
        row=draft.row,
        editable=draft.editable,
        forms=[(name, form, used.get(name, [])) for name, form in sorted(own.items()) if name in held],
        others=others,
        errors=errors,
        given=request.form,
    )


@blueprint.get("/definitions/<uuid:definition_id>/forms/<name>")
@auth.signed_in
def edit_form(definition_id: uuid.UUID, name: str) -> str:
    """A form in its editor, with the page as the applicant will see it beside it."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    content = draft.files.get(f"forms/{name}.json")
    if content is None:
        raise NotFound("该版本中没有这张表单。", "There is no such form in this version.")
    given = json.loads(content, parse_float=Decimal)
    return render_template(
        "formeditor.html",
        row=draft.row,
        editable=draft.editable,
        name=name,
        form=forms.parse(given),
        payload=formdesk.payload(draft, name, content.decode(), actor().csrf),
        **formdesk.preview_words(),
    )


@blueprint.post("/definitions/<uuid:definition_id>/forms/<name>/preview")
@auth.signed_in
def preview_form(definition_id: uuid.UUID, name: str) -> Any:
    """A form that is being written as its page shows it: a fragment, or what is wrong with it."""
    access.require(actor(), "definition.edit")
    form = formdesk.parsed(request.get_data(as_text=True))
    return render_template("formpreview.html", form=form, **formdesk.preview_words())


@blueprint.post("/definitions/<uuid:definition_id>/forms/<name>/touched")
@auth.signed_in
def form_touches(definition_id: uuid.UUID, name: str) -> str:
    """What the form as it is written now means for people who are filling in an earlier one: a fragment."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    form = formdesk.parsed(request.get_data(as_text=True))
    found = formdesk.touched(runtime(), draft.row["procedure"], name, form)
    return render_template("formtouched.html", found=found)
