"""Case services: what a service step of a model may do to its own case.

They open matters, keep clocks, publish notices, make and issue letters, enter permits and obligations,
set the case's title and outcome. Unlike handlers they work on the running case (`CaseRun`); like
handlers they are called by name from a model, with inputs that the linter checks against `info`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from registers import obligations, parties, permits
from registers.errors import DomainError
from workflows import letters, matters, notices, notify, pausing

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element

Inputs = dict[str, Any]
Service = Callable[["CaseRun", Inputs, "Element"], Any]

NOTICE_KINDS = tuple(notices.NOTICE_TITLES)
# Variables every case has from its first moment on, with their types for the linter.
CASE_VARIABLES: dict[str, str] = {"case": "object"}


@dataclass(frozen=True)
class ServiceInfo:
    """A case service as models and the designer see it."""

    name: str
    inputs: frozenset[str]
    required: frozenset[str]
    title: dict[str, str]


# Services that stand in modules of their own; they register themselves when first asked for.
_MORE = ("workflows.pilotservices", "workflows.quotawork", "workflows.licencework")

_SERVICES: dict[str, Service] = {}
_INFO: dict[str, ServiceInfo] = {}


def service(name: str, zh: str, en: str, *, required: str = "", optional: str = "") -> Callable[[Service], Service]:
    """Register a case service with the names of its inputs."""

    def register(function: Service) -> Service:
        needed, more = frozenset(required.split()), frozenset(optional.split())
        _SERVICES[name] = function
        _INFO[name] = ServiceInfo(name, needed | more, needed, {"zh": zh, "en": en})
        return function

    return register


def knows(name: str) -> bool:
    """Whether this is a case service (and not a handler)."""
    _load()
    return name in _SERVICES


def info() -> dict[str, ServiceInfo]:
    """All case services by name."""
    _load()
    return dict(_INFO)


@cache
def _load() -> None:
    for name in _MORE:
        import_module(name)


def call(name: str, run: CaseRun, inputs: Inputs, element: Element) -> Any:
    """Carry out a case service; unknown or missing inputs are the model's fault and say so."""
    about = _INFO[name]
    wrong = (set(inputs) - about.inputs) | (about.required - set(inputs))
    if wrong:
        raise DomainError(
            "service_inputs",
            f"步骤“{element.name or element.id}”调用{name}的参数不符：{', '.join(sorted(wrong))}。",
            f"Step “{element.name or element.id}” calls {name} with unknown or missing inputs: {', '.join(sorted(wrong))}.",
            pointer=f"{element.id}:{element.line}",
        )
    return _SERVICES[name](run, inputs, element)


# -- the case itself -------------------------------------------------------------------------------


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


# -- matters and clocks ------------------------------------------------------------------------------


