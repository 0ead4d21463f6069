"""Duties come by the calendar, once; late ones become records by themselves; what nobody takes up ends."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import chinese_calendar
import pytest
from sqlalchemy import func, select

from registers import obligations
from registers.errors import NotFound
from registers.obligations import Obligation
from registers.permits import Permit
from tests.clocks.kit import again, begin, lines, messages
from tests.conftest import World, key
from tests.kit import hold_permit
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api
from workflows import cron, duties, expiry
from workflows.models import Case

Person = Callable[[str], Api]
KEY = frozenset({"year", "quarter"})
ALL = frozenset({"year", "quarter", "month"})


def ends(valid_from: date, reports: frozenset[str], year: int, valid_to: date | None = None) -> list[tuple[str, date]]:
    found = obligations.report_periods(valid_from, valid_to, reports, date(year, 1, 1), date(year, 12, 31))
    return [(item.kind, item.last) for item in found]


def test_a_key_permit_reports_each_quarter_and_the_annual_report_takes_the_place_of_the_last() -> None:
    assert ends(date(2025, 5, 1), KEY, 2026) == [
        ("annual_report", date(2026, 12, 31)),
        ("quarterly_report", date(2026, 3, 31)),
        ("quarterly_report", date(2026, 6, 30)),
        ("quarterly_report", date(2026, 9, 30)),
    ]


@pytest.mark.parametrize(
    ("issued", "reports", "expected"),
    [
        (date(2026, 10, 1), frozenset({"year"}), 1),  # three months of the year: annual report
        (date(2026, 10, 2), frozenset({"year"}), 0),  # less: merged into the next
        (date(2026, 9, 1), frozenset({"quarter"}), 2),  # a month of the third quarter, and the fourth
        (date(2026, 9, 2), frozenset({"quarter"}), 1),
        (date(2026, 12, 22), frozenset({"month"}), 1),  # ten days of December
        (date(2026, 12, 23), frozenset({"month"}), 0),
    ],
)
def test_a_permit_held_too_short_in_a_period_skips_its_report(issued: date, reports: Any, expected: int) -> None:
    assert len(ends(issued, reports, 2026)) == expected


def test_after_the_permit_ended_no_report_is_asked_for() -> None:
    assert ends(date(2021, 1, 1), ALL, 2027, date(2026, 12, 31)) == []


def entered(world: World, kind: str) -> list[dict[str, Any]]:
    with world.rt.db.transaction() as conn:
        rows = conn.execute(select(Obligation.__table__).where(Obligation.kind == kind).order_by(Obligation.due_on))
        return [dict(row) for row in rows.mappings()]


def test_each_duty_is_entered_once_on_however_many_nodes(world: World) -> None:
    hold_permit(world, valid_from=date(2024, 1, 1), valid_to=date(2028, 12, 31))
    nodes = [threading.Thread(target=cron.daily, args=(world.rt,)) for _ in range(4)]
    for thread in nodes:
        thread.start()
    for thread in nodes:
        thread.join()
    world.time.move_to(date(2026, 9, 2))
    cron.daily(world.rt)
    assert [row["due_on"] for row in entered(world, "quarterly_report")] == [date(2026, 10, 15)]
    assert entered(world, "training")[0]["due_on"] == date(2026, 12, 31)
    assert entered(world, "quota.reduction.declare_quarterly")[0]["due_on"] == date(2026, 9, 30)
    world.time.move_to(date(2027, 1, 5))
    cron.daily(world.rt)
    assert [row["due_on"] for row in entered(world, "annual_report")] == [date(2027, 1, 31)]
    assert {row["due_on"] for row in entered(world, "quota.managed_list")} == {date(2027, 2, 28)}
    assert [row["due_on"] for row in entered(world, "unit_declaration")] == [date(2027, 3, 31)]


def test_what_was_due_before_the_installation_kept_duties_is_not_its_to_judge(world: World) -> None:
    hold_permit(world, valid_from=date(2024, 1, 1), valid_to=date(2028, 12, 31))
    cron.daily(world.rt)
    world.time.move_to(date(2026, 9, 2))
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).where(Obligation.status == "overdue")) == 0


def test_a_late_report_becomes_a_record_once_and_people_hear_of_it(world: World) -> None:
    hold_permit(world, valid_from=date(2024, 1, 1), valid_to=date(2028, 12, 31))
    cron.daily(world.rt)
    world.time.move_to(date(2026, 10, 10))
    cron.daily(world.rt)
    assert any("第3季度执行报告将于2026-10-15到期" in title for title in messages(world, "qiye", "duty"))
    for day in (16, 17):
        world.time.move_to(date(2026, 10, day))
        cron.daily(world.rt)
    late = entered(world, "quarterly_report")[-1]
    assert (late["status"], late["overdue_on"]) == ("overdue", date(2026, 10, 16))
    said = [title for title in messages(world, "qiye", "escalation") if "第3季度" in title]
    assert len(said) == 1


def test_a_report_handed_in_before_its_day_is_never_late(world: World, api: Person, at_page: Any) -> None:
    hold_permit(world, valid_from=date(2024, 1, 1), valid_to=date(2028, 12, 31))
    world.time.move_to(date(2026, 10, 1))
    cron.daily(world.rt)
    duty = next(item for item in api("qiye").get("/obligations") if item["due_on"] == "2026-10-15")
    with pytest.raises(NotFound):
        duties.done(world.rt, world.actor("qiye2"), key(), obligation_id=uuid.UUID(duty["id"]), note="x")
    client, hidden = at_page("qiye")
    assert "执行报告" in client.get("/duties").get_data(as_text=True)
    assert client.post(f"/duties/{duty['id']}", data={**hidden, "note": "已在平台提交"}).status_code == 302
    world.time.move_to(date(2026, 10, 20))
    cron.daily(world.rt)
    assert entered(world, "quarterly_report")[-1]["status"] == "done"


def test_two_licences_that_end_together_are_renewed_by_the_earlier_lead(world: World) -> None:
    hold_permit(world, valid_from=date(2022, 1, 1), valid_to=date(2026, 12, 31))
    hold_permit(
        world,
        kind="waste",
        klass="comprehensive",
        valid_from=date(2022, 1, 1),
        valid_to=date(2026, 12, 31),
        number="W1",
    )
    cron.daily(world.rt)
    found = entered(world, "renewal")
    assert [row["due_on"] for row in found] == [date(2026, 11, 1)]
    assert "W1" in found[0]["title"]["zh"]


def test_two_licences_that_end_on_different_days_have_one_reminder_at_the_earlier_date(world: World) -> None:
    hold_permit(world, valid_from=date(2022, 2, 1), valid_to=date(2027, 1, 31))
    hold_permit(
        world,
        kind="waste",
        klass="comprehensive",
        valid_from=date(2022, 1, 1),
        valid_to=date(2026, 12, 31),
        number="W1",
    )
    for day in (date(2026, 9, 1), date(2026, 9, 2)):
        world.time.move_to(day)
        cron.daily(world.rt)
    # Law: 30 working days before 2026-12-31 is earlier than 60 days before 2027-01-31 (2026-12-02).
    (only,) = entered(world, "renewal")
    assert only["due_on"] == before_working_days(date(2026, 12, 31), 30)
    assert only["due_on"] < date(2026, 12, 2)


def before_working_days(end: date, days: int) -> date:
    on = end
    while days:
        on -= timedelta(days=1)
        days -= chinese_calendar.is_workday(on)
    return on


def test_a_permit_ends_with_its_last_day(world: World) -> None:
    hold_permit(world, valid_from=date(2021, 9, 2), valid_to=date(2026, 9, 1))
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Permit.status)) == "valid"
    world.time.move_to(date(2026, 9, 2))
    cron.daily(world.rt)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Permit.status)) == "expired"
    assert "届满" in messages(world, "qiye", "duty")[-1]


def status(world: World, case_id: uuid.UUID) -> str:
    with world.rt.db.transaction() as conn:
        return str(conn.scalar(select(Case.status).where(Case.id == case_id)))


def test_a_draft_nobody_files_is_warned_of_once_and_then_ends(world: World) -> None:
    from workflows import cases

    publish(world.rt, chain(node("userTask", "fill", role="preparer"), node("userTask", "check", role="window")))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    start = world.time.today()
    for days in (77, 78):
        world.time.move_to(start + timedelta(days=days))
        cron.daily(world.rt)
    assert len(messages(world, "qiye", "reminder")) == 1
    world.time.move_to(start + timedelta(days=90))
    assert expiry.close_idle(world.rt) == 0
    world.time.move_to(start + timedelta(days=91))
    assert expiry.close_idle(world.rt) == 1 and status(world, case_id) == "cancelled"
    assert "草稿未提交" in lines(world, case_id, "case_cancelled")[0]["reason"]


def test_a_case_that_waits_for_the_authority_never_ends_by_itself(world: World) -> None:
    case_id = begin(world)
    again(world)
    world.time.move_to(date(2028, 9, 1))
    assert expiry.close_idle(world.rt) == 0 and status(world, case_id) == "running"
