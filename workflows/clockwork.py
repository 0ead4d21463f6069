"""What officers do to a clock: pause it, let it run again, extend it; each with its letter, in one step.

Law: 行政许可法 art. 45 (a procedure that is not counted: the applicant is told in writing how long it takes),
art. 42 (an extension needs the approval of the head and its reason is told to the applicant). Reviewers and
the head of the body that decides a matter may pause and resume; only its head extends.
"""

from __future__ import annotations

import uuid
from typing import Any

from registers.errors import DomainError, Forbidden
from workflows import letters, matters, pausing
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.reasons import stated


@command("clock.pause")
def pause(step: Step, *, case_id: uuid.UUID, matter: str, kind: str, days: int, reason: str) -> Answer:
    """Stop the clock of a matter for a procedure the law does not count, and tell the applicant how long."""
    run, found = _matter(step, case_id, matter, ("reviewer", "head"))
    made = pausing.pause(run, found, kind=kind, days=days, reason=stated(reason))
    run.save()
    return {"case_id": run.id, "letter_id": made["id"], "number": made["number"], **_dates(run, matter)}


@command("clock.resume")
def resume(step: Step, *, case_id: uuid.UUID, matter: str, kind: str | None = None, reason: str = "") -> Answer:
    """Let the clock of a matter run again: today is counted."""
    run, found = _matter(step, case_id, matter, ("reviewer", "head"))
    matters.add_fact(
        step, run.reference, found, "resumed", step.today, pause_kind=kind or None, reason=reason.strip()[:2000]
    )
    after = _dates(run, matter)
    which = {"pause": kind} if kind else {}
    run.record("clock_resumed", matter=matter, **which, due=after["statutory_due"], reason=reason)
    run.save()
    return {"case_id": run.id, **after}


@command("clock.extend")
def extend(step: Step, *, case_id: uuid.UUID, matter: str, days: int, reason: str, approved_by: str = "") -> Answer:
    """Extend a limit where the law allows it; the head decides and the applicant is told the reason.

    Where the law asks for the head of the government at the same level (joint handling), that approval
    is given outside this program and its author is named here.
    """
    run, found = _matter(step, case_id, matter, ("head",))
    rule = matters.rule_of(step.conn, run.reference, found) if found["limit_rule"] else None
    if rule is not None and rule.extension is not None and rule.extension.approver != "body_head" and not approved_by:
        raise DomainError(
            "approved_by",
            f"须经本级人民政府负责人批准，请写明批准人（{rule.extension.basis_zh}）。",
            f"The head of the government at the same level must approve; name the person ({rule.extension.basis_en}).",
            pointer="approved_by",
        )
    before = _dates(run, matter)
    matters.add_fact(step, run.reference, found, "extended", step.today, days=days, reason=stated(reason))
    after = _dates(run, matter)
    who = approved_by.strip() or step.actor.name
    title_zh = matters.MATTER_TITLES.get(matter, (matter, matter))[0]
    made = letters.issue(
        run,
        "extension_notice",
        matter=matter,
        values={
            "matter": title_zh,
            "original_due": letters.chinese_date(before["projected"]),
            "new_due": letters.chinese_date(after["projected"]),
            "days": days,
            "approved_by": who,
            "reason": reason,
        },
    )
    run.record(
        "clock_extended",
        matter=matter,
        days=days,
        due=after["statutory_due"],
        reason=reason,
        approved_by=who,
        basis=rule.extension.basis_zh if rule and rule.extension else "",
        letter=made["number"],
    )
    run.save()
    return {"case_id": run.id, "letter_id": made["id"], "number": made["number"], **after}


def may_pause(actor: Any, body_id: uuid.UUID | None) -> bool:
    """Whether a person may pause and resume the clocks of a body's matters."""
    return body_id is not None and (actor.has("reviewer", body_id) or actor.has("head", body_id))


def may_extend(actor: Any, body_id: uuid.UUID | None) -> bool:
    """Whether a person may extend them."""
    return body_id is not None and actor.has("head", body_id)


def _matter(step: Step, case_id: uuid.UUID, kind: str, roles: tuple[str, ...]) -> tuple[CaseRun, dict[str, Any]]:
    """The locked case and its open matter, when the person holds one of the roles for the deciding body."""
    run = CaseRun.lock(step, case_id)
    found = matters.find(step.conn, case_id, kind)
    body_id = found["body_id"] or run.lead_body_id
    if body_id is None or not any(step.actor.has(role, body_id) for role in roles):
        raise Forbidden(
            "只有本事项审批机关的审查人员或负责人可以办理。",
            "Only the reviewers or the head of the body that decides this matter can do this.",
        )
    if found["status"] != "open" or not found["limit_rule"]:
        raise DomainError("matter_closed", "该事项没有在计时。", "No clock runs for this matter.", status=409)
    run.body_name = found["body_name"] or ""
    return run, found


def _dates(run: CaseRun, kind: str) -> dict[str, Any]:
    for clock in matters.readings(run.step.conn, run.reference, run.id, run.step.today):
        if clock.matter["kind"] == kind and clock.reading is not None:
            reading = clock.reading
            return {
                "statutory_due": reading.statutory_due,
                "due": reading.due,
                "projected": reading.projected,
                "state": reading.state,
            }
    return {"statutory_due": None, "due": None, "projected": None, "state": "not_started"}
