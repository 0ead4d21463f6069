"""Pilots: the portfolio of a day with its Gantt chart, one pilot with all that is recorded, and entering it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Response, redirect, render_template, request, send_file, url_for

from registers import parties
from registers.errors import DomainError
from registers.pilot_tables import CAUSES
from web import auth, boardviews, formvalues, pilotviews, sheets
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.refusals import told
from workflows import majorevents, milestoning, piloting, portfolio, reformwork
from workflows.commands import Command


@blueprint.get("/pilots")
@auth.signed_in
def pilots() -> str:
    """The portfolio on a day."""
    return _board()


@blueprint.get("/pilots/sheet")
@auth.signed_in
def pilots_sheet() -> Response:
    """The portfolio as a spreadsheet."""
    on, programme, light = _chosen()
    with pilotviews.register() as conn:
        heads, rows = pilotviews.board_rows(conn, actor(), on, programme, light)
    return sheet(f"试点一览{on}", heads, rows)


@blueprint.get("/pilots/due")
@auth.signed_in
def pilots_due() -> str:
    """The tasks behind a figure of the portfolio: late, or due within so many days."""
    on, programme, _ = _chosen()
    days = request.args.get("days", 30, int)
    piloting.require_seeing(actor())
    with pilotviews.register() as conn:
        rows = portfolio.due(conn, on, max(min(days, 3660), -1), programme)
    return render_template("pilots_due.html", rows=rows, days=days, on=on, programme=programme, slips=None)


@blueprint.get("/pilots/slips")
@auth.signed_in
def pilots_slips() -> str:
    """The pushes behind a figure of slippage."""
    on, programme, _ = _chosen()
    cause = request.args.get("cause", "")
    piloting.require_seeing(actor())
    with pilotviews.register() as conn:
        rows = portfolio.slipped(conn, on, cause if cause in CAUSES else "lead", programme)
    return render_template(
        "pilots_due.html", slips=rows, rows=[], days=0, on=on, programme=programme, **pilotviews.words()
    )


@blueprint.post("/pilots/load")
@auth.signed_in
def pilots_load() -> Any:
    """Enter the pilots of the source documents."""
    try:
        run(piloting.load)
    except DomainError as error:
        return _board(told(error)), error.status
    return redirect(url_for("pages.pilots"))


@blueprint.get("/pilots/<uuid:pilot_id>")
@auth.signed_in
def pilot(pilot_id: uuid.UUID) -> str:
    """One pilot as it stood on a day."""
    return _page(pilot_id)


@blueprint.get("/pilots/<uuid:pilot_id>/sheet")
@auth.signed_in
def pilot_sheet(pilot_id: uuid.UUID) -> Response:
    """The tasks of a pilot as a spreadsheet."""
    on, _, _ = _chosen()
    with reading() as conn:
        heads, rows = pilotviews.task_rows(conn, actor(), pilot_id, on)
    return sheet(f"试点任务{on}", heads, rows)


@blueprint.post(
    "/pilots/<uuid:pilot_id>/<any(assign, task, reach, deliver, report, note, indicator, value, risk, risk_close, compare, event, event_settle):act>"
)
@auth.signed_in
def pilot_act(pilot_id: uuid.UUID, act: str) -> Any:
    """Enter something of a pilot."""
    command, read = _ACTS[act]
    try:
        run(command, pilot_id=pilot_id, **read())
    except DomainError as error:
        return _page(pilot_id, error=told(error)), error.status
    return redirect(url_for("pages.pilot", pilot_id=pilot_id))


@blueprint.post("/pilots/<uuid:pilot_id>/push")
@auth.signed_in
def pilot_push(pilot_id: uuid.UUID) -> Any:
    """Show first what a push would move; push when that was seen and confirmed."""
    form = request.form
    try:
        key, on = form.get("key", ""), formvalues.day("on")
        if form.get("confirmed") != "1":
            with reading() as conn:
                piloting.see(conn, actor(), pilot_id)
                moved = milestoning.preview(conn, runtime(), "pilot", pilot_id, key, on)
            return _page(pilot_id, moved=moved)
        reason, cause = form.get("reason", ""), form.get("cause", "")
        run(piloting.push, pilot_id=pilot_id, key=key, on=on, cause=cause, reason=reason)
    except DomainError as error:
        return _page(pilot_id, error=told(error)), error.status
    return redirect(url_for("pages.pilot", pilot_id=pilot_id))


def _board(error: str = "") -> str:
    on, programme, light = _chosen()
    offset = max(request.args.get("offset", 0, int), 0)
    with pilotviews.register() as conn:
        shown = pilotviews.board(conn, actor(), on, programme, light, offset)
        chart = pilotviews.portfolio_chart(conn, shown["pilots"], on)
    return render_template(
        "pilots.html",
        **shown,
        chart=chart,
        programme=programme,
        light_chosen=light,
        offset=offset,
        limit=pilotviews.PAGE,
        page={"total": shown["total"]},
        page_url=lambda start: url_for("pages.pilots", on=on, programme=programme, light=light, offset=start),
        may_load=piloting.keeps_register(actor()),
        error=error,
        **pilotviews.words(),
    )


def _page(pilot_id: uuid.UUID, *, error: str = "", moved: Any = None) -> str:
    on = _chosen()[0]
    with reading() as conn:
        document = pilotviews.pilot_document(conn, actor(), pilot_id, on)
        chart = pilotviews.task_chart(document, conn)
        bodies, zones = parties.bodies(conn), parties.zones(conn)
        procedures = boardviews.procedures(conn)
    return render_template(
        "pilot.html",
        p=document,
        zones=zones,
        procedures=procedures,
        chart=chart,
        bodies=bodies,
        may_event=majorevents.may_enter(actor(), document),
        may_settle=majorevents.may_settle(actor(), document),
        may_assign=piloting.keeps_register(actor()) or document["may_keep"],
        error=error,
        moved=moved,
        given=request.form,
        today=runtime().time.today(),
        **pilotviews.words(),
    )


def sheet(name: str, heads: list[str], rows: list[list[Any]]) -> Response:
    """A spreadsheet as a download."""
    content = io.BytesIO(sheets.write(name, heads, rows))
    response = send_file(content, mimetype=sheets.XLSX, as_attachment=True, download_name=f"{name}.xlsx", max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def chosen_day() -> date:
    """The day a request asks about; without one, today."""
    try:
        return date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return runtime().time.today()


def _chosen() -> tuple[date, str, str]:
    """The day, programme and light of this request."""
    on = chosen_day()
    light = request.args.get("light", "")
    return on, request.args.get("programme", ""), light if light in ("red", "yellow", "green", "grey") else ""


def _text(*names: str) -> Callable[[], dict[str, Any]]:
    return lambda: {name: request.form.get(name, "").strip() for name in names}


def _number(name: str, *, needed: bool = False) -> Decimal | None:
    given = request.form.get(name, "").strip()
    if not given and not needed:
        return None
    try:
        number = Decimal(given)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DomainError(name, "应为数字。", "A number is needed.", pointer=name)
    return number


def _indicator() -> dict[str, Any]:
    told = _text("key", "title", "unit", "better", "source")()
    target_on = formvalues.optional_day("target_on")
    return {**told, "baseline": _number("baseline"), "target": _number("target"), "target_on": target_on}


def _value() -> dict[str, Any]:
    return {**_text("key", "source")(), "on": formvalues.day("on"), "value": _number("value", needed=True)}


def _closing() -> dict[str, Any]:
    try:
        risk_id = uuid.UUID(request.form.get("risk_id", ""))
    except ValueError:
        raise DomainError("risk_id", "请选择风险。", "Choose the risk.", pointer="risk_id") from None
    return {"risk_id": risk_id, **_text("closing")()}


def _settling() -> dict[str, Any]:
    try:
        event_id = uuid.UUID(request.form.get("event_id", ""))
    except ValueError:
        raise DomainError("event_id", "请选择情形。", "Choose the event.", pointer="event_id") from None
    return {"event_id": event_id, **_text("outcome", "reason", "document")()}


def _comparison() -> dict[str, Any]:
    told = _text("metric", "procedure", "base_source")()
    days = {name: formvalues.optional_day(name) for name in ("base_first", "base_last")}
    return {
        **told,
        **days,
        "reform_first": formvalues.day("reform_first"),
        "reform_last": formvalues.day("reform_last"),
        "base_value": _number("base_value"),
        "claimed_percent": _number("claimed_percent"),
        "zone": request.form.get("zone") or None,
    }


_ACTS: dict[str, tuple[Command, Callable[[], dict[str, Any]]]] = {
    "assign": (piloting.assign, _text("lead", "approver")),
    "task": (piloting.add_task, lambda: {**_text("title", "deliverable", "source")(), "due": formvalues.day("due")}),
    "reach": (piloting.reach, lambda: {**_text("key", "note")(), "on": formvalues.day("on")}),
    "deliver": (piloting.deliver, _text("key", "title", "note")),
    "report": (piloting.report, _text("kind", "light", "said")),
    "note": (piloting.note, _text("reason", "document")),
    "indicator": (piloting.indicator, _indicator),
    "value": (piloting.value, _value),
    "risk": (piloting.risk, _text("title", "level", "measures", "owner")),
    "risk_close": (piloting.close_risk, _closing),
    "event": (majorevents.enter, lambda: {**_text("ground", "said", "document")(), "on": formvalues.day("on")}),
    "event_settle": (majorevents.settle, _settling),
    "compare": (reformwork.compare, _comparison),
}
