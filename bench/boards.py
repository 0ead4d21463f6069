"""The boards at 100,000 cases and 1,000 pilots: how long each page's queries take, and which indexes they use.

The cases are rows made by SQL (a year and a half of work in five bodies, one in five still running, about eleven steps
each), the pilots by the register's own functions. Measured is what a page asks the database for, through the functions
the page calls, as a supervisor who sees all five bodies (so row-level security counts in) and the whole page over HTTP.
"""

from __future__ import annotations

import re
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, create_engine, event, text

from bench import house
from registers import parties, pilots
from registers.accounts import open_session
from registers.db import SYSTEM_SCOPE, normalise_url, uuid7
from registers.pilot_tables import CAUSES
from web import site
from web.server import Installation
from workflows import boards, boardwork, portfolio, reformwork, unitfiles
from workflows.runtime import Runtime

STEPS = 11
_CASES = """
INSERT INTO cases (id, number, definition_id, procedure, title, enterprise_id, lead_body_id, bodies, body_ids, status, outcome,
       state, event_seq, event_hash, open_work, opened_at, opened_by, closed_at)
SELECT md5('c' || n)::uuid, 'B-' || n, c.definition_id, 'bench_board', '案件 ' || n, e.ids[1 + n % array_length(e.ids, 1)],
       b.ids[1 + n % 5], '{}', ARRAY[b.ids[1 + n % 5]], CASE WHEN n % 5 = 0 THEN 'running' ELSE 'closed' END,
       CASE WHEN n % 5 = 0 THEN NULL ELSE 'completed' END, '', 1, '', '{}', o.at, NULL,
       CASE WHEN n % 5 = 0 THEN NULL ELSE o.at + make_interval(days => 10 + n % 50) END
  FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n,
       (SELECT definition_id FROM cases LIMIT 1) c,
       (SELECT array_agg(id ORDER BY code) AS ids FROM body) b, (SELECT array_agg(id ORDER BY credit_code) AS ids FROM enterprise) e,
       LATERAL (SELECT CAST(:now AS timestamptz) - make_interval(days => 60 + n % 480, hours => n % 8) AS at) o
"""
_TASKS = f"""
INSERT INTO task (id, case_id, element, name, role, body_id, enterprise_id, local, status, opened_at, closed_at)
SELECT md5('t' || n || '-' || k)::uuid, md5('c' || n)::uuid, 'step_' || k, '环节 ' || k,
       CASE WHEN k % 4 = 0 THEN 'preparer' ELSE 'reviewer' END, CASE WHEN k % 4 = 0 THEN NULL ELSE c.lead_body_id END,
       CASE WHEN k % 4 = 0 THEN c.enterprise_id END, '{{}}',
       CASE WHEN c.status = 'running' AND k = {STEPS} THEN 'open' ELSE 'done' END,
       c.opened_at + make_interval(days => k * 2 + (n + k) % 3),
       CASE WHEN c.status = 'running' AND k = {STEPS} THEN NULL
            ELSE c.opened_at + make_interval(days => k * 2 + (n + k) % 3 + (n * k) % 9) END
  FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n JOIN cases c ON c.id = md5('c' || n)::uuid, generate_series(1, {STEPS}) k
"""
_MATTERS = """
INSERT INTO matter (id, case_id, kind, klass, body_id, status, opened_on)
SELECT md5('m' || n)::uuid, c.id, 'eia', 'form', c.lead_body_id, 'open', c.opened_at::date
  FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n JOIN cases c ON c.id = md5('c' || n)::uuid WHERE c.status = 'running'
"""
_ALARMS = """
INSERT INTO clock_alarm (id, case_id, matter_id, stage, due_on, provisional, due_at, done_at)
SELECT md5('a' || n || s.stage)::uuid, md5('c' || n)::uuid, md5('m' || n)::uuid, s.stage, CAST(:now AS timestamptz)::date, false,
       CAST(:now AS timestamptz) + make_interval(days => (n % 90) - 30 + s.later), NULL
  FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n JOIN matter m ON m.id = md5('m' || n)::uuid,
       (VALUES ('yellow', -10), ('red', -3), ('overdue', 0)) AS s(stage, later)
"""


