"""Carrying over to the boards: what changed in the record of cases, counted anew, a portion at a time.

Time is counted in working days by the calendar of the house. Where a carrying over stands is a row of its own, so any node goes on with
it and one that dies loses no more than its portion; one at a time carries over (an advisory lock), and readers see the old figures until
the stamp is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registers.accounts import SYSTEM
from registers.db import uuid7
from workflows.board_tables import BoardDay, BoardWalk
from workflows.boards import require
from workflows.commands import Answer, Step, command
from workflows.cron import DAILY, Daily, claim
from workflows.reference import Reference
from workflows.runtime import Runtime

BATCH = 1000


@command("boards.refresh")
def refresh(step: Step) -> Answer:
    """Carry over what changed since the last time: a portion now, what is left in the background (`work`)."""
    require(step.actor)
    # The boards are of the whole house, whoever asks for the refresh; what each person sees of them is another matter.
    step.conn.exec_driver_sql("SELECT set_config('app.everything', 'on', true)")
    return carry_over(step)


@command("day.boards")
def daily(step: Step) -> Answer:
    """Carry over once a day even when nobody asks."""
    return {"ran": True, **carry_over(step)} if claim(step) else {"ran": False}


DAILY.append(Daily(daily, 5))


@command("boards.portion")
def portion(step: Step) -> Answer:
    """The next portion of a carrying over that is under way; any node does it, one at a time."""
    if step.conn.scalar(select(BoardWalk.name).where(BoardWalk.finished_at.is_(None))) is None:
        return {"changed": 0, "finished": True}
    return carry_over(step)


def work(rt: Runtime) -> int:
    """Do what is left of a carrying over; returns how many cases were gone through."""
    gone = 0
    while under_way(rt):
        gone += int(portion(rt, SYSTEM, f"boards:{uuid7()}")["changed"])
    return gone


def under_way(rt: Runtime) -> bool:
    """Whether a carrying over waits to be finished."""
    with rt.db.transaction() as conn:
        return conn.scalar(select(BoardWalk.name).where(BoardWalk.finished_at.is_(None))) is not None


def carry_over(step: Step) -> Answer:
    """A portion of the cases whose record has grown, with their steps; after the last of them month by month the counts
    by days, and the stamp. Where it stands is a row of its own, so a node that dies loses no more than its portion.
    """
    conn = step.conn
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('boards'))"))
    conn.execute(text("SET LOCAL statement_timeout = '2min'"))
    walk = _walk(step)
    ids = list(conn.scalars(_TOUCHED, {"limit": BATCH}))
    months = sorted({*walk["months"], *_carry(step, ids)})
    counting = len(ids) < BATCH
    turn = [] if not counting else months if walk["total"] <= BATCH else months[:1]
    _count(step, turn)
    months = months[len(turn) :]
    finished = counting and not months
    done = walk["done"] + len(ids)
    state = {"months": months, "done": done, "total": max(walk["total"], done)}
    conn.execute(update(BoardWalk).values(**state, finished_at=step.now if finished else None))
    answer = {"changed": len(ids), "finished": finished, "done": done, "total": state["total"]}
    return {**answer, **_close(step)} if finished else answer


def _carry(step: Step, ids: list[Any]) -> set[date]:
    """Write cases and their steps anew; the months in which steps were done, before and now."""
    if not ids:
        return set()
    given = {"now": step.now, "today": step.today, "ids": ids}
    months = set(step.conn.scalars(_MONTHS_OF, {"ids": ids}))
    step.conn.execute(_CASES, given)
    step.conn.execute(text("DELETE FROM board_task WHERE case_id = ANY(:ids)"), {"ids": ids})
    step.conn.execute(_TASKS, given)
    months |= set(step.conn.scalars(_MONTHS_OF, {"ids": ids}))
    return months - {None}


def _walk(step: Step) -> dict[str, Any]:
    """The walk that is under way, or a new one over all cases whose record has grown."""
    known = step.conn.execute(select(BoardWalk.__table__).where(BoardWalk.finished_at.is_(None))).mappings().first()
    if known is not None:
        return dict(known)
    _count_workdays(step.conn, step.rt.reference.get(step.conn), step.today)
    begun: dict[str, Any] = {
        "requested_at": step.now,
        "total": step.conn.scalar(_HOW_MANY) or 0,
        "done": 0,
        "months": [],
    }
    row: dict[str, Any] = {"name": "boards", "finished_at": None, **begun}
    step.conn.execute(
        upsert(BoardWalk)
        .values(row)
        .on_conflict_do_update(index_elements=["name"], set_={**begun, "finished_at": None})
    )
    return row


def _count(step: Step, months: Sequence[date]) -> None:
    """Count anew what was done in some months."""
    if months:
        counted = {"months": list(months), "today": step.today, "open": False}
        step.conn.execute(text("DELETE FROM board_days WHERE month = ANY(CAST(:months AS date[]))"), counted)
        step.conn.execute(_DAYS, counted)


def _close(step: Step) -> dict[str, Any]:
    """Count what stands open, as it does every time; the boards are of now."""
    step.conn.execute(text("DELETE FROM board_days WHERE month IS NULL"))
    step.conn.execute(_DAYS, {"months": [], "today": step.today, "open": True})
    made = step.conn.execute(_STAMP, {"now": step.now}).mappings().one()
    return {"cases": made["cases"], "steps": made["steps"]}


def _count_workdays(conn: Connection, reference: Reference, today: date) -> None:
    """Keep how many working days lie before each day; written again when the calendar says otherwise."""
    count, wanted = 0, {}
    for offset in range((today - _FIRST).days + 400):
        day = _FIRST + timedelta(days=offset)
        wanted[day] = count
        count += reference.calendar.is_workday(day)
    known = {row.on_date: row.ordinal for row in conn.execute(select(BoardDay.on_date, BoardDay.ordinal))}
    if any(known.get(day) != ordinal for day, ordinal in wanted.items()):
        conn.execute(delete(BoardDay))
        conn.execute(insert(BoardDay), [{"on_date": day, "ordinal": ordinal} for day, ordinal in wanted.items()])


_FIRST = date(2015, 1, 1)  # no case is older
_DAY = "(%s AT TIME ZONE 'Asia/Shanghai')::date"
_ORDINAL = "(SELECT w.ordinal FROM board_day w WHERE w.on_date = %s)"
_TAKEN = f"(SELECT sum({_ORDINAL % 'upper(r)'} - {_ORDINAL % 'lower(r)'}) FROM unnest(%s) AS r)"  # noqa: S608
_TOUCHED = text(
    """SELECT c.id FROM cases c LEFT JOIN board_case b ON b.case_id = c.id
        WHERE b.event_seq IS DISTINCT FROM c.event_seq LIMIT :limit"""
)
_HOW_MANY = text(
    """SELECT count(*) FROM cases c LEFT JOIN board_case b ON b.case_id = c.id
        WHERE b.event_seq IS DISTINCT FROM c.event_seq"""
)
_MONTHS_OF = text("SELECT DISTINCT month FROM board_task WHERE case_id = ANY(:ids)")
_CASES = text(
    f"""
