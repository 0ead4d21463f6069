"""The supervisor's boards: cases by clock, time by step and month, bodies compared.

The same definitions for everybody: days are working days by the calendar of the house, from the day a step was opened to
the day it was done (same day: none); time is the authority's while any step of a body is open, else the applicant's while
one of the applicant's is; materials are the different files handed in, visits are what was recorded as such
(`workflows.visits`), submissions what the applicant handed in online. Every figure is of the cases whose leading body the
person works for or supervises, as of the instant that the boards were carried over (`workflows.boardwork`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, text

from registers.accounts import Actor
from registers.errors import Forbidden
from registers.parties import Body
from workflows.board_tables import BoardStamp, BoardWalk

READERS = frozenset({"window", "reviewer", "head", "supervisor"})
LIGHTS = ("overdue", "red", "yellow", "green", "paused", "none")


def may_read(actor: Actor) -> bool:
    """Whether there are boards for this person."""
    return actor.scope.everything or bool(actor.role_names & READERS)


def require(actor: Actor) -> None:
    """Refuse those who do not oversee or handle cases."""
    if not may_read(actor):
        raise Forbidden("看板由经办和监管人员查看。", "Boards are for those who handle or supervise cases.")


def stamp(conn: Connection) -> dict[str, Any] | None:
    """Until when the boards are carried over, and of how many cases and steps; how far one under way has come."""
    row = conn.execute(select(BoardStamp.__table__).where(BoardStamp.name == "boards")).mappings().first()
    walking = select(BoardWalk.requested_at, BoardWalk.done, BoardWalk.total).where(BoardWalk.finished_at.is_(None))
    walk = conn.execute(walking).mappings().first()
    if row is None and walk is None:
        return None
    return {
        **(dict(row) if row is not None else {"as_of": None}),
        "under_way": dict(walk) if walk is not None else None,
    }


# -- cases by clock --------------------------------------------------------------------------------------------------

_LIGHT = """CASE WHEN b.paused THEN 'paused' WHEN b.due_at IS NULL THEN 'none' WHEN b.due_at <= :now THEN 'overdue'
  WHEN b.red_at <= :now THEN 'red' WHEN b.yellow_at <= :now THEN 'yellow' ELSE 'green' END"""
_MINE = "(:all OR b.body_id = ANY(CAST(:bodies AS uuid[])))"
_RUNNING = f"b.running AND {_MINE} AND (:procedure = '' OR b.procedure = :procedure)"
_COUNTS = text(
    f"""SELECT {_LIGHT} AS light, b.holder = 'applicant' AS of_applicant, count(*) AS cases
          FROM board_case b WHERE {_RUNNING} GROUP BY 1, 2"""  # noqa: S608
)
_LISTED = text(
    f"""
SELECT b.case_id, b.number, b.title, b.procedure, b.body_id, b.holder, b.opened_on, b.due_at, b.authority_days,
       b.applicant_days, {_LIGHT} AS light, b.zone_code
  FROM board_case b WHERE {_RUNNING} AND (:light = '' OR {_LIGHT} = :light)
   AND (:holder = '' OR (b.holder = 'applicant') = (:holder = 'applicant'))
 ORDER BY b.due_at NULLS LAST, b.case_id LIMIT :limit OFFSET :offset
"""  # noqa: S608
)


def lights(conn: Connection, actor: Actor, now: Any, procedure: str = "") -> dict[str, dict[str, int]]:
    """Running cases by light, and by whose turn it is: the applicant's or the authority's."""
    require(actor)
    found = {light: {"applicant": 0, "authority": 0} for light in LIGHTS}
    for row in conn.execute(_COUNTS, {**_mine(actor), "now": now, "procedure": procedure}).mappings():
        found[row["light"]]["applicant" if row["of_applicant"] else "authority"] += row["cases"]
    return found


def by_clock(
    conn: Connection,
    actor: Actor,
    now: Any,
    *,
    procedure: str = "",
    light: str = "",
    holder: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The cases behind a figure, the most urgent first."""
    require(actor)
    given = {"procedure": procedure, "light": light, "holder": holder, "limit": limit, "offset": offset, "now": now}
    return [dict(row) for row in conn.execute(_LISTED, {**_mine(actor), **given}).mappings()]


