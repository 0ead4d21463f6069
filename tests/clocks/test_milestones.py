"""Milestones: baseline, plan and what happened; what a push moves; dates of law that nobody edits."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from registers import milestones as register
from registers.errors import DomainError
from tests.clocks.kit import RUNNING, again, begin, lines
from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import chain, node, publish, service
from tests.web.conftest import Api
from workflows import calendaring, cases, clockwork, milestonedates, milestoning, recompute

# 1 September 2026 is a Tuesday; National Day week of 2026 lies between the dates below.
MARKED = chain(
    node("userTask", "fill", role="preparer", milestone="申报"),
    service("open", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
    service("clock", "clock.start", matter="'eia'"),
    node("userTask", "review", role="reviewer", matter="eia", milestone="审查"),
    node("userTask", "sign", role="head", milestone="决定"),
)


def begun(world: World) -> uuid.UUID:
    return begin(world, MARKED)


def point(world: World, case_id: uuid.UUID, name: str) -> milestonedates.Point:
    with world.rt.db.transaction() as conn:
        found = milestoning.points(conn, world.rt, "case", case_id)
    return next(item for item in found if item.key == name)


def plan(world: World, case_id: uuid.UUID, *items: dict[str, Any], login: str = "shencha") -> None:
    milestoning.plan(world.rt, world.actor(login), key(), owner_kind="case", owner_id=case_id, items=list(items))


def push(world: World, case_id: uuid.UUID, name: str, on: date, reason: str = "专家时间调整") -> Any:
    given = {"owner_kind": "case", "owner_id": case_id, "key": name, "on": on, "reason": reason}
    return milestoning.push(world.rt, world.actor("shencha"), key(), **given)


def planned(world: World) -> uuid.UUID:
    """Review planned for 18 September, the decision 5 working days after it, delivery by law after the decision."""
    case_id = begun(world)
    plan(
        world,
        case_id,
        {"key": "review", "on": date(2026, 9, 18)},
        {"key": "sign", "after": "review", "offset": 5},
        {"key": "delivery", "title": "送达", "after": "sign", "rule": "deliver"},
    )
    return case_id


def test_a_milestone_of_the_model_is_marked_when_the_case_passes_it(world: World) -> None:
    case_id = begun(world)
    assert point(world, case_id, "fill").actual_on == world.time.today()
    assert point(world, case_id, "review").actual_on is None
    world.time.move_to(world.time.today() + timedelta(days=3))
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=open_task(world, case_id, "review"), data={})
    assert point(world, case_id, "review").actual_on == date(2026, 9, 4)
    with world.rt.db.transaction() as conn:
        said = register.revisions(conn, "case", case_id)
    last = said[0]
    assert (last["key"], last["cause"], last["actor_name"]) == ("review", "reached", world.actor("shencha").name)


def test_the_first_plan_is_the_baseline_and_a_plan_by_days_and_by_law_is_counted(world: World) -> None:
    case_id = planned(world)
    # 18 September 2026 is a Friday; 20 September is a working Sunday (make-up day): 20, 21, 22, 23, 24.
    assert point(world, case_id, "sign").baseline_on == date(2026, 9, 24)
    # Ten working days after it: the notice of the State Council has 25-27 September and 1-7 October off, 10 October on.
    delivery = point(world, case_id, "delivery")
    assert (delivery.statutory, delivery.current_on) == (True, _ten_working_days_after(date(2026, 9, 24)))
    assert "行政许可法" in delivery.basis_zh


def _ten_working_days_after(start: date) -> date:
    off = {date(2026, 9, 25), *(date(2026, 10, day) for day in range(1, 8))}
    makeup = {date(2026, 9, 20), date(2026, 10, 10)}
    day, left = start, 10
    while left:
        day += timedelta(days=1)
        left -= day in makeup or (day.weekday() < 5 and day not in off)
    return day


def test_a_push_moves_what_is_planned_after_it_and_keeps_the_baseline_and_says_who_and_why(world: World) -> None:
    case_id = planned(world)
    push(world, case_id, "review", date(2026, 9, 23))
    review, sign, delivery = (point(world, case_id, name) for name in ("review", "sign", "delivery"))
    assert (review.baseline_on, review.current_on, review.slip) == (date(2026, 9, 18), date(2026, 9, 23), 5)
    # 24, 28, 29, 30 September, 8 October.
    assert (sign.baseline_on, sign.current_on) == (date(2026, 9, 24), date(2026, 10, 8))
    assert delivery.current_on == _ten_working_days_after(date(2026, 10, 8))
    with world.rt.db.transaction() as conn:
        said = register.revisions(conn, "case", case_id)
    moved = [(row["key"], row["cause"], row["old_on"], row["reason"]) for row in said if row["cause"] != "planned"]
    assert ("review", "pushed", date(2026, 9, 18), "专家时间调整") in moved
    assert ("sign", "followed", date(2026, 9, 24), "专家时间调整") in moved
    assert {row["actor_name"] for row in said if row["key"] == "review"} == {world.actor("shencha").name}
    assert lines(world, case_id, "milestone_pushed")[0]["moved"] == 3


def test_the_preview_shows_exactly_what_the_push_then_moves_and_changes_nothing_itself(world: World) -> None:
    case_id = planned(world)
    with world.rt.db.transaction() as conn:
        seen = milestoning.preview(conn, world.rt, "case", case_id, "review", date(2026, 9, 23))
        assert point(world, case_id, "sign").current_on == date(2026, 9, 24)
    assert [(shift.key, shift.statutory) for shift in seen] == [("review", False), ("sign", False), ("delivery", True)]
    moved = push(world, case_id, "review", date(2026, 9, 23))["moved"]
    assert [(item["key"], item["new"]) for item in moved] == [(shift.key, shift.new.isoformat()) for shift in seen]


def test_the_preview_warns_of_a_plan_behind_the_date_of_law(world: World) -> None:
    case_id = planned(world)
    with world.rt.db.transaction() as conn:
        seen = milestoning.preview(conn, world.rt, "case", case_id, "review", date(2026, 9, 28))
    # The EIA form is due on 1 October; the review on 28 September is not behind it, the decision on 12 October is.
    past = {shift.key: [title["zh"] for title in shift.past] for shift in seen}
    assert past == {"review": [], "sign": ["环境影响评价审批法定期限"], "delivery": []}


@pytest.mark.parametrize("name", ["clock-eia", "delivery"])
def test_a_date_of_law_cannot_be_pushed_and_the_answer_names_the_law(world: World, name: str) -> None:
    case_id = planned(world)
    before = point(world, case_id, name)
    with pytest.raises(DomainError) as refused:
        push(world, case_id, name, date(2026, 12, 1))
    assert refused.value.code == "milestone_statutory" and before.basis_zh in refused.value.zh
    assert point(world, case_id, name) == before


def test_the_date_of_a_clock_moves_by_a_pause_and_its_baseline_stays(world: World) -> None:
    case_id = begun(world)
    first = point(world, case_id, "clock-eia")
    assert first.baseline_on == first.current_on == date(2026, 10, 1)
    facts = {"case_id": case_id, "matter": "eia"}
    world.time.move_to(date(2026, 9, 2))
    clockwork.pause(world.rt, world.actor("shencha"), key(), kind="hearing", days=10, reason="听证", **facts)
    world.time.move_to(date(2026, 9, 12))
    clockwork.resume(world.rt, world.actor("shencha"), key(), **facts)
    after = point(world, case_id, "clock-eia")
    assert (after.baseline_on, after.current_on, after.slip) == (date(2026, 10, 1), date(2026, 10, 11), 10)


def test_a_reached_or_unplanned_milestone_is_not_pushed_nor_one_before_what_it_follows(world: World) -> None:
    case_id = planned(world)
    for name, on, code in (
        ("fill", date(2026, 10, 1), "milestone_reached"),
        ("sign", date(2026, 9, 10), "milestone_before"),
        ("review", date(2026, 9, 23), "reason"),
    ):
        with pytest.raises(DomainError) as refused:
            push(world, case_id, name, on, "" if code == "reason" else "x")
        assert refused.value.code == code
    other = again(world)
    with pytest.raises(DomainError) as refused:
        push(world, other, "review", date(2026, 9, 23))
    assert refused.value.code == "milestone_unplanned"


def test_a_baseline_is_written_once_and_a_plan_in_a_circle_is_refused(world: World) -> None:
    case_id = planned(world)
    with pytest.raises(DomainError) as refused:
        plan(world, case_id, {"key": "review", "on": date(2026, 9, 25)})
    assert refused.value.code == "milestone_planned"
    with pytest.raises(DomainError) as undated:
        plan(world, case_id, {"key": "own", "title": "自定", "after": "fill"})
    assert undated.value.code == "milestone_undated"


def test_what_was_reached_early_draws_the_date_of_law_after_it(world: World) -> None:
    case_id = planned(world)
    world.time.move_to(date(2026, 9, 8))
    for element, login in (("review", "shencha"), ("sign", "qianfa")):
        cases.complete(world.rt, world.actor(login), key(), task_id=open_task(world, case_id, element), data={})
    # 9, 10, 11, 14, 15, 16, 17, 18, 20 (make-up Sunday), 21 September.
    assert point(world, case_id, "delivery").current_on == date(2026, 9, 21)
    assert point(world, case_id, "sign").slip == -16


def test_an_imported_calendar_moves_the_dates_of_law_of_a_plan_too(world: World) -> None:
    case_id = begun(world)
    plan(
        world,
        case_id,
        {"key": "review", "on": date(2026, 12, 30)},
        {"key": "delivery", "title": "送达", "after": "review", "rule": "deliver"},
    )
    before = point(world, case_id, "delivery")
    assert before.provisional and before.current_on == date(2027, 1, 13)
    days = {"2027-01-01": "off"}
    calendaring.import_year(world.rt, world.actor("xitong"), key(), year=2027, source="国办", days=days)
    recompute.work(world.rt)
    after = point(world, case_id, "delivery")
    assert (after.current_on, after.provisional) == (date(2027, 1, 14), False)


def test_only_officers_of_the_leading_body_plan_and_strangers_do_not_even_see(
    world: World, api: Callable[[str], Api]
) -> None:
    case_id = planned(world)
    asked = {"key": "review", "on": "2026-09-23", "reason": "x"}
    assert api("qiye").get(f"/cases/{case_id}/milestones")["may_plan"] is False
    api("qiye").post(f"/cases/{case_id}/milestones/push", asked)
    assert api("qiye").last.status_code == 403
    assert api("qiye2").raw(f"/cases/{case_id}/milestones").status_code == 404
    shown = api("shencha").post(f"/cases/{case_id}/milestones/preview", {"key": "review", "on": "2026-09-23"})
    assert [item["key"] for item in shown] == ["review", "sign", "delivery"]
    api("shencha").post(f"/cases/{case_id}/milestones/push", asked)
    known = {row["key"]: row for row in api("qiye").get(f"/cases/{case_id}/milestones")["milestones"]}
    assert known["review"]["current_on"] == "2026-09-23" and known["review"]["slip"] == 5


def test_the_page_shows_what_would_move_before_it_pushes(world: World, at_page: Callable[[str], Any]) -> None:
    case_id = planned(world)
    client, hidden = at_page("shencha")
    form = {**hidden, "key": "review", "on": "2026-09-23", "reason": "专家时间调整"}
    seen = client.post(f"/cases/{case_id}/milestones/push", data=form).get_data(as_text=True)
    assert "调整后将变动" in seen and "2026年10月8日" in seen and "法定期限随之变动" in seen
    assert point(world, case_id, "review").current_on == date(2026, 9, 18)
    client, hidden = at_page("shencha")
    client.post(f"/cases/{case_id}/milestones/push", data={**form, **hidden, "confirmed": "1"})
    assert point(world, case_id, "review").current_on == date(2026, 9, 23)
    page = client.get(f"/cases/{case_id}/milestones").get_data(as_text=True)
    assert "晚5天" in page and "专家时间调整" in page


def test_the_log_of_revisions_is_never_changed(world: World) -> None:
    planned(world)
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as conn, pytest.raises(psycopg.Error):
        conn.execute("SET app.everything = 'on'")
        conn.execute("DELETE FROM milestone_revision")


def test_a_model_without_milestones_can_still_be_planned(world: World) -> None:
    case_id = begin(world, RUNNING)
    plan(world, case_id, {"key": "own-1", "title": "现场踏勘", "on": date(2026, 9, 10)})
    assert point(world, case_id, "own-1").baseline_on == date(2026, 9, 10)


def test_publishing_again_does_not_touch_the_plan_of_a_running_case(world: World) -> None:
    case_id = planned(world)
    publish(world.rt, RUNNING)
    assert point(world, case_id, "sign").current_on == date(2026, 9, 24)
