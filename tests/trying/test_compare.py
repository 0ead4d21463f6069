"""What two versions differ in is told with days, and changed flows are marked on the drawings as well as steps."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.conftest import World
from tests.runtime.models import node, publish
from tests.trying.kit import FILL, draft, small
from tests.web.conftest import Api

Person = Callable[[str], Api]


def test_another_limit_is_told_in_days_by_api_and_on_the_page(app: Flask, world: World, api: Person) -> None:
    def with_limit(code: str) -> dict[str, bytes]:
        return small(FILL, node("userTask", "check", role="window", limitRule=code))

    first = publish(world.rt, with_limit("permit.deficiency")["process.bpmn"], start_task="fill")
    second = draft(world, with_limit("eia.form.decide"))
    (told,) = [
        item
        for item in api("sheji").get(f"/definitions/{second}/compare/{first}")["differences"]
        if item["id"] == "check"
    ]
    (detail,) = told["details"]
    with world.rt.db.transaction() as conn:
        days = {
            code: world.rt.reference.get(conn).rule(conn, code, world.time.today()).limit
            for code in ("permit.deficiency", "eia.form.decide")
        }
    assert f"（{days['permit.deficiency']}" in detail["before"]
    assert f"（{days['eia.form.decide']}" in detail["after"]
    headers = {"Authorization": f"Bearer {api('sheji').token}"}
    page = app.test_client().get(f"/definitions/{second}/compare?with={first}", headers=headers).get_data(as_text=True)
    assert detail["after"] in page


def test_a_flow_that_was_added_is_marked_on_the_drawing(app: Flask, world: World, api: Person) -> None:
    first = publish(world.rt, small(FILL)["process.bpmn"], start_task="fill")
    second = draft(world, small(FILL, node("userTask", "check", role="window")))
    headers = {"Authorization": f"Bearer {api('sheji').token}"}
    page = app.test_client().get(f"/definitions/{second}/compare?with={first}", headers=headers).get_data(as_text=True)
    assert '"flow_fill_check": "added"' in page
    assert '"flow_fill_finish": "removed"' in page
