"""Scoring schemes, evaluations line by line, questionnaires with their public link, Word reports of pilots."""

from __future__ import annotations

import io
import secrets
import uuid
from typing import Any

from flask import Response, redirect, render_template, request, send_file, url_for

from handlers.scoring import GRADES
from registers import files, pilots, scoring
from registers.accounts import ANONYMOUS
from registers.errors import DomainError, NotFound
from web import auth, downloads, pilotviews, schemeforms
from web.context import actor, idempotency_key, reading, run, runtime
from web.pages import blueprint
from web.pages.pilots import chosen_day
from web.refusals import told
from web.words import in_language
from workflows import access, piloting, pilotreports, portfolio, reformwork, scoringwork


@blueprint.get("/schemes")
@auth.signed_in
def schemes() -> str:
    """All schemes."""
    piloting.require_seeing(actor())
    with reading() as conn:
        rows = scoring.schemes(conn)
    return render_template("schemes.html", schemes=rows, may_edit=access.administers(actor(), "definition.edit"))


@blueprint.get("/schemes/<uuid:scheme_id>")
@auth.signed_in
def scheme(scheme_id: uuid.UUID) -> str:
    """One version of a scheme; a designer edits it as a draft."""
    return _scheme(scheme_id)


@blueprint.post("/schemes/<uuid:scheme_id>")
@auth.signed_in
def scheme_save(scheme_id: uuid.UUID) -> Any:
    """Keep a draft that starts from this version, show what sample scores would give, or make room for another row."""
    form = request.form
    typed, do = schemeforms.sent(form), form.get("do", "save")
    if do in ("indicator", "veto"):
        rows, names = (
            (typed["indicators"], schemeforms.INDICATOR) if do == "indicator" else (typed["vetoes"], schemeforms.VETO)
        )
        rows.append(dict.fromkeys(names, ""))
        return _scheme(scheme_id, typed=typed)
    try:
        content = schemeforms.content_of(typed)
        if do == "preview":
            result = schemeforms.previewed(content, schemeforms.samples_of(typed, content))
            return _scheme(scheme_id, typed=typed, result=result)
        title = {"zh": form.get("title_zh", ""), "en": form.get("title_en", "")}
        code, basis = form.get("code", ""), form.get("basis", "")
        made = run(scoringwork.save_scheme, code=code, title=title, content=content, basis=basis)
    except DomainError as error:
        return _scheme(scheme_id, told(error), typed=typed), error.status
    return redirect(url_for("pages.scheme", scheme_id=made["scheme_id"]))


@blueprint.post("/schemes/<uuid:scheme_id>/publish")
@auth.signed_in
def scheme_publish(scheme_id: uuid.UUID) -> Any:
    """Put a draft in force."""
    run(scoringwork.publish_scheme, scheme_id=scheme_id)
    return redirect(url_for("pages.scheme", scheme_id=scheme_id))


def _scheme(
    scheme_id: uuid.UUID, error: str = "", *, typed: dict[str, Any] | None = None, result: dict[str, Any] | None = None
) -> str:
    piloting.require_seeing(actor())
    with reading() as conn:
        found = scoring.scheme(conn, scheme_id)
    fields = schemeforms.shown(found["content"]) if typed is None else typed
    return render_template(
        "scheme.html",
        scheme=found,
        f=fields,
        total=schemeforms.total_weight(fields),
        result=result,
        grade=lambda key: in_language(GRADES[key]),
        given=request.form,
        edited=typed is not None,
        may_edit=access.administers(actor(), "definition.edit"),
        error=error,
        **pilotviews.words(),
    )


@blueprint.get("/pilots/<uuid:pilot_id>/evaluations/<uuid:evaluation_id>")
@auth.signed_in
def evaluation(pilot_id: uuid.UUID, evaluation_id: uuid.UUID) -> str:
    """An evaluation: who has handed in, and once it is closed the result line by line."""
    with reading() as conn:
        found = scoringwork.evaluation_document(conn, actor(), pilot_id, evaluation_id)
    return render_template("evaluation.html", e=found, grade=lambda key: in_language(GRADES[key]), **pilotviews.words())


@blueprint.get("/pilots/<uuid:pilot_id>/surveys/<uuid:survey_id>")
@auth.signed_in
def survey_results(pilot_id: uuid.UUID, survey_id: uuid.UUID) -> str:
    """A questionnaire: whom it went to, what was answered, as counts."""
    return _survey(pilot_id, survey_id)


