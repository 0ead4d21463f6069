"""The statutory clock: a pure function from a rule, recorded facts and the calendar to a reading.

`read` never looks at a database or at the present time and stores nothing: the same facts in any order give
the same reading, and the reading can print, day by day, how its date came about. Two things are easy to get
wrong and are fixed here. A pause is half-open: the day it begins is not counted, the day of resumption is; so
a pause that is lifted on the same day moves nothing, and pauses that overlap exclude a day once. And only
procedures that the rule names stop the clock (Law: 行政许可法 art. 45); others are shown as not doing so.
A decision that is taken back before it is served was none: the clock reads as if it had never stopped, and every day since counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from registers.errors import DomainError
from registers.limits import UNIT_WORDS, LimitRule, Unit, pause_text
from workflows.calendars import DAY, WorkCalendar

FactKind = Literal["started", "paused", "resumed", "extended", "decided", "reopened", "delivered"]
State = Literal["not_started", "running", "paused", "overdue", "decided", "decided_late"]

# The walk below is bounded by the limit and the pauses; this guards against a pause of absurd length.
_LONGEST_WALK = 366 * 30


@dataclass(frozen=True)
class Fact:
    """Something that happened to a clock. `reason` is the kind of a pause, or the words of an extension."""

    kind: FactKind
    on: date
    until: date | None = None
    reason: str = ""
    days: int = 0
    letter: str = ""
    approver: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the derivation: a day, whether it counted, and why, in Chinese and English."""

    on: date
    counted: bool
    number: int | None
    zh: str
    en: str


