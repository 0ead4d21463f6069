"""Dates of milestones: which follow from others, and what a push of one moves.

Dates of law are counted by their limit rule from the milestone they follow and cannot be pushed by editing; what is planned a number of
days after another goes along with it. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from registers.errors import Conflict, DomainError, NotFound
from workflows.reference import Reference
from workflows.runtime import Runtime

CLOCK = "clock-"  # the key of a milestone that is the date of a matter's clock


@dataclass(frozen=True)
class Point:
    """A milestone as it stands: dates of law are counted, the others are as planned."""

    key: str
    title: Mapping[str, str]
    after: str | None = None
    offset: int | None = None
    unit: str = "workday"
    rule: str | None = None
    baseline_on: date | None = None
    current_on: date | None = None
    actual_on: date | None = None
    basis_zh: str = ""
    basis_en: str = ""
    provisional: bool = False

    @property
    def statutory(self) -> bool:
        """Whether the law gives the date."""
        return self.rule is not None or self.key.startswith(CLOCK)

    @property
    def slip(self) -> int | None:
        """Days by which it is (or was) later than first planned."""
        now = self.actual_on or self.current_on
        return (now - self.baseline_on).days if now and self.baseline_on else None


@dataclass(frozen=True)
class Shift:
    """What a push moves: a milestone from one date to another; of law or as planned."""

    key: str
    title: Mapping[str, str]
    old: date | None
    new: date
    statutory: bool
    basis_zh: str = ""
    basis_en: str = ""
    past: tuple[Mapping[str, str], ...] = ()  # clocks of law whose date it would lie behind


def count_dates(conn: Connection, rt: Runtime, standing: Sequence[Point]) -> list[Point]:
    """The milestones in the order given, each with its date: counted by its limit, by its days after another, or as planned."""
    reference = rt.reference.get(conn)
    done: dict[str, Point] = {}
    open_points = {point.key: point for point in standing}
    for key in list(open_points):
        _count(conn, reference, key, open_points, done)
    return [done[point.key] for point in standing]


def _count(
    conn: Connection, reference: Reference, key: str, given: Mapping[str, Point], done: dict[str, Point]
) -> Point | None:
    """One milestone with its date, after the one it follows; None for a key nobody knows. A circle stops where it began."""
    if key in done or key not in given:
        return done.get(key)
    point = given[key]
    done[key] = point
    before = _count(conn, reference, point.after, given, done) if point.after else None
    start = (before.actual_on or before.current_on) if before else None
    if point.rule is not None:
        if start is not None:
            rule, due = reference.rule(conn, point.rule, start), reference.due(conn, point.rule, start)
            done[key] = replace(
                point,
                current_on=due.date,
                provisional=due.provisional,
                basis_zh=rule.basis_zh,
                basis_en=rule.basis_en,
            )
    elif point.current_on is None and start is not None and point.offset is not None:
        done[key] = replace(point, current_on=_later(reference, start, point.offset, point.unit))
    return done[key]


def _later(reference: Reference, start: date, offset: int, unit: str) -> date:
    """So many working or calendar days after a day, that day not counted."""
    return reference.calendar.due(start, offset, "workday" if unit == "workday" else "day", False).date


def after_push(conn: Connection, rt: Runtime, standing: Sequence[Point], key: str, on: date) -> list[Point]:
    """The milestones after a push, or a refusal with its reason."""
    counted = {point.key: point for point in count_dates(conn, rt, standing)}
    if key not in counted:
        raise NotFound("没有这个节点。", "There is no such milestone.")
    point = counted[key]
    _may_move(point, counted.get(point.after or ""), on)
    reference = rt.reference.get(conn)
    by_key = {item.key: item for item in standing}
    by_key[key] = replace(by_key[key], current_on=on)
    before = counted.get(point.after or "")
    start = (before.actual_on or before.current_on) if before else None
    if start is not None and point.offset is not None:
        days = reference.calendar.count(start, on, "workday" if point.unit == "workday" else "day")
        by_key[key] = replace(by_key[key], offset=days)
    # What hangs on it by a number of days goes along, milestone after milestone.
    moved = [key]
    while moved:
        lead = by_key[moved.pop(0)]
        for item in standing:
            follows = item.after == lead.key and item.offset is not None and item.actual_on is None
            if follows and item.baseline_on is not None and lead.current_on is not None:
                new = _later(reference, lead.actual_on or lead.current_on, item.offset or 0, item.unit)
                by_key[item.key] = replace(by_key[item.key], current_on=new)
                moved.append(item.key)
    return list(by_key.values())


def _may_move(point: Point, before: Point | None, on: date) -> None:
    """Refuse to move what the law dates, what is reached or unplanned, and a day before that of the milestone it follows."""
    if point.statutory:
        raise DomainError(
            "milestone_statutory",
            f"“{point.title['zh']}”是法定期限（{point.basis_zh}），不能直接修改；只随暂停、延长或所依据节点的实际日期变动。",
            f"“{point.title['en']}” is a date of law ({point.basis_en}) and cannot be edited: it follows a pause, an extension"
            " or the actual date of what it is counted from.",
            pointer="key",
            status=409,
        )
    if point.actual_on is not None:
        raise Conflict(
            "milestone_reached", "该节点已完成，不能再调整。", "This milestone is reached and cannot be moved."
        )
    if point.baseline_on is None:
        raise DomainError(
            "milestone_unplanned", "该节点还没有计划日期。", "This milestone is not planned yet.", pointer="key"
        )
    earliest = (before.actual_on or before.current_on) if before else None
    if earliest is not None and on < earliest:
        raise DomainError(
            "milestone_before",
            f"不得早于前一节点“{before.title['zh'] if before else ''}”的日期{earliest}。",
            f"It may not be before {earliest}, the date of “{before.title['en'] if before else ''}”.",
            pointer="on",
        )


def moved_by(
    conn: Connection, rt: Runtime, standing: Sequence[Point], pushed: Sequence[Point], key: str
) -> list[Shift]:
    """What differs between two standings, the pushed milestone first: old and new date, and the clocks of law it passes."""
    before = {point.key: point for point in count_dates(conn, rt, standing)}
    running = [point for point in before.values() if point.key.startswith(CLOCK) and point.actual_on is None]
    found = [
        Shift(
            point.key,
            point.title,
            before[point.key].current_on,
            point.current_on,
            point.statutory,
            point.basis_zh,
            point.basis_en,
            () if point.statutory else _past(point.current_on, running),
        )
        for point in count_dates(conn, rt, pushed)
        if point.current_on is not None
        and point.actual_on is None
        and (point.key == key or point.current_on != before[point.key].current_on)
    ]
    return sorted(found, key=lambda shift: (shift.key != key, shift.new, shift.key))


def _past(on: date, running: Sequence[Point]) -> tuple[Mapping[str, str], ...]:
    """The running clocks of law whose date lies before this day."""
    return tuple(clock.title for clock in running if clock.current_on is not None and on > clock.current_on)


def no_circle(standing: Mapping[str, Point]) -> None:
    """Refuse milestones that follow each other in a circle: none of them would have a date."""
    for point in standing.values():
        seen, here = {point.key}, point.after
        while here is not None and here in standing:
            if here in seen:
                raise DomainError("milestone_circle", "节点先后成环。", "The milestones follow each other in a circle.")
            seen.add(here)
            here = standing[here].after
