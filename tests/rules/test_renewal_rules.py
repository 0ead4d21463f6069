"""The rules of a renewal: what may be renewed, and what asks for more than the permit states."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import registry

CTX = registry.HandlerContext(
    conn=SimpleNamespace(),
    time=SimpleNamespace(),
    case_id=None,
    enterprise_id=None,
    act_date=date(2026, 11, 22),
    actor_id=None,
)
HELD = {
    "ok": True,
    "klass": "simplified",
    "over": False,
    "valid_to": date(2027, 3, 2),
    "apply_by": date(2027, 1, 1),
    "late_days": 0,
    "outlets": [{"code": "DA001", "kind": "air", "name": "1号", "position": "东侧"}],
    "emissions": [
        {"outlet": "DA001", "factor": "VOCS", "concentration": "50", "amount_t": "1.8"},
        {"outlet": "DA001", "factor": "PM", "concentration": "20"},
    ],
}
SAME = {"outlets": HELD["outlets"], "emissions": HELD["emissions"]}


def assess(facts, **held):
    return registry.call("renewal.assess", {"facts": facts, "held": {**HELD, **held}}, CTX)


def compare(**changed):
    return registry.call("renewal.compare", {"held": HELD, "application": {**SAME, **changed}}, CTX)


def test_without_changes_a_permit_in_force_is_renewed():
    found = assess({"anything_changed": False})
    assert (found["way"], found["late"]) == ("renew", False)
    assert "《排污许可管理条例》第14条第2款" in found["lines"][0]["basis_zh"]


@pytest.mark.parametrize(
    "fact",
    [
        "new_or_expanded_project",
        "relocated",
        "outlet_moved",
        "discharge_mode_changed",
        "outlet_added",
        "amount_or_concentration_increased",
    ],
)
def test_each_change_of_article_15_is_an_application_anew_with_its_ground(fact):
    found = assess({"anything_changed": True, fact: True})
    assert found["way"] == "reapply"
    assert all("《排污许可管理条例》第15条" in line["basis_zh"] for line in found["lines"])


@pytest.mark.parametrize(("fact", "basis"), [("identity_changed", "第26条"), ("other_content_changed", "第28条")])
def test_a_change_of_name_or_of_other_content_goes_beside_the_renewal(fact, basis):
    found = assess({"anything_changed": True, fact: True})
    assert found["way"] == "renew"
    assert any(f"《排污许可管理办法》{basis}" in line["basis_zh"] for line in found["lines"])


def test_what_was_ticked_before_the_answer_became_no_counts_for_nothing():
    assert assess({"anything_changed": False, "relocated": True})["way"] == "renew"


def test_who_is_late_is_told_what_that_costs():
    found = assess({"anything_changed": False}, late_days=12)
    assert (found["way"], found["late"]) == ("renew", True)
    assert "逾期12日" in found["zh"]
    assert "不视为准予延续" in found["zh"]
    assert "《排污许可管理办法》第24条" in found["lines"][0]["basis_zh"]


@pytest.mark.parametrize(
    ("held", "way", "said"),
    [
        ({"over": True, "over_zh": "有效期届满"}, "over", "重新申请"),
        ({"klass": "registration"}, "over", "重新填报"),
        ({"ok": False, "zh": "许可证正在办理延续", "en": "being renewed"}, "not_held", "正在办理"),
    ],
)
def test_what_cannot_be_renewed_says_why(held, way, said):
    found = assess({"anything_changed": False}, **held)
    assert found["way"] == way
    assert said in found["zh"]


def test_the_permit_as_it_is_is_within_itself():
    found = compare()
    assert (found["within"], found["problems"], found["lines"]) == (True, [], [])
    assert found["totals"] == [{"factor": "VOCS", "amount_t": Decimal("1.8")}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"outlets": [*HELD["outlets"], {"code": "DA002"}]}, "DA002"),
        ({"outlets": [{"code": "DA001", "position": "西侧"}]}, "位置"),
        ({"emissions": [{"outlet": "DA001", "factor": "SO2", "amount_t": "0.1"}]}, "不在原许可证中"),
        (
            {"emissions": [{"outlet": "DA001", "factor": "VOCS", "concentration": "60", "amount_t": "1"}]},
            "许可排放浓度原为50",
        ),
        ({"emissions": [{"outlet": "DA001", "factor": "VOCS", "concentration": "50"}]}, "未填"),
    ],
)
def test_more_than_the_permit_is_no_renewal(changed, said):
    found = compare(**changed)
    assert not found["within"]
    assert said in found["problems"][0]["zh"]
    assert "重新申请" in found["problems"][0]["zh"]


@given(st.decimals(min_value=0, max_value=10, places=6))
def test_an_amount_is_within_the_permit_exactly_when_it_is_not_above_it(amount):
    row = {"outlet": "DA001", "factor": "VOCS", "concentration": "50", "amount_t": amount}
    found = compare(emissions=[row])
    assert found["within"] is (amount <= Decimal("1.8"))
    assert bool(found["lines"]) is (amount < Decimal("1.8"))


@pytest.mark.parametrize(
    ("factor", "given_t", "ok"),
    [("VOCS", "1.5", True), ("VOCS", "1.8", True), ("VOCS", "1.9", False), ("COD", "0.1", False)],
)
def test_a_reviewer_may_set_less_and_never_more(factor, given_t, ok):
    limits = [{"factor": factor, "amount_t": given_t, "reason": "试点办法"}]
    found = registry.call(
        "renewal.limits", {"totals": [{"factor": "VOCS", "amount_t": Decimal("1.8")}], "limits": limits}, CTX
    )
    assert found["ok"] is ok
    assert bool(found["problems"]) is not ok
