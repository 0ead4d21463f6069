"""What can be done with a case: start it, finish its tasks, withdraw, cancel, remark, correct.

Each is one command: one transaction, one commit, one idempotency key (see `commands`). The engine's
work and everything written because of it happens in `CaseRun`.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from registers import numbering, parties, permits, reductions
from registers.accounts import Actor
from registers.errors import Conflict, Forbidden, NotFound
from workflows import access, compiling, definitions, engine, formdata, letters, matters, notices, signatures
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Submission
from workflows.reasons import stated


@command("case.start")
def start(
    step: Step,
    *,
    procedure: str,
    enterprise_id: uuid.UUID | None = None,
    zone: str | None = None,
    definition_id: uuid.UUID | None = None,
    permit_id: uuid.UUID | None = None,
) -> Answer:
    """Open a case of a procedure for an enterprise and run it to its first tasks.

    An enterprise starts cases of its own; an officer may open one for an enterprise that came to the
    window. `definition_id` starts a certain version (designers only), else the one in force today.
    `permit_id` is the permit the case is about: its forms begin with it.
    """
    enterprise_id = enterprise_id or step.actor.enterprise_id
    given = definition_id
    if definition_id is None:
        definition_id = definitions.in_force(step.conn, procedure, step.today)
    else:
        access.require(step.actor, "definition.edit")
    compiled = compiling.compiled(step.rt, step.conn, definition_id)
    _may_start(step, enterprise_id, compiled.settings.get("starters") if given is None else None)
    applicant = parties.enterprise(step.conn, enterprise_id) if enterprise_id else None
    zone = zone or (applicant or {}).get("zone_code")
    lead = _lead_body(step, compiled, zone)
    prefix = lead.prefix if lead else "OW"
    number = numbering.next_number(step.conn, lead.code if lead else "", prefix, "case", step.today.year)
    run = CaseRun.create(
        step,
        compiled,
        number=number,
        title=f"{(applicant or {}).get('name', '')} {compiled.title['zh']}".strip(),
        enterprise_id=enterprise_id,
        lead_body=lead,
        variables={
            **dict.fromkeys(compiled.settings.get("variables", {})),
            "case": {**_case_variable(number, step, applicant, zone), **_about(step, enterprise_id, permit_id)},
        },
    )
    run.record("case_started", procedure=compiled.procedure, version=compiled.version, number=number)
    run.advance()
    return {
        "case_id": run.id,
        "number": number,
        "status": run.status,
        "open_tasks": sorted(str(task_id) for task_id in run.open_tasks),
        "incidents": len(run.open_incidents),
    }


@command("task.complete", on_task=True)
def complete(step: Step, *, task_id: uuid.UUID, data: dict[str, Any], seal: signatures.Seal | None = None) -> Answer:
    """Hand in a task: check the data with its form, keep the submission (and the signature), let the case go on."""
    run, task = CaseRun.of_task(step)
    _still_open(run, task)
    _by_another(run, task)
    filled = formdata.for_submission(run, task, data)
    run.record("submitted", task["element"], name=task["name"], form=task["form"])
    signed = signatures.begin(run, task, filled, seal)
    run.submit(task, filled.values, filled.stored, signed)
    return _answer(run, task)


@command("case.withdraw")
def withdraw(step: Step, *, case_id: uuid.UUID, reason: str) -> Answer:
    """The applicant takes the application back before it is decided."""
    run = CaseRun.lock(step, case_id)
    if run.enterprise_id is None or run.enterprise_id != step.actor.enterprise_id:
        raise Forbidden("只有申请单位可以撤回申请。", "Only the applicant can withdraw the application.")
    return end(run, "withdrawn", stated(reason))


@command("case.cancel")
def cancel(step: Step, *, case_id: uuid.UUID, reason: str) -> Answer:
    """The authority ends a case without a decision, giving its reason."""
    run = CaseRun.lock(step, case_id)
    heads = {role for role in ("head", "window") if run.lead_body_id and step.actor.has(role, run.lead_body_id)}
    if not heads:
        raise Forbidden(
            "只有牵头机关的窗口或签发人可以终止案件。",
            "Only the lead body's window or head can cancel a case.",
        )
    return end(run, "cancelled", stated(reason))


@command("case.remark")
def remark(step: Step, *, case_id: uuid.UUID, text: str) -> Answer:
    """Add a remark to the record of a case, open or closed."""
    run = _lock_visible(step, case_id)
    run.record("remark", text=stated(text, "text"))
    run.save()
    return {"case_id": run.id}


@command("case.correct")
def correct(step: Step, *, case_id: uuid.UUID, submission_id: uuid.UUID, path: str, value: Any, reason: str) -> Answer:
    """Correct a datum of a closed case: the submission stays as it was, the correction stands beside it."""
    run = _lock_visible(step, case_id)
    if run.status == "running":
        raise Conflict(
            "case_running",
            "案件仍在办理，请通过补正修改。",
            "The case is still running; use a deficiency notice instead.",
        )
    if not may_correct(step.actor, run.lead_body_id):
        raise Forbidden("只有牵头机关可以更正。", "Only the lead body can correct a closed case.")
    data = step.conn.scalar(
        select(Submission.data).where(Submission.id == submission_id, Submission.case_id == case_id)
    )
    if data is None:
        raise NotFound()
    old = formdata.at_path(data, path)
    run.record("corrected", submission=str(submission_id), path=path, old=old, new=value, reason=stated(reason))
    run.save()
    return {"case_id": run.id, "path": path, "old": old, "new": value}


def may_correct(actor: Actor, lead_body_id: uuid.UUID | None) -> bool:
    """Whether this person may correct the data of a closed case: the lead body's head and reviewers."""
    return lead_body_id is not None and any(actor.has(role, lead_body_id) for role in ("head", "reviewer"))


