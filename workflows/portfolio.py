"""The portfolio of pilots on a day: lights, what falls due, slippage and whom it is put down to.

Everything is counted in the database over all pilots, as of the chosen day: the plan as it stood then, what had happened
by then, what waited to be settled (the same rules as `registers.pilot_states`, which a test holds against these). A light is red when a task is late,
yellow when one is due within 30 days, green otherwise, grey when the source dates nothing.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from registers.pilot_states import SOON
from registers.timesource import end_of

# The dated tasks of all pilots as they stood at the end of :on. A push counts from the instant it was entered.
_DATED = """
 moved AS (
   SELECT DISTINCT ON (owner_id, key) owner_id, key, new_on FROM milestone_revision
    WHERE owner_kind = 'pilot' AND cause IN ('pushed', 'followed') AND at < :end
    ORDER BY owner_id, key, at DESC),
 dated AS (
   SELECT m.owner_id AS pilot_id, m.key, m.title, m.baseline_on, coalesce(v.new_on, m.baseline_on) AS due_on,
          CASE WHEN m.actual_on <= :on THEN m.actual_on END AS done_on
     FROM milestone m LEFT JOIN moved v ON v.owner_id = m.owner_id AND v.key = m.key
     LEFT JOIN pilot_task t ON t.pilot_id = m.owner_id AND t.key = m.key
    WHERE m.owner_kind = 'pilot' AND t.recurs IS NULL),
 standing AS (
   SELECT pilot_id,
          count(*) FILTER (WHERE done_on IS NULL AND due_on < :on) AS late,
          count(*) FILTER (WHERE done_on IS NULL AND due_on BETWEEN :on AND :on + 30) AS in_30,
          count(*) FILTER (WHERE done_on IS NULL AND due_on BETWEEN :on AND :on + 60) AS in_60,
          count(*) FILTER (WHERE done_on IS NULL AND due_on BETWEEN :on AND :on + 90) AS in_90,
          count(*) FILTER (WHERE done_on IS NOT NULL) AS done,
          count(*) FILTER (WHERE due_on IS NOT NULL) AS dated,
          max(:on - due_on) FILTER (WHERE done_on IS NULL AND due_on < :on) AS worst
     FROM dated GROUP BY pilot_id),
 waiting AS (
   SELECT pilot_id, count(*) AS events FROM pilot_event
    WHERE on_date <= :on AND (settled_on IS NULL OR settled_on > :on) GROUP BY pilot_id),
 lit AS (
   SELECT p.id, p.code, p.title, p.programme, p.city, p.lead, p.status, p.park_code, g.position, p.case_id,
          coalesce(s.late, 0) AS late, coalesce(s.in_30, 0) AS in_30, coalesce(s.in_60, 0) AS in_60,
          coalesce(s.in_90, 0) AS in_90, coalesce(s.done, 0) AS done, coalesce(s.dated, 0) AS dated, s.worst,
          coalesce(w.events, 0) AS events,
          CASE WHEN s.late > 0 THEN 'red' WHEN s.in_30 > 0 THEN 'yellow' WHEN s.dated > 0 OR s.done > 0 THEN 'green'
               ELSE 'grey' END AS light
     FROM pilot p JOIN programme g ON g.code = p.programme LEFT JOIN standing s ON s.pilot_id = p.id
     LEFT JOIN waiting w ON w.pilot_id = p.id
    WHERE (:programme = '' OR p.programme = :programme))
