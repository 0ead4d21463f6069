"""In whose hands a case was, day by day: the applicant's time and the authority's time apart.

Read from the tasks alone: while any task of an authority is open the authority holds the case, while only the
applicant's are open the applicant does, and while nobody has anything to do a legal procedure runs (a
public notice, a period for objections). Nothing of this is stored.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

Holder = Literal["authority", "applicant", "procedure"]
HOLDERS: dict[Holder, tuple[str, str]] = {
    "authority": ("审批机关", "Authority"),
    "applicant": ("申请单位", "Applicant"),
    "procedure": ("公示等程序", "Notice or other procedure"),
}


@dataclass(frozen=True)
class Span:
    """A stretch in which one side held the case; `end` None while it lasts."""

    holder: Holder
    start: datetime
    end: datetime | None


def spans(tasks: Iterable[Mapping[str, Any]], opened: datetime, closed: datetime | None, now: datetime) -> list[Span]:
    """The stretches of a case from its opening to its end, in order."""
    known = [(task["opened_at"], task["closed_at"], task["enterprise_id"] is not None) for task in tasks]
    last = closed or now
    turns = sorted(
        {opened, last, *(at for task in known for at in task[:2] if at is not None and opened <= at <= last)}
    )
    found: list[Span] = []
    for start, end in itertools.pairwise(turns):
        open_now = [of_applicant for begun, ended, of_applicant in known if begun <= start and (ended or end) >= end]
        holder: Holder = "procedure" if not open_now else "applicant" if all(open_now) else "authority"
        if found and found[-1].holder == holder:
            found[-1] = Span(holder, found[-1].start, end)
        else:
            found.append(Span(holder, start, end))
    if closed is None and found:
        found[-1] = Span(found[-1].holder, found[-1].start, None)
    return found


def days(stretches: Iterable[Span], now: datetime) -> dict[Holder, float]:
    """How many days each side held the case, to a tenth."""
    total: dict[Holder, timedelta] = {holder: timedelta() for holder in HOLDERS}
    for span in stretches:
        total[span.holder] += (span.end or now) - span.start
    return {holder: round(time / timedelta(days=1), 1) for holder, time in total.items()}
