"""The security administrator enters bodies, enterprises and people by the API; nobody else can."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import World
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api

Person = Callable[[str], Api]

FIRM = {
    "credit_code": "91130200699229617X", "name": "新厂", "address": "某路1号", "legal_representative": "某人",
}  # fmt: skip


def test_a_new_enterprise_and_its_preparer_can_start_a_case(world: World, api: Person) -> None:
    publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    firm = api("anquan").post("/enterprises", FIRM)
    person = {"login": "newcomer", "name": "新人", "password": "long enough password", "role": "preparer"}
    api("anquan").post("/users", {**person, "enterprise_id": firm["enterprise_id"]})
    assert api("anquan").last.status_code == 201
    started = api("newcomer").post("/cases", {"procedure": "trial"})
    assert api("newcomer").last.status_code == 201
    assert len(started["open_tasks"]) == 1


def test_a_wrong_credit_code_is_named_with_the_field(api: Person) -> None:
    answer = api("anquan").post("/enterprises", {**FIRM, "credit_code": "911302006992296170"})
    assert (api("anquan").last.status_code, answer["pointer"]) == (422, "credit_code")


def test_an_enterprise_role_needs_an_enterprise(api: Person) -> None:
    person = {"login": "x", "name": "某", "password": "long enough password", "role": "preparer"}
    assert api("anquan").post("/users", person)["code"] == "unit"


def test_only_the_security_administrator_may(api: Person) -> None:
    for login in ("xitong", "shenji", "qianfa", "qiye"):
        api(login).post("/enterprises", FIRM)
        assert api(login).last.status_code == 403
        api(login).get("/users")
        assert api(login).last.status_code == 403


def test_a_retired_version_starts_no_new_cases_and_old_ones_go_on(world: World, api: Person) -> None:
    definition = publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    old = api("qiye").post("/cases", {"procedure": "trial"})
    api("sheji").post(f"/definitions/{definition}/retire")
    assert api("sheji").last.status_code == 200
    api("qiye").post("/cases", {"procedure": "trial"})
    assert api("qiye").last.status_code == 404
    done = api("qiye").post(f"/tasks/{old['open_tasks'][0]}/complete", {"data": {"remark": "好"}})
    assert done["status"] == "closed"
