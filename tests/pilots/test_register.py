"""The 24 pilots of the documents load as printed, and stand rightly on any day between 2019-12 and today."""

from __future__ import annotations

import calendar
import itertools
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from registers import laws, pilot_loading, pilots
from registers.errors import DomainError
from registers.pilot_states import first_day, last_day, next_due, standing
from registers.pilot_tables import Pilot, PilotTask
from tests.conftest import World, key
from workflows import piloting, portfolio

FIRST, TODAY = date(2019, 12, 1), date(2026, 11, 22)


@pytest.fixture
def register(world: World) -> World:
    """An installation in which the documents are loaded (the demonstration has them already)."""
    piloting.load(world.rt, world.actor("shengjian"), key())
    return world


def states(conn: Connection, code: str, on: date) -> list[str]:
    pilot = pilots.by_code(conn, code)
    return [one.state for one in pilots.standings(conn, [pilot["id"]], on)[pilot["id"]]]


def test_all_24_pilots_and_144_tasks_load_once(register: World) -> None:
    again = piloting.load(register.rt, register.actor("shengjian"), key())
    assert again == {"pilots": 0, "tasks": 0}
    with register.rt.db.transaction() as conn:
        listed = [one["code"] for one in pilot_loading.documents()["pilots"]]
        found = set(conn.scalars(select(Pilot.code)))
        assert len(listed) == 24
        assert set(listed) <= found
        tasks = select(PilotTask.key).join(Pilot, Pilot.id == PilotTask.pilot_id).where(Pilot.code.in_(listed))
        assert len(list(conn.scalars(tasks))) == 144


def test_every_task_has_title_deliverable_and_a_source_that_can_be_cited() -> None:
    for pilot in pilot_loading.documents()["pilots"]:
        for task in pilot["tasks"]:
            assert task["title"]["zh"] and task["title"]["en"] and task["deliverable"], task
            assert laws.cite(task["source"])[0].startswith("《"), task


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        ("PARK-01", date(2019, 12, 16), ["ahead", "ahead", "ahead", "ahead"]),
        ("PARK-01", date(2019, 12, 20), ["done", "due", "running", "running"]),
        ("PARK-01", date(2020, 1, 1), ["done", "late", "running", "running"]),
        ("PARK-01", date(2020, 12, 31), ["done", "late", "due", "due"]),
        ("PARK-10", date(2021, 1, 1), ["done", "late", "late", "late"]),
        ("PERMIT-05", date(2021, 8, 15), ["due", "ahead", "ahead", "ahead", "ahead"]),
        ("PERMIT-05", date(2021, 12, 15), ["late", "late", "due", "ahead", "ahead"]),
        ("PERMIT-05", date(2022, 6, 1), ["late", "late", "late", "running", "ahead"]),
        ("PERMIT-10", date(2022, 8, 31), ["late", "late", "late", "due"]),
        ("PERMIT-10", date(2022, 9, 1), ["late", "late", "late", "late"]),
        ("PERMIT-08", date(2022, 12, 31), ["due", "ahead"]),
        ("SHAOXING-16", TODAY, ["undated"] * 10 + ["recurring"] + ["undated"] * 5),
        ("ECOPARK-LIFECYCLE", TODAY, ["undated"] * 6 + ["recurring"] + ["undated"] * 6),
        ("QUOTA-SIP", TODAY, ["recurring"] * 11),
    ],
)
def test_a_pilot_stands_as_its_document_says(register: World, code: str, on: date, expected: list[str]) -> None:
    with register.rt.db.transaction() as conn:
        assert states(conn, code, on) == expected


def test_all_dated_tasks_without_a_record_of_completion_are_late_today(register: World) -> None:
    with register.rt.db.transaction() as conn:
        counted: Counter[str] = Counter()
        for one in pilot_loading.documents()["pilots"]:
            counted.update(states(conn, one["code"], TODAY))
    # 104 dated tasks, of which the ten parks' first (the plan was issued that day) are known to be done.
    dated = sum(bool(task.get("due")) for one in pilot_loading.documents()["pilots"] for task in one["tasks"])
    assert counted["done"] == 10
    assert counted["late"] == dated - 10
    assert counted["late"] + counted["done"] + counted["undated"] + counted["recurring"] == 144


