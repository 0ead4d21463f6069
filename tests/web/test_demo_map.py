"""The demonstration has outlets to show, and the work list can be put in order by either date."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from tests.clocks.kit import begin
from tests.conftest import World
from tests.web.conftest import Api
from web import mapping
from workflows import demo_permits
from workflows.lights import ClockAlarm
from workflows.models import Task

Person = Callable[[str], Api]


def test_the_map_of_the_demonstration_shows_the_outlets_of_both_enterprises(world: World, app: Flask) -> None:
    with world.rt.db.transaction() as conn:
        demo_permits.load(conn, world.time)
    text = app.test_client().get("/map").get_data(as_text=True)
    assert text.count('<circle class="air"') >= 4 and '<rect class="water"' in text
    for said in ("苏州示范电子科技有限公司", "苏州示范涂装有限公司", "120.7381, 31.3302"):
        assert said in text
    data = app.test_client().get("/open-data/outlets.csv").get_data(as_text=True)
    assert "120.7655" in data


def test_the_work_list_goes_by_the_date_of_the_step_or_by_that_of_the_law(world: World, api: Person) -> None:
    cases = [begin(world) for _ in range(2)]
    soon, late = world.time.today() + timedelta(days=2), world.time.today() + timedelta(days=40)

    def order(sort: str) -> list[uuid.UUID]:
        rows = api("shencha").get("/tasks", sort=sort, scope="overseen")["tasks"]
        return [uuid.UUID(row["case_id"]) for row in rows if uuid.UUID(row["case_id"]) in cases]

    with world.rt.db.transaction() as conn:
        for case_id, step, law in ((cases[0], soon, late), (cases[1], late, soon)):
            conn.execute(update(Task).where(Task.case_id == case_id, Task.status == "open").values(due_on=step))
            conn.execute(update(ClockAlarm).where(ClockAlarm.case_id == case_id).values(due_on=law))
    assert order("due") == cases
    assert order("law") == cases[::-1]


def test_the_map_shows_parks_where_their_bodies_say_they_are(world: World, app: Flask, api: Person) -> None:
    keeper = api("jianguan")
    keeper.post("/parks/sip", {"facts": {"position": "E120.72 N31.32"}})
    assert keeper.last.status_code == 200, keeper.last.get_json()
    page = app.test_client().get("/map").get_data(as_text=True)
    assert page.count('<path class="park"') == 10 and "<title>苏州工业园区</title>" in page and "120.72, 31.32" in page
    rows = app.test_client().get("/open-data/parks.json").get_json()["rows"]
    assert [(row["longitude"], row["latitude"]) for row in rows if row["code"] == "sip"] == [
        ("120.720000", "31.320000")
    ]
    keeper.post("/parks/sip", {"facts": {"position": "E120 N30"}})
    assert ">120, 30<" in app.test_client().get("/map").get_data(as_text=True)
    keeper.post("/parks/sip", {"facts": {"position": "苏州"}})
    assert keeper.last.status_code == 422 and keeper.last.get_json()["pointer"] == "position"
    keeper.post("/parks/sip", {"facts": {"position": ""}})
    assert app.test_client().get("/map").get_data(as_text=True).count('<path class="park"') == 9


def test_the_outlets_of_one_park_are_those_of_its_zones(world: World, app: Flask) -> None:
    with world.rt.db.transaction() as conn:
        demo_permits.load(conn, world.time)
    client = app.test_client()
    assert "120.7381, 31.3302" in client.get("/map?park=sip").get_data(as_text=True)
    assert "120.7381, 31.3302" not in client.get("/map?park=jiangbei").get_data(as_text=True)


def test_names_on_a_map_do_not_cover_each_other(app: Flask) -> None:
    parks = [
        ((119.5, 31.4), "甲" * 12),
        ((120.6, 31.4), "乙" * 12),
        ((120.7, 31.3), "丙" * 7),
        ((120.7, 30.9), "丁" * 20),
    ]
    with app.test_request_context():
        drawn = mapping.park_drawing(parks)
    names = re.findall(r'<text class="unit" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">(\w+)<', drawn)
    assert len(names) == len(parks)
    covered = []
    for x, y, anchor, name in names:
        wide = 13 * len(name)
        left = float(x) - (wide if anchor == "end" else 0)
        assert left >= 0 and left + wide <= mapping.WIDTH, name
        for other_left, other_right, other_y in covered:
            assert abs(other_y - float(y)) >= 13 or left >= other_right or left + wide <= other_left, name
        covered.append((left, left + wide, float(y)))
