"""Case services for the case itself, its notices and letters, and what it enters into the registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.fields import optional_day
from registers import obligations, parties, permits
from registers.errors import DomainError
from workflows import letters, notices

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element
from workflows.services import Inputs, service


@service("case.describe", "设置案件名称", "Set the title of the case", required="title")
def describe(run: CaseRun, inputs: Inputs, element: Element) -> None:
    """Give the case the title people will see (usually the project's name)."""
    run.title = str(inputs["title"])[:300]


@service("case.close", "办结案件", "Close the case", required="outcome")
def close(run: CaseRun, inputs: Inputs, element: Element) -> None:
    """Note how the case ended; it closes when the model reaches its end."""
    run.outcome = str(inputs["outcome"])


@service("case.assign_bodies", "确定审批机关", "Set the deciding bodies", required="bodies")
def assign_bodies(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, str]:
    """Let bodies take part: a mapping of part (lead, eia, permit) to body code, or None for the holder of the power."""
    assigned: dict[str, str] = {}
    for key, code in inputs["bodies"].items():
        if code:
            body = parties.body_by_code(run.step.conn, code)
        else:
            zone = (run.variables().get("case") or {}).get("zone")
            body = parties.deciding_body(run.step.conn, key, zone, run.step.today)
        run.join(key, body.id)
        if key == "lead":
            run.lead_body_id = body.id
        assigned[key] = body.code
    run.record("bodies_assigned", element.id, bodies=assigned)
    return assigned


@service("case.set_mode", "确定办理方式", "Set the mode of joint handling", required="mode", optional="reason")
def set_mode(run: CaseRun, inputs: Inputs, element: Element) -> str:
    """Record whether the matters run simultaneously or staged, and why."""
    run.record("mode", element.id, mode=inputs["mode"], reason=inputs.get("reason"))
    return str(inputs["mode"])


@service(
    "notice.publish",
    "发布公示",
    "Publish a notice",
    required="kind title",
    optional="limit_rule matter content",
)
def notice_publish(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Publish a notice from today to the last day of its limit."""
    code = inputs.get("limit_rule")
    due = run.reference.due(run.step.conn, code, run.step.today) if code else None
    notice_id = notices.publish(
        run.step,
        run.id,
        kind=inputs["kind"],
        title=str(inputs["title"]),
        content=inputs.get("content") or {},
        matter=inputs.get("matter"),
        body_id=run.lead_body_id,
        rule=code,
        until=due.date if due else None,
    )
    run.record(
        "notice_published",
        element.id,
        notice=inputs["kind"],
        title=inputs["title"],
        until=due.date if due else None,
    )
    return {"id": str(notice_id), "from": run.step.today, "until": due.date if due else None}


@service("notice.close", "结束公示", "Close a notice", required="kind")
def notice_close(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Close the open notice of a kind; says how many comments came and whether a hearing was asked for."""
    notices.close(run.step, run.id, inputs["kind"])
    said = notices.comments(run.step.conn, run.id, inputs["kind"])
    hearing = any(comment["wants_hearing"] for comment in said)
    run.record("notice_closed", element.id, notice=inputs["kind"], comments=len(said), hearing=hearing)
    return {"comments": len(said), "hearing_requested": hearing}


@service("letter.issue", "签发文书", "Issue a letter", required="letter", optional="matter values body")
def letter_issue(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Number, make and issue a letter; returns its id and number."""
    return letters.issue(run, inputs["letter"], **_wording(inputs), element=element.id)


@service("letter.draft", "拟制文书", "Draft a letter", required="letter", optional="matter values body")
def letter_draft(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Make a letter as a draft without a number, to be read before it is issued."""
    made = letters.draft(run, inputs["letter"], **_wording(inputs), element=element.id)
    run.record("letter_drafted", element.id, letter=inputs["letter"])
    return made


def _wording(inputs: Inputs) -> dict[str, Any]:
    return {"matter": inputs.get("matter"), "values": inputs.get("values") or {}, "body": inputs.get("body")}


@service("letter.delivered", "登记送达", "Record delivery", required="recipient", optional="on letter")
def letter_delivered(run: CaseRun, inputs: Inputs, element: Element) -> None:
    """Record to whom and when the issued letters were delivered (行政许可法 art. 44)."""
    on = optional_day(inputs.get("on")) or run.step.today
    letters.delivered(run, inputs["recipient"], on, inputs.get("letter"))
    run.record("delivered", element.id, recipient=inputs["recipient"], on=on)


@service(
    "permit.issue",
    "登记许可",
    "Enter a permit",
    required="kind klass",
    optional="number content validity_rule body",
)
def permit_issue(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Enter an approval or permit into the register, valid from today for the time its limit rule says."""
    if run.enterprise_id is None:
        raise DomainError("no_enterprise", "案件没有申请单位。", "The case has no applicant enterprise.")
    step = run.step
    kind, rule = inputs["kind"], inputs.get("validity_rule")
    applicant = parties.enterprise(step.conn, run.enterprise_id)
    number = inputs.get("number") or permits.next_site_number(step.conn, applicant["credit_code"])
    last = run.reference.due(step.conn, rule, step.today).date if rule else None
    part = run.body_id(inputs.get("body") or kind) or run.lead_body_id
    if part is None:
        raise DomainError("no_body", "案件没有审批机关。", "The case has no deciding body.")
    permit_id = permits.enter(
        step.conn,
        kind=kind,
        number=number,
        klass=str(inputs["klass"]),
        enterprise_id=run.enterprise_id,
        case_id=run.id,
        body_id=part,
        decided_on=step.today,
        valid_from=step.today,
        valid_to=last,
        content=letters.plain(inputs.get("content") or {}),
        now=step.now,
    )
    run.record("permit_entered", element.id, permit=kind, number=number, valid_to=last)
    return {"id": str(permit_id), "number": number, "valid_from": step.today, "valid_to": last}


@service(
    "permit.amend",
    "登记许可变更",
    "Enter a change of a permit",
    required="kind number action content",
)
def permit_amend(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Enter a change or adjustment beside the permit it concerns (排污许可管理办法 art. 26, 28)."""
    if run.enterprise_id is None:
        raise DomainError("no_enterprise", "案件没有申请单位。", "The case has no applicant enterprise.")
    step = run.step
    change_id = permits.change(
        step.conn,
        kind=inputs["kind"],
        number=str(inputs["number"]),
        enterprise_id=run.enterprise_id,
        case_id=run.id,
        action=str(inputs["action"]),
        content=letters.plain(inputs["content"]),
        decided_on=step.today,
        now=step.now,
    )
    run.record("permit_changed", element.id, permit=inputs["kind"], number=inputs["number"], action=inputs["action"])
    return {"id": str(change_id)}


@service(
    "obligation.create",
    "登记后续义务",
    "Enter an obligation",
    required="kind title",
    optional="limit_rule from on repeats basis",
)
def obligation_create(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Enter a duty of the enterprise: due on a date, or counted by a limit rule from a date."""
    if run.enterprise_id is None:
        raise DomainError("no_enterprise", "案件没有申请单位。", "The case has no applicant enterprise.")
    step, code = run.step, inputs.get("limit_rule")
    start = optional_day(inputs.get("from")) or step.today
    due = run.reference.due(step.conn, code, start) if code else None
    on = due.date if due else optional_day(inputs.get("on")) or step.today
    basis = inputs.get("basis") or (run.reference.rule(step.conn, code, start).basis_zh if code else "")
    title = (
        inputs["title"]
        if isinstance(inputs["title"], dict)
        else {"zh": str(inputs["title"]), "en": str(inputs["title"])}
    )
    obligations.create(
        step.conn,
        [
            {
                "enterprise_id": run.enterprise_id,
                "case_id": run.id,
                "kind": inputs["kind"],
                "title": title,
                "due_on": on,
                "provisional": bool(due and due.provisional),
                "repeats": inputs.get("repeats"),
                "basis": basis,
                "rule": code,
                "start_on": start if code else None,
                "created_at": step.now,
            }
        ],
    )
    run.record("obligation", element.id, obligation=inputs["kind"], due_on=on)
    return {"due_on": on}
