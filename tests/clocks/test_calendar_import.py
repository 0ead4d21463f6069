"""A year is published: dates that rest on it are counted anew, cease to be provisional, and people hear of it."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from registers.db import Database
from registers.errors import DomainError, Forbidden
from tests.clocks.kit import again, begin, calls, lines, messages, reading, with_limit
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api
from workflows import calendaring, cases, recompute
from workflows.models import Deadline, Task
from workflows.runtime import Runtime

Person = Callable[[str], Api]
# 20 working days from 21 December 2026: over New Year 2027, which nobody has published yet.
LIMIT = with_limit("waste.decide")
YEAR: dict[str, Any] = {
    "year": 2027,
    "source": "国办发明电〔2026〕9号",
    "days": {"2027-01-01": "off", "2027-01-02": "off", "2027-01-03": "off", "2027-01-09": "work"},
}


def late_in_december(world: World) -> uuid.UUID:
    world.time.move_to(date(2026, 12, 21))
    return begin(world, LIMIT)


def imported(world: World, **more: Any) -> dict[str, Any]:
    answer = calendaring.import_year(world.rt, world.actor("xitong"), key(), **{**YEAR, **more})
    recompute.work(world.rt)
    return answer


def test_dates_that_rest_on_an_unpublished_year_are_provisional_until_it_is_imported(world: World) -> None:
    case_id = late_in_december(world)
    before = reading(world, case_id)
    assert before.provisional and before.statutory_due == date(2027, 1, 18)
    imported(world)
    after = reading(world, case_id)
    # Friday 1 January is off, Saturday 9 January is worked: in all nothing moves, and the mark goes.
    assert (after.statutory_due, after.provisional) == (date(2027, 1, 18), False)
    assert messages(world, "qiye", "moved") == []


def test_people_are_told_by_how_much_their_date_moved(world: World) -> None:
    case_id = late_in_december(world)
    imported(world, days={"2027-01-01": "off", "2027-01-04": "off"})
    assert reading(world, case_id).statutory_due == date(2027, 1, 20)
    assert calls(world, case_id)["overdue"] == date(2027, 1, 21)
    for login in ("qiye", "shencha", "qianfa"):
        assert "由2027-01-18改为2027-01-20，推后2天" in messages(world, login, "moved")[0]
    line = lines(world, case_id, "date_moved")[0]
    assert (line["old"], line["new"]) == ("2027-01-18", "2027-01-20") and "国办发明电" in line["reason"]


def test_an_import_of_the_same_year_again_moves_nothing_and_tells_nobody(world: World) -> None:
    late_in_december(world)
    imported(world, days={"2027-01-01": "off"})
    told = len(messages(world, "qiye", "moved"))
    imported(world, days={"2027-01-01": "off"})
    assert len(messages(world, "qiye", "moved")) == told == 1


def test_the_due_date_of_a_task_moves_with_its_deadline(world: World) -> None:
    world.time.move_to(date(2026, 12, 28))
    publish(world.rt, chain(node("userTask", "check", role="window", limitRule="eia.deficiency")))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    imported(world, days={"2027-01-01": "off", "2027-01-04": "off"})
    with world.rt.db.transaction() as conn:
        task = conn.scalar(select(Task.due_on).where(Task.case_id == case_id))
        deadline = conn.execute(select(Deadline.due_on, Deadline.provisional)).one()
    # Five working days after Monday 28 December: 29, 30, 31, then 5 and 6 January.
    assert task == deadline.due_on == date(2027, 1, 6) and deadline.provisional is False


def test_what_would_move_is_shown_before_and_nothing_is_kept(world: World, at_page: Any) -> None:
    case_id = late_in_december(world)
    client, hidden = at_page("xitong")
    form = {**hidden, "year": "2027", "source": "通知", "holidays": "2027-01-01~2027-01-04", "makeup": ""}
    shown = client.post("/calendar/preview", data=form).get_data(as_text=True)
    assert "2027年1月18日" in shown and "2027年1月20日" in shown
    assert reading(world, case_id).statutory_due == date(2027, 1, 18)
    assert client.post("/calendar/import", data=form).status_code == 302
    recompute.work(world.rt)
    assert reading(world, case_id).statutory_due == date(2027, 1, 20)
    assert "已完成" in client.get("/calendar").get_data(as_text=True)


def test_the_same_by_the_api(world: World, api: Person) -> None:
    late_in_december(world)
    body = {**YEAR, "days": {"2027-01-01": "off"}}
    assert api("xitong").post("/calendar/preview", body)["moves"][0]["new"] == "2027-01-19"
    made = api("xitong").post("/calendar/years", body)
    assert api("xitong").last.status_code == 201 and made["days"] == 1
    recompute.work(world.rt)
    progress = api("xitong").get("/calendar/years")["recomputations"][0]
    assert (progress["done"], progress["moved"]) == (progress["total"], 1) == (1, 1)


@pytest.mark.parametrize("login", ["qiye", "qianfa", "sheji", "anquan"])
def test_only_the_system_administrator_imports(world: World, login: str) -> None:
    with pytest.raises(Forbidden):
        calendaring.import_year(world.rt, world.actor(login), key(), **YEAR)


@pytest.mark.parametrize(
    ("more", "pointer"),
    [({"source": " "}, "source"), ({"days": {"2027-01-05": "work"}}, "2027-01-05"), ({"days": {}}, None)],
)
def test_a_year_that_cannot_be_right_is_refused(world: World, more: Any, pointer: str | None) -> None:
    with pytest.raises(DomainError) as refused:
        calendaring.import_year(world.rt, world.actor("xitong"), key(), **{**YEAR, **more})
    assert refused.value.pointer == pointer


def test_a_node_that_dies_in_the_middle_of_recounting_loses_nothing(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(recompute, "BATCH", 2)
    world.time.move_to(date(2026, 12, 21))
    many = [begin(world, LIMIT), *(again(world) for _ in range(4))]
    calendaring.import_year(world.rt, world.actor("xitong"), key(), **{**YEAR, "days": {"2027-01-01": "off"}})
    child = os.fork()
    if child == 0:
        try:
            rt = Runtime(Database(world.rt.db.url, pool_size=2), world.rt.files_root, world.time)
            with rt.db.transaction() as conn:
                noted = recompute.recent(conn)[0]["id"]
            recompute.walk(rt, recompute.SYSTEM, "one", recomputation_id=noted)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    recompute.work(world.rt)
    assert {reading(world, case_id).statutory_due for case_id in many} == {date(2027, 1, 19)}
    assert all(calls(world, case_id)["overdue"] == date(2027, 1, 19) + timedelta(days=1) for case_id in many)
    assert len(messages(world, "qiye", "moved")) == 5