# -- time by step ------------------------------------------------------------------------------------------------------


def _spread(group: str, period: str, more: str) -> Any:
    """Number, median and 90th percentile by a group of columns, out of the counts by days."""
    columns = ", ".join(f"b.{name}" for name in group.split(", "))
    return text(
        f"""
WITH counted AS (
   SELECT {columns}, b.days, sum(b.steps) AS n FROM board_days b
    WHERE b.procedure = :procedure AND (:all OR b.body_id = ANY(CAST(:bodies AS uuid[]))) AND {period}
    GROUP BY {columns}, b.days),
 summed AS (
   SELECT *, sum(n) OVER (PARTITION BY {group} ORDER BY days) AS upto, sum(n) OVER (PARTITION BY {group}) AS total
     FROM counted)
SELECT {group}, max(total) AS steps, min(days) FILTER (WHERE upto >= total * 0.5) AS median,
       min(days) FILTER (WHERE upto >= total * 0.9) AS p90, max(days) AS longest
  FROM summed GROUP BY {group} {more}"""  # noqa: S608
    )


_DONE = "b.month BETWEEN :first AND :last"
_STEPS = _spread("element, name, of_applicant", _DONE, "ORDER BY max(total) DESC LIMIT 200")
_OPEN = _spread("element, name, of_applicant", "b.month IS NULL", "ORDER BY max(total) DESC LIMIT 200")
_MONTHS = _spread("month", f"{_DONE} AND b.element = :element", "ORDER BY month LIMIT 120")


def steps(conn: Connection, actor: Actor, procedure: str, first: date, last: date) -> list[dict[str, Any]]:
    """Median, 90th percentile and number of each step done in a span of months, and how many stand open how long."""
    require(actor)
    given = {**_mine(actor), "procedure": procedure, "first": first, "last": last}
    found = {row["element"]: {**row, "open": 0, "open_longest": None} for row in conn.execute(_STEPS, given).mappings()}
    for row in conn.execute(_OPEN, given).mappings():
        known = found.setdefault(
            row["element"], {**row, "steps": 0, "median": None, "p90": None, "longest": None, "open": 0}
        )
        known["open"], known["open_longest"] = row["steps"], row["longest"]
    return list(found.values())


def months(
    conn: Connection, actor: Actor, procedure: str, element: str, first: date, last: date
) -> list[dict[str, Any]]:
    """The same figures of one step month by month."""
    require(actor)
    given = {**_mine(actor), "procedure": procedure, "element": element, "first": first, "last": last}
    return [dict(row) for row in conn.execute(_MONTHS, given).mappings()]


_BEHIND = """
SELECT t.case_id, c.number, c.title, t.name, t.opened_on, t.month, t.days, c.body_id, c.holder
  FROM (SELECT * FROM board_task b
         WHERE b.procedure = :procedure AND b.element = :element AND (:all OR b.body_id = ANY(CAST(:bodies AS uuid[])))
           AND {which} LIMIT :limit) t
  JOIN board_case c ON c.case_id = t.case_id ORDER BY t.days DESC NULLS LAST, t.opened_on, t.case_id
"""
_DONE_BEHIND = text(
    _BEHIND.format(which="b.month IS NOT NULL AND b.month BETWEEN :first AND :last ORDER BY b.days DESC")
)
_OPEN_BEHIND = text(_BEHIND.format(which="b.month IS NULL ORDER BY b.opened_on"))