@command("incident.retry")
def retry(step: Step, *, case_id: uuid.UUID) -> Answer:
    """Try the stopped service steps of a case again after their cause was mended."""
    access.require(step.actor, "incident.retry")
    run = CaseRun.lock(step, case_id)
    run.record("retried", count=len(run.open_incidents))
    run.advance()
    return {"case_id": run.id, "status": run.status, "incidents": len(run.open_incidents)}


def _may_start(step: Step, enterprise_id: uuid.UUID | None, starters: list[str] | None) -> None:
    """Enterprises start their own cases; a procedure may name the roles (`starters`) that begin it instead."""
    actor = step.actor
    if starters:
        if not (actor.is_system or actor.role_names & set(starters)):
            raise Forbidden("您不能发起这项办理流程。", "This procedure is not yours to begin.")
        if actor.enterprise_id is not None and enterprise_id != actor.enterprise_id:
            raise Forbidden("只能为本单位发起。", "You can begin it for your own enterprise only.")
        return
    acts_for_it = bool(actor.role_names & set(parties.ENTERPRISE_ROLES))
    own = acts_for_it and enterprise_id is not None and enterprise_id == actor.enterprise_id
    if not (own or actor.has("window") or actor.has("designer") or actor.is_system):
        raise Forbidden(
            "请以申请单位账号登录，或由受理窗口代为发起。",
            "Sign in for the enterprise, or let a window officer open the case.",
        )


def _lead_body(step: Step, compiled: compiling.Compiled, zone: str | None) -> parties.BodyRef | None:
    """Who leads: the holder of the power named in the settings, else the officer's own body."""
    matter = compiled.settings.get("lead_matter")
    if matter:
        return parties.deciding_body(step.conn, matter, zone, step.today)
    own = sorted(step.actor.body_ids)
    return parties.body(step.conn, own[0]) if own else next(iter(parties.bodies(step.conn)), None)


def _case_variable(number: str, step: Step, applicant: dict[str, Any] | None, zone: str | None) -> dict[str, Any]:
    facts = (
        "name",
        "credit_code",
        "address",
        "legal_representative",
        "contact_name",
        "contact_phone",
        "industry",
    )
    return {
        "number": number,
        "opened_on": step.today,
        "zone": zone,
        "enterprise": {key: applicant[key] for key in facts} if applicant else None,
    }


def _about(step: Step, enterprise_id: uuid.UUID | None, permit_id: uuid.UUID | None) -> dict[str, Any]:
    """The number of the permit a case is about; it must be the applicant's."""
    if permit_id is None:
        return {}
    number = permits.number_of(step.conn, permit_id, enterprise_id) if enterprise_id else None
    if number is None:
        raise NotFound("没有这项许可，或者不属于申请单位。", "There is no such permit, or it is not the applicant's.")
    return {"permit": number}


def _still_open(run: CaseRun, task: dict[str, Any]) -> None:
    """The task is still open and not in somebody else's hands."""
    if task["id"] not in run.open_tasks:
        raise Conflict(
            "task_done",
            "这项待办已由他人办结或已取消，您填写的内容未提交。",
            "Somebody else has finished this task, or it was cancelled; what you entered was not submitted.",
        )
    holder = run.open_tasks[task["id"]]
    if holder is not None and holder != run.step.actor.id:
        raise Conflict(
            "task_taken",
            "这项待办已由同事签收，请先请其释放。",
            "A colleague has claimed this task; ask for its release first.",
        )


def _by_another(run: CaseRun, task: dict[str, Any]) -> None:
    """Four eyes: a task whose element names others (`notBy`) is not done by who handed in one of those last."""
    named = run.compiled.model.elements[task["element"]].properties.get("notBy")
    if not named:
        return
    rows = run.step.conn.execute(
        select(Submission.element, Submission.submitted_by)
        .where(Submission.case_id == run.id, Submission.element.in_(named.split()))
        .order_by(Submission.submitted_at, Submission.id)
    )
    last = {row.element: row.submitted_by for row in rows}
    if run.step.actor.id in last.values():
        names = "、".join(
            run.compiled.model.elements[key].name for key, person in last.items() if person == run.step.actor.id
        )
        raise Conflict(
            "same_person",
            f"您已办理“{names}”，本项须由另一人办理。",
            f"You have done “{names}”; this task is for somebody else.",
        )


def _lock_visible(step: Step, case_id: uuid.UUID) -> CaseRun:
    access.visible_case(step.conn, step.actor, case_id)
    return CaseRun.lock(step, case_id, closed_too=True)


def end(run: CaseRun, status: str, reason: str) -> Answer:
    """End a running case: nothing stays open behind it."""
    engine.cancel(run.instance)
    run.status, run.outcome = status, status
    matters.end_open(run.step, run.id, "withdrawn" if status == "withdrawn" else "cancelled")
    notices.close(run.step, run.id)
    reductions.leave(run.step.conn, run.id)
    run.record(f"case_{status}", reason=reason)
    if status == "withdrawn":
        letters.confirm_withdrawal(run, reason)
    run.settle(engine.Outcome(waiting=[], parked=[], finished=True, route=[], ended_by=None, steps=0))
    return {"case_id": run.id, "status": status}


def _answer(run: CaseRun, task: Any) -> Answer:
    return {
        "case_id": run.id,
        "task_id": task["id"],
        "status": run.status,
        "open_tasks": sorted(str(task_id) for task_id in run.open_tasks),
        "incidents": len(run.open_incidents),
    }
