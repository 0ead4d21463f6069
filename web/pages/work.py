"""Work list, list of cases, and the procedures one can start."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from registers import obligations, parties
from registers.laws import cite
from registers.limits import LimitRule
from registers.parties import Enterprise
from web import auth, diagrams, words
from web.context import actor, reading, run, runtime
from web.i18n import gettext, language, pick
from web.pages import blueprint
from workflows import cases, definitions, matters, worklist
from workflows.engine import Element

PAGE = 30


@blueprint.get("/")
def home() -> Any:
    """The person's work list; visitors see the public notices."""
    person = actor()
    if person.id is None:
        return redirect(url_for("pages.notices"))
    scope, sort = request.args.get("scope", "mine"), request.args.get("sort", "due")
    query, offset = request.args.get("q", "").strip()[:100], _offset()
    with reading() as conn:
        page = worklist.tasks(conn, person, scope=scope, search=query, sort=sort, limit=PAGE, offset=offset)
        counts = worklist.counts(conn, person, runtime().time.today())
        running = _progress(conn) if person.enterprise_id is not None and scope == "mine" and not query else []
        duties = obligations.of_enterprise(conn, person.enterprise_id, 5) if running and person.enterprise_id else []
        limits = _statutory(conn, page.rows) if scope != "done" else {}
    tabs = [("mine", gettext("需要我办")), ("done", gettext("我已办结"))]
    if person.body_ids:
        tabs.insert(1, ("claimed", gettext("我已签收")))
        tabs.append(("overseen", gettext("本机关在办")))
    sorts = [("due", gettext("按期限")), ("opened", gettext("按到达时间")), ("case", gettext("按案号"))]
    return render_template(
        "home.html",
        page=page,
        counts=counts,
        tabs=tabs,
        sorts=sorts,
        scope=scope,
        sort=sort,
        q=query,
        offset=offset,
        limit=PAGE,
        page_url=_page_url,
        running=running,
        duties=[row for row in duties if row["status"] == "open"],
        limits=limits,
    )


def _progress(conn: Connection) -> list[dict[str, Any]]:
    """The applicant's running cases with the steps they wait at."""
    rows = worklist.cases(conn, actor(), status="running", limit=5).rows
    return [
        {**row, "waiting": [task for task in worklist.tasks_of_case(conn, row["id"]) if task["status"] == "open"]}
        for row in rows
    ]


def _statutory(conn: Connection, rows: list[dict[str, Any]]) -> dict[uuid.UUID, date]:
    """The earliest statutory date among the open matters of the cases on a page of the work list."""
    rt = runtime()
    reference, found = rt.reference.get(conn), {}
    for case_id in {row["case_id"] for row in rows}:
        clocks = matters.readings(conn, reference, case_id, rt.time.today())
        due = [
            clock.reading.statutory_due
            for clock in clocks
            if clock.matter["status"] == "open" and clock.reading is not None and clock.reading.statutory_due
        ]
        if due:
            found[case_id] = min(due)
    return found


@blueprint.get("/cases")
@auth.signed_in
def case_list() -> str:
    """The cases the person may see."""
    status, query, offset = (
        request.args.get("status") or None,
        request.args.get("q", "").strip()[:100],
        _offset(),
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
        page_url=_page_url,
    )


@blueprint.get("/procedures")
@auth.signed_in
def procedures() -> str:
    """What can be applied for."""
    person = actor()
    with reading() as conn:
        rows = definitions.listing(conn, status="published")
        items = [
            {**row, **_offer(json.loads(definitions.files_of(conn, row["id"])[definitions.SETTINGS]))} for row in rows
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
        compiled = definitions.compiled(rt, conn, definitions.in_force(conn, procedure, rt.time.today()))
        files = definitions.files_of(conn, compiled.id)
        reference = rt.reference.get(conn)
        steps = [
            _step(compiled, element, conn, reference)
            for element in compiled.model.elements.values()
            if _is_step(element)
        ]
        parts = _guide_parts(compiled.settings.get("guide", {}), conn, reference)
    return render_template("guide.html", compiled=compiled, diagrams=diagrams.of(files, {}), steps=steps, guide=parts)


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
    )
    with reading() as conn:
        mine = worklist.tasks(conn, actor(), search=answer["number"], limit=1)
    if mine.rows:
        return redirect(url_for("pages.task", task_id=mine.rows[0]["id"]))
    return redirect(url_for("pages.case", case_id=answer["case_id"]))


def _is_step(element: Element) -> bool:
    return element.type == "userTask"


def _step(compiled: definitions.Compiled, element: Any, conn: Any, reference: Any) -> dict[str, str]:
    code = element.properties.get("limitRule")
    rule = reference.rule(conn, code, runtime().time.today()) if code else None
    return {
        "name": element.name,
        "role": words.role_name(compiled.role_of(element)),
        "limit": words.limit_text(rule) if rule else "—",
        "basis": element.properties.get("legalBasis")
        or (words.in_language((rule.basis_zh, rule.basis_en)) if rule else ""),
    }


GUIDE_TITLES: dict[str, tuple[str, str]] = {
    "who": ("适用对象", "Who applies"),
    "conditions": ("受理条件", "Conditions"),
    "steps": ("办理步骤", "Steps"),
    "materials": ("申请材料", "Materials"),
    "limits": ("办理时限", "Time limits"),
    "special": ("特别程序", "Special procedures"),
    "fee": ("收费", "Fees"),
    "basis": ("设定依据", "Legal basis"),
    "result": ("办理结果", "Result"),
    "contact": ("咨询方式", "Contact"),
}


def _guide_parts(given: dict[str, Any], conn: Any, reference: Any) -> list[dict[str, Any]]:
    """The written parts of a guide: texts and lists in the reader's language, limits with number and basis."""
    parts = []
    for key, value in given.items():
        said = value.get(language(), value.get("zh")) if isinstance(value, dict) else value
        if key == "limits":
            said = [_limit_line(reference.rule(conn, code, runtime().time.today())) for code in value]
        if key == "basis":
            said = [words.in_language(cite(code)) for code in value]
        lines = said if isinstance(said, list) else None
        parts.append(
            {
                "title": words.in_language(GUIDE_TITLES.get(key, (key, key))),
                "lines": lines,
                "text": None if lines is not None else said,
            }
        )
    return parts


def _limit_line(rule: LimitRule) -> str:
    pattern = "{}：{}（{}）" if language() == "zh" else "{}: {} ({})"
    basis = words.in_language((rule.basis_zh, rule.basis_en))
    return pattern.format(pick(rule.title), words.limit_text(rule), basis)


def _offset() -> int:
    given = request.args.get("offset", "0")
    return min(int(given), 1_000_000) if given.isdecimal() else 0


def _page_url(offset: int) -> str:
    return "?" + "&".join(f"{key}={value}" for key, value in {**request.args, "offset": offset}.items())
