"""Case services of the procedures of pilots: the change of a plan, which moves milestones and whatever follows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from handlers.fields import day_of
from registers import pilots
from registers.errors import DomainError
from workflows import piloting
from workflows.services import service

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.engine import Element


@service("pilot.replan", "调整试点计划", "Change a pilot's plan", required="rows cause reason", optional="document")
def replan(run: CaseRun, inputs: dict[str, Any], element: Element) -> dict[str, Any]:
    """Push the tasks that an approved change moves, with reason and attribution, and record the decision.

    A task that cannot be moved (done already, never planned) is told back; the others move. While an event waits that may cost the
    pilot its place, none does (试点方案三（二）: who may lose the place is not given more time first).
    """
    pilot_id = pilots.of_case(run.step.conn, run.id)
    moved, problems = 0, []
    for place, row in enumerate(inputs["rows"]):
        if row.get("new_due") is None:
            continue
        try:
            moved += _push(run, pilot_id, row, str(inputs["cause"]), str(inputs["reason"]))
        except DomainError as error:
            problems.append({"path": f"rows.{place}", "zh": error.zh, "en": error.en})
    reason, document = str(inputs["reason"]), str(inputs.get("document") or "")
    if moved:
        pilots.decide(
            run.step.conn,
            pilot_id,
            "changed",
            on=run.step.today,
            now=run.step.now,
            actor_name=run.step.actor.name,
            case_id=run.id,
            reason=reason,
            document=document,
        )
    run.record("pilot_replanned", element.id, moved=moved, reason=reason, document=document)
    return {"moved": moved, "problems": problems}


def _push(run: CaseRun, pilot_id: Any, row: Mapping[str, Any], cause: str, reason: str) -> int:
    on = day_of(row["new_due"])
    moved: int = piloting.push_task(run.step, pilot_id, str(row.get("key")), on, cause, reason)["moved"]
    return moved