"""
assert SOON == 30  # the light turns yellow at the first of the three horizons

_COUNTS = """
 SELECT count(*) AS pilots, count(*) FILTER (WHERE light = 'red') AS red,
        count(*) FILTER (WHERE light = 'yellow') AS yellow, count(*) FILTER (WHERE light = 'green') AS green,
        count(*) FILTER (WHERE light = 'grey') AS grey, coalesce(sum(late), 0) AS late,
        coalesce(sum(in_30), 0) AS in_30, coalesce(sum(in_60), 0) AS in_60, coalesce(sum(in_90), 0) AS in_90,
        coalesce(sum(done), 0) AS done, coalesce(sum(dated), 0) AS dated
   FROM lit"""
_ROWS = """
 SELECT lit.*, count(*) OVER () AS total FROM lit WHERE (:light = '' OR light = :light)
  ORDER BY CASE WHEN :worst_first THEN coalesce(worst, 0) END DESC, position, code LIMIT :limit OFFSET :offset"""
_SUMMARY = text(f"WITH {_DATED} {_COUNTS}")
_PAGE = text(f"WITH {_DATED} {_ROWS}")
# Counts and a page of rows out of one walk over all tasks.
_BOARD = text(
    f"""
 WITH {_DATED}
 SELECT (SELECT to_jsonb(counts) FROM ({_COUNTS}) counts) AS summary,
        (SELECT coalesce(jsonb_agg(to_jsonb(rows)), '[]') FROM ({_ROWS}) rows) AS rows"""  # noqa: S608 - the text is ours
)
_DUE = text(
    f"""
 WITH {_DATED}
 SELECT d.pilot_id, d.key, d.title, d.baseline_on, d.due_on, d.due_on - :on AS days, lit.code, lit.title AS pilot, lit.lead
   FROM dated d JOIN lit ON lit.id = d.pilot_id
  WHERE d.done_on IS NULL AND d.due_on >= :first AND d.due_on <= :last
  ORDER BY d.due_on, lit.code, d.key LIMIT :limit"""  # noqa: S608
)
_SLIPS = text(
    """
 SELECT s.cause, count(DISTINCT s.pilot_id) AS pilots, count(*) AS pushes, sum(s.days) AS days
   FROM pilot_slip s JOIN pilot p ON p.id = s.pilot_id
  WHERE s.at < :end AND (:programme = '' OR p.programme = :programme)
  GROUP BY s.cause ORDER BY sum(s.days) DESC"""
)
_SLIPPED = text(
    """
 SELECT s.pilot_id, p.code, p.title AS pilot, s.key, m.title, s.days, s.cause, s.reason, s.at
   FROM pilot_slip s JOIN pilot p ON p.id = s.pilot_id
   JOIN milestone m ON m.owner_kind = 'pilot' AND m.owner_id = s.pilot_id AND m.key = s.key
  WHERE s.at < :end AND s.cause = :cause AND (:programme = '' OR p.programme = :programme)
  ORDER BY s.at DESC LIMIT :limit"""
)


def summary(conn: Connection, on: date, programme: str = "") -> dict[str, int]:
    """How many pilots show which light, and how many tasks are late, done, or due in 30, 60 and 90 days."""
    row = conn.execute(_SUMMARY, _given(on, programme)).mappings().one()
    return {key: int(value) for key, value in row.items()}


def page(
    conn: Connection,
    on: date,
    programme: str = "",
    light: str = "",
    *,
    worst_first: bool = False,
    limit: int = 40,
    offset: int = 0,
) -> tuple[list[dict[str, Any]], int]:
    """Pilots with their lights, and how many there are."""
    given = {**_given(on, programme), "light": light, "worst_first": worst_first, "limit": limit, "offset": offset}
    rows = [dict(row) for row in conn.execute(_PAGE, given).mappings()]
    return rows, int(rows[0]["total"]) if rows else 0


def board(
    conn: Connection, on: date, programme: str, light: str, *, limit: int, offset: int
) -> tuple[dict[str, int], list[dict[str, Any]], int]:
    """`summary` and `page` at once: the counts of all pilots, a page of them, how many there are with this light."""
    given = {**_given(on, programme), "light": light, "worst_first": False, "limit": limit, "offset": offset}
    found = conn.execute(_BOARD, given).one()
    rows = [{**row, "id": uuid.UUID(row["id"])} for row in found.rows]
    return {key: int(value) for key, value in found.summary.items()}, rows, int(rows[0]["total"]) if rows else 0


def due(conn: Connection, on: date, days: int, programme: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """The tasks that fall due within so many days; with a negative number those that are late, longest first."""
    first, last = (on, on + timedelta(days=days)) if days >= 0 else (date.min, on - timedelta(days=1))
    given = {**_given(on, programme), "first": first, "last": last, "limit": limit}
    return [dict(row) for row in conn.execute(_DUE, given).mappings()]


def slips(conn: Connection, on: date, programme: str = "") -> list[dict[str, Any]]:
    """Days by which plans were pushed until a day, by whom the delay is put down to."""
    return [dict(row) for row in conn.execute(_SLIPS, _given(on, programme)).mappings()]


def slipped(conn: Connection, on: date, cause: str, programme: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """The pushes behind one cause, newest first."""
    given = {**_given(on, programme), "cause": cause, "limit": limit}
    return [dict(row) for row in conn.execute(_SLIPPED, given).mappings()]


def _given(on: date, programme: str) -> dict[str, Any]:
    return {"on": on, "end": end_of(on), "programme": programme}