@service("matter.open", "开立事项", "Open a matter", required="kind klass", optional="limit_rule body promised")
def matter_open(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Open a legal decision with its class, deciding body (a part of the case) and statutory limit."""
    part = inputs.get("body") or inputs["kind"]
    body_id = run.body_id(part) or run.lead_body_id
    matters.open_matter(
        run.step,
        run.id,
        kind=inputs["kind"],
        klass=str(inputs["klass"]),
        body_id=body_id,
        limit_rule=inputs.get("limit_rule"),
        promised=inputs.get("promised"),
    )
    run.record(
        "matter_opened",
        element.id,
        matter=inputs["kind"],
        klass=inputs["klass"],
        rule=inputs.get("limit_rule"),
    )
    return {"kind": inputs["kind"], "klass": inputs["klass"]}


@service("matter.limit", "改用办理时限", "Put another limit on a matter", required="matter limit_rule")
def matter_limit(run: CaseRun, inputs: Inputs, element: Element) -> None:
    """Change the statutory limit of an open matter (排污许可管理条例 art. 12: 45 days with a site check)."""
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    matters.change_rule(run.step, run.reference, matter, inputs["limit_rule"])
    run.record("limit_changed", element.id, matter=inputs["matter"], rule=inputs["limit_rule"])


@service(
    "matter.decide", "作出决定", "Decide a matter", required="matter outcome", optional="ground reason number signed"
)
def matter_decide(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Record approval or refusal and stop the clock.

    A permit is never decided before its EIA, nor approved on a refused one (排污许可管理条例 art. 11:
    an approved EIA is the first condition); the same day is allowed. With `signed` the clock has stopped already, on
    the day on which the body's head signed (`clock.decided`).
    """
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    approved = inputs["outcome"] in ("approved", "approve", True)
    if inputs["matter"] == "permit" and approved:
        _eia_comes_first(run)
    if approved and matter["ground"] == matters.DEEMED:
        # The law has decided by silence before the officers did; their letters still go out.
        return {"matter": inputs["matter"], "approved": True, "on": matter["decided_on"]}
    if not inputs.get("signed"):
        matters.add_fact(run.step, run.reference, matter, "decided", run.step.today)
    matters.decide(
        run.step,
        matter,
        approved=approved,
        ground=inputs.get("ground"),
        reason=inputs.get("reason"),
        number=inputs.get("number"),
    )
    run.record(
        "decided",
        element.id,
        matter=inputs["matter"],
        outcome="approved" if approved else "refused",
        ground=inputs.get("ground"),
        reason=inputs.get("reason"),
    )
    notify.decided(run, matters.MATTER_TITLES.get(inputs["matter"], (inputs["matter"],) * 2), approved)
    return {"matter": inputs["matter"], "approved": approved, "on": run.step.today}


def _eia_comes_first(run: CaseRun) -> None:
    rows = {
        clock.matter["kind"]: clock.matter
        for clock in matters.readings(run.step.conn, run.reference, run.id, run.step.today)
    }
    eia = rows.get("eia")
    if eia is not None and eia["status"] != "approved":
        raise DomainError(
            "permit_before_eia",
            "环评尚未批准，不得核发排污许可证（排污许可管理条例第十一条第一项）。",
            "The EIA is not approved; a discharge permit may not be granted before it"
            " (Regulation on Pollutant Discharge Permits art. 11(1)).",
        )


@service("clock.start", "起算时限", "Start a clock", required="matter", optional="on")
def clock_start(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Start the clock of a matter today, or on the given date (the day complete material arrived)."""
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    on = _date(inputs.get("on")) or run.step.today
    matters.add_fact(run.step, run.reference, matter, "started", on)
    reading = _reading(run, inputs["matter"])
    run.record(
        "clock_started",
        element.id,
        matter=inputs["matter"],
        on=on,
        due=reading.statutory_due if reading else None,
    )
    return {"on": on, "due": reading.statutory_due if reading else None}


@service("clock.pause", "暂停时限", "Pause a clock", required="matter kind", optional="days reason letter")
def clock_pause(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Pause a clock for a procedure that is not counted; the applicant is told in writing how long it takes.

    Law: 行政许可法 art. 45. With `letter` false the model issues that letter in a step of its own.
    """
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    days = int(inputs["days"]) if inputs.get("days") is not None else None
    made = pausing.pause(
        run,
        matter,
        kind=inputs["kind"],
        days=days,
        reason=inputs.get("reason") or "",
        element=element.id,
        with_letter=inputs.get("letter", True) is not False,
    )
    return {"on": run.step.today, "days": days, "letter": made.get("number")}


@service("clock.resume", "恢复时限", "Resume a clock", required="matter", optional="kind")
def clock_resume(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """End the pause of a clock."""
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    matters.add_fact(run.step, run.reference, matter, "resumed", run.step.today, pause_kind=inputs.get("kind"))
    reading = _reading(run, inputs["matter"])
    run.record("clock_resumed", element.id, matter=inputs["matter"], due=reading.statutory_due if reading else None)
    return {"on": run.step.today}


@service("clock.decided", "时限止于决定", "Stop a clock at the signature", required="matter")
def clock_decided(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Stop a body's clock on the day its head signs, where the papers of two bodies are issued together later."""
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    matters.add_fact(run.step, run.reference, matter, "decided", run.step.today)
    run.record("clock_decided", element.id, matter=inputs["matter"], on=run.step.today)
    return {"on": run.step.today}


def _reading(run: CaseRun, kind: str) -> Any:
    for clock in matters.readings(run.step.conn, run.reference, run.id, run.step.today):
        if clock.matter["kind"] == kind:
            return clock.reading
    return None


# -- notices -----------------------------------------------------------------------------------------


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


# -- letters -----------------------------------------------------------------------------------------


@service("letter.issue", "签发文书", "Issue a letter", required="letter", optional="matter values body")
def letter_issue(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Number, make and issue a letter; returns its id and number."""
    made = letters.issue(
        run,
        inputs["letter"],
        matter=inputs.get("matter"),
        values=inputs.get("values") or {},
        body=inputs.get("body"),
        element=element.id,
    )
    run.record(
        "letter_issued",
        element.id,
        letter=inputs["letter"],
        number=made["number"],
        sha256=made["sha256"],
        **({"matter": inputs["matter"]} if inputs.get("matter") else {}),
    )
    notify.letter_issued(run, inputs["letter"], made["number"])
    return made


@service("letter.draft", "拟制文书", "Draft a letter", required="letter", optional="matter values body")
def letter_draft(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Make a letter as a draft without a number, to be read before it is issued."""
    made = letters.draft(
        run,
        inputs["letter"],
        matter=inputs.get("matter"),
        values=inputs.get("values") or {},
        body=inputs.get("body"),
        element=element.id,
    )
    run.record("letter_drafted", element.id, letter=inputs["letter"])
    return made


@service("letter.delivered", "登记送达", "Record delivery", required="recipient", optional="on letter")
def letter_delivered(run: CaseRun, inputs: Inputs, element: Element) -> None:
    """Record to whom and when the issued letters were delivered (行政许可法 art. 44)."""
    on = _date(inputs.get("on")) or run.step.today
    letters.delivered(run, inputs["recipient"], on, inputs.get("letter"))
    run.record("delivered", element.id, recipient=inputs["recipient"], on=on)


# -- registers ---------------------------------------------------------------------------------------


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
    start = _date(inputs.get("from")) or step.today
    due = run.reference.due(step.conn, code, start) if code else None
    on = due.date if due else _date(inputs.get("on")) or step.today
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


def _date(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])
