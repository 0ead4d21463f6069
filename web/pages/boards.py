"""The supervisor's boards: cases by clock, time by step on the drawing, bodies compared, quota by zone; each as a sheet."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Response, redirect, render_template, request, url_for

from registers import catalogues, quota_accounts, quota_views
from registers.timesource import last_day
from web import auth, boardviews
from web.context import actor, reading, run, runtime
from web.pages import blueprint
from web.pages.pilots import sheet
from workflows import boards, boardwork, quotareading

PAGE = 50


@blueprint.get("/boards/cases")
@auth.signed_in
def board_cases() -> str:
    """Running cases by light and by whose turn it is, and the cases behind each figure."""
    chosen: dict[str, Any] = {name: request.args.get(name, "") for name in ("procedure", "light", "holder")}
    offset, now = max(request.args.get("offset", 0, int), 0), runtime().time.now()
    with reading() as conn:
        counts = boards.lights(conn, actor(), now, chosen["procedure"])
        rows = boards.by_clock(conn, actor(), now, **chosen, limit=PAGE + 1, offset=offset)
        shown = boardviews.frame(conn, runtime())
    return render_template(
        "board_cases.html",
        counts=counts,
        rows=[{**row, "due_on": last_day(row["due_at"]) if row["due_at"] else None} for row in rows[:PAGE]],
        today=runtime().time.today(),
        more=len(rows) > PAGE,
        offset=offset,
        limit=PAGE,
        **chosen,
        **shown,
    )


@blueprint.get("/boards/cases/sheet")
@auth.signed_in
def board_cases_sheet() -> Response:
    """The running cases as a spreadsheet."""
    chosen: dict[str, Any] = {name: request.args.get(name, "") for name in ("procedure", "light", "holder")}
    with reading() as conn:
        rows = boards.by_clock(conn, actor(), runtime().time.now(), **chosen, limit=10_000)
        heads, lines = boardviews.case_rows(rows)
    return sheet("案件时限", heads, lines)


@blueprint.get("/boards/steps")
@auth.signed_in
def board_steps() -> str:
    """Median and 90th percentile of each step, on the drawing and as a table; one step month by month."""
    procedure, first, last = _period()
    element = request.args.get("element", "")
    with reading() as conn:
        rows = boards.steps(conn, actor(), procedure, first, last)
        months = boards.months(conn, actor(), procedure, element, first, last) if element else []
        drawings = boardviews.heat(conn, runtime(), procedure, rows)
        shown = boardviews.frame(conn, runtime())
    return render_template(
        "board_steps.html",
        rows=rows,
        months=months,
        element=element,
        diagrams=drawings,
        procedure=procedure,
        first=first,
        last=last,
        **shown,
    )


@blueprint.get("/boards/steps/sheet")
@auth.signed_in
def board_steps_sheet() -> Response:
    """The steps as a spreadsheet."""
    procedure, first, last = _period()
    with reading() as conn:
        heads, lines = boardviews.step_rows(boards.steps(conn, actor(), procedure, first, last))
    return sheet(f"环节用时{procedure}", heads, lines)


@blueprint.get("/boards/steps/cases")
@auth.signed_in
def board_step_cases() -> str:
    """The cases behind the figures of a step."""
    procedure, first, last = _period()
    element, still = request.args.get("element", ""), request.args.get("open") == "yes"
    with reading() as conn:
        rows = boards.behind_step(conn, actor(), procedure, element, first, last, still_open=still)
        shown = boardviews.frame(conn, runtime())
    return render_template(
        "board_behind.html", rows=rows, closed=None, procedure=procedure, first=first, last=last, still=still, **shown
    )


@blueprint.get("/boards/bodies")
@auth.signed_in
def board_bodies() -> str:
    """Bodies compared by the same measures."""
    procedure, first, last = _period()
    with reading() as conn:
        rows = boards.bodies(conn, actor(), procedure, first, last)
        shown = boardviews.frame(conn, runtime())
    return render_template("board_bodies.html", rows=rows, procedure=procedure, first=first, last=last, **shown)


@blueprint.get("/boards/bodies/sheet")
@auth.signed_in
def board_bodies_sheet() -> Response:
    """The comparison as a spreadsheet."""
    procedure, first, last = _period()
    with reading() as conn:
        heads, lines = boardviews.body_rows(boards.bodies(conn, actor(), procedure, first, last))
    return sheet(f"机关对比{procedure}", heads, lines)


@blueprint.get("/boards/bodies/cases")
@auth.signed_in
def board_closed() -> str:
    """The closed cases behind a comparison."""
    procedure, first, last = _period()
    body, zone = request.args.get("body", ""), request.args.get("zone", "")
    with reading() as conn:
        rows = boards.closed(conn, actor(), procedure, first, last, body=body, zone=zone)
        shown = boardviews.frame(conn, runtime())
    return render_template(
        "board_behind.html", rows=[], closed=rows, procedure=procedure, first=first, last=last, still=False, **shown
    )


@blueprint.get("/boards/quota")
@auth.signed_in
def board_quota() -> str:
    """The quota ledger by zone; every balance opens its entries."""
    rows, names, period = _quota()
    return render_template("board_quota.html", rows=rows, names=names, period=period, as_of=runtime().time.now())


@blueprint.get("/boards/quota/sheet")
@auth.signed_in
def board_quota_sheet() -> Response:
    """The quota ledger by zone as a spreadsheet."""
    rows, _, period = _quota()
    heads = ["功能区", "因子", *(quota_accounts.REGISTER_TITLES[name][0] for name in quota_views.SHOWN)]
    lines: Sequence[list[Any]] = [
        [row["zone"]["name_zh"], row["factor"], *(format(amount, "f") for amount in row["balances"].values())]
        for row in rows
    ]
    return sheet(f"功能区指标{period}", heads, list(lines))


@blueprint.post("/boards/refresh")
@auth.signed_in
def board_refresh() -> Any:
    """Carry the boards over now."""
    run(boardwork.refresh)
    back = request.form.get("back", "")
    known = ("board_cases", "board_steps", "board_bodies")
    return redirect(url_for(f"pages.{back if back in known else 'board_cases'}"))


def _quota() -> tuple[list[dict[str, Any]], dict[str, tuple[str, str]], str]:
    today = runtime().time.today()
    with reading() as conn:
        zones = {zone["code"]: zone for zone in quotareading.require_any(conn, actor())}
        period = quota_accounts.period_on(conn, today)
        found = quota_views.standings(conn, list(zones), period, today)
    names = {item["key"]: (item["zh"], item["en"]) for item in catalogues.pollutants()}
    rows = [{"zone": zones[one.zone], "factor": one.factor, "balances": one.balances} for one in found]
    return rows, names, period


def _period() -> tuple[str, date, date]:
    """Procedure, first and last day; without a choice the year until today."""
    today = runtime().time.today()
    first, last = date(today.year - 1, today.month, 1), today
    with contextlib.suppress(ValueError):
        first = date.fromisoformat(request.args.get("first", ""))
    with contextlib.suppress(ValueError):
        last = date.fromisoformat(request.args.get("last", ""))
    return request.args.get("procedure", "one_window"), first, last
