"""The clock page and its API: who held the case, the derivation to print, pausing by form and by program."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from tests.clocks.kit import begin, reading, with_limit
from tests.conftest import World
from tests.web.conftest import Api

Person = Callable[[str], Api]


def test_an_officer_pauses_by_the_form_on_the_case_page(world: World, at_page: Any) -> None:
    case_id = begin(world)
    client, hidden = at_page("shencha")
    assert f"/cases/{case_id}/clock/eia/pause" in client.get(f"/cases/{case_id}").get_data(as_text=True)
    form = {**hidden, "kind": "hearing", "days": "20", "reason": "听证"}
    assert client.post(f"/cases/{case_id}/clock/eia/pause", data=form).status_code == 302
    assert reading(world, case_id).state == "paused"
    shown = client.get(f"/cases/{case_id}/clock/eia").get_data(as_text=True)
    assert "恢复计时" in shown and "听证" in shown
    assert "时限暂停" in client.get(f"/cases/{case_id}").get_data(as_text=True)


def test_the_applicant_sees_the_derivation_but_no_form(world: World, at_page: Any) -> None:
    case_id = begin(world)
    client, _ = at_page("qiye")
    shown = client.get(f"/cases/{case_id}/clock/eia").get_data(as_text=True)
    assert "逐日计算" in shown and "第 30 日" in shown and "暂停并出具告知书" not in shown


def test_extension_is_offered_only_where_the_law_allows_it(world: World, at_page: Any) -> None:
    without = begin(world)
    with_extension = begin(world, with_limit("licence.decide"), "licence")
    client, _ = at_page("qianfa")
    assert "延长时限" not in client.get(f"/cases/{without}/clock/eia").get_data(as_text=True)
    assert "延长时限" in client.get(f"/cases/{with_extension}/clock/eia").get_data(as_text=True)


def test_time_of_the_applicant_and_of_the_authority_are_told_apart(world: World, api: Person) -> None:
    case_id = begin(world)
    world.time.move_to(date(2026, 9, 11))
    found = api("qiye").get(f"/cases/{case_id}/clocks/eia")
    assert found["days"] == {"authority": 10.0, "applicant": 0.0, "procedure": 0.0}
    assert found["holding"][-1]["holder"] == "authority" and found["holding"][-1]["end"] is None


def test_by_the_api_a_clock_is_paused_and_resumed_once_for_one_key(world: World, api: Person) -> None:
    case_id, once = begin(world), str(uuid.uuid4())
    body = {"kind": "technical_evaluation", "days": 10, "reason": "评估"}
    first = api("shencha").post(f"/cases/{case_id}/clocks/eia/pause", body, once)
    assert api("shencha").post(f"/cases/{case_id}/clocks/eia/pause", body, once) == first
    world.time.move_to(date(2026, 9, 5))
    after = api("qianfa").post(f"/cases/{case_id}/clocks/eia/resume")
    assert (after["state"], after["statutory_due"]) == ("running", "2026-10-04")
    shown = api("qianfa").get(f"/cases/{case_id}/clocks/eia")
    assert shown["clock"]["paused"] == 3


def test_a_stranger_neither_sees_nor_pauses_a_clock(world: World, api: Person) -> None:
    case_id = begin(world)
    body = {"kind": "hearing", "days": 3, "reason": "x"}
    for login in ("qiye2", "huiban", "sheji"):
        api(login).get(f"/cases/{case_id}/clocks/eia")
        assert api(login).last.status_code == 404
        api(login).post(f"/cases/{case_id}/clocks/eia/pause", body)
        assert api(login).last.status_code == 404