@settings(max_examples=200)
@given(st.dates(FIRST, TODAY))
def test_any_task_on_any_day_agrees_with_the_dates_of_its_document(on: date) -> None:
    """Held against a second reading of the printed dates, without the register's code."""
    for pilot, task in ((p, t) for p in pilot_loading.documents()["pilots"] for t in p["tasks"] if t.get("due")):
        year, month, *day = (
            (int(part) for part in f"{task['due']}-12".split("-")[:3])
            if len(task["due"]) == 4
            else (int(part) for part in task["due"].split("-"))
        )
        due = date(year, month, day[0] if day else calendar.monthrange(year, month)[1])
        done = date.fromisoformat(task["actual"]) if task.get("actual") else None
        row = {"key": task["key"], "baseline_on": due, "actual_on": done, "start_on": first_day(task.get("start", ""))}
        state = standing(row, [], on).state
        if done is not None and done <= on:
            assert state == "done", (pilot["code"], task["key"])
        else:
            assert (state == "late") == (on > due), (pilot["code"], task["key"], on)


def test_recurring_duties_have_a_next_date_and_are_never_late() -> None:
    february = {"every": "yearly", "month": 2}
    assert next_due(february, date(2024, 2, 1)) == date(2024, 2, 29)
    assert next_due(february, date(2026, 2, 28)) == date(2026, 2, 28)
    assert next_due(february, date(2026, 3, 1)) == date(2027, 2, 28)
    assert next_due({"every": "quarterly"}, date(2026, 11, 22)) == date(2026, 12, 31)
    assert next_due({"every": "event"}, TODAY) is None


def test_what_is_printed_as_a_month_means_its_first_and_last_day() -> None:
    assert (first_day("2022-02"), last_day("2022-02")) == (date(2022, 2, 1), date(2022, 2, 28))
    assert (first_day("2021"), last_day("2022-12")) == (date(2021, 1, 1), date(2022, 12, 31))
    assert (first_day("2019-12-17"), last_day("2019-12-17")) == (date(2019, 12, 17), date(2019, 12, 17))


# What each oddity of the sources must be told as; nothing of it is repaired.
ODDITIES = {
    "PERMIT-01": ["秋冬季节", "2022年9月重叠"],
    "PERMIT-02": ["危险废物环境许可证", "严格把关企"],
    "PERMIT-08": ["附件8", "2021年-2022年", "2989"],
    "PERMIT-09": ["附件9", "968"],
    "PERMIT-11": ["56家", "超过100%"],
    "QUOTA-SIP": ["试行期起止不明"],
    "SHAOXING-16": ["没有到期节点"],
}


def test_oddities_of_the_sources_are_notes_and_not_repaired(register: World) -> None:
    with register.rt.db.transaction() as conn:
        for code, said in ODDITIES.items():
            pilot = pilots.by_code(conn, code)
            told = "".join(note["zh"] for note in pilot["notes"])
            assert all(part in told for part in said), (code, told)
            assert all(note["en"] for note in pilot["notes"])
        programmes = {row["code"]: "".join(note["zh"] for note in row["notes"]) for row in pilots.programmes(conn)}
        nanjing = pilots.by_code(conn, "PERMIT-01")["id"]
        titles = [task["title"]["zh"] for task in pilots.tasks_of(conn, [nanjing])[nanjing]]
    assert "8个市（区）11项" in programmes["permit-2021"]
    assert "20%" in programmes["parks-2019"]
    assert "附件1" in programmes["quota-trial"]
    assert "秋冬季调配初步方案" in titles, "the printed title stays"


def test_a_push_counts_from_the_day_it_was_entered_and_the_baseline_stays(register: World) -> None:
    register.time.move_to(date(2026, 9, 2))
    keeper = register.actor("shengjian")
    with register.rt.db.transaction() as conn:
        pilot = pilots.by_code(conn, "PERMIT-05")
    why = {"cause": "upper", "reason": "国家平台接口推迟开放"}
    made = piloting.push(register.rt, keeper, key(), pilot_id=pilot["id"], key="m05", on=date(2026, 12, 31), **why)
    assert made["moved"] == 1
    with register.rt.db.transaction() as conn:

        def last(on: date) -> Any:
            return pilots.standings(conn, [pilot["id"]], on)[pilot["id"]][4]

        assert (last(date(2026, 9, 1)).state, last(date(2026, 9, 1)).due_on) == ("late", date(2023, 1, 31))
        assert (last(date(2026, 9, 2)).state, last(date(2026, 9, 2)).due_on) == ("running", date(2026, 12, 31))
        assert last(date(2026, 9, 2)).baseline_on == date(2023, 1, 31)
        slips = portfolio.slips(conn, date(2026, 9, 2))
        assert portfolio.slips(conn, date(2026, 9, 1)) == []
    assert [(row["cause"], row["days"]) for row in slips] == [("upper", (date(2026, 12, 31) - date(2023, 1, 31)).days)]


