"""Reduced amounts by kind of project: worked figures, unit traps, conditions, sources; nothing looked up in the output."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reduction import calculation
from handlers.reduction_formulas import FORMULAS, Missing, rules
from registers.quota_accounts import Period

PLAN = Period("15", "“十五五”", "15th plan", date(2026, 1, 1), date(2030, 12, 31))
SOURCE = {"factor": "VOCS", "source": "acceptance", "evidence": "验收报告第3页"}


def declared(kind: str, *rows: dict[str, Any], **facts: Any) -> dict[str, Any]:
    own = {
        "closure": {"closed_on": date(2026, 6, 30), "first_discharge_on": date(2015, 1, 1)},
        "other": {"measurable": True, "countable": True, "verifiable": True},
    }
    return {
        "kind": kind,
        "completed_on": date(2026, 5, 1),
        "available_sources": ["acceptance"],
        **own.get(kind, {}),
        f"{kind}_rows": [{**SOURCE, **row} for row in rows],
        **facts,
    }


def net(declaration: dict[str, Any]) -> Decimal:
    found = calculation(declaration, PLAN)
    assert found["problems"] == []
    amount: Decimal = found["lines"][0]["net_t"]
    return amount


def told(declaration: dict[str, Any]) -> list[str]:
    return [problem["path"] for problem in calculation(declaration, PLAN)["problems"]]


@pytest.mark.parametrize(
    ("kind", "row", "tonnes"),
    [
        ("closure", {"actual_t": "3.2", "actual_year": 2025}, "3.2"),
        # 40 t of paint, 420 g/kg (= 420 kg/t) replaced by 80 kg/t.
        ("process", {"activity": "40", "old_factor": "420", "new_factor": "80", "factor_unit": "kg"}, "13.6"),
        # The same factors per piece, in grams: 40,000 pieces.
        ("process", {"activity": "40000", "old_factor": "420", "new_factor": "80", "factor_unit": "g"}, "13.6"),
        ("process", {"activity": "40", "old_factor": "0.42", "new_factor": "0.08", "factor_unit": "t"}, "13.6"),
        # 12 t generated: 12 x (1 - 0.6 x 0.5) = 8.4 before, 12 x (1 - 0.95 x 0.9) = 1.74 after.
        (
            "treatment",
            {
                "method": "rates",
                "generated_t": "12",
                "old_capture": "60",
                "old_removal": "50",
                "new_capture": "95",
                "new_removal": "90",
            },
            "6.66",
        ),
        # 10,000 m³/a from 500 to 30 mg/L: 5.0 t less 0.3 t.
        (
            "treatment",
            {"method": "water", "flow": "10000", "old_concentration": "500", "new_concentration": "30"},
            "4.7",
        ),
        # 20,000 m³/h, 6,000 h, from 80 to 20 mg/m³: 7.2 t, not 7,200.
        (
            "treatment",
            {"method": "air", "flow": "20000", "hours": "6000", "old_concentration": "80", "new_concentration": "20"},
            "7.2",
        ),
        ("other", {"before_t": "2.5", "after_t": "0.4"}, "2.1"),
    ],
)
def test_worked_figures_of_every_formula(kind: str, row: dict[str, Any], tonnes: str) -> None:
    assert net(declared(kind, row)) == Decimal(tonnes)


def test_the_working_can_be_followed_on_paper() -> None:
    row = {"method": "water", "flow": "10000", "old_concentration": "500", "new_concentration": "30"}
    line = calculation(declared("treatment", row), PLAN)["lines"][0]
    assert line["working"] == "R = 10000 × (500 − 30) × 10⁻⁶"
    assert line["source_zh"] == "竣工环境保护验收报告"
    assert line["evidence"] == "验收报告第3页"


def test_what_was_used_as_regional_reduction_is_deducted_and_nothing_left_is_a_problem() -> None:
    assert net(declared("other", {"before_t": "2.5", "after_t": "0.4", "deducted_t": "0.6"})) == Decimal("1.5")
    assert told(declared("other", {"before_t": "2.5", "after_t": "0.4", "deducted_t": "2.1"})) == ["other_rows.0"]


def test_a_closure_needs_more_than_a_year_of_discharge() -> None:
    row = {"actual_t": "1", "actual_year": 2025}
    exactly = declared("closure", row, first_discharge_on=date(2025, 6, 30), closed_on=date(2026, 6, 30))
    assert told(exactly) == ["first_discharge_on"]
    one_more = declared("closure", row, first_discharge_on=date(2025, 6, 30), closed_on=date(2026, 7, 1))
    assert told(one_more) == []
    leap = declared("closure", row, first_discharge_on=date(2028, 2, 29), closed_on=date(2029, 2, 28))
    assert told(leap) == ["first_discharge_on"]


@pytest.mark.parametrize(
    ("day", "problems"),
    [
        (date(2025, 12, 31), ["closed_on"]),
        (date(2026, 1, 1), []),
        (date(2030, 12, 31), []),
        (date(2031, 1, 1), ["closed_on"]),
    ],
)
def test_a_closure_lies_within_the_plan_period(day: date, problems: list[str]) -> None:
    assert told(declared("closure", {"actual_t": "1", "actual_year": 2024}, closed_on=day)) == problems


def test_the_other_kind_must_be_measurable_countable_and_verifiable() -> None:
    row = {"before_t": "2", "after_t": "1"}
    for name in ("measurable", "countable", "verifiable"):
        assert told(declared("other", row, **{name: False})) == [name]


def test_a_better_source_at_hand_is_used_or_its_rejection_explained() -> None:
    row = {"before_t": "2", "after_t": "1", "source": "monitoring"}
    known = ["acceptance", "monitoring"]
    assert told(declared("other", row, available_sources=known)) == ["other_rows.0"]
    assert told(declared("other", row, available_sources=known, why_lower="验收报告早于本次治理")) == []
    assert told(declared("other", row, available_sources=["monitoring"])) == []


def test_a_row_without_evidence_or_source_and_a_factor_twice_are_problems() -> None:
    row = {"before_t": "2", "after_t": "1"}
    assert told(declared("other", {**row, "evidence": " "})) == ["other_rows.0"]
    assert told(declared("other", {**row, "source": "hearsay"})) == ["other_rows.0"]
    assert told(declared("other", row, row)) == ["other_rows"]
    assert told(declared("other")) == ["other_rows"]
    assert told({"kind": "magic"})[0] == "kind"


def test_missing_inputs_are_named_together() -> None:
    with pytest.raises(Missing) as caught:
        FORMULAS["treatment"]({"method": "air", "flow": "1"})
    assert caught.value.names == ("old_concentration", "new_concentration")
    with pytest.raises(Missing):
        FORMULAS["process"]({"activity": "1", "old_factor": "1", "new_factor": "1", "factor_unit": "lb"})


AMOUNTS = st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False)
RATES = st.decimals(min_value=0, max_value=100, places=2, allow_nan=False)


@given(AMOUNTS, RATES, RATES, RATES, RATES)
def test_treatment_never_reduces_more_than_was_generated(
    generated: Decimal, c0: Decimal, n0: Decimal, c1: Decimal, n1: Decimal
) -> None:
    row = {"method": "rates", "generated_t": generated, "old_capture": c0, "old_removal": n0}
    forward, _ = FORMULAS["treatment"]({**row, "new_capture": c1, "new_removal": n1})
    back, _ = FORMULAS["treatment"]({**row, "old_capture": c1, "old_removal": n1, "new_capture": c0, "new_removal": n0})
    assert -generated <= forward <= generated
    assert forward == -back


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_kilograms_grams_and_tonnes_agree(activity: Decimal, old: Decimal, new: Decimal) -> None:
    def by(unit: str, scale: int) -> Decimal:
        row = {"activity": activity, "old_factor": old * scale, "new_factor": new * scale, "factor_unit": unit}
        return FORMULAS["process"](row)[0]

    assert by("t", 1) == by("kg", 1000) == by("g", 1_000_000)


def test_every_rule_that_is_data_carries_its_citation_and_says_how_sure_it_is() -> None:
    for item in [*rules()["kinds"].values(), *rules()["sources"], rules()["closure_min_years"]]:
        assert item["basis"].startswith("SIPQUOTA:")
        assert item["verified"] in ("yes", "one_source", "practice")
