"""The record (留痕): append-only, chained by hash within each case, written in the step itself.

`hash = SHA-256(prev_hash + canonical JSON of the line)`; the case row, which the step has locked
anyway, carries the end of the chain, so lines can neither be changed, dropped nor slipped in without
`verify_case` noticing. Lines of one step are inserted by one statement.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select, text

from registers.accounts import Actor
from workflows.commands import to_json, to_wire
from workflows.models import Case, Event

GENESIS = b"\x00" * 32
# Stands for the case in chains that belong to none.
NO_CASE = uuid.UUID(int=0)


@dataclass
class Chain:
    """The lines a step adds to its case, and the end of the chain after them."""

    case_id: uuid.UUID
    seq: int
    tail: bytes
    lines: list[dict[str, Any]]

    @classmethod
    def new(cls, case_id: uuid.UUID) -> Chain:
        """The empty chain of a new case."""
        return cls(case_id, 0, GENESIS, [])

    def append(
        self,
        kind: str,
        *,
        at: datetime,
        actor: Actor,
        body_name: str = "",
        element: str | None = None,
        **data: Any,
    ) -> None:
        """Add one line: what happened (kind, data), when, who, for which body, at which element."""
        self.seq += 1
        line = {
            "case_id": self.case_id,
            "seq": self.seq,
            "kind": kind,
            "at": at,
            "actor_id": actor.id,
            "actor_name": actor.name,
            "body_name": body_name,
            "element": element,
            "data": _json_safe(data),
            "prev_hash": self.tail,
        }
        self.tail = line_hash(line)
        self.lines.append({**line, "hash": self.tail})


def chains(conn: Connection, case_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Chain]:
    """The ends of the records of cases whose rows the caller has locked."""
    rows = conn.execute(select(Case.id, Case.event_seq, Case.event_hash).where(Case.id.in_(sorted(case_ids))))
    return {row.id: Chain(row.id, row.event_seq, bytes(row.event_hash), []) for row in rows}


def append_all(
    conn: Connection, ends: Iterable[Chain], passed: Mapping[uuid.UUID, Sequence[uuid.UUID]] | None = None
) -> None:
    """Write the lines added to several records, and where each record now ends, in one statement.

    `passed` names deadlines (by what waits for them) that the case row need no longer remember as open.
    """
    grown = [chain for chain in ends if chain.lines]
    if grown:
        lines = [line for chain in grown for line in chain.lines]
        known = passed or {}
        tails = [
            {"id": chain.case_id, "seq": chain.seq, "tail": chain.tail, "passed": known.get(chain.case_id, ())}
            for chain in grown
        ]
        conn.execute(_APPEND, {"lines": to_wire(lines), "tails": to_wire(tails)})


_APPEND = text(
    """
    WITH added AS (
      INSERT INTO event (case_id, seq, kind, at, actor_id, actor_name, body_name, element, data, prev_hash, hash)
      SELECT r.case_id, r.seq, r.kind, r.at, r.actor_id, r.actor_name, r.body_name, r.element, r.data,
             decode(r.prev_hash, 'hex'), decode(r.hash, 'hex')
        FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS r(case_id uuid, seq integer, kind text, at timestamptz,
             actor_id uuid, actor_name text, body_name text, element text, data jsonb, prev_hash text, hash text))
    UPDATE cases c SET event_seq = t.seq, event_hash = decode(t.tail, 'hex'), open_work = CASE
             WHEN cardinality(t.passed) > 0 AND c.open_work ? 'deadlines'
             THEN jsonb_set(c.open_work, '{deadlines}', (c.open_work -> 'deadlines') - t.passed) ELSE c.open_work END
      FROM jsonb_to_recordset(CAST(:tails AS jsonb)) AS t(id uuid, seq integer, tail text, passed text[])
     WHERE c.id = t.id
    """
)


def line_hash(line: dict[str, Any]) -> bytes:
    """The hash of one line over its canonical text and the hash before it."""
    text = to_json(
        {
            "case": str(line["case_id"]),
            "seq": line["seq"],
            "kind": line["kind"],
            "at": line["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": [str(line["actor_id"]) if line["actor_id"] else None, line["actor_name"]],
            "body": line["body_name"],
            "element": line["element"],
            "data": line["data"],
        }
    )
    return hashlib.sha256(bytes(line["prev_hash"]) + text.encode()).digest()


@dataclass(frozen=True)
class Fault:
    """A place where the record does not fit together."""

    case_number: str
    seq: int
    what: str


def verify(conn: Connection, case_id: uuid.UUID | None = None) -> Iterator[Fault]:
    """Walk the chain of one case, or of all, and yield every fault found."""
    query = select(Case.id, Case.number, Case.event_seq, Case.event_hash).order_by(Case.id)
    if case_id is not None:
        query = query.where(Case.id == case_id)
    for case in conn.execute(query).all():
        lines = conn.execute(select(Event.__table__).where(Event.case_id == case.id).order_by(Event.seq)).mappings()
        yield from verify_lines(case.number, (dict(line) for line in lines), case.event_seq, bytes(case.event_hash))


def verify_lines(number: str, lines: Iterable[dict[str, Any]], last: int, end: bytes | None = None) -> Iterator[Fault]:
    """Walk the lines of one case up to its last number (and the end of the chain, when it is known)."""
    tail, expected = GENESIS, 1
    for line in lines:
        if line["seq"] != expected:
            yield Fault(number, expected, "missing")
            expected = line["seq"]
        if bytes(line["prev_hash"]) != tail:
            yield Fault(number, line["seq"], "broken link")
        if line_hash(line) != bytes(line["hash"]):
            yield Fault(number, line["seq"], "altered")
        tail, expected = bytes(line["hash"]), expected + 1
    if expected - 1 != last or (end is not None and tail != end):
        yield Fault(number, expected, "end of the chain missing")


def history(conn: Connection, case_id: uuid.UUID, limit: int = 1000) -> list[dict[str, Any]]:
    """The lines of a case in order; the caller has checked that the case may be seen."""
    rows = conn.execute(select(Event.__table__).where(Event.case_id == case_id).order_by(Event.seq).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _json_safe(data: dict[str, Any]) -> dict[str, Any]:
    safe: dict[str, Any] = json.loads(to_wire(data))
    return safe