def test_the_board_counts_in_the_database_what_the_rules_say_task_by_task(register: World) -> None:
    keeper = register.actor("shengjian")
    with register.rt.db.transaction() as conn:
        one, other = pilots.by_code(conn, "PERMIT-03")["id"], pilots.by_code(conn, "PARK-02")["id"]
    piloting.reach(register.rt, keeper, key(), pilot_id=one, key="m01", on=date(2021, 12, 20))
    piloting.reach(register.rt, keeper, key(), pilot_id=one, key="m02", on=date(2022, 8, 1))
    piloting.push(
        register.rt, keeper, key(), pilot_id=other, key="m04", on=date(2026, 10, 15), cause="lead", reason="补充评估"
    )
    days = [FIRST + timedelta(days=61 * step) for step in range(42)] + [date(2026, 9, 1), date(2026, 10, 15)]
    with register.rt.db.transaction() as conn:
        ids = list(conn.scalars(select(Pilot.id)))
        for on in days:
            every = list(itertools.chain.from_iterable(pilots.standings(conn, ids, on).values()))
            counted = portfolio.summary(conn, on)
            dated = [one for one in every if one.state not in ("recurring",)]
            assert counted["late"] == sum(one.state == "late" for one in dated), on
            assert counted["done"] == sum(one.state in ("done", "done_late") for one in dated), on
            soon = [one for one in dated if one.done_on is None and one.due_on is not None and one.due_on >= on]
            for horizon in (30, 60, 90):
                within = sum((one.due_on - on).days <= horizon for one in soon if one.due_on)
                assert counted[f"in_{horizon}"] == within, (on, horizon)
            rows, total = portfolio.page(conn, on, light="red", limit=500)
            assert total == counted["red"] == len(rows)
            at_once = portfolio.board(conn, on, "", "red", limit=500, offset=0)
            assert at_once[0] == counted
            assert [row["id"] for row in at_once[1]] == [row["id"] for row in rows]
            assert at_once[2] == total


def test_a_task_done_late_says_so_and_a_day_ahead_is_refused(register: World) -> None:
    keeper = register.actor("shengjian")
    with register.rt.db.transaction() as conn:
        pilot_id = pilots.by_code(conn, "PERMIT-10")["id"]
    piloting.reach(register.rt, keeper, key(), pilot_id=pilot_id, key="m01", on=date(2022, 3, 1))
    with register.rt.db.transaction() as conn:
        found = pilots.standings(conn, [pilot_id], TODAY)[pilot_id][0]
    assert (found.state, found.slip) == ("done_late", 60)
    with pytest.raises(DomainError):
        piloting.reach(register.rt, keeper, key(), pilot_id=pilot_id, key="m02", on=date(2030, 1, 1))


def test_deliverables_have_versions_and_what_was_recorded_cannot_be_changed(register: World) -> None:
    keeper = register.actor("shengjian")
    with register.rt.db.transaction() as conn:
        pilot_id = pilots.by_code(conn, "PERMIT-07")["id"]
    given = {"pilot_id": pilot_id, "key": "m01", "title": "常熟市排污许可试点工作方案"}
    assert piloting.deliver(register.rt, keeper, key(), **given)["version"] == 1
    assert piloting.deliver(register.rt, keeper, key(), **given, note="修订")["version"] == 2
    for table in ("pilot_deliverable", "pilot_decision", "pilot_status", "pilot_slip", "pilot_value"):
        with pytest.raises(Exception, match=r"permission denied|never changed"), register.rt.db.transaction() as conn:
            conn.execute(text(f"DELETE FROM {table}"))


def test_an_enterprise_does_not_see_the_register_and_another_body_does_not_write_it(register: World) -> None:
    with register.rt.db.transaction() as conn:
        pilot_id = pilots.by_code(conn, "PERMIT-01")["id"]
        with pytest.raises(DomainError) as hidden:
            piloting.document(conn, register.actor("qiye"), pilot_id, TODAY)
    assert hidden.value.status == 404
    with pytest.raises(DomainError) as refused:
        piloting.report(
            register.rt, register.actor("chuangkou"), key(), pilot_id=pilot_id, kind="month", light="green", said="好"
        )
    assert refused.value.status == 403
