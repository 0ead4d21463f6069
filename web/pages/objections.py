"""Objections of applicants and requests for correction: the list, and what is posted from the page of a case."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web import auth, uploads
from web.context import actor, reading, run, runtime
from web.i18n import gettext
from web.pages import blueprint
from web.words import in_language
from workflows import corrections, objections


@blueprint.get("/objections")
@auth.signed_in
def objection_list() -> str:
    """The objections in one's cases; what waits for an answer first."""
    with reading() as conn:
        rows = objections.of_person(conn, actor())
        mine = {row["id"] for row in objections.to_answer(conn, actor(), runtime().time.today())}
    return render_template("objections.html", rows=rows, mine=mine, kinds=kinds(), statuses=statuses())


@blueprint.post("/cases/<uuid:case_id>/objections")
@auth.signed_in
def bring_objection(case_id: uuid.UUID) -> Response:
    """Object, as the applicant."""
    form, files = request.form, uploads.store(request.files.getlist("files"))
    said = {name: form.get(name, "") for name in ("kind", "grounds", "wanted")}
    run(objections.bring, case_id=case_id, files=files, **said)
    return redirect(url_for("pages.case", case_id=case_id) + "#objections")


@blueprint.post("/cases/<uuid:case_id>/objections/<uuid:objection_id>/answer")
@auth.signed_in
def answer_objection(case_id: uuid.UUID, objection_id: uuid.UUID) -> Response:
    """Answer one, as a head."""
    said = {name: request.form.get(name, "") for name in ("outcome", "text")}
    run(objections.answer, objection_id=objection_id, **said)
    return redirect(url_for("pages.case", case_id=case_id) + "#objections")


@blueprint.post("/cases/<uuid:case_id>/objections/<uuid:objection_id>/withdraw")
@auth.signed_in
def withdraw_objection(case_id: uuid.UUID, objection_id: uuid.UUID) -> Response:
    """Take one back."""
    run(objections.withdraw, objection_id=objection_id)
    return redirect(url_for("pages.case", case_id=case_id) + "#objections")


@blueprint.post("/cases/<uuid:case_id>/correction-wish")
@auth.signed_in
def wish_to_correct(case_id: uuid.UUID) -> Any:
    """Ask the window, before acceptance, to open the application for correction."""
    run(corrections.ask, case_id=case_id, text=request.form.get("text", ""))
    return redirect(url_for("pages.case", case_id=case_id) + "#notes")


@blueprint.post("/cases/<uuid:case_id>/correction-wish/<uuid:note_id>")
@auth.signed_in
def answer_correction(case_id: uuid.UUID, note_id: uuid.UUID) -> Any:
    """Grant or decline a request for correction."""
    said = {name: request.form.get(name, "") for name in ("outcome", "text")}
    run(corrections.answer, case_id=case_id, note_id=note_id, **said)
    return redirect(url_for("pages.case", case_id=case_id) + "#notes")


def kinds() -> dict[str, str]:
    """What an objection can be against."""
    return {key: in_language(pair) for key, pair in objections.KINDS.items()}


def statuses() -> dict[str, str]:
    """How an objection stands."""
    ended = {key: in_language(pair) for key, pair in objections.OUTCOMES.items()}
    return {"open": gettext("待答复"), "withdrawn": gettext("已撤回"), **ended}