@dataclass(frozen=True)
class Pause:
    """A stretch of days that are not counted: half-open, `end` None while it lasts."""

    start: date
    end: date | None
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What a clock shows.

    `statutory_due` is the date with legal effect (deemed acceptance, overdue); `promised_due` the shorter
    promise, if any; `due` the earlier of both, by which people should work. While a pause lasts there is
    no due date and `projected` tells what it would be if the procedure ended on the day of reading.
    """

    due: date | None
    statutory_due: date | None
    promised_due: date | None
    projected: date | None
    used: int
    paused: int
    remaining: int
    state: State
    provisional: bool
    derivation: list[Line] = field(default_factory=list)
    pauses: tuple[Pause, ...] = ()
    started: date | None = None
    stopped: date | None = None


def read(
    rule: LimitRule, facts: Iterable[Fact], calendar: WorkCalendar, as_of: date, *, explained: bool = True
) -> Reading:
    """Read a clock: facts may come in any order. The derivation can be left out where only dates are wanted."""
    known = sorted(facts, key=lambda fact: (fact.on, fact.kind, fact.reason, fact.until or date.max, fact.days))
    started = max((fact.on for fact in known if fact.kind == "started"), default=None)
    if started is None:
        return Reading(None, None, None, None, 0, 0, rule.limit, "not_started", False)
    decided = _decided(known, as_of)
    if rule.backward or rule.limit == 0 or rule.unit in ("month", "year"):
        reading = _read_by_date(rule, known, calendar, as_of, started, decided)
    else:
        reading = _read_by_day(rule, known, calendar, as_of, started, decided, explained)
    return reading


def admit(rule: LimitRule, facts: Sequence[Fact], fact: Fact) -> None:
    """Refuse a fact that the law or the record does not allow; called before it is recorded."""
    started = [item.on for item in facts if item.kind == "started"]
    if fact.kind != "started" and not started:
        raise _refused("clock_not_started", "时限尚未起算。", "The clock has not started.")
    if fact.kind in ("paused", "resumed", "extended", "decided", "reopened") and fact.on < max(started):
        raise _refused("clock_before_start", "日期早于起算之日。", "The date lies before the start of the clock.")
    if fact.kind == "paused":
        if fact.reason not in rule.pauses:
            zh, en = pause_text(fact.reason)
            raise _refused(
                "pause_not_allowed",
                f"“{zh}”不是本时限的法定扣除事项（{rule.basis_zh}）。",
                f'"{en}" does not stop this clock by law ({rule.basis_en}).',
            )
        if fact.until is not None and fact.until < fact.on:
            raise _refused("pause_backwards", "扣除期间的结束早于开始。", "The pause ends before it begins.")
    if fact.kind == "resumed" and not any(item.end is None for item in pauses(rule, facts)):
        raise _refused("clock_not_paused", "时限没有在扣除中。", "The clock is not paused.")
    if fact.kind == "reopened":
        stands = _decided(facts, fact.on)
        if stands is None or stands > fact.on:
            raise _refused("clock_not_decided", "没有可以撤回的决定。", "There is no decision to take back.")
    if fact.kind == "extended":
        _admit_extension(rule, facts, fact)


def pauses(rule: LimitRule, facts: Iterable[Fact]) -> tuple[Pause, ...]:
    """The stretches that stop this clock, merged: each day is excluded once, whatever overlaps."""
    stretches: list[Pause] = []
    ordered = sorted(facts, key=lambda fact: (fact.on, fact.until or date.max))
    for kind in sorted(rule.pauses):
        ends = [fact.on for fact in ordered if fact.kind == "resumed" and fact.reason in (kind, "")]
        for fact in ordered:
            if fact.kind != "paused" or fact.reason != kind:
                continue
            end = fact.until
            if end is None:
                end = next((candidate for candidate in ends if candidate >= fact.on), None)
                if end is not None:
                    ends.remove(end)
            if end is None or end > fact.on:
                stretches.append(Pause(fact.on, end, (kind,)))
    return _merged(stretches)


def _decided(facts: Iterable[Fact], as_of: date) -> date | None:
    """The day of the decision that stands: each one taken back by then cancels the one before it."""
    days = sorted(fact.on for fact in facts if fact.kind == "decided")
    taken_back = sum(fact.kind == "reopened" and fact.on <= as_of for fact in facts)
    return days[taken_back] if taken_back < len(days) else None


def total_limit(rule: LimitRule, facts: Iterable[Fact]) -> int:
    """The limit with what it was extended by."""
    return rule.limit + _extension_days(rule, list(facts))


def due_by_intervals(rule: LimitRule, facts: Iterable[Fact], calendar: WorkCalendar, limit: int) -> date:
    """The due date by interval arithmetic: the check on the day walk, and the quick way for long lists."""
    known = list(facts)
    started = max(fact.on for fact in known if fact.kind == "started")
    first = started if rule.count_start else started + DAY
    closed = [(max(item.start, first), item.end) for item in pauses(rule, known) if item.end is not None]
    due = calendar.due(started, limit, rule.unit, rule.count_start).date
    while True:
        excluded = sum(calendar.count(start, min(end, due + DAY), rule.unit) for start, end in closed if start <= due)
        moved = calendar.due(started, limit + excluded, rule.unit, rule.count_start).date
        if moved == due:
            return due
        due = moved


def _read_by_day(
    rule: LimitRule,
    facts: list[Fact],
    calendar: WorkCalendar,
    as_of: date,
    started: date,
    decided: date | None,
    explained: bool,
) -> Reading:
    """Days and working days are counted one by one: each is counted, not a working day, or inside a pause."""
    stops = pauses(rule, facts)
    extra = _extension_days(rule, facts)
    limit = rule.limit + extra
    last_read = min(as_of, decided) if decided else as_of
    lines = [_start_line(rule, started, limit, extra), *_ineffective(rule, facts)]
    used = number = paused = 0
    promised_due: date | None = None
    provisional = False
    day = started if rule.count_start else started + DAY
    while number < limit and (day - started).days < _LONGEST_WALK:
        provisional = provisional or (rule.unit == "workday" and calendar.provisional(day.year))
        # A pause that is still open is walked as if the procedure ended on the day of reading.
        stop = next((item for item in stops if item.start <= day < (item.end or last_read)), None)
        countable = calendar.counts(day, rule.unit)
        if countable and stop is None:
            number += 1
            used += day <= last_read
            promised_due = day if number == rule.promised else promised_due
        elif countable:
            paused += day <= last_read
        if explained:
            lines.append(_day_line(rule.unit, day, number, countable, stop))
        day += DAY
    projected = day - DAY
    open_pause = next((item for item in stops if item.end is None and item.start <= as_of), None)
    if open_pause is None or decided is not None or projected < open_pause.start:
        statutory, promise, inside = projected, promised_due, any(_covers(item, as_of) for item in stops)
    else:
        statutory, inside = None, True
        promise = promised_due if promised_due and promised_due < open_pause.start else None
        used -= calendar.counts(as_of, rule.unit) and started < as_of
        paused += calendar.counts(as_of, rule.unit) and started < as_of
    lines.append(_due_line(projected, provisional, waiting=statutory is None))
    return Reading(
        due=min(filter(None, (statutory, promise)), default=None),
        statutory_due=statutory,
        promised_due=promise,
        projected=projected,
        used=used,
        paused=paused,
        remaining=limit - used,
        state=_state(statutory, decided, as_of, waiting=inside),
        provisional=provisional,
        derivation=lines if explained else [],
        pauses=stops,
        started=started,
        stopped=decided,
    )


def _read_by_date(
    rule: LimitRule,
    facts: list[Fact],
    calendar: WorkCalendar,
    as_of: date,
    started: date,
    decided: date | None,
) -> Reading:
    # Months, years and limits counted backwards: one date by arithmetic. No act lets a procedure stop them.
    due = calendar.due(started, rule.limit, rule.unit, rule.count_start, rule.backward)
    last = min(as_of, decided) if decided else as_of
    low, high = (due.date, started) if rule.backward else (started, due.date)
    state = _state(due.date, decided, as_of, waiting=False)
    lines = [_start_line(rule, started, rule.limit, 0), *_ineffective(rule, facts)]
    lines.append(_due_line(due.date, due.provisional))
    return Reading(
        due=due.date,
        statutory_due=due.date,
        promised_due=None,
        projected=due.date,
        used=max(0, (min(last, high) - low).days),
        paused=0,
        remaining=(due.date - last).days,
        state=state,
        provisional=due.provisional,
        derivation=lines,
        started=started,
        stopped=decided,
    )


def _merged(stretches: list[Pause]) -> tuple[Pause, ...]:
    merged: list[Pause] = []
    for item in sorted(stretches, key=lambda pause: (pause.start, pause.end or date.max)):
        before = merged[-1] if merged else None
        if before is None or (before.end is not None and before.end < item.start):
            merged.append(item)
            continue
        end = None if before.end is None or item.end is None else max(before.end, item.end)
        merged[-1] = Pause(before.start, end, tuple(sorted({*before.kinds, *item.kinds})))
    return tuple(merged)


def _extension_days(rule: LimitRule, facts: list[Fact]) -> int:
    if rule.extension is None:
        return 0
    return min(rule.extension.limit, sum(fact.days for fact in facts if fact.kind == "extended"))


def _admit_extension(rule: LimitRule, facts: Sequence[Fact], fact: Fact) -> None:
    """Refuse an extension the law does not know, that is too long in all, or that names neither reason nor approver."""
    if rule.extension is None:
        raise _refused(
            "extension_not_allowed",
            f"本时限没有延长的法律依据（{rule.basis_zh}）。",
            f"No law allows this limit to be extended ({rule.basis_en}).",
        )
    total = fact.days + sum(item.days for item in facts if item.kind == "extended")
    if fact.days <= 0 or total > rule.extension.limit:
        raise _refused(
            "extension_too_long",
            f"延长合计不得超过 {rule.extension.limit} 日（{rule.extension.basis_zh}）。",
            f"Extensions may not exceed {rule.extension.limit} days in all ({rule.extension.basis_en}).",
        )
    if not fact.reason or not fact.approver:
        raise _refused(
            "extension_incomplete",
            "延长须写明理由和批准人，并告知申请人。",
            "An extension needs a reason and an approver, and the applicant must be told.",
        )


def _state(due: date | None, decided: date | None, as_of: date, waiting: bool) -> State:
    if decided is not None and decided <= as_of:
        return "decided_late" if due is not None and decided > due else "decided"
    if due is not None and as_of > due:
        return "overdue"
    return "paused" if waiting else "running"


def _covers(pause: Pause, day: date) -> bool:
    return pause.start <= day and (pause.end is None or day < pause.end)


_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")


def _start_line(rule: LimitRule, started: date, limit: int, extra: int) -> Line:
    zh_unit, en_unit = UNIT_WORDS[rule.unit]
    more_zh, more_en = (f"（含延长 {extra}）", f" (extension of {extra} included)") if extra else ("", "")
    first_zh, first_en = ("当日计入", "counted") if rule.count_start else ("当日不计入", "not counted itself")
    way_zh, way_en = ("往前计算", "counted backwards") if rule.backward else ("起算", "runs from here")
    return Line(
        started,
        False,
        None,
        f"{started} {way_zh}，{first_zh}；时限 {limit} {zh_unit}{more_zh}（{rule.basis_zh}）",
        f"{started}: {way_en}, {first_en}; limit {limit} {en_unit}{more_en} ({rule.basis_en})",
    )


def _day_line(unit: Unit, day: date, number: int, countable: bool, stop: Pause | None) -> Line:
    """What the derivation says of one day."""
    name_zh, name_en = f"星期{_WEEKDAYS[day.weekday()]}", _DAY_NAMES[day.weekday()]
    if not countable:
        return Line(day, False, None, f"{day} {name_zh} 非工作日，不计", f"{day} {name_en}: not a working day")
    if stop is not None:
        names = [pause_text(kind) for kind in stop.kinds]
        zh, en = "、".join(pair[0] for pair in names), ", ".join(pair[1] for pair in names)
        return Line(day, False, None, f"{day} {name_zh} {zh}期间，不计", f"{day} {name_en}: {en}, not counted")
    makeup_zh, makeup_en = ("（调休上班）", " (make-up day)") if unit == "workday" and day.weekday() > 4 else ("", "")
    return Line(
        day,
        True,
        number,
        f"{day} {name_zh}{makeup_zh} 第 {number} 日",
        f"{day} {name_en}{makeup_en}: no. {number}",
    )


def _due_line(due: date, provisional: bool, waiting: bool = False) -> Line:
    zh, en = ("（暂定：节假日安排尚未公布）", " (provisional: holidays not published yet)") if provisional else ("", "")
    if waiting:
        return Line(
            due,
            False,
            None,
            f"扣除期间未结束；如当日恢复，届满日为 {due}{zh}",
            f"Paused; last day {due} if resumed now{en}",
        )
    return Line(due, False, None, f"届满日 {due}{zh}", f"Last day {due}{en}")


def _ineffective(rule: LimitRule, facts: list[Fact]) -> list[Line]:
    lines = []
    for fact in facts:
        if fact.kind == "paused" and fact.reason not in rule.pauses:
            zh, en = pause_text(fact.reason)
            text = f"{fact.on} {zh}：不属于法定扣除事项，时限照常计算"
            lines.append(Line(fact.on, False, None, text, f"{fact.on}: {en} does not stop this clock"))
        if fact.kind == "extended" and rule.extension is None:
            text = f"{fact.on} 延长没有法律依据，不计"
            lines.append(Line(fact.on, False, None, text, f"{fact.on}: no law allows an extension, ignored"))
        if fact.kind == "reopened":
            text = f"{fact.on} 撤回尚未送达的决定：此前的决定不作数，时限连续计算"
            en = f"{fact.on}: a decision not yet served was taken back; the clock reads as if it had never stopped"
            lines.append(Line(fact.on, False, None, text, en))
    return lines


def _refused(code: str, zh: str, en: str) -> DomainError:
    return DomainError(code, zh, en)
