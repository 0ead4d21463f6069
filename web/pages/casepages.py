"""The page of a case: tasks, matters with clocks, letters, record; and what can be done with it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from registers import files
from registers.errors import DomainError, NotFound
from web import auth, diagrams, downloads, findings, formpage, formvalues, record, reviewsheet, sealing, views
from web.context import actor, reading, run, runtime
from web.i18n import model_name, pick
from web.pages import blueprint
from web.pages.objections import kinds, statuses
from web.pages.tasks import earlier_submissions
from web.words import in_language
from workflows import (
    access,
    casenotes,
    cases,
    compiling,
    corrections,
    definitions,
    documents,
    formdata,
    impartial,
    incidents,
    letters,
    objections,
    separate,
    visits,
)


@blueprint.get("/cases/<uuid:case_id>")
@auth.signed_in
def case(case_id: uuid.UUID) -> str:
    """Everything about a case that the person may see."""
    person, rt = actor(), runtime()
    with reading() as conn:
        row = access.visible_case(conn, person, case_id)
        document = views.case_document(conn, rt, person, case_id)
        compiled = compiling.compiled(rt, conn, row["definition_id"])
        submitted = earlier_submissions(conn, compiled, case_id)
        away = separate.hidden(conn, person, case_id)
        history = views.history(conn, rt, person, row)
        clocks = views.clocks(conn, rt, case_id, away)
        files = documents.by_ids(
            conn, {file for item in submitted for file in formdata.file_ids(item["form"], item["data"])}
        )
        drawn = _diagrams(conn, compiled, document, history)
        told = record.lines(conn, rt.reference.get(conn), compiled, history, document["obligations"])
        notes = [{**note, "place": _place(submitted, note)} for note in views.notes(conn, rt, person, row)]
        seen = visits.of_case(conn, case_id)
        signed = sealing.of_case(conn, case_id, row["definition_id"])
        raised = objections.of_case(conn, case_id)
        waits = any(one["status"] == "open" for one in raised)
        able = impartial.answerers(conn, [case_id], rt.time.today()) if waits else []
        remedies = objections.remedies(conn, rt.reference.get(conn), case_id)
        files |= documents.by_ids(conn, {uuid.UUID(file) for one in raised for file in one["files"]})
        variables = separate.own_variables(compiled, away, formdata.variables_of(conn, compiled, case_id))
        rules = findings.of_case(compiled, variables, history)
    running = row["status"] == "running"
    leads = row["lead_body_id"] is not None and any(
        person.has(role, row["lead_body_id"]) for role in ("head", "window")
    )
    return render_template(
        "case.html",
        case=document,
        opened=row["opened_at"],
        compiled=compiled,
        submissions=submitted,
        files=files,
        lines=told,
        signatures=signed,
        objections=raised,
        remedies=remedies,
        stage="accepted" if any(clock.reading and clock.reading.started for clock in clocks) else "received",
        may_withdraw_or_object=row["enterprise_id"] is not None and row["enterprise_id"] == person.enterprise_id,
        may_answer=any(one.user_id == person.id for one in able),
        answerers=in_language(impartial.named(able)),
        objection_kinds=kinds(),
        objection_statuses=statuses(),
        objection_outcomes={key: in_language(pair) for key, pair in objections.OUTCOMES.items()},
        findings=rules,
        ended=compiled.model.elements[row["outcome"]].name if row["outcome"] in compiled.model.elements else "",
        clocks=clocks,
        notes=notes,
        visits=seen,
        purposes={key: in_language(pair) for key, pair in visits.PURPOSES.items()},
        today=rt.time.today(),
        may_note=casenotes.may_write(person, row),
        is_official=casenotes.is_official(person, row),
        correction_outcomes={key: in_language(pair) for key, pair in corrections.OUTCOMES.items()},
        diagrams=drawn,
        element_name=lambda key: (
            model_name(compiled.model.elements[key].name) if key in compiled.model.elements else key
        ),
        may_retry=access.administers(person, "incident.retry"),
        may_mend=incidents.may_decide(person, row),
        may_withdraw=running and row["enterprise_id"] is not None and row["enterprise_id"] == person.enterprise_id,
        may_cancel=running and leads,
        places=[] if running or not cases.may_correct(person, row["lead_body_id"]) else _places(submitted),
        **formpage.helpers(),
    )


def _place(submitted: list[dict[str, Any]], note: dict[str, Any]) -> str:
    """Where a comment stands; a question stands nowhere."""
    form = next((item["form"] for item in submitted if item["id"] == note["submission_id"]), None)
    return reviewsheet.place_of(form, note["path"]) if form is not None else ""


def _places(submitted: list[dict[str, Any]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What of a closed case can be corrected: for each submission its data, with what they say now."""
    found = []
    for item in submitted:
        options = []
        for path, label, number, value in formdata.places(item["form"], item["data"]):
            name = f"{pick(label)} {number}" if number else pick(label)
            options.append((f"{item['id']}:{path}", f"{name}: {'' if value is None else str(value)[:60]}"))
        if options:
            found.append((model_name(item["title"]), options))
    return found


