"""A pause and its written notice are one thing: the clock stops, and the applicant is told how long it takes.

Law: 行政许可法 art. 45. Officers pause by a command, models by a service; both end here, so no pause is without
its letter unless a model says that it issues the letter itself in a step of its own.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from registers.errors import DomainError
from registers.limits import pause_text
from workflows import clocks, letters, matters

if TYPE_CHECKING:
    from workflows.caserun import CaseRun

LONGEST_PAUSE = 730


def pause(
    run: CaseRun,
    matter: dict[str, Any],
    *,
    kind: str,
    days: int | None,
    reason: str,
    element: str = "",
    with_letter: bool = True,
) -> dict[str, Any]:
    """Stop a matter's clock today for a procedure the law does not count; the letter, when one is made."""
    step = run.step
    if (with_letter or days is not None) and not 0 < (days or 0) <= LONGEST_PAUSE:
        raise DomainError(
            "days", "请填写预计所需日数。", "Give the number of days it is expected to take.", pointer="days"
        )
    matters.admit(step, run.reference, matter, clocks.Fact("paused", step.today, reason=kind))
    made: dict[str, Any] = {}
    if with_letter:
        zh, _ = pause_text(kind)
        values = {"procedure": zh, "days": days, "starts_on": letters.chinese_date(step.today)}
        made = letters.issue(run, "time_notice", matter=matter["kind"], values=values, element=element)
    letter_id = uuid.UUID(made["id"]) if made else None
    facts: dict[str, Any] = {"pause_kind": kind, "days": days, "reason": reason, "letter_id": letter_id}
    matters.add_fact(step, run.reference, matter, "paused", step.today, **facts)
    said = {"matter": matter["kind"], "pause": kind, "days": days, "reason": reason, "letter": made.get("number")}
    run.record("clock_paused", element or None, **said)
    return made
