"""A limit changes only as a new dated version, by two people, and open clocks that use it follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from registers import limits
from registers.errors import DomainError, Forbidden
from tests.clocks.kit import begin, messages, reading
from tests.conftest import World, key
from tests.web.conftest import Api
from workflows import limitwork, recompute

Person = Callable[[str], Api]
CODE = "eia.form.decide"
CHANGE: dict[str, Any] = {"code": CODE, "valid_from": date(2026, 9, 1), "note": "新规定〔2026〕1号"}


def proposed(world: World, login: str = "xitong", **more: Any) -> Any:
    return limitwork.propose(world.rt, world.actor(login), key(), **{**CHANGE, **more})["proposal_id"]


def decided(world: World, proposal: Any, login: str = "anquan", approve: bool = True, note: str = "") -> None:
    limitwork.decide(world.rt, world.actor(login), key(), proposal_id=proposal, approve=approve, note=note)
    recompute.work(world.rt)


def in_force(world: World, on: date, body: str | None = None) -> limits.LimitRule:
    with world.rt.db.transaction() as conn:
        return limits.rule(conn, CODE, on, body)


def test_a_proposal_changes_nothing_until_another_administrator_approves(world: World) -> None:
    proposal = proposed(world, limit=20)
    assert in_force(world, date(2026, 9, 1)).limit == 30
    with pytest.raises(Forbidden):
        decided(world, proposal, "xitong")
    decided(world, proposal)
    assert in_force(world, date(2026, 9, 1)).limit == 20
    assert in_force(world, date(2026, 8, 31)).limit == 30


def test_an_approved_version_moves_the_open_clocks_that_use_it(world: World) -> None:
    case_id = begin(world)
    decided(world, proposed(world, limit=20))
    assert reading(world, case_id).statutory_due == date(2026, 9, 21)
    assert "提前10天" in messages(world, "qiye", "moved")[0]


def test_a_clock_opened_before_the_version_keeps_its_own(world: World) -> None:
    case_id = begin(world)
    decided(world, proposed(world, limit=20, valid_from=date(2026, 9, 2)))
    assert reading(world, case_id).statutory_due == date(2026, 10, 1)
    assert messages(world, "qiye", "moved") == []


def test_a_body_promises_less_but_never_more_than_the_law(world: World) -> None:
    with pytest.raises(DomainError) as refused:
        proposed(world, body_code="sip-eeb", promised=31)
    assert refused.value.code == "promise_too_long"
    case_id = begin(world)
    decided(world, proposed(world, body_code="sip-eeb", promised=15, basis="承诺公告"))
    shown = reading(world, case_id)
    assert (shown.promised_due, shown.statutory_due) == (date(2026, 9, 16), date(2026, 10, 1))


def test_where_the_law_says_only_days_a_body_settles_the_unit(world: World) -> None:
    decided(world, proposed(world, body_code="sip-eeb", unit="workday"))
    assert in_force(world, date(2026, 9, 1), "sip-eeb").unit == "workday"
    assert in_force(world, date(2026, 9, 1)).unit == "day"


def test_a_rejection_says_why_and_is_final(world: World) -> None:
    proposal = proposed(world, limit=20)
    with pytest.raises(DomainError):
        decided(world, proposal, approve=False)
    decided(world, proposal, approve=False, note="没有依据")
    with pytest.raises(DomainError):
        decided(world, proposal)
    assert in_force(world, date(2026, 9, 1)).limit == 30


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"promised": 31}, "promised"),
        ({"limit": -1}, "limit"),
        ({"unit": "week"}, "unit"),
        ({"basis": "NOLAW:1"}, "basis"),
        ({"note": " "}, "note"),
    ],
)
def test_a_version_that_cannot_be_right_is_refused(world: World, wrong: Any, pointer: str) -> None:
    with pytest.raises(DomainError) as refused:
        proposed(world, **wrong)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("login", ["qiye", "qianfa", "sheji", "anquan"])
def test_only_the_system_administrator_proposes(world: World, login: str) -> None:
    with pytest.raises(Forbidden):
        proposed(world, login, limit=20)


def test_by_page_and_by_api(world: World, at_page: Any, api: Person) -> None:
    client, hidden = at_page("xitong")
    form = {**hidden, "code": CODE, "valid_from": "2026-09-05", "limit": "25", "note": "文件"}
    assert client.post("/limits", data=form).status_code == 302
    assert "待另一名管理员复核" in client.get("/limits").get_data(as_text=True)
    proposal = api("anquan").get("/limits")["proposals"][0]
    api("anquan").post(f"/limits/{proposal['id']}/decision", {"approve": True})
    found = api("xitong").get(f"/limits/{CODE}/versions")
    assert (found[0]["limit"], found[1]["valid_to"]) == (25, "2026-09-05")
    api("qianfa").get("/limits")
    assert api("qianfa").last.status_code == 403
    assert in_force(world, date(2026, 9, 5) + timedelta(days=1)).limit == 25
