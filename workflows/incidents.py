"""Incidents: steps that stopped, what they stopped on, and the ways on: retry, skip with a reason, data put right by two people.

Retrying is for a cause outside the case. A step that need not be done is skipped by an administrator with a reason. Data of the
case are never changed by one person alone: an administrator proposes, and a second person decides, as a rule of the body that leads
the case. Each of these is a line in the record of the case.
"""

from __future__ import annotations

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.orm import aliased

from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.parties import User
from workflows import (
    access,
    cases,
    compiling,
    definitions,
    engine,
    expressions,
    formdata,
    notify,
    structure,
    versionfiles,
)
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Case, Incident
from workflows.reasons import LONGEST, stated
from workflows.runtime import Runtime
from workflows.trying_models import Mend


def open_incidents(conn: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """Unresolved incidents, oldest first, with the case they stop."""
    rows = conn.execute(
        select(Incident.__table__, Case.number, Case.title)
        .join(Case, Case.id == Incident.case_id)
        .where(Incident.resolved_at.is_(None))
        .order_by(Incident.created_at)
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def one(conn: Connection, actor: Actor, incident_id: uuid.UUID) -> dict[str, Any]:
    """An incident with its case, for administrators and for whoever may confirm corrections of the case; raises NotFound."""
    row = conn.execute(
        select(
            Incident.__table__, Case.number, Case.title, Case.definition_id, Case.lead_body_id,
            Case.status.label("case_status"),
        )
        .join(Case, Case.id == Incident.case_id)
        .where(Incident.id == incident_id)
    ).mappings().first()  # fmt: skip
    if row is None or not (access.administers(actor, "incident.see") or may_decide(actor, row)):
        raise NotFound("没有这项异常，或您无权查看。", "There is no such incident, or it is not yours to see.")
    return dict(row)


def may_decide(actor: Actor, row: Any) -> bool:
    """Whether a person may confirm corrections: those who may correct the case, and administrators."""
    return access.administers(actor, "incident.retry") or cases.may_correct(actor, row["lead_body_id"])


def inputs(rt: Runtime, conn: Connection, row: dict[str, Any]) -> list[dict[str, Any]]:
    """What the stopped step is given: each input with its expression and what that yields now, or why it yields nothing."""
    compiled = compiling.compiled(rt, conn, row["definition_id"])
    variables = formdata.variables_of(conn, compiled, row["case_id"])
    source = structure.read(versionfiles.model_files(definitions.files_of(conn, row["definition_id"])))
    nodes = {node.id: node for process in source.processes.values() for _, node in process.walk()}
    found = []
    node = nodes.get(row["element"])
    for name, text in (node.parameters if node else {}).items():
        try:
            found.append({"name": name, "text": text, "value": _evaluated(text, variables), "wrong": None})
        except DomainError as error:
            found.append({"name": name, "text": text, "value": None, "wrong": {"zh": error.zh, "en": error.en}})
    return found


def variables(rt: Runtime, conn: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """The data of the stopped case."""
    compiled = compiling.compiled(rt, conn, row["definition_id"])
    return formdata.variables_of(conn, compiled, row["case_id"])


def mends(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The corrections proposed in a case with what became of them, newest first."""
    proposer, decider = aliased(User), aliased(User)
    rows = conn.execute(
        select(Mend.__table__, proposer.name.label("proposer"), decider.name.label("decider"))
        .outerjoin(proposer, proposer.id == Mend.proposed_by)
        .outerjoin(decider, decider.id == Mend.decided_by)
        .where(Mend.case_id == case_id)
        .order_by(Mend.proposed_at.desc())
        .limit(100)
    )
    return [dict(row) for row in rows.mappings()]


@command("incident.skip")
def skip(step: Step, *, incident_id: uuid.UUID, reason: str, result: Any = None) -> Answer:
    """Let a stopped step count as done, with a reason; `result` is what later steps find as its result."""
    access.require(step.actor, "incident.retry")
    row = _stopped(step.conn, incident_id)
    run = CaseRun.lock(step, row["case_id"])
    run.record("step_skipped", row["element"], operator=row["operator"], reason=stated(reason), result=result)
    run.settle(engine.skip(run.instance, str(row["waiting_id"]), result))
    return _stand(run)


@command("mend.propose")
def propose(step: Step, *, incident_id: uuid.UUID, path: str, value: Any, reason: str) -> Answer:
    """Propose to put a datum of a stopped case right; somebody else decides."""
    access.require(step.actor, "incident.retry")
    row = _stopped(step.conn, incident_id)
    run = CaseRun.lock(step, row["case_id"])
    old = formdata.at_path(run.variables(), path)
    new = _like(old, value)
    if step.conn.scalar(select(Mend.id).where(Mend.case_id == run.id, Mend.path == path, Mend.decided_at.is_(None))):
        raise Conflict("proposed_already", "该数据已有待确认的更正。", "A correction of this datum is waiting already.")
    mend_id = uuid7()
    plain = {"old": _plain(old), "new": _plain(new)}
    step.conn.execute(
        insert(Mend).values(
            id=mend_id, case_id=run.id, incident_id=incident_id, path=path, reason=stated(reason),
            proposed_at=step.now, proposed_by=step.actor.id, **plain,
        )
    )  # fmt: skip
    run.record("mend_proposed", row["element"], path=path, **plain, reason=reason.strip())
    run.save()
    heads = notify.of_body(step.conn, run.lead_body_id, ("head",), step.today)
    zh = f"请确认停住案件的数据更正：{run.number} {run.title}"
    en = f"A correction of a stopped case waits for you: {run.number} {run.title}"
    notify.send(step.conn, step.now, [notify.Outgoing(heads, "returned", zh, en, run.id, f"/incidents/{incident_id}")])
    return {"mend_id": mend_id, "case_id": run.id, **plain}


@command("mend.decide")
def decide(step: Step, *, mend_id: uuid.UUID, accept: bool, remark: str = "") -> Answer:
    """Confirm a proposed correction, which is applied and the step tried again; or decline it."""
    mend = step.conn.execute(select(Mend.__table__).where(Mend.id == mend_id).with_for_update()).mappings().first()
    if mend is None:
        raise NotFound("没有这项更正，或您无权查看。", "There is no such correction, or it is not yours to see.")
    run = CaseRun.lock(step, mend["case_id"])
    if not may_decide(step.actor, {"lead_body_id": run.lead_body_id}):
        raise Forbidden("更正须由牵头机关确认。", "The lead body confirms corrections.")
    if mend["decided_at"] is not None:
        raise Conflict("decided_already", "该更正已处理。", "This correction has been decided.")
    if mend["proposed_by"] == step.actor.id:
        raise Conflict(
            "same_person", "您提出的更正须由另一人确认。", "You have proposed this; another person has to confirm it."
        )
    _close(step, mend_id, "done" if accept else "declined", remark)
    facts = {"path": mend["path"], "old": mend["old"], "new": mend["new"], "remark": remark.strip()}
    if not accept:
        run.record("mend_declined", **facts)
        run.save()
        return {**_stand(run), "incident_id": mend["incident_id"]}
    run.record("mended", **facts, reason=mend["reason"])
    top, _, rest = str(mend["path"]).partition(".")
    held = run.variables()
    new = _like(formdata.at_path(held, mend["path"]), mend["new"])
    engine.set_variables(run.instance, {top: _put(held[top], rest, new)})
    run.advance()
    return {**_stand(run), "incident_id": mend["incident_id"]}


def _stand(run: CaseRun) -> Answer:
    return {"case_id": run.id, "status": run.status, "incidents": len(run.open_incidents)}


def _stopped(conn: Connection, incident_id: uuid.UUID) -> RowMapping:
    row = conn.execute(select(Incident.__table__).where(Incident.id == incident_id)).mappings().first()
    if row is None:
        raise NotFound("没有这项异常，或您无权查看。", "There is no such incident, or it is not yours to see.")
    if row["resolved_at"] is not None:
        raise Conflict("resolved", "该异常已排除。", "This incident has been resolved.")
    return row


def _close(step: Step, mend_id: uuid.UUID, outcome: str, remark: str) -> None:
    step.conn.execute(
        update(Mend)
        .where(Mend.id == mend_id)
        .values(outcome=outcome, remark=remark.strip()[:LONGEST], decided_at=step.now, decided_by=step.actor.id)
    )


def _evaluated(text: str, values: dict[str, Any]) -> Any:
    return expressions.compile_expression(text, None).evaluate(values)


def _like(old: Any, new: Any) -> Any:
    """A new value of the kind of the old one: numbers stay numbers, dates dates; what does not fit is refused."""
    try:
        if isinstance(old, bool) and not isinstance(new, bool):
            raise ValueError(new)
        if isinstance(old, (Decimal, int)) and not isinstance(old, bool):
            made = Decimal(str(new))
            return int(made) if isinstance(old, int) and made == int(made) else made
        if isinstance(old, date) and not isinstance(new, date):
            return date.fromisoformat(str(new))
        if isinstance(old, (dict, list)) and not isinstance(new, type(old)):
            raise ValueError(new)
    except (ValueError, ArithmeticError):
        raise DomainError(
            "value", "新值与原数据的类型不符。", "The new value is of another kind than the old one.", pointer="value"
        ) from None
    return new


def _put(held: Any, path: str, value: Any) -> Any:
    """A copy of nested data with one datum replaced."""
    if not path:
        return value
    here, _, rest = path.partition(".")
    if isinstance(held, list):
        return [_put(item, rest, value) if index == int(here) else item for index, item in enumerate(held)]
    return {**held, here: _put(held[here], rest, value)}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))