@blueprint.post("/pilots/<uuid:pilot_id>/surveys/<uuid:survey_id>/invite")
@auth.signed_in
def survey_invite(pilot_id: uuid.UUID, survey_id: uuid.UUID) -> Any:
    """Make invitations, one a line; their links are shown once, here."""
    names = [line.strip() for line in request.form.get("names", "").splitlines() if line.strip()]
    try:
        links = invitations(pilot_id, survey_id, names)
    except DomainError as error:
        return _survey(pilot_id, survey_id, error=told(error)), error.status
    return _survey(pilot_id, survey_id, links=links)


def invitations(pilot_id: uuid.UUID, survey_id: uuid.UUID, names: list[str]) -> list[dict[str, str]]:
    """Make a link for each name; only their hashes go further than this answer."""
    made = [(name, secrets.token_urlsafe(24)) for name in names]
    invited = [{"name": name, "digest": scoring.digest_of(token).hex()} for name, token in made]
    run(scoringwork.invite, pilot_id=pilot_id, survey_id=survey_id, invited=invited)
    return [{"name": name, "link": url_for("pages.survey", token=token, _external=True)} for name, token in made]


def _survey(pilot_id: uuid.UUID, survey_id: uuid.UUID, *, links: Any = (), error: str = "") -> str:
    with reading() as conn:
        found = scoringwork.survey_document(conn, actor(), pilot_id, survey_id)
    return render_template("survey_results.html", s=found, links=links, error=error)


@blueprint.get("/survey/<token>")
def survey(token: str) -> str:
    """The questionnaire behind an invitation, for whoever holds its link."""
    return _asked(token)


@blueprint.post("/survey/<token>")
def survey_answer(token: str) -> Any:
    """Take the one answer in."""
    given = {name: value for name, value in request.form.items() if name not in ("csrf", "idempotency_key")}
    try:
        scoringwork.answer(runtime(), ANONYMOUS, idempotency_key(), token=token, answers=given)
    except DomainError as error:
        if error.status == 404:
            raise
        return _asked(token, told(error)), error.status
    return _asked(token, thanked=True)


def _asked(token: str, error: str = "", thanked: bool = False) -> str:
    with runtime().db.transaction() as conn:
        found = scoringwork.public_survey(conn, token, runtime().time.today())
    return render_template("survey.html", s=found, token=token, given=request.form, error=error, thanked=thanked)


@blueprint.get("/pilots/<uuid:pilot_id>/word")
@auth.signed_in
def pilot_word(pilot_id: uuid.UUID) -> Response:
    """The summary report of a pilot as a Word document."""
    return word_report(pilot_id)


@blueprint.get("/programmes/<code>/bulletin")
@auth.signed_in
def programme_bulletin(code: str) -> Response:
    """The bulletin of a programme as a Word document."""
    return word_bulletin(code)


@blueprint.get("/pilots/<uuid:pilot_id>/deliverables/<uuid:deliverable_id>")
@auth.signed_in
def pilot_file(pilot_id: uuid.UUID, deliverable_id: uuid.UUID) -> Response:
    """The file of a deliverable."""
    with reading() as conn:
        piloting.see(conn, actor(), pilot_id)
        rows = pilots.dossier(conn, pilot_id)["deliverables"]
        row = next((one for one in rows if one["id"] == deliverable_id), None)
        found = files.find(conn, row["file_id"]) if row is not None and row["file_id"] else None
    if found is None:
        raise NotFound()
    return downloads.attachment(runtime().files_root, found.sha256, found.name, found.media_type)


def word_report(pilot_id: uuid.UUID) -> Response:
    """The summary report as of the chosen day."""
    on = chosen_day()
    with reading() as conn:
        document = piloting.document(conn, actor(), pilot_id, on)
    with runtime().db.transaction() as whole:
        effects = reformwork.effects(whole, pilot_id)
    return _word(f"{document['title']['zh']}总结报告", pilotreports.pilot_report(document, effects))


def word_bulletin(code: str) -> Response:
    """The bulletin as of the chosen day."""
    on = chosen_day()
    piloting.require_seeing(actor())
    with reading() as conn:
        programme = next((row for row in pilots.programmes(conn) if row["code"] == code), None)
        if programme is None:
            raise NotFound()
        rows, _ = portfolio.page(conn, on, code, limit=1000)
        counts, slips = portfolio.summary(conn, on, code), portfolio.slips(conn, on, code)
    return _word(f"{programme['title']['zh']}情况通报", pilotreports.bulletin(programme, rows, counts, slips, on))


def _word(name: str, content: bytes) -> Response:
    response = send_file(
        io.BytesIO(content), mimetype=pilotreports.DOCX, as_attachment=True, download_name=f"{name}.docx", max_age=0
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