def main(quick: bool) -> list[dict[str, Any]]:
    """Fill, carry over, measure; returns the rows of the table."""
    cases, count = (10_000, 100) if quick else (100_000, 1_000)
    with house.installation() as (place, rt):
        _fill(rt, cases, count)
        began = time.perf_counter()
        boardwork.refresh(rt, house.person(rt, "shengjian"), str(uuid.uuid4()))
        asked = time.perf_counter() - began
        boardwork.work(rt)
        with rt.db.transaction() as conn:
            made = boards.stamp(conn) or {}
        rows = [
            _row("asking for the first carrying over (one portion)", [asked], f"{boardwork.BATCH} cases at most"),
            _row(
                "carrying all over, in the background",
                [time.perf_counter() - began],
                f"{made['cases']} cases, {made['steps']} steps",
            ),
        ]
        _analyze(place)
        began = time.perf_counter()
        boardwork.refresh(rt, house.person(rt, "shengjian"), str(uuid.uuid4()))
        rows.append(_row("carrying over when nothing changed", [time.perf_counter() - began], ""))
        return rows + _queries(rt, 5 if quick else 15) + _pages(place, rt, 3 if quick else 9)


def _fill(rt: Runtime, cases: int, count: int) -> None:
    house.one_case(rt)
    now = rt.time.now()
    for first in range(1, cases, 10_000):
        with rt.db.transaction() as conn:
            conn.execute(text("SET LOCAL statement_timeout = 0"))
            for statement in (_CASES, _TASKS, _MATTERS, _ALARMS):
                conn.execute(text(statement), {"first": first, "last": min(first + 9_999, cases), "now": now})
    with rt.db.transaction() as conn:
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        for number in range(count):
            _pilot(conn, number, now.date(), now)


def _pilot(conn: Connection, number: int, today: date, now: Any) -> None:
    title = {"zh": f"试点 {number}", "en": f"pilot {number}"}
    facts = {"programme": "permit-2021", "city": "苏州市", "lead": "牵头单位", "source": "示范数据"}
    made = pilots.create(conn, code=f"BENCH-{number}", title=title, status="running", now=now, **facts)
    days = [today + timedelta(days=(number * 7) % 400 - 300 + 60 * place) for place in range(6)]
    tasks = [
        {
            "key": f"m{place}",
            "title": title,
            "start": (day - timedelta(days=50)).isoformat(),
            "due": day.isoformat(),
            "source": "示范数据",
        }
        for place, day in enumerate(days)
    ]
    pilots.enter_tasks(conn, made, tasks, now=now, by=(None, "bench"))
    for place, day in enumerate(days[:3]):
        if day < today and (number + place) % 3:
            pilots.reach(conn, made, f"m{place}", day + timedelta(days=number % 9), now=now, by=(None, "bench"))
    conn.execute(
        text(
            "INSERT INTO pilot_slip (id, pilot_id, key, days, cause, reason, at) VALUES (:id, :pilot, 'm5', 30, :cause, 'x', :now)"
        ),
        {"id": uuid7(), "pilot": made, "cause": list(CAUSES)[number % len(CAUSES)], "now": now},
    )


def _analyze(place: Installation) -> None:
    """Statistics as autovacuum would have them by then."""
    engine = create_engine(normalise_url(place.urls()[0]))
    with engine.begin() as conn:
        conn.execute(text("ANALYZE"))
    engine.dispose()


