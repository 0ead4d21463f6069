"""What anybody may read: every field is listed here, names are shortened, secrets and drafts never come out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from registers.parties import Enterprise, User
from tests.conftest import World
from tests.web.conftest import Api
from tests.web.test_api_path import play, scenario
from web import mapping
from web.pages.openpages import _csv
from workflows import openness

Person = Callable[[str], Api]

# Every field of open data. Whoever adds one decides here that it is public.
PUBLIC = {
    "notices": {"id", "kind", "title", "body", "from_on", "until_on", "open"},
    "permits": {
        "id", "kind", "number", "klass", "enterprise", "credit_code", "zone", "body", "decided_on", "valid_from",
        "valid_to", "status",
    },
    "outlets": {
        "permit_number", "enterprise", "zone", "outlet", "kind", "longitude", "latitude", "factor", "concentration",
        "amount_t", "standard",
    },
    "reductions": {"number", "name", "kind", "zone", "year", "decided_on", "factor", "amount_t", "used_t"},
    "pilots": {
        "code", "title", "title_en", "programme", "programme_en", "city", "park", "lead", "status", "source",
    },
    "parks": {"code", "title", "title_en", "city", "area_km2", "longitude", "latitude", "pilots", "planning_eia", "source"},
}  # fmt: skip


@pytest.fixture
def decided(world: World, api: Person) -> str:
    known: dict[str, Api] = {}
    played = scenario("同时办理：报告表＋重点管理")
    application = next(step for step in played["steps"] if step.get("task") == "task_application")
    application["submit"]["outlets"][0]["position"] = "E120.7300 N31.2800"
    return play(world, lambda login: known.setdefault(login, api(login)), played)


def test_every_public_field_is_listed_here(world: World, app: Flask, decided: str) -> None:
    described = app.test_client().get("/api/v1/open-data").get_json()["datasets"]
    assert {name: {one["name"] for one in about["fields"]} for name, about in described.items()} == PUBLIC
    for dataset, fields in PUBLIC.items():
        rows = app.test_client().get(f"/api/v1/open-data/{dataset}").get_json()["rows"]
        assert rows, dataset
        assert all(set(row) == fields for row in rows), dataset


def test_csv_and_json_say_the_same(world: World, app: Flask, decided: str) -> None:
    for dataset, fields in PUBLIC.items():
        told = app.test_client().get(f"/open-data/{dataset}.json").get_json()["rows"]
        raw = app.test_client().get(f"/open-data/{dataset}.csv").get_data(as_text=True)
        lines = list(csv.DictReader(io.StringIO(raw.removeprefix("\ufeff"))))
        assert set(lines[0]) == fields and len(lines) == len(told)
        said = [{key: "" if value is None else str(value) for key, value in row.items()} for row in told]
        assert lines == said


def test_no_person_telephone_or_material_comes_out(world: World, app: Flask, decided: str) -> None:
    client = app.test_client()
    pages = [client.get(f"/open-data/{name}.json").get_data(as_text=True) for name in PUBLIC]
    open_pages = ("/register/permits", "/register/reductions", "/register/pilots", "/register/parks", "/map")
    pages += [client.get(path).get_data(as_text=True) for path in open_pages]
    with world.rt.db.transaction() as conn:
        people = list(conn.scalars(select(User.name)))
        secret = [value for row in conn.execute(select(Enterprise.contact_phone, Enterprise.address)) for value in row]
    for text in [*people, *secret]:
        assert not [page for page in pages if text in page], text


def test_a_comment_is_published_with_its_answer_and_a_shortened_name(world: World, app: Flask, api: Person) -> None:
    played = scenario("公示期有人申请听证")
    before = next(index for index, step in enumerate(played["steps"]) if "comment" in step)
    case_id = play(world, api, {**played, "steps": played["steps"][:before]})
    client = app.test_client()
    notice = next(one for one in client.get("/api/v1/notices", query_string={"open": "true"}).get_json())
    said = {"author": "王居民", "contact": "13812345678", "comment": "我的电话13812345678，担心废气"}
    where = f"/api/v1/notices/{notice['id']}"
    client.post(f"{where}/comments", json=said, headers={"Idempotency-Key": "a"})
    assert client.get(where).get_json()["comments"] == [], "unanswered ones are not shown"
    comment = api("shencha").get(f"/cases/{case_id}")["comments"][0]
    api("shencha").post(f"/cases/{case_id}/comments/{comment['id']}/answer", {"text": "已要求加装治理设施。"})
    shown = client.get(where).get_json()["comments"][0]
    assert (shown["author"], shown["answer"]) == ("王**", "已要求加装治理设施。")
    assert shown["comment"] == "我的电话138****5678，担心废气"
    page = client.get(f"/notices/{notice['id']}").get_data(as_text=True)
    assert "王**" in page and "王居民" not in page and "13812345678" not in page
    assert api("qiye").post(f"/cases/{case_id}/comments/{comment['id']}/answer", {"text": "x"})["status"] == 403


def test_the_map_draws_each_outlet_with_a_position_and_asks_nobody_else(world: World, app: Flask, decided: str) -> None:
    page = app.test_client().get("/map").get_data(as_text=True)
    outlets = page.index('<svg class="map"', page.index("</svg>"))  # the first drawing shows the parks
    drawn = page[outlets : page.index("</svg>", outlets)]
    assert drawn.count("<title>") == 1 and "DA001" in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")
    assert "120.73, 31.28" in page


def test_the_register_is_searched_and_leads_to_the_limits(world: World, app: Flask, decided: str) -> None:
    client = app.test_client()
    number = client.get("/api/v1/open-data/permits").get_json()["rows"][0]["number"]
    assert number in client.get("/register/permits?q=示范电子").get_data(as_text=True)
    assert number not in client.get("/register/permits?q=没有这家").get_data(as_text=True)
    permit = next(one for one in client.get("/api/v1/open-data/permits").get_json()["rows"] if one["kind"] == "permit")
    assert "VOCS" in client.get(f"/register/permits/{permit['number']}").get_data(as_text=True)
    assert client.get("/register/permits/none").status_code == 404


@given(st.text(alphabet="ab 电话,", max_size=12), st.integers(13_000_000_000, 19_999_999_999))
def test_a_telephone_never_survives_masking(words: str, number: int) -> None:
    assert str(number) not in openness.masked(f"{words}{number}{words}")


def test_identity_numbers_and_short_names_are_masked() -> None:
    assert openness.masked("身份证11010519900307123X。") == "身份证110105********123X。"
    assert openness.masked("信用代码91320594MA1EXAMP0X") == "信用代码91320594MA1EXAMP0X"
    assert [openness.masked_name(name) for name in ("王", "王五", "苏州示范公司")] == ["王*", "王*", "苏州示范公司"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=20))
def test_the_shape_around_a_zone_holds_all_its_outlets(points: list[tuple[int, int]]) -> None:
    corners = mapping.convex([(float(x), float(y)) for x, y in points])
    for x, y in points:
        turns = [
            mapping._turn(one, two, (float(x), float(y)))
            for one, two in zip(corners, corners[1:] + corners[:1], strict=True)
        ]
        assert len(corners) < 3 or all(turn >= 0 for turn in turns)


def test_a_formula_in_open_data_stays_text() -> None:
    rows: list[dict[str, Any]] = [{"name": "=HYPERLINK(1)"}]
    assert _csv(["name"], rows).splitlines()[1] == "'=HYPERLINK(1)"
