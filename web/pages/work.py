"""The list of cases, the procedures one can start, and the guide of each."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

from flask import redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from registers import parties
from registers.limits import LimitRule
from registers.parties import Enterprise
from web import auth, diagrams, formpage, guides, words
from web.context import actor, reading, run, runtime
from web.i18n import gettext, language, pick
from web.pages import blueprint
from workflows import cases, compiling, definitions, letters, versionfiles, worklist

PAGE = 30


@blueprint.get("/cases")
@auth.signed_in
def case_list() -> str:
    """The cases the person may see."""
    status, query, offset = (
        request.args.get("status") or None,
        request.args.get("q", "").strip()[:100],
        offset_asked(),
    )
    with reading() as conn:
        page = worklist.cases(conn, actor(), status=status, search=query, limit=PAGE, offset=offset)
    statuses = [
        ("running", gettext("办理中")),
        ("closed", gettext("已办结")),
        ("withdrawn", gettext("已撤回")),
        ("cancelled", gettext("已终止")),
    ]
    return render_template(
        "cases.html",
        page=page,
        statuses=statuses,
        status=status,
        q=query,
        offset=offset,
        limit=PAGE,
        page_url=page_url,
    )


@blueprint.get("/procedures")
@auth.signed_in
def procedures() -> str:
    """What can be applied for."""
    person = actor()
    with reading() as conn:
        rows = definitions.listing(conn, status="published")
        items = [
            {**row, **_offer(json.loads(definitions.files_of(conn, row["id"])[versionfiles.SETTINGS]))} for row in rows
        ]
        zones = parties.zones(conn)
        enterprises = []
        if person.enterprise_id is None and (person.has("window") or person.has("reviewer")):
            enterprises = list(
                conn.execute(select(Enterprise.id, Enterprise.name).order_by(Enterprise.name).limit(500))
            )
    may_start = bool(person.role_names & {*parties.ENTERPRISE_ROLES, "window", "designer"})
    return render_template(
        "procedures.html",
        items=[{**item, "may_start": _may_start(item["starters"], may_start)} for item in items],
        enterprises=enterprises,
        zones=zones,
    )


def _offer(settings: dict[str, Any]) -> dict[str, Any]:
    """What the page of procedures says of one: what it is for, who begins it, and whether it has an applicant."""
    return {
        "summary": settings.get("summary"),
        "starters": settings.get("starters"),
        "applicant": settings.get("applicant", True),
    }


def _may_start(starters: list[str] | None, usually: bool) -> bool:
    return bool(actor().role_names & set(starters)) if starters else usually


@blueprint.get("/procedures/<procedure>")
def guide(procedure: str) -> str:
    """The guide of a procedure (办事指南), made from the model itself."""
    rt = runtime()
    with rt.db.transaction() as conn:
        compiled = compiling.compiled(rt, conn, definitions.in_force(conn, procedure, rt.time.today()))
        files = definitions.files_of(conn, compiled.id)
        told = guides.of(conn, rt, compiled)
    return render_template("guide.html", compiled=compiled, diagrams=diagrams.of(files, {}), guide=told)


@blueprint.get("/procedures/<procedure>/samples/<form_id>")
def guide_sample(procedure: str, form_id: str) -> str:
    """A form filled in as an example."""
    rt = runtime()
    with rt.db.transaction() as conn:
        compiled = compiling.compiled(rt, conn, definitions.in_force(conn, procedure, rt.time.today()))
        form, data = guides.sample(compiled, definitions.files_of(conn, compiled.id), form_id)
    return render_template("sample.html", compiled=compiled, form=form, data=data, files={}, **formpage.helpers())


@blueprint.get("/procedures/<procedure>/letters/<name>.docx")
def guide_letter(procedure: str, name: str) -> Response:
    """A letter with the names of what will stand in it, as a sample of the result."""
    rt = runtime()
    with rt.db.transaction() as conn:
        compiled = compiling.compiled(rt, conn, definitions.in_force(conn, procedure, rt.time.today()))
        title, content = guides.letter_sample(compiled, definitions.files_of(conn, compiled.id), name)
    said = title + gettext("（样本）") + ".docx"
    return send_file(io.BytesIO(content), mimetype=letters.DOCX, as_attachment=True, download_name=said, max_age=0)


@blueprint.post("/procedures/<procedure>/start")
@auth.signed_in
def start(procedure: str) -> Response:
    """Open a case and go to its first task."""
    chosen = request.form.get("enterprise_id")
    answer = run(
        cases.start,
        procedure=procedure,
        enterprise_id=uuid.UUID(chosen) if chosen else None,
        zone=request.form.get("zone") or None,
        permit_id=uuid.UUID(request.form["permit_id"]) if request.form.get("permit_id") else None,
    )
    with reading() as conn:
        mine = worklist.tasks(conn, actor(), search=answer["number"], limit=1)
    if mine.rows:
        return redirect(url_for("pages.task", task_id=mine.rows[0]["id"]))
    return redirect(url_for("pages.case", case_id=answer["case_id"]))


def limit_line(rule: LimitRule) -> str:
    """A limit with its number and basis."""
    pattern = "{}：{}（{}）" if language() == "zh" else "{}: {} ({})"
    basis = words.in_language((rule.basis_zh, rule.basis_en))
    return pattern.format(pick(rule.title), words.limit_text(rule), basis)


def offset_asked() -> int:
    """Where in a list the page begins."""
    given = request.args.get("offset", "0")
    return min(int(given), 1_000_000) if given.isdecimal() else 0


def page_url(offset: int) -> str:
    """The same list from another row on."""
    return "?" + "&".join(f"{key}={value}" for key, value in {**request.args, "offset": offset}.items())
