"""The first page: what an applicant has to do, what is due, begun, handed in and finished; the work list of an official."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from registers import obligations
from registers.parties import CASE_ROLES
from web import auth
from web.context import actor, idempotency_key, reading, run, runtime
from web.i18n import gettext, language
from web.pages import blueprint
from web.pages.objections import kinds
from web.pages.work import offset_asked, page_url
from workflows import corrections, definitions, deskwork, install, matters, objections, people, separate, worklist

PAGE = 30
LIGHTS = ("red", "yellow", "green")
_DOERS = CASE_ROLES - {"supervisor"}  # to whom tasks can be handed on


@blueprint.get("/")
def home() -> Any:
    """The person's work list; visitors see the public notices."""
    person = actor()
    if person.id is None:
        with runtime().db.transaction() as conn:
            fresh = not install.has_users(conn)
        return redirect(url_for("pages.first_run" if fresh else "pages.notices"))
    return _applicant() if person.enterprise_id is not None else _official([])


def _applicant() -> str:
    """需要我办 / 即将到期 / 草稿 / 已提交 / 已办结."""
    person, today = actor(), runtime().time.today()
    scope, query, offset = request.args.get("scope", "mine"), request.args.get("q", "").strip()[:100], offset_asked()
    with reading() as conn:
        soon = today + timedelta(days=runtime().reference.get(conn).house["desk.soon_days"])
        counts = worklist.counts(conn, person, today, soon)
        duties = _duties(conn, soon)
        submitted = worklist.cases(conn, person, status="submitted", search=query, limit=PAGE, offset=offset)
        tasks, cases = worklist.Page([], 0), worklist.Page([], 0)
        if scope == "submitted":
            cases = submitted
        elif scope == "done":
            cases = worklist.cases(conn, person, status="over", search=query, limit=PAGE, offset=offset)
        else:
            known = scope if scope in ("mine", "draft", "claimed") else "mine"
            before = soon if scope == "soon" else None
            tasks = worklist.tasks(
                conn, person, scope=known, search=query, due_before=before, limit=PAGE, offset=offset
            )
        waiting = {row["id"]: _open_tasks(conn, row["id"]) for row in cases.rows if row["status"] == "running"}
        limits = _statutory(conn, {row["case_id"] for row in tasks.rows} | set(waiting))
    tabs = [
        ("mine", gettext("需要我办"), counts["mine"]),
        ("soon", gettext("即将到期"), counts["soon"] + len(duties)),
        ("draft", gettext("草稿"), counts["draft"]),
        ("submitted", gettext("已提交"), submitted.total if not query else 0),
        ("done", gettext("已办结"), 0),
    ]
    return render_template(
        "home.html",
        tabs=tabs,
        scope=scope,
        q=query,
        page=cases if scope in ("submitted", "done") else tasks,
        tasks=tasks,
        cases=cases,
        waiting=waiting,
        duties=duties if scope in ("mine", "soon") else [],
        limits=limits,
        fresh=scope == "mine" and not query and not counts["mine"] and not submitted.total,
        offset=offset,
        limit=PAGE,
        page_url=page_url,
    )


def _official(told: list[dict[str, Any]]) -> str:
    """The work list: by remaining time, with lights, filters, and several tasks taken or handed on at once."""
    person, today = actor(), runtime().time.today()
    asked = {key: request.args.get(key, "").strip()[:100] for key in sorted(deskwork.FILTER_KEYS)}
    scope, offset = asked["scope"] or "mine", offset_asked()
    with reading() as conn:
        after, before = _between(asked["light"], today, runtime().reference.get(conn).house["light.red_days"])
        page = worklist.tasks(
            conn,
            person,
            scope=scope,
            search=asked["q"],
            procedure=asked["procedure"] or None,
            step=asked["step"] or None,
            due_after=after,
            due_before=before,
            sort=asked["sort"] or "due",
            limit=PAGE,
            offset=offset,
        )
        counts = worklist.counts(conn, person, today)
        limits = _statutory(conn, {row["case_id"] for row in page.rows}) if scope != "done" else {}
        shown: dict[str, Any] = {
            "filters": [{**row, "address": "?" + urlencode(row["query"])} for row in deskwork.filters(conn, person)],
            "steps": worklist.steps_waiting(conn, person, scope) if scope != "done" else [],
            "procedures": {row["procedure"]: row["title"] for row in definitions.listing(conn, status="published")},
            "colleagues": people.colleagues(conn, person, roles=_DOERS) if person.body_ids else [],
            "objections_waiting": objections.to_answer(conn, person, today),
            "corrections_waiting": corrections.waiting(conn, person),
            "objection_kinds": kinds(),
        }
    tabs = [("mine", gettext("需要我办")), ("draft", gettext("草稿")), ("done", gettext("我已办结"))]
    if person.body_ids:
        tabs[1:1] = [("claimed", gettext("我已签收"))]
        tabs.append(("overseen", gettext("本机关在办")))
    return render_template(
        "worklist.html",
        page=page,
        counts=counts,
        tabs=tabs,
        sorts=[
            ("due", gettext("按本步期限")),
            ("law", gettext("按案件法定期限")),
            ("opened", gettext("按到达时间")),
            ("case", gettext("按案号")),
        ],
        lights=[("red", gettext("已超期")), ("yellow", gettext("临近期限")), ("green", gettext("期限充裕"))],
        asked=asked,
        scope=scope,
        q=asked["q"],
        narrowed=any(asked[key] for key in ("q", "light", "procedure", "step")),
        offset=offset,
        limit=PAGE,
        page_url=page_url,
        limits=limits,
        told=told,
        today=today,
        **shown,
    )


