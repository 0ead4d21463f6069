"""What officers do to a case beside its tasks, read from its record and played again in a replay.

Clocks that were stopped, let run again or extended by hand, and stopped steps that were retried, skipped or put right are part of how
a case went: they are played at the time they happened, by whoever did them then or another who may. An act that has no place (the
step does not stop this time, the matter is not there) is not forced; the replay says so. A move to another version, corrections
after the end and objections of the applicant are never played, and said.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from registers import accounts, parties
from registers.accounts import Actor
from workflows import cases, clockwork, incidents
from workflows.models import Event, Incident
from workflows.runtime import Runtime
from workflows.trying_models import Mend

PLAYED = ("retry", "skip", "mend", "pause", "resume", "extend")
_EVENTS = {
    "retried": "retry",
    "step_skipped": "skip",
    "mended": "mend",
    "clock_paused": "pause",
    "clock_resumed": "resume",
    "clock_extended": "extend",
}
# What is never played, and the datum of its line that says what it was about.
_NEVER = {
    "migrated": ("migrated", ""),
    "corrected": ("corrected", "path"),
    "objection_raised": ("objection", "against"),
}
_MOST = 200  # acts of one case

Somebody = Callable[[uuid.UUID | None], Actor | None]


@dataclass(frozen=True)
class Left:
    """Something that was done to a past case and is not in its replay; `name` is the step, matter, datum or decision it was about."""

    what: str  # one of PLAYED, migrated, corrected, objection
    name: str


def of_case(conn: Connection, case_id: uuid.UUID) -> Iterator[tuple[datetime, str, Mapping[str, Any]]]:
    """The acts of officers in the record of a case; steps of the model that stop a clock themselves are none."""
    query = select(Event.kind, Event.element, Event.at, Event.actor_id, Event.data)
    query = query.where(Event.case_id == case_id, Event.kind.in_(_EVENTS), Event.actor_id.is_not(None))
    for row in conn.execute(query.order_by(Event.seq).limit(_MOST)):
        kind = _EVENTS[row.kind]
        if kind in ("pause", "resume") and row.element is not None:
            continue
        facts = {**row.data, "element": row.element, "by": row.actor_id}
        if kind == "mend":
            facts["proposed_by"] = _proposer(conn, case_id, row.data["path"])
        yield row.at, kind, facts


def never_played(conn: Connection, case_id: uuid.UUID) -> tuple[Left, ...]:
    """What was done to a case that no replay shows."""
    query = select(Event.kind, Event.data).where(Event.case_id == case_id, Event.kind.in_(_NEVER)).limit(_MOST)
    found = [(*_NEVER[row.kind], row.data) for row in conn.execute(query)]
    return tuple(dict.fromkeys(Left(what, str(data.get(datum) or "")) for what, datum, data in found))


def about(facts: Mapping[str, Any]) -> str:
    """What an act was about: a step, a matter, a datum."""
    return str(facts.get("element") or facts.get("matter") or facts.get("path") or "")


def play(rt: Runtime, case_id: uuid.UUID, kind: str, facts: Mapping[str, Any], somebody: Somebody) -> bool:
    """Do an act again; False when there is nothing to do it to. Raises DomainError when it is refused."""
    if kind in ("pause", "resume", "extend"):
        return _clock(rt, case_id, kind, facts, somebody)
    with rt.db.transaction() as conn:
        query = select(Incident.id, Incident.element).where(Incident.case_id == case_id, Incident.resolved_at.is_(None))
        stopped = conn.execute(query.order_by(Incident.created_at)).all()
    if kind == "skip":
        stopped = [row for row in stopped if row.element == facts["element"]]
    if not stopped:
        return False
    person = somebody(facts["by"]) or accounts.SYSTEM
    reason = str(facts.get("reason") or "—")
    if kind == "retry":
        cases.retry(rt, person, case_id=case_id)
    elif kind == "skip":
        incidents.skip(rt, person, incident_id=stopped[0].id, reason=reason, result=facts.get("result"))
    else:
        proposer = somebody(facts["proposed_by"]) or accounts.SYSTEM
        value = {"path": facts["path"], "value": facts["new"], "reason": reason}
        made = incidents.propose(rt, proposer, incident_id=stopped[0].id, **value)
        incidents.decide(rt, person, mend_id=uuid.UUID(str(made["mend_id"])), accept=True)
    return True


def _clock(rt: Runtime, case_id: uuid.UUID, kind: str, facts: Mapping[str, Any], somebody: Somebody) -> bool:
    person = somebody(facts["by"]) or _head(rt)
    if person is None:
        return False
    said = {"case_id": case_id, "matter": facts["matter"], "reason": str(facts.get("reason") or "—")}
    if kind == "pause":
        clockwork.pause(rt, person, kind=facts["pause"], days=facts["days"], **said)
    elif kind == "resume":
        clockwork.resume(rt, person, kind=facts.get("pause"), **said)
    else:
        clockwork.extend(rt, person, days=facts["days"], approved_by=str(facts.get("approved_by") or ""), **said)
    return True


def _head(rt: Runtime) -> Actor | None:
    with rt.db.transaction() as conn:
        query = select(parties.UserRole.user_id).where(parties.UserRole.role == "head").limit(1)
        found = conn.scalar(query)
        return accounts.actor_by_id(conn, found, rt.time.today()) if found else None


def _proposer(conn: Connection, case_id: uuid.UUID, path: str) -> uuid.UUID | None:
    query = select(Mend.proposed_by).where(Mend.case_id == case_id, Mend.path == path, Mend.outcome == "done")
    return conn.scalar(query.order_by(Mend.proposed_at.desc()).limit(1))
