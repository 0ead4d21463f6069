"""Which due rows a node takes now: several cases to a transaction, their rows locked, other nodes' left alone.

Rows of one case are taken together, so one lock and one end of the record serve them all. The case rows are
locked with SKIP LOCKED, not the due rows: whoever works on a case now is not waited for but left for later,
and nodes that sweep at the same moment share the cases between them. What a batch does to its rows is marked
in the same transaction; a mark only counts where the row was still open under that lock.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, RowMapping, TextClause, text

from registers.timesource import SystemTime
from workflows.runtime import Runtime


def clock(rt: Runtime) -> datetime | None:
    """The instant by which deadlines are judged; None lets the database's own clock say it."""
    return None if isinstance(rt.time, SystemTime) else rt.time.now()


@dataclass(frozen=True)
class Kind:
    """What is picked: the table `a`, which of its rows, what is joined to them, and columns of those and of case `c`."""

    table: str
    where: str
    columns: str
    joins: str = ""


def take(
    conn: Connection,
    rt: Runtime,
    kind: Kind,
    *,
    limit: int,
    only: Collection[uuid.UUID] | None = None,
    leave: Collection[uuid.UUID] = (),
) -> list[RowMapping]:
    """Lock some cases with due rows and return those rows."""
    given = {"now": clock(rt), "limit": limit, "only": None if only is None else list(only), "leave": list(leave)}
    return list(conn.execute(_taking(kind), given).mappings())


def due(conn: Connection, rt: Runtime, kind: Kind, *, limit: int, leave: Collection[uuid.UUID] = ()) -> list[uuid.UUID]:
    """The first due rows, nothing locked."""
    query = text(f"SELECT a.id FROM {kind.table} a WHERE {_DUE} AND {kind.where} ORDER BY a.due_at LIMIT :limit")  # noqa: S608
    return list(conn.scalars(query, {"now": clock(rt), "limit": limit, "only": None, "leave": list(leave)}))


def due_in(
    conn: Connection, rt: Runtime, kind: Kind, case_ids: Collection[uuid.UUID], *, limit: int
) -> list[uuid.UUID]:
    """The first due rows of some cases, nothing locked."""
    query = text(
        f"SELECT a.id FROM {kind.table} a WHERE a.case_id = ANY(:cases) AND {_DUE} AND {kind.where}"  # noqa: S608
        " ORDER BY a.due_at LIMIT :limit"
    )
    given = {"now": clock(rt), "limit": limit, "only": None, "leave": [], "cases": list(case_ids)}
    return list(conn.scalars(query, given))


_DUE = (
    "a.done_at IS NULL AND a.due_at <= coalesce(CAST(:now AS timestamptz), now())"
    " AND (CAST(:only AS uuid[]) IS NULL OR a.id = ANY(:only)) AND a.id <> ALL(CAST(:leave AS uuid[]))"
)


@cache
def _taking(kind: Kind) -> TextClause:
    # So many cases are locked as will fill the batch; the rest is for other nodes.
    return text(
        f"""
        WITH hot AS MATERIALIZED (
             SELECT case_id, min(due_at) AS first, array_agg(id) AS ids
               FROM (SELECT a.id, a.case_id, a.due_at FROM {kind.table} a WHERE {_DUE} AND {kind.where}
                      ORDER BY a.due_at LIMIT 5 * :limit) oldest
              GROUP BY case_id),
        held AS MATERIALIZED (
             SELECT c.id, c.number, c.title, c.status, c.enterprise_id, c.lead_body_id, c.event_seq, c.event_hash, hot.ids
               FROM cases c JOIN hot ON hot.case_id = c.id ORDER BY hot.first, c.id
              LIMIT (SELECT greatest(1, :limit * count(*) / sum(cardinality(ids))) FROM hot) FOR UPDATE OF c SKIP LOCKED)
        SELECT {kind.columns}
          FROM held c CROSS JOIN LATERAL unnest(c.ids) AS picked(id) JOIN {kind.table} a ON a.id = picked.id {kind.joins}
         WHERE a.done_at IS NULL ORDER BY a.due_at LIMIT :limit
        """  # noqa: S608 - constants of the callers
    )
