"""Official numbers kept by the system administrator: patterns of a body, and going on after numbers given elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from registers import numbering
from tests.conftest import World, key
from tests.web.conftest import Api
from tests.web.test_objections import started
from tests.web.test_signatures import csrf_of, page
from workflows import selfcheck

Person = Callable[[str], Api]
HERE = {"body_code": "sip-eeb", "kind": "case"}


def row(api: Person, body: str = "sip-eeb", kind: str = "case") -> Any:
    return next(one for one in api("xitong").get("/numbers") if (one["body_code"], one["kind"]) == (body, kind))


def faults(world: World) -> list[str]:
    with world.rt.db.transaction() as conn:
        return [fault.check for fault in selfcheck.check(conn, world.rt.files_root).faults]


def test_a_body_goes_on_after_its_paper_numbers_and_that_is_no_gap(world: World, api: Person) -> None:
    made = api("xitong").post("/numbers/last", {**HERE, "year": 2026, "last": 88, "note": "2026年纸质收件台账"})
    assert made["last"] == 88
    assert row(api)["next"].endswith("〔2026〕89号")
    assert faults(world) == []
    case = started(world)
    assert api("qiye").get(f"/cases/{case}")["number"].endswith("〔2026〕89号")
    assert (row(api)["last"], row(api)["elsewhere"]) == (89, 88)
    assert faults(world) == []


def test_numbers_never_go_back(world: World, api: Person) -> None:
    started(world)
    api("xitong").post("/numbers/last", {**HERE, "year": 2026, "last": 40, "note": "纸质"})
    refused = api("xitong").post("/numbers/last", {**HERE, "year": 2026, "last": 39, "note": "纸质"})
    assert (refused["code"], refused["pointer"]) == ("number_back", "last")
    assert faults(world) == []
    with world.rt.db.transaction() as conn:
        assert numbering.next_number(conn, "sip-eeb", "苏园环", "case", 2026).endswith("〔2026〕41号")
    assert faults(world) == ["numbers"]  # 41 stands on no case


def test_a_pattern_counts_from_its_year_and_for_its_body(world: World, api: Person) -> None:
    wanted = {**HERE, "template": "苏环建〔{year}〕07第{seq:04}号", "from_year": 2026}
    api("xitong").post("/numbers/pattern", wanted)
    assert (row(api)["next"], row(api)["own"]) == ("苏环建〔2026〕07第0001号", True)
    assert row(api, "sip-water")["own"] is False
    case = started(world)
    assert api("qiye").get(f"/cases/{case}")["number"] == "苏环建〔2026〕07第0001号"
    record = api("shenji").get("/record")["lines"][0]
    assert (record["kind"], record["data"]["template"]) == ("numbering_pattern", wanted["template"])


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"template": "{prefix}1号", "from_year": 2026}, "template"),
        ({"template": "{prefix}审〔{year}〕{seq}号", "from_year": 2026}, "template"),  # that of the EIA approval
        ({"template": "{year}-{seq}", "from_year": 2024}, "from_year"),
        ({"template": "{year}-{seq}", "from_year": 2026, "kind": "x"}, "kind"),
    ],
)
def test_what_would_repeat_numbers_or_change_the_past_is_refused(api: Person, more: Any, pointer: str) -> None:
    assert api("xitong").post("/numbers/pattern", {**HERE, **more})["pointer"] == pointer
    assert row(api)["own"] is False


@pytest.mark.parametrize("login", ["anquan", "qianfa", "sheji", "qiye"])
def test_only_the_system_administrator_keeps_numbers(api: Person, app: Flask, world: World, login: str) -> None:
    facts = {**HERE, "year": 2026, "last": 5, "note": "x"}
    assert api(login).post("/numbers/last", facts)["code"] == "forbidden"
    assert api(login).get("/numbers")["code"] == "forbidden"
    assert page(app, world, login).get("/numbers").status_code == 403


def test_by_page_a_mistake_stands_at_its_field_and_the_rest_stays(app: Flask, world: World, api: Person) -> None:
    client = page(app, world, "xitong")
    token = {"csrf": csrf_of(client, "/numbers"), "idempotency_key": key(), **HERE}
    wrong = client.post("/numbers/last", data={**token, "year": "2026", "last": "八", "note": "纸质台账"})
    assert wrong.status_code == 422
    shown = wrong.get_data(as_text=True)
    assert "请填写整数" in shown
    assert "纸质台账" in shown
    good = client.post("/numbers/last", data={**token, "year": "2026", "last": "8", "note": "纸质台账"})
    assert good.status_code == 302
    assert "〔2026〕9号" in client.get(good.headers["Location"]).get_data(as_text=True)
