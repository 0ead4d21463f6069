"""Joint inspections: the random list can be drawn again, an inspection begins once, rectification runs its loop."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registers.errors import DomainError
from registers.inspections import lot
from tests.conftest import World, key
from tests.waste.kit import operator, outcome, play
from tests.web.conftest import Api
from workflows import inspecting

Person = Callable[[str], Api]
CODES = st.lists(st.text("0123456789ABC", min_size=3, max_size=6), unique=True, max_size=20)


@given(st.text(max_size=8), CODES, st.integers(1, 30), st.randoms())
def test_a_seed_draws_the_same_list_whatever_the_order(seed: str, codes: list[str], wanted: int, chance: Any) -> None:
    shuffled = codes[:]
    chance.shuffle(shuffled)
    drawn = lot(seed, codes, wanted)
    assert drawn == lot(seed, shuffled, wanted)
    assert len(drawn) == len(set(drawn)) == min(wanted, len(codes))
    assert set(drawn) <= set(codes)


def test_a_list_is_drawn_and_its_inspection_begun_once_by_api(world: World, api: Person) -> None:
    made = api("shencha").post("/inspections", {"wanted": 1, "seed": "2026"})
    lists = api("shencha").get("/inspections")["lists"]
    assert lists[0]["seed"] == "2026"
    assert [one["id"] for one in lists[0]["chosen"]] == [str(operator(world))]
    path = f"/inspections/{made['draw_id']}/begin/{operator(world)}"
    begun = api("shencha").post(path)
    assert api("shencha").last.status_code == 201
    assert len(begun["open_tasks"]) == 1
    api("shencha").post(path)
    assert api("shencha").last.status_code == 409
    again = api("shencha").get("/inspections")["lists"]
    assert again[0]["chosen"][0]["case_id"] == begun["case_id"]


def test_the_page_leads_from_the_list_to_the_checklist(world: World, at_page: Any) -> None:
    client, hidden = at_page("shencha")
    assert client.post("/inspections", data={**hidden, "wanted": "1"}).status_code == 302
    page = client.get("/inspections").get_data(as_text=True)
    assert "苏州示范危废处置有限公司" in page
    begin = page.split('action="/inspections/')[1].split('"')[0]
    answer = client.post(f"/inspections/{begin}", data={**hidden, "idempotency_key": key()})
    assert answer.status_code == 302
    checklist = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "台账如实、完整记录" in checklist
    assert "现场照片" in checklist


def test_who_is_inspected_sees_nothing_of_the_lists(world: World, api: Person) -> None:
    api("shencha").post("/inspections", {"wanted": 1})
    assert api("weifei").raw("/inspections").status_code == 403
    api("weifei").post("/inspections", {"wanted": 1})
    assert api("weifei").last.status_code == 403


def test_nobody_off_the_list_is_inspected_by_it(world: World) -> None:
    made = inspecting.draw(world.rt, world.actor("shencha"), key(), wanted=1)
    stranger = world.actor("qiye").enterprise_id
    with pytest.raises(DomainError, match="not_drawn"):
        inspecting.begin(
            world.rt, world.actor("shencha"), key(), draw_id=uuid.UUID(made["draw_id"]), enterprise_id=stranger
        )


def test_rectification_goes_round_until_it_is_mended_or_referred(world: World) -> None:
    assert outcome(world, play(world, "two_licences_inspection", "发现问题").case_id) == "completed"
    assert outcome(world, play(world, "two_licences_inspection", "拒不整改").case_id) == "referred"