def _queries(rt: Runtime, rounds: int) -> list[dict[str, Any]]:
    """What each board asks the database for, as a supervisor."""
    actor, today, now = house.person(rt, "shengjian"), rt.time.today(), rt.time.now()
    year, first = today - timedelta(days=365), today.replace(day=1) - timedelta(days=365)
    asked: dict[str, Callable[[Connection], Any]] = {
        "portfolio: counts of 1,000 pilots": lambda conn: portfolio.summary(conn, today),
        "portfolio: a page, the worst first": lambda conn: portfolio.page(conn, today, worst_first=True),
        "portfolio: due in 90 days": lambda conn: portfolio.due(conn, today, 90),
        "portfolio: slippage by cause": lambda conn: portfolio.slips(conn, today),
        "cases by clock: counts": lambda conn: boards.lights(conn, actor, now),
        "cases by clock: a page": lambda conn: boards.by_clock(conn, actor, now, light="overdue"),
        "steps: median, p90, open": lambda conn: boards.steps(conn, actor, "bench_board", first, today),
        "steps: one step by month": lambda conn: boards.months(conn, actor, "bench_board", "step_5", first, today),
        "steps: the cases behind": lambda conn: boards.behind_step(conn, actor, "bench_board", "step_5", first, today),
        "bodies compared, a year": lambda conn: boards.bodies(conn, actor, "bench_board", year, today),
        "bodies: the cases behind": lambda conn: boards.closed(conn, actor, "bench_board", year, today),
        "measured reform": lambda conn: reformwork.effects(conn, pilots.by_code(conn, "DEMO-01")["id"]),
        "park file": lambda conn: unitfiles.park(conn, rt, actor, "sip"),
    }
    rows = []
    for name, ask in asked.items():
        took, plan = [], ""
        for turn in range(rounds + 1):
            with rt.db.transaction(SYSTEM_SCOPE if name.startswith("portfolio") else actor.scope) as conn:
                plan = plan or _indexes(conn, ask)
                began = time.perf_counter()
                ask(conn)
                if turn:
                    took.append(time.perf_counter() - began)
        rows.append(_row(name, took, plan))
    return rows


def _indexes(conn: Connection, ask: Callable[[Connection], Any]) -> str:
    """The indexes that the plans of its statements use, and the tables they read whole."""
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        said.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", note)
    ask(conn)
    event.remove(conn, "before_cursor_execute", note)
    used: set[str] = set()
    for statement, parameters in said:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            plan = "\n".join(row[0] for row in conn.exec_driver_sql(f"EXPLAIN {statement}", parameters))
            used |= set(re.findall(r"(?:using|Bitmap Index Scan on) (\w+)", plan))
            used |= {
                f"[{table}]"
                for table in re.findall(r"Seq Scan on (board_\w+|milestone\w*|pilot_task|cases|task)\b", plan)
            }
    return " ".join(sorted(used)) or "-"


def _pages(place: Installation, rt: Runtime, rounds: int) -> list[dict[str, Any]]:
    """Whole pages through the application, without the network."""
    client = site.build(rt).test_client()
    with rt.db.transaction() as conn:
        person = house.person(rt, "shengjian").id
        assert person is not None
        client.set_cookie("sid", open_session(conn, person, rt.time.now()))
        zones = len(parties.zones(conn))
    rows = []
    for path in (
        "/pilots",
        "/boards/cases",
        "/boards/steps?procedure=bench_board",
        "/boards/bodies?procedure=bench_board",
        "/parks/sip",
    ):
        took = []
        for turn in range(rounds + 1):
            began = time.perf_counter()
            answer = client.get(path)
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code}")
            if turn:
                took.append(time.perf_counter() - began)
        rows.append(
            _row(f"page {path}", took, f"{len(answer.data) // 1024} kB, {zones} zones" if path == "/parks/sip" else "")
        )
    return rows


def _row(name: str, took: list[float], note: str) -> dict[str, Any]:
    ordered = sorted(took)
    return {
        "system": name,
        "p50 ms": round(statistics.median(ordered) * 1000, 1),
        "max ms": round(ordered[-1] * 1000, 1),
        "indexes": note,
    }