def behind_step(
    conn: Connection,
    actor: Actor,
    procedure: str,
    element: str,
    first: date,
    last: date,
    *,
    still_open: bool = False,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """The cases behind the figures of a step, the longest first."""
    require(actor)
    given = {**_mine(actor), "procedure": procedure, "element": element, "limit": limit}
    if still_open:
        return [dict(row) for row in conn.execute(_OPEN_BEHIND, given).mappings()]
    return [dict(row) for row in conn.execute(_DONE_BEHIND, {**given, "first": first, "last": last}).mappings()]


# -- bodies compared ----------------------------------------------------------------------------------------------------


# How many closed cases took so many days of each side: a few hundred rows, out of which any percentile is taken exactly.
_BODIES = text(
    """
SELECT b.body_id, b.authority_days, b.applicant_days, count(*) AS cases
  FROM board_case b
 WHERE NOT b.running AND b.procedure = :procedure AND b.closed_on BETWEEN :first AND :last
   AND (:all OR b.body_id = ANY(CAST(:bodies AS uuid[])))
 GROUP BY 1, 2, 3
"""
)
_MOST_BODIES = 200
_CLOSED = text(
    """
SELECT b.case_id, b.number, b.title, b.opened_on, b.closed_on, b.authority_days, b.applicant_days, b.materials, b.visits, b.submissions, b.outcome
  FROM board_case b
 WHERE NOT b.running AND b.procedure = :procedure AND b.closed_on BETWEEN :first AND :last
   AND (:all OR b.body_id = ANY(CAST(:bodies AS uuid[]))) AND (:body = '' OR b.body_id::text = :body)
   AND (:zone = '' OR b.zone_code = :zone)
 ORDER BY b.authority_days + b.applicant_days DESC, b.case_id DESC LIMIT :limit
"""
)


def bodies(conn: Connection, actor: Actor, procedure: str, first: date, last: date) -> list[dict[str, Any]]:
    """Closed cases of each leading body by the same measures, the busiest first."""
    require(actor)
    given = {**_mine(actor), "procedure": procedure, "first": first, "last": last}
    counted: dict[Any, list[tuple[int, int, int]]] = {}
    for row in conn.execute(_BODIES, given):
        counted.setdefault(row.body_id, []).append((row.authority_days, row.applicant_days, row.cases))
    names = {
        row.id: row
        for row in conn.execute(select(Body.id, Body.name_zh, Body.name_en).where(Body.id.in_(counted.keys() - {None})))
    }
    found = []
    for body_id, rows in counted.items():
        authority = [(authority, n) for authority, _, n in rows]
        applicant = [(applicant, n) for _, applicant, n in rows]
        total = [(authority + applicant, n) for authority, applicant, n in rows]
        found.append(
            {
                "body_id": body_id,
                "name_zh": names[body_id].name_zh if body_id in names else None,
                "name_en": names[body_id].name_en if body_id in names else None,
                "cases": sum(n for _, n in authority),
                "authority_median": _quantile(authority, 50),
                "authority_p90": _quantile(authority, 90),
                "applicant_median": _quantile(applicant, 50),
                "total_median": _quantile(total, 50),
                "total_p90": _quantile(total, 90),
            }
        )
    return sorted(found, key=lambda row: (-row["cases"], str(row["name_zh"])))[:_MOST_BODIES]


def _quantile(counts: Sequence[tuple[int, int]], percent: int) -> int:
    """The smallest number of days within which so many of a hundred cases lie (as `percentile_disc` takes it)."""
    whole, upto = sum(n for _, n in counts), 0
    for days, n in sorted(counts):
        upto += n
        if upto * 100 >= whole * percent:
            return days
    return 0


def closed(
    conn: Connection,
    actor: Actor,
    procedure: str,
    first: date,
    last: date,
    *,
    body: str = "",
    zone: str = "",
    limit: int = 200,
) -> list[dict[str, Any]]:
    """The closed cases behind a comparison, the longest first."""
    require(actor)
    given = {"procedure": procedure, "first": first, "last": last, "body": body, "zone": zone, "limit": limit}
    return [dict(row) for row in conn.execute(_CLOSED, {**_mine(actor), **given}).mappings()]


def _mine(actor: Actor) -> dict[str, Any]:
    return {"all": actor.scope.everything, "bodies": sorted(actor.case_body_ids)}
