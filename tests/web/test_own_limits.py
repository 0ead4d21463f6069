"""A limit of the house's own, from the step in the editor: proposed by a designer, approved by an administrator, counted like another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from registers import limits
from tests.conftest import World
from tests.web.conftest import Api
from workflows import versionchecks, versionfiles

Person = Callable[[str], Api]


def _asked(world: World, **more: Any) -> dict[str, Any]:
    return {
        "code": "house.reply", "modelled_on": "permit.deficiency", "title": {"zh": "答复咨询", "en": "Answer to a question"},
        "limit": 4, "valid_from": world.time.today().isoformat(), "note": "服务承诺", **more,
    }  # fmt: skip


def test_a_new_limit_is_proposed_by_a_designer_and_counts_like_its_model(world: World, api: Person) -> None:
    made = api("sheji").post("/limits", _asked(world))
    assert api("sheji").last.status_code == 201, made
    with world.rt.db.transaction() as conn:
        assert "house.reply" not in limits.codes(conn)
    # The limits of the law are the administrator's to change.
    law = {
        key: value
        for key, value in _asked(world, code="permit.deficiency").items()
        if key not in ("modelled_on", "title")
    }
    api("sheji").post("/limits", law)
    assert api("sheji").last.status_code == 403
    api("sheji").post(f"/limits/{made['proposal_id']}/decision", {"approve": True})
    assert api("sheji").last.status_code == 403
    api("xitong").post(f"/limits/{made['proposal_id']}/decision", {"approve": True})
    assert api("xitong").last.status_code == 200
    with world.rt.db.transaction() as conn:
        found = limits.rule(conn, "house.reply", world.time.today())
        model = limits.rule(conn, "permit.deficiency", world.time.today())
    assert (found.limit, found.unit, found.title["zh"], found.verified) == (4, model.unit, "答复咨询", "no")
    assert (found.count_start, found.effect) == (model.count_start, model.effect)
    assert found.basis_zh == ""
    # The one it was modelled on is as it was, and a step can name the new one.
    assert model.valid_to is None
    draft = api("sheji").post("/definitions/begin", {"procedure": "advice", "title": {"zh": "咨询", "en": "Advice"}})[
        "id"
    ]
    files = versionfiles.from_texts(api("sheji").get(f"/definitions/{draft}")["files"])
    mark = b'<spiffworkflow:property name="form"'
    files["process.bpmn"] = files["process.bpmn"].replace(
        mark, b'<spiffworkflow:property name="limitRule" value="house.reply"/>' + mark
    )
    with world.rt.db.transaction() as conn:
        assert versionchecks.check(conn, files) == []


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"code": "No Code"}, "code"),
        ({"code": "permit.deficiency"}, "code"),
        ({"title": {"zh": ""}}, "title"),
        ({"limit": None}, "limit"),
        ({"basis": "NOLAW:1"}, "basis"),
        ({"promised": 9}, "promised"),
    ],
)
def test_what_is_wrong_with_a_new_limit_is_told_at_its_field(
    world: World, api: Person, more: dict[str, Any], pointer: str
) -> None:
    answer = api("sheji").post("/limits", _asked(world, **more))
    assert (api("sheji").last.status_code, answer["pointer"]) == (422, pointer)


def test_a_limit_that_begins_later_does_not_hinder_the_editor(world: World, api: Person) -> None:
    later = (world.time.today() + timedelta(days=90)).isoformat()
    made = api("sheji").post("/limits", _asked(world, valid_from=later))
    api("xitong").post(f"/limits/{made['proposal_id']}/decision", {"approve": True})
    draft = api("sheji").post("/definitions/begin", {"procedure": "advice", "title": {"zh": "咨询", "en": "Advice"}})[
        "id"
    ]
    assert api("sheji").raw(f"/definitions/{draft}/limits").status_code == 200


def test_the_guide_says_the_steps_and_the_fee_that_a_designer_writes(world: World, api: Person) -> None:
    draft = api("sheji").post("/definitions/begin", {"procedure": "advice", "title": {"zh": "咨询", "en": "Advice"}})[
        "id"
    ]

    def change(**guide: Any) -> Any:
        expected = api("sheji").get(f"/definitions/{draft}/settings")["sha256"]
        return api("sheji").put(f"/definitions/{draft}/settings", {"facts": {"guide": guide}, "expected": expected})

    said = {"steps": {"zh": ["提出", "答复"], "en": ["Ask", "Answer"]}, "fee": {"zh": "不收费", "en": "None"}}
    assert change(**said)["settings"]["guide"] == said
    more = {"conditions": {"zh": ["已登记"], "en": ["Registered"]}, "result": {"zh": ["答复书"], "en": ["An answer"]}}
    assert change(**said, **more)["settings"]["guide"] == said | more
    assert change(steps={"zh": [1]})["pointer"] == "guide"
    assert change(fee={"en": "None"})["pointer"] == "guide"
