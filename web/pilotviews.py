"""Pilots as pages, API and spreadsheets show them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection

from registers import laws, pilot_events, pilot_loading, pilots, scoring
from registers.accounts import Actor
from registers.pilot_states import STATES
from registers.pilot_tables import CAUSES, DECISIONS, GROUNDS, LIGHTS, STATUSES
from web import pilotcharts
from web.context import runtime
from web.i18n import pick
from web.words import in_language
from workflows import piloting, portfolio, reformwork

PAGE = 40
TASK_HEADS = ("任务", "基线", "现计划", "实际", "状态", "偏差（日）", "成果", "依据")


@contextmanager
def register() -> Iterator[Connection]:
    """A transaction on the register of pilots, which officials see whole: who asks is checked before, not row by row."""
    with runtime().db.transaction() as conn:
        yield conn


def board(conn: Connection, actor: Actor, on: date, programme: str, light: str, offset: int = 0) -> dict[str, Any]:
    """The portfolio on a day: counts, what is due, whom slippage is put down to, and a page of pilots."""
    piloting.require_seeing(actor)
    summary, rows, total = portfolio.board(conn, on, programme, light, limit=PAGE, offset=offset)
    return {
        "on": on,
        "summary": summary,
        "programmes": pilots.programmes(conn),
        "slips": portfolio.slips(conn, on, programme),
        "pilots": rows,
        "total": total,
        "as_of": runtime().time.now(),
    }


def portfolio_chart(conn: Connection, rows: list[dict[str, Any]], on: date) -> pilotcharts.Gantt | None:
    """The Gantt chart of a page of pilots."""
    ids = [row["id"] for row in rows]
    stood, tasks = pilots.standings(conn, ids, on), pilots.tasks_of(conn, ids)
    spans = [
        pilotcharts.Span(
            pick(row["title"]),
            str(row["id"]),
            min((task["start_on"] for task in tasks[row["id"]] if task["start_on"]), default=None),
            stood[row["id"]],
            {task["key"]: pick(task["title"]) for task in tasks[row["id"]]},
        )
        for row in rows
    ]
    return pilotcharts.gantt(spans, on)


def task_chart(document: dict[str, Any], conn: Connection) -> pilotcharts.Gantt | None:
    """The Gantt chart of one pilot, a row for each dated task."""
    stood = {one.key: one for one in pilots.standings(conn, [document["id"]], document["on"])[document["id"]]}
    spans = [
        pilotcharts.Span(
            pick(task["title"]), "", task["start_on"], [stood[task["key"]]], {task["key"]: pick(task["title"])}
        )
        for task in document["tasks"]
        if task["baseline_on"]
    ]
    return pilotcharts.gantt(spans, document["on"])


def source(code: str) -> str:
    """Where a date or task comes from: a citation, or words."""
    name = code.partition(":")[0]
    return in_language(laws.cite(code)) if name in laws.laws() else code


def words() -> dict[str, Any]:
    """The words templates need for codes of the register."""
    return {
        "state_name": lambda key: in_language(STATES[key]),
        "status_name": lambda key: in_language(STATUSES[key]),
        "decision_name": lambda key: in_language(DECISIONS[key]),
        "cause_name": lambda key: in_language(CAUSES[key]),
        "light_name": lambda key: in_language(LIGHTS[key]),
        "report_name": lambda key: in_language(piloting.REPORTS.get(key, (key, key))),
        "source": source,
        "measure_name": measure_name,
        "metric_name": lambda key: in_language(reformwork.METRICS[key]),
        "metrics": reformwork.METRICS,
        "ground_name": lambda key: in_language(GROUNDS[key]),
        "event_outcome": lambda key: in_language(pilot_events.OUTCOMES[key]),
        "grounds": GROUNDS,
        "event_outcomes": pilot_events.OUTCOMES,
        "causes": CAUSES,
        "lights": LIGHTS,
        "reports": piloting.REPORTS,
    }


def pilot_document(conn: Connection, actor: Actor, pilot_id: uuid.UUID, on: date) -> dict[str, Any]:
    """A pilot with its evaluations, questionnaires and measured effects."""
    document = piloting.document(conn, actor, pilot_id, on)
    # The effects are figures of the whole house: everybody reads the same.
    with runtime().db.transaction() as whole:
        effects = reformwork.effects(whole, pilot_id)
    return {
        **document,
        "effects": effects,
        "evaluations": scoring.evaluations_of(conn, pilot_id),
        "surveys": scoring.surveys_of(conn, pilot_id),
    }


def board_rows(
    conn: Connection, actor: Actor, on: date, programme: str, light: str
) -> tuple[list[str], list[list[Any]]]:
    """The portfolio as a spreadsheet: all pilots, not a page of them."""
    piloting.require_seeing(actor)
    rows, _ = portfolio.page(conn, on, programme, light, limit=5000)
    heads = [
        "编号",
        "试点",
        "所在地",
        "牵头单位",
        "状态",
        "灯",
        "已完成",
        "有时限的任务",
        "逾期",
        "30日内到期",
        "60日内到期",
        "90日内到期",
    ]
    lines = [
        [
            row["code"],
            row["title"]["zh"],
            row["city"],
            row["lead"],
            STATUSES[row["status"]][0],
            {"red": "红", "yellow": "黄", "green": "绿", "grey": "无时限"}[row["light"]],
            *(row[name] for name in ("done", "dated", "late", "in_30", "in_60", "in_90")),
        ]
        for row in rows
    ]
    return heads, lines


def task_rows(conn: Connection, actor: Actor, pilot_id: uuid.UUID, on: date) -> tuple[list[str], list[list[Any]]]:
    """The tasks of a pilot as a spreadsheet."""
    document = piloting.document(conn, actor, pilot_id, on)
    lines = [
        [
            task["title"]["zh"],
            task["baseline_on"],
            task["due_on"],
            task["done_on"],
            STATES[task["state"]][0],
            task["slip"],
            task["deliverable"],
            laws.cite(task["source"])[0] if task["source"].partition(":")[0] in laws.laws() else task["source"],
        ]
        for task in document["tasks"]
    ]
    return list(TASK_HEADS), lines


def measure_name(key: str) -> str:
    """A measure of a catalogue with its number."""
    found = next((one for one in pilot_loading.measures() if one["key"] == key), None)
    return f"{found['no']}. {pick(found['title'])}" if found else key
