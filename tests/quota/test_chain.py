"""A ton from its source to its end, by the API alone: closure, audit, reserve, reservation, approval, operation, recovery."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from registers import accounts
from tests.conftest import World
from tests.kit import hold_permit
from tests.signing import SIGNATURE, SIGNED_STEPS
from tests.web.conftest import Api
from workflows import cron

ZONE = "gaomao"


@dataclass
class People:
    """Everybody at the API; a token made anew for each day."""

    app: Flask
    world: World

    def __call__(self, login: str) -> Api:
        person = self.world.actor(login)
        assert person.id is not None
        with self.world.rt.db.transaction() as conn:
            return Api(self.app.test_client(), accounts.create_token(conn, person.id, "t", self.world.time.now(), 5))

    def done(self, login: str, number: str, element: str, data: dict[str, Any]) -> dict[str, Any]:
        """Hand in the open task of a case."""
        person = self(login)
        tasks = person.get("/tasks", search=number)["tasks"]
        task = next((one for one in tasks if one["element"] == element), None)
        assert task is not None, (login, element, [one["element"] for one in tasks])
        signature = {"signature": SIGNATURE} if element in SIGNED_STEPS else {}
        answer: dict[str, Any] = person.post(f"/tasks/{task['id']}/complete", {"data": data, **signature})
        assert person.last.status_code == 200, (element, answer)
        assert answer["incidents"] == 0, self("qianfa").get(f"/cases/{answer['case_id']}")["incidents"]
        return answer

    def balance(self, register: str, factor: str = "COD") -> Decimal:
        found = self("shencha").get(f"/quota/accounts/{ZONE}/{factor}", register=register)
        return Decimal(found["balance"])


@pytest.fixture
def people(app: Flask, world: World) -> People:
    return People(app, world)


def _closure(people: People) -> None:
    """A closed line is found, declared by the zone, checked by two people, audited and entered."""
    case = people("chuangkou").post("/cases", {"procedure": "reduction_audit"})
    lead = {"project_name": "酸洗线关停", "unit_name": "某电子厂", "zone": ZONE, "kind": "closure", "year": 2026}
    people.done("chuangkou", case["number"], "task_identify", {**lead, "origin": "relocation", "declared_by": "zone"})
    declaration = {
        "project_name": "酸洗线关停",
        "unit_name": "某电子厂",
        "site_address": "星湖街2号",
        "contact_name": "某",
        "contact_phone": "1",
        "kind": "closure",
        "operation": "已拆除",
        "closed_on": "2026-06-30",
        "first_discharge_on": "2014-01-01",
        "closed_scope": "whole",
        "closure_rows": [
            {"factor": "COD", "actual_t": "3.2", "actual_year": 2025, "source": "permit", "evidence": "执行报告"}
        ],
        "available_sources": ["permit"],
        "calculation_file": people("chuangkou").upload("核算.pdf"),
        "permit_action": "cancelled",
        "truthful": True,
    }
    people.done("chuangkou", case["number"], "task_declare_zone", declaration)
    checked = {"agrees": "agree", "comment": "一致"}
    people.done("shencha", case["number"], "task_first_check", {**checked, "second_by": "person"})
    people.done("shencha2", case["number"], "task_second_check", checked)
    audit = {"kind_right": True, "amount_right": True, "permit_right": True, "outcome": "pass", "reason": "符合"}
    done = people.done("qianfa", case["number"], "task_audit", audit)
    closed = people("qianfa").get(f"/cases/{done['case_id']}")
    assert (closed["status"], [letter["kind"] for letter in closed["letters"]]) == ("closed", ["reduction_opinion"])


def _reserve(people: People) -> None:
    """The quarterly round moves three tons into the reserve; a fifth of a ton was used for a binding task."""
    case = people("shencha").post("/cases", {"procedure": "quota_reserve", "zone": ZONE})
    people.done("shencha", case["number"], "task_round", {"zone": ZONE, "until": "2026-09-01", "round": "q3"})
    project = next(
        one for one in people("shencha").get("/reductions", zone=ZONE)["projects"] if one["name"] == "酸洗线关停"
    )
    row = {"project": project["number"], "factor": "COD", "binding": "0.2", "reserve": "3"}
    people.done("shencha", case["number"], "task_select", {"rows": [row]})
    people.done("qianfa", case["number"], "task_confirm", {"outcome": "confirm"})


def _ratio(people: People) -> None:
    lines = [{"factor": "COD", "ratio": "1.5"}]
    made = people("xitong").post("/quota/ratios", {"valid_from": "2026-08-30", "lines": lines, "basis": "试验文件"})
    people("anquan").post(f"/quota/ratios/{made['ratio_id']}/signature", {"sign": True})


def _approval(people: People) -> uuid.UUID:
    """The enterprise asks for one ton: reserved at once at the signed ratio, permitted with the decision."""
    case = people("qiye").post("/cases", {"procedure": "quota_use"})
    rows = [{"factor": "COD", "plant_added_t": "1"}]
    asked = {"project_name": "新线", "project_address": "星湖街1号", "eia": "report", "quota": rows}
    people.done("qiye", case["number"], "task_quota_apply", asked)
    return uuid.UUID(case["case_id"])


def _operation(people: People, world: World) -> None:
    """The permit comes into force, operation begins, and two years later the unit declares a whole year."""
    permit = hold_permit(
        world,
        number="91320594MA1EXAMP04001P",
        klass="simplified",
        valid_from=date(2026, 9, 1),
        valid_to=date(2031, 8, 31),
    )
    world.time.move_to(date(2026, 12, 20))
    holder = people("qiye")
    holder.post(f"/permits/{permit}/operation-started", {"on": "2026-12-15"})
    assert holder.last.status_code < 300, holder.last.get_json()
    world.time.move_to(date(2028, 3, 1))
    held = Decimal(next(one for one in holdings(people) if one["factor"] == "COD")["amount"])
    case = people("qiye").post("/cases", {"procedure": "annual_declaration"})
    row = {"factor": "COD", "actual": "0.4", "method": "automatic", "evidence": "年报"}
    rows = [{**row, "permitted": format(held, "f"), "claimed": format(held, "f")}]
    people.done("qiye", case["number"], "task_totals", {"year": 2027, "zone": ZONE, "totals": rows, "truthful": True})
    people.done("shencha", case["number"], "task_review", {"outcome": "accept", "comment": "无误"})
    decided = [{"factor": "COD", "proposed": rows[0]["claimed"], "allowed": rows[0]["claimed"]}]
    people.done("qianfa", case["number"], "task_decide", {"rows": decided})


def holdings(people: People) -> list[dict[str, Any]]:
    unit = people.world.actor("qiye").enterprise_id
    found: list[dict[str, Any]] = people("qiye").get(f"/quota/units/{unit}")["permitted"]
    return found


def test_a_ton_from_closure_to_recovery(people: People, world: World) -> None:
    before = {name: people.balance(name) for name in ("reduction", "reserve", "total")}
    _closure(people)
    assert people.balance("reduction") == before["reduction"] + Decimal("3.2")
    _reserve(people)
    assert people.balance("reduction") == before["reduction"]
    assert people.balance("reserve") == before["reserve"] + 3
    _ratio(people)
    case_id = _approval(people)
    assert people.balance("reserve") == before["reserve"] + Decimal("1.5")
    assert people.balance("reserved") == Decimal("1.5")
    number = people("qiye").get(f"/cases/{case_id}")["number"]
    people.done("qianfa", number, "task_quota_decision", {"outcome": "approved", "reason": "同意"})
    assert people.balance("reserved") == 0
    assert people.balance("total") == before["total"] + 1
    assert [one["kind"] for one in people("qiye").get(f"/cases/{case_id}")["letters"]] == ["quota_information"]
    _operation(people, world)
    cron.daily(world.rt)
    proposed = people("shencha").get("/quota/recoveries")["recoveries"]
    mine = next(one for one in proposed if one["enterprise_id"] == str(world.actor("qiye").enterprise_id))
    assert mine["status"] == "proposed"
    surplus = Decimal(mine["amount"])
    decided = people("qianfa").post(
        f"/quota/recoveries/{mine['id']}/decision", {"recover": True, "reason": "投运满一年，实际排放量低于许可量80%"}
    )
    assert decided["posting_id"]
    assert people.balance("total") == before["total"] + 1 - surplus
    assert people.balance("reserve") == before["reserve"] + Decimal("1.5") + surplus
