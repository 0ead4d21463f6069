"""Signing a task: what is signed, the proof of who signs; and the page of a signature, which says whether it still holds."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, redirect, render_template, request, url_for

import forms
from registers.errors import DomainError, Forbidden, NotFound
from web import auth, formpage, sealing, views
from web.context import actor, new_key, reading, runtime
from web.i18n import gettext, language
from web.pages import blueprint
from web.pages.tasks import earlier_submissions, show
from workflows import access, compiling, documents, formdata, separate, worklist


@blueprint.get("/tasks/<uuid:task_id>/sign")
@auth.signed_in
def sign_task(task_id: uuid.UUID) -> Any:
    """What is about to be signed, and the proof that is asked for."""
    return _page(task_id, {})


@blueprint.post("/tasks/<uuid:task_id>/sign")
@auth.signed_in
def seal_task(task_id: uuid.UUID) -> Any:
    """Sign what was shown and hand the task in; what was shown must still be what there is."""
    said = {key.removeprefix("signature."): text for key, text in request.form.items() if key.startswith("signature.")}
    data = _draft(task_id)
    try:
        foretold = sealing.foretell(task_id, data)
        if foretold is not None and foretold.order.sha256 != request.form.get("sha256"):
            changed = gettext("您核对之后内容又有变动，尚未签名。请再次核对后签名。")
            return _page(task_id, {"": changed}), 409
        sealing.complete(task_id, data, said)
    except forms.FormErrors as wrong:
        return show(task_id, data, formpage.messages(wrong)), 422
    except DomainError as wrong:
        return _page(task_id, {wrong.pointer or "": wrong.message(language())}), wrong.status
    return redirect(url_for("pages.receipt", task_id=task_id))


@blueprint.get("/signatures/<uuid:signature_id>")
@auth.signed_in
def signature(signature_id: uuid.UUID) -> str:
    """A signature: who, when, what, and whether anything of it has changed since."""
    with reading() as conn:
        row = sealing.found(conn, signature_id)
        compiled = compiling.compiled(runtime(), conn, row["definition_id"])
        said = row["said"]
        away = separate.hidden(conn, actor(), row["case_id"])
        form = compiled.form_of(row["element"])
        files = documents.by_ids(conn, formdata.file_ids(form, said["answers"]))
        own = {one["id"] for one in views.letters_of(conn, away, row["case_id"])}
    steps = [
        {**one, "title": _step(compiled, one["element"])}
        for one in said["submissions"]
        if not separate.is_hidden(compiled, away, one["element"])
    ]
    return render_template(
        "signature.html",
        signature=row,
        form=form,
        answers=said["answers"],
        steps=steps,
        letters=[one for one in said["letters"] if one["id"] in {str(key) for key in own}],
        files=files,
        **formpage.helpers(),
    )


@blueprint.get("/signatures/<uuid:signature_id>/document.json")
@auth.signed_in
def signed_document(signature_id: uuid.UUID) -> Response:
    """Exactly the bytes that were signed; their SHA-256 is that of the signature."""
    with reading() as conn:
        row = sealing.found(conn, signature_id)
    if not row["document"]:
        raise NotFound()
    head = {"Content-Disposition": f"attachment; filename=signature-{signature_id}.json"}
    return Response(bytes(row["document"]), content_type="application/json", headers=head)


def _step(compiled: compiling.Compiled, element: str) -> str:
    found = compiled.model.elements.get(element)
    return found.name or element if found else element


def _draft(task_id: uuid.UUID) -> dict[str, Any]:
    with reading() as conn:
        return formdata.for_display(conn, runtime(), worklist.task(conn, actor(), task_id)).data


def _page(task_id: uuid.UUID, errors: dict[str, str]) -> Any:
    person, rt = actor(), runtime()
    with reading() as conn:
        task = worklist.task(conn, person, task_id)
        if task["status"] != "open":
            return redirect(url_for("pages.receipt", task_id=task_id))
        if not access.may_work_on(person, task):
            raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
        compiled = compiling.compiled(rt, conn, task["definition_id"])
        shown = formdata.for_display(conn, rt, task)
        submitted = earlier_submissions(conn, compiled, task["case_id"])
        away = separate.hidden(conn, person, task["case_id"])
        letters = views.letters_of(conn, away, task["case_id"])
        ids = set().union(*(formdata.file_ids(one["form"], one["data"]) for one in submitted)) if submitted else set()
        files = {**shown.files, **documents.by_ids(conn, ids)}
    try:
        foretold = sealing.foretell(task_id, shown.data)
    except forms.FormErrors as wrong:
        return show(task_id, shown.data, formpage.messages(wrong)), 422
    if foretold is None:
        return redirect(url_for("pages.task", task_id=task_id))
    return render_template(
        "sign.html",
        task=task,
        form=shown.form,
        data=shown.data,
        earlier=submitted,
        letters=letters,
        files=files,
        made=sealing.letters_shown(foretold),
        sha256=foretold.order.sha256,
        how=sealing.described(),
        asks=sealing.asked(),
        errors=errors,
        key=new_key(),
        **formpage.helpers(),
    )
