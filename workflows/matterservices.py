"""Case services for matters and their clocks: open, decide, start, pause, resume, stop, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handlers.fields import optional_day
from registers.errors import DomainError
from workflows import matters, notify, pausing

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element
from workflows.services import Inputs, service


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
    on = optional_day(inputs.get("on")) or run.step.today
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


@service("clock.reopen", "撤回签发，时限续计", "Take a signed decision back", required="matter", optional="reason")
def clock_reopen(run: CaseRun, inputs: Inputs, element: Element) -> dict[str, Any]:
    """Take back a decision that was signed and not yet served: its clock never stopped, every day since the signature counts.

    Law: 行政许可法 art. 42 counts to the decision, art. 44 serves it afterwards; what was taken back before was no decision.
    """
    matter = matters.find(run.step.conn, run.id, inputs["matter"])
    reason = str(inputs.get("reason") or "")
    matters.add_fact(run.step, run.reference, matter, "reopened", run.step.today, reason=reason)
    reading = _reading(run, inputs["matter"])
    due = reading.statutory_due if reading else None
    run.record("clock_reopened", element.id, matter=inputs["matter"], on=run.step.today, due=due, reason=reason)
    return {"on": run.step.today, "due": due}


def _reading(run: CaseRun, kind: str) -> Any:
    for clock in matters.readings(run.step.conn, run.reference, run.id, run.step.today):
        if clock.matter["kind"] == kind:
            return clock.reading
    return None