WITH c AS MATERIALIZED (SELECT * FROM cases WHERE id = ANY(:ids)),
 spans AS (
   SELECT t.case_id, coalesce(range_agg(held) FILTER (WHERE t.enterprise_id IS NULL), '{{}}') AS authority,
          coalesce(range_agg(held) FILTER (WHERE t.enterprise_id IS NOT NULL), '{{}}') AS applicant
     FROM task t, LATERAL (SELECT daterange({_DAY % "t.opened_at"},
            greatest({_DAY % "coalesce(t.closed_at, :now)"}, {_DAY % "t.opened_at"})) AS held) h
    WHERE t.case_id = ANY(:ids) AND t.status <> 'cancelled' GROUP BY 1),
 taken AS (
   SELECT s.case_id, {_TAKEN % "s.authority"} AS authority, {_TAKEN % "s.applicant - s.authority"} AS applicant FROM spans s),
 lit AS (
   SELECT m.case_id,
          min(x.yellow) AS yellow_at, min(x.red) AS red_at, min(x.overdue) AS due_at,
          bool_or((SELECT count(*) FILTER (WHERE f.kind = 'paused') > count(*) FILTER (WHERE f.kind = 'resumed')
                     FROM clock_fact f WHERE f.matter_id = m.id)) AS paused
     FROM matter m LEFT JOIN LATERAL (
       SELECT max(due_at) FILTER (WHERE stage = 'yellow') AS yellow, max(due_at) FILTER (WHERE stage = 'red') AS red,
              max(due_at) FILTER (WHERE stage = 'overdue') AS overdue
         FROM clock_alarm al WHERE al.matter_id = m.id AND al.case_id = m.case_id) x ON true
    WHERE m.case_id = ANY(:ids) AND m.status = 'open' GROUP BY 1),
 held AS (
   SELECT DISTINCT ON (t.case_id) t.case_id, CASE WHEN t.enterprise_id IS NULL THEN coalesce(t.role, '') ELSE 'applicant' END AS holder
     FROM task t WHERE t.case_id = ANY(:ids) AND t.status = 'open'
    ORDER BY t.case_id, (t.enterprise_id IS NOT NULL), t.opened_at)