@blueprint.post("/cases/<uuid:case_id>/visits")
@auth.signed_in
def record_visit(case_id: uuid.UUID) -> Response:
    """Enter a visit of the applicant."""
    form = request.form
    run(
        visits.record,
        case_id=case_id,
        on=formvalues.day("on"),
        purpose=form.get("purpose", ""),
        note=form.get("note", ""),
    )
    return redirect(url_for("pages.case", case_id=case_id) + "#visits")


@blueprint.post("/cases/<uuid:case_id>/visits/<uuid:visit_id>/reverse")
@auth.signed_in
def reverse_visit(case_id: uuid.UUID, visit_id: uuid.UUID) -> Response:
    """Take a visit back."""
    run(visits.reverse, case_id=case_id, visit_id=visit_id, note=request.form.get("note", ""))
    return redirect(url_for("pages.case", case_id=case_id) + "#visits")


@blueprint.post("/cases/<uuid:case_id>/withdraw")
@auth.signed_in
def withdraw(case_id: uuid.UUID) -> Response:
    """Withdraw the application."""
    run(cases.withdraw, case_id=case_id, reason=request.form.get("reason", ""))
    return redirect(url_for("pages.case", case_id=case_id))


@blueprint.post("/cases/<uuid:case_id>/cancel")
@auth.signed_in
def cancel(case_id: uuid.UUID) -> Response:
    """End the case without a decision."""
    run(cases.cancel, case_id=case_id, reason=request.form.get("reason", ""))
    return redirect(url_for("pages.case", case_id=case_id))


@blueprint.post("/cases/<uuid:case_id>/corrections")
@auth.signed_in
def correct(case_id: uuid.UUID) -> Response:
    """Correct a datum of a closed case; the submission itself stays as it was."""
    submission, _, path = request.form.get("place", "").partition(":")
    try:
        submission_id = uuid.UUID(submission)
    except ValueError:
        raise DomainError("needed", "请选择要更正的内容。", "Choose what to correct.", pointer="place") from None
    run(
        cases.correct,
        case_id=case_id,
        submission_id=submission_id,
        path=path,
        value=request.form.get("value", ""),
        reason=request.form.get("reason", ""),
    )
    return redirect(url_for("pages.case", case_id=case_id))


@blueprint.post("/cases/<uuid:case_id>/remark")
@auth.signed_in
def remark(case_id: uuid.UUID) -> Response:
    """Add a remark."""
    run(cases.remark, case_id=case_id, text=request.form.get("text", ""))
    return redirect(url_for("pages.case", case_id=case_id))


@blueprint.post("/cases/<uuid:case_id>/retry")
@auth.signed_in
def retry(case_id: uuid.UUID) -> Response:
    """Try stopped steps again."""
    run(cases.retry, case_id=case_id)
    return redirect(url_for("pages.case", case_id=case_id))


@blueprint.get("/letters/<uuid:letter_id>")
@auth.signed_in
def letter(letter_id: uuid.UUID) -> str:
    """A letter as it reads, before or after it is issued."""
    with reading() as conn:
        found = letters.one(conn, letter_id)
        access.visible_case(conn, actor(), found["case_id"])
        if not separate.shows_letter(separate.hidden(conn, actor(), found["case_id"]), found):
            raise NotFound()
    blocks = letters.outline(files.path_of(runtime().files_root, found["sha256"]).read_bytes())
    return render_template("letter.html", letter=found, blocks=blocks, has_pdf=letters.office_available())


@blueprint.get("/letters/<uuid:letter_id>/<any(docx, pdf):form>")
@auth.signed_in
def letter_file(letter_id: uuid.UUID, form: str) -> Any:
    """Download a letter."""
    return downloads.letter(letter_id, form)


@blueprint.get("/files/<uuid:file_id>")
@auth.signed_in
def file(file_id: uuid.UUID) -> Any:
    """Download a file."""
    with reading() as conn:
        found = documents.visible(runtime(), conn, actor(), file_id)
    return downloads.attachment(runtime().files_root, found.sha256, found.name, found.media_type)


def _diagrams(
    conn: Connection, compiled: compiling.Compiled, document: dict[str, Any], history: list[dict[str, Any]]
) -> list[diagrams.Diagram]:
    """The models of the case with what is done and what is open marked on them."""
    markers = {line["element"]: "done" for line in history if line["element"]}
    markers.update({task["element"]: "open" for task in document["tasks"] if task["status"] == "open"})
    return diagrams.of(definitions.files_of(conn, compiled.id), markers)
