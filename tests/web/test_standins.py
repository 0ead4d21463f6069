"""Stand-ins that the security administrator names for somebody who is absent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.clocks.kit import messages
from tests.conftest import TODAY, World, key
from tests.web.conftest import Api
from tests.web.test_signatures import csrf_of, page

Person = Callable[[str], Api]


def period(**more: Any) -> dict[str, Any]:
    return {
        "valid_from": TODAY.isoformat(),
        "valid_to": (TODAY + timedelta(days=5)).isoformat(),
        "reason": "病假",
        **more,
    }


def test_who_is_absent_is_stood_in_for_on_the_record_and_both_are_told(world: World, api: Person) -> None:
    head, colleague = (str(world.actor(login).id) for login in ("qianfa", "shencha2"))
    body = next(iter(world.actor("qianfa").body_ids))
    made = api("anquan").post(f"/users/{head}/stand-ins", period(to_user_id=colleague))["delegation_id"]
    assert world.actor("shencha2").has("head", body)
    (lent,) = api("anquan").get(f"/users/{head}/stand-ins")
    assert (lent["id"], lent["name"], lent["reason"]) == (made, "周审查", "病假")
    assert api("shenji").get("/record")["lines"][0]["kind"] == "stand_in_named"
    for login in ("qianfa", "shencha2"):
        assert any("委托代理" in one for one in messages(world, login))
    api("anquan")._answer(
        api("anquan").client.delete(
            f"/api/v1/users/{head}/stand-ins/{made}",
            headers={"Authorization": f"Bearer {api('anquan').token}", "Idempotency-Key": key()},
        )
    )
    assert not world.actor("shencha2").has("head", body)
    assert api("shenji").get("/record")["lines"][0]["kind"] == "stand_in_ended"


def test_a_stand_in_never_joins_administrators_that_are_kept_apart(world: World, api: Person) -> None:
    absent, other = (str(world.actor(login).id) for login in ("xitong", "shenji"))
    refused = api("anquan").post(f"/users/{absent}/stand-ins", period(to_user_id=other))
    assert refused["code"] == "roles_apart"
    own = api("xitong").post("/delegations", period(to_user_id=other))
    assert own["code"] == "roles_apart"
    assert "audit_admin" not in world.actor("xitong").role_names


@pytest.mark.parametrize(
    ("login", "more", "code"),
    [
        ("shencha", {}, "forbidden"),
        ("xitong", {}, "forbidden"),
        ("anquan", {"valid_to": "2026-08-01"}, "period"),
        ("anquan", {"reason": "  "}, "reason"),
        ("anquan", {"to": "qiye"}, "to_user"),
        ("anquan", {"to": "qianfa"}, "to_user"),
    ],
)
def test_what_is_wrong_with_a_stand_in_is_told(
    world: World, api: Person, login: str, more: dict[str, str], code: str
) -> None:
    to = world.actor(more.pop("to", "shencha2")).id
    refused = api(login).post(f"/users/{world.actor('qianfa').id}/stand-ins", period(to_user_id=str(to), **more))
    assert refused["code"] == code


def test_by_page_the_stand_in_is_named_and_taken_back(world: World, app: Flask) -> None:
    client, head = page(app, world, "anquan"), world.actor("qianfa").id
    token = {"csrf": csrf_of(client, f"/users/{head}"), "idempotency_key": key()}
    said = period(to_user_id=str(world.actor("shencha2").id))
    wrong = client.post(f"/users/{head}/stand-ins", data={**token, **said, "reason": ""})
    assert wrong.status_code == 422 and "请说明理由" in wrong.get_data(as_text=True)
    token["idempotency_key"] = key()
    assert client.post(f"/users/{head}/stand-ins", data={**token, **said}).status_code == 302
    assert "周审查 · 2026" in client.get(f"/users/{head}").get_data(as_text=True)
