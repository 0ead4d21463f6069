"""Letters of a version at the workbench: templates, their placeholders, a look at the letter; and the limits and roles it uses."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.letters import reading as reading_of
from registers.errors import DomainError
from web import auth, kindform, letterdesk, workbench
from web.context import actor, reading, run, runtime
from web.i18n import language, pick
from web.pages import blueprint
from workflows import drafting, lettering
from workflows.letters import office_available


@blueprint.get("/definitions/<uuid:definition_id>/letters")
@auth.signed_in
def draft_letters(definition_id: uuid.UUID) -> str:
    """The letters of a version: which template each has, and where it is made."""
    return _letters_page(definition_id, {})


@blueprint.post("/definitions/<uuid:definition_id>/letters")
@auth.signed_in
def new_letter_kind(definition_id: uuid.UUID) -> Any:
    """Make a kind of letter that only this version has, with a template to begin with."""
    name = request.form.get("code", "").strip()
    try:
        with reading() as conn:
            if lettering.kind_file(name) in workbench.opened(conn, definition_id).files:
                raise DomainError("taken", "已有这个代码的文书。", "There is a letter of this code.", pointer="code")
        run(
            lettering.save_kind,
            definition_id=definition_id,
            name=name,
            facts=kindform.facts(),
            expected=request.form.get("expected", ""),
        )
    except DomainError as error:
        return _letters_page(definition_id, {error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.draft_letter", definition_id=definition_id, name=name, saved="kind"))


def _letters_page(definition_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    shown = letterdesk.letters_of(draft)
    return render_template(
        "draftletters.html",
        row=draft.row,
        editable=draft.editable,
        letters=shown,
        others=[
            one for one in workbench.letter_options(draft.files) if one[0] not in {letter.name for letter in shown}
        ],
        errors=errors,
        given=kindform.typed() if errors else {},
        types=kindform.types(),
        kind_lines=kindform.lines,
        common=kindform.common_words(),
    )


@blueprint.get("/definitions/<uuid:definition_id>/letters/<name>")
@auth.signed_in
def draft_letter(definition_id: uuid.UUID, name: str) -> str:
    """A letter: its placeholders, its template, a preview."""
    return _page(definition_id, name, {})


@blueprint.post("/definitions/<uuid:definition_id>/letters/<name>")
@auth.signed_in
def save_letter(definition_id: uuid.UUID, name: str) -> Any:
    """Take an uploaded template into the draft, or go back to the installation's."""
    expected, do = request.form.get("expected", ""), request.form.get("do")
    try:
        if do == "drop":
            run(lettering.remove_kind, definition_id=definition_id, name=name, expected=expected)
            return redirect(url_for("pages.draft_letters", definition_id=definition_id))
        if do == "kind":
            run(
                lettering.save_kind,
                definition_id=definition_id,
                name=name,
                facts=kindform.facts(),
                expected=expected,
            )
            return redirect(url_for("pages.draft_letter", definition_id=definition_id, name=name, saved="kind"))
        if do == "remove":
            run(drafting.remove_file, definition_id=definition_id, name=lettering.file_of(name), expected=expected)
        else:
            sent = request.files.get("file")
            if sent is None or not sent.filename:
                raise DomainError("no_file", "请选择文件。", "Choose files.", pointer="file")
            run(
                lettering.save_letter,
                definition_id=definition_id,
                name=name,
                content=sent.read(reading_of.MOST_BYTES + 1),
                expected=expected,
            )
    except DomainError as error:
        return _page(definition_id, name, {error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.draft_letter", definition_id=definition_id, name=name, saved=1))


def _page(definition_id: uuid.UUID, name: str, errors: dict[str, str]) -> str:
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        about = lettering.of_letter(draft.files, name)
        cases = letterdesk.cases(conn, draft.row["procedure"])
    return render_template(
        "draftletter.html",
        row=draft.row,
        editable=draft.editable,
        name=name,
        about=about,
        own=lettering.file_of(name) in draft.files,
        kind=kindform.typed()
        if errors and request.form.get("do") == "kind"
        else lettering.kind_facts(draft.files, name),
        types=kindform.types(),
        kind_lines=kindform.lines,
        common=kindform.common_words(),
        lines=lettering.lines(draft.files, name),
        cases=cases,
        office=office_available(),
        errors=errors,
        saved=request.args.get("saved"),
    )


@blueprint.get("/definitions/<uuid:definition_id>/letters/<name>/template.docx")
@auth.signed_in
def letter_template_file(definition_id: uuid.UUID, name: str) -> Response:
    """The template a version uses for a letter, to be changed in Word."""
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
    about = lettering.of_letter(draft.files, name)
    return workbench.as_file(f"{pick(about.title)}.docx", lettering.template_of(draft.files, name))


@blueprint.get("/definitions/<uuid:definition_id>/letters/<name>/preview.<any(docx, pdf):form>")
@auth.signed_in
def letter_preview(definition_id: uuid.UUID, name: str, form: str) -> Response:
    """The letter filled from a case of one's own, or with the names of its placeholders."""
    return letterdesk.preview(definition_id, name, form, request.args.get("case", None, uuid.UUID))


@blueprint.get("/definitions/<uuid:definition_id>/limits")
@auth.signed_in
def draft_limits(definition_id: uuid.UUID) -> str:
    """The limits and roles a version uses: citation, dates of force, next version, who holds the roles, who stands in."""
    today = runtime().time.today()
    with reading() as conn:
        draft = workbench.opened(conn, definition_id)
        limits = letterdesk.limits_of(conn, draft, today)
        roles = letterdesk.roles_of(conn, draft, today)
    return render_template(
        "draftlimits.html", row=draft.row, limits=limits, roles=roles, actor_roles=actor().role_names
    )