@blueprint.post("/tasks/several")
@auth.signed_in
def several_tasks() -> Any:
    """Claim the ticked tasks, or give them to a colleague; what could not be done is told."""
    form = request.form
    chosen = [uuid.UUID(value) for value in form.getlist("task_id") if _is_uuid(value)]
    if form.get("do") == "assign" and _is_uuid(form.get("user_id", "")):
        answers = deskwork.assign_many(
            runtime(), actor(), idempotency_key(), chosen, uuid.UUID(form["user_id"]), form.get("reason", "")
        )
    else:
        answers = deskwork.claim_many(runtime(), actor(), idempotency_key(), chosen)
    done = sum(answer["done"] for answer in answers)
    refused = [{"message": answer["en" if language() == "en" else "zh"]} for answer in answers if not answer["done"]]
    message = gettext("%(n)s项已办理，%(m)s项未成功") % {"n": done, "m": len(refused)}
    return _official([{"message": message}, *refused]), 200 if not refused else 409


@blueprint.post("/filters")
@auth.signed_in
def save_filter() -> Response:
    """Keep the filter that is shown."""
    query = {key: request.form.get(key, "") for key in deskwork.FILTER_KEYS}
    run(deskwork.save_filter, name=request.form.get("name", ""), query=query)
    kept = {key: value for key, value in query.items() if value}
    return redirect(url_for("pages.home") + "?" + urlencode(kept))


@blueprint.post("/filters/<uuid:filter_id>/drop")
@auth.signed_in
def drop_filter(filter_id: uuid.UUID) -> Response:
    """Forget a filter."""
    run(deskwork.drop_filter, filter_id=filter_id)
    return redirect(url_for("pages.home"))


def _between(light: str, today: date, red_days: int) -> tuple[date | None, date | None]:
    """The due dates that shine in a colour, as `words.light` colours them."""
    return {
        "red": (None, today - timedelta(days=1)),
        "yellow": (today, today + timedelta(days=red_days)),
        "green": (today + timedelta(days=red_days + 1), None),
    }.get(light, (None, None))


def _duties(conn: Connection, until: date) -> list[dict[str, Any]]:
    enterprise = actor().enterprise_id
    rows = obligations.of_enterprise(conn, enterprise, 50) if enterprise is not None else []
    return [row for row in rows if row["status"] == "open" and row["due_on"] <= until]


def _open_tasks(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    return [task for task in worklist.tasks_of_case(conn, case_id) if task["status"] == "open"]


def _statutory(conn: Connection, case_ids: set[uuid.UUID]) -> dict[uuid.UUID, date]:
    """The earliest statutory date among the open matters of cases."""
    rt = runtime()
    reference, found = rt.reference.get(conn), {}
    for case_id in case_ids:
        clocks = matters.readings(conn, reference, case_id, rt.time.today())
        away = separate.hidden_among(actor(), {clock.matter["kind"]: clock.matter["body_id"] for clock in clocks})
        due = [
            clock.reading.statutory_due
            for clock in clocks
            if clock.matter["kind"] not in away
            and clock.matter["status"] == "open"
            and clock.reading is not None
            and clock.reading.statutory_due
        ]
        if due:
            found[case_id] = min(due)
    return found


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