INSERT INTO board_case (case_id, procedure, definition_id, number, title, body_id, zone_code, enterprise_id, running, outcome,
       opened_on, closed_on, yellow_at, red_at, due_at, paused, holder, body_ids, opened_by, authority_days, applicant_days,
       event_seq, materials, visits, submissions)
SELECT c.id, c.procedure, c.definition_id, c.number, c.title, c.lead_body_id, e.zone_code, c.enterprise_id,
       c.status = 'running', c.outcome, {_DAY % "c.opened_at"}, {_DAY % "c.closed_at"}, l.yellow_at, l.red_at, l.due_at,
       coalesce(l.paused, false), coalesce(h.holder, ''), c.body_ids, c.opened_by, coalesce(k.authority, 0), coalesce(k.applicant, 0),
       c.event_seq, (SELECT count(DISTINCT f.file_id) FROM case_file f WHERE f.case_id = c.id),
       (SELECT count(*) FROM case_visit v WHERE v.case_id = c.id AND v.reverses IS NULL
           AND NOT EXISTS (SELECT 1 FROM case_visit w WHERE w.reverses = v.id)),
       (SELECT count(*) FROM submission s JOIN task t ON t.id = s.task_id
         WHERE s.case_id = c.id AND t.enterprise_id IS NOT NULL)
  FROM c LEFT JOIN enterprise e ON e.id = c.enterprise_id LEFT JOIN lit l ON l.case_id = c.id
  LEFT JOIN held h ON h.case_id = c.id LEFT JOIN taken k ON k.case_id = c.id
ON CONFLICT (case_id) DO UPDATE SET title = excluded.title, body_id = excluded.body_id, zone_code = excluded.zone_code,
  running = excluded.running, outcome = excluded.outcome, closed_on = excluded.closed_on, yellow_at = excluded.yellow_at,
  red_at = excluded.red_at, due_at = excluded.due_at, paused = excluded.paused, holder = excluded.holder,
  body_ids = excluded.body_ids, authority_days = excluded.authority_days, applicant_days = excluded.applicant_days,
  event_seq = excluded.event_seq, materials = excluded.materials, visits = excluded.visits,
  submissions = excluded.submissions
"""  # noqa: S608 - the text is ours
)
_TASKS = text(
    f"""
INSERT INTO board_task (task_id, case_id, procedure, element, name, body_id, of_applicant, opened_on, month, days)
SELECT t.id, t.case_id, c.procedure, t.element, t.name, c.lead_body_id, t.enterprise_id IS NOT NULL,
       {_DAY % "t.opened_at"}, date_trunc('month', {_DAY % "t.closed_at"})::date,
       {_ORDINAL % (_DAY % "t.closed_at")} - {_ORDINAL % (_DAY % "t.opened_at")}
  FROM unnest(CAST(:ids AS uuid[])) AS i(id)
  CROSS JOIN LATERAL (SELECT procedure, lead_body_id FROM cases WHERE id = i.id OFFSET 0) c
  CROSS JOIN LATERAL (SELECT * FROM task WHERE case_id = i.id AND status <> 'cancelled' OFFSET 0) t
"""  # noqa: S608
)
_DAYS = text(
    f"""
INSERT INTO board_days (procedure, element, name, of_applicant, body_id, month, days, steps)
SELECT b.procedure, b.element, max(b.name), b.of_applicant, b.body_id, b.month,
       coalesce(b.days, {_ORDINAL % "CAST(:today AS date)"} - {_ORDINAL % "b.opened_on"}) AS days, count(*)
  FROM board_task b WHERE (:open AND b.month IS NULL) OR b.month = ANY(CAST(:months AS date[]))
 GROUP BY b.procedure, b.element, b.of_applicant, b.body_id, b.month, 7
"""  # noqa: S608
)
_STAMP = text(
    """
INSERT INTO board_stamp (name, as_of, cases, steps)
SELECT 'boards', :now, (SELECT count(*) FROM board_case), coalesce((SELECT sum(steps) FROM board_days), 0)
ON CONFLICT (name) DO UPDATE SET as_of = excluded.as_of, cases = excluded.cases, steps = excluded.steps
RETURNING cases, steps
"""
)
