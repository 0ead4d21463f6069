"""The rules of the two licences: codes and kinds, conditions with evidence, wastes of the permit, outcome, scale."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import forms
from handlers import licence, licence_papers, registry, waste
from registers import waste_rules
from registers.timesource import FixedTime
from workflows import install
from workflows.dmn import parse_dmn

sys.path.insert(0, str(Path(__file__).parents[1] / "rules"))
OIL, LAMPS, MERCURY = "900-214-08", "900-044-49", "231-007-29"


def call(name: str, **inputs: Any) -> dict[str, Any]:
    context = registry.HandlerContext(None, FixedTime.on(date(2026, 9, 1)), None, None, date(2026, 9, 1), None)  # type: ignore[arg-type]  # these rules ask no register
    return registry.call(name, inputs, context)


def row(code: str, capacity: str = "100", way: str = "dispose", facility: str = "other") -> dict[str, str]:
    return {"code": code, "capacity_t": capacity, "way": way, "facility": facility}


def screen(*rows: dict[str, str], kind: str = "comprehensive", ways: tuple[str, ...] = ("dispose",)) -> dict[str, Any]:
    facts = {"for_others": True, "kind": kind, "ways": list(ways), "wastes": list(rows)}
    return call("licence.screen", facts=facts)


# -- screening ---------------------------------------------------------------------------------------


def test_one_s_own_wastes_need_no_licence() -> None:
    assert call("licence.screen", facts={"for_others": False})["needed"] is False


def test_a_code_of_the_list_brings_its_class_and_an_unknown_one_is_told() -> None:
    found = screen(row("336-064-17"), row("999-999-99"))
    assert [waste["klass"] for waste in found["wastes"]] == ["HW17", ""]
    assert found["ok"] is False
    assert "999-999-99" in found["zh"]


def test_a_waste_that_tests_found_hazardous_belongs_to_the_class_of_its_last_digits() -> None:
    found = waste_rules.find("900-000-49")
    assert found is not None
    assert found.klass == "HW49"
    # Law: the list has no classes HW41 to HW44.
    assert waste_rules.find("900-000-41") is None


def test_the_list_has_forty_six_classes() -> None:
    assert len(waste_rules.classes()) == 46
    assert not {"HW41", "HW42", "HW43", "HW44"} & set(waste_rules.classes())


def test_a_collection_licence_covers_repair_oil_and_household_batteries_only() -> None:
    good = screen(row(OIL, way="collect"), row(LAMPS, way="collect"), kind="collection", ways=("collect",))
    assert good["ok"] is True
    assert screen(row("336-064-17", way="collect"), kind="collection", ways=("collect",))["ok"] is False
    assert screen(row(OIL, way="dispose"), kind="collection", ways=("dispose",))["ok"] is False


def test_incineration_is_added_up_and_mercury_seen() -> None:
    found = screen(
        row("900-249-08", "6000", facility="incineration"), row("900-039-49", "4000", facility="incineration")
    )
    assert found["incineration_t"] == Decimal(10000)
    assert found["mercury"] is False
    assert screen(row(MERCURY))["mercury"] is True


# -- who decides -------------------------------------------------------------------------------------


def power(on: date, *, zone: str | None = "gaomao", **facts: Any) -> dict[str, Any]:
    path = install.procedures_folder() / "two_licences" / "licence_power.dmn"
    given_facts = {"kind": "comprehensive", "incineration_t": Decimal(0), "mercury": False, "medical": False, **facts}
    outputs = parse_dmn(path.read_bytes(), path.name)[0].evaluate(
        {"licence": given_facts, "case": {"zone": zone, "opened_on": on}}
    )
    found: dict[str, Any] = outputs.outputs
    return found


TODAY, BEFORE = date(2026, 9, 1), date(2022, 6, 1)


@pytest.mark.parametrize(
    ("on", "facts", "level"),
    [
        (TODAY, {"incineration_t": Decimal("9999.999999")}, "zone"),
        (TODAY, {"incineration_t": Decimal(10000)}, "province"),
        (TODAY, {"mercury": True}, "province"),
        (TODAY, {"kind": "collection"}, "county"),
        (TODAY, {"zone": None}, "city"),
        (TODAY, {"zone": None, "kind": "collection"}, "county"),
        (BEFORE, {}, "province"),
        (BEFORE, {"medical": True}, "city"),
        (BEFORE, {"kind": "collection"}, "county"),
    ],
)
def test_the_competent_level_follows_kind_scale_place_and_date(on: date, facts: dict[str, Any], level: str) -> None:
    assert power(on, **facts)["level"] == level


# -- conditions --------------------------------------------------------------------------------------

TECHNICIANS = [{"name": name, "title": "middle", "field": "环境工程", "years": "3"} for name in "甲乙丙"]
MATERIAL = {
    "technicians": TECHNICIANS,
    **dict.fromkeys(("transport", "storage", "facility_text", "technique", "emergency"), "齐备"),
}


def opinion(kind: str = "comprehensive", landfill: bool = False, **changed: str) -> dict[str, str]:
    found = {key: "met" for key, *_ in licence.conditions_of(kind, landfill)}
    return {**found, **{f"{key}_evidence": "材料第3页" for key in found}, **changed}


def conditions(application: dict[str, Any], said: dict[str, str], **more: Any) -> dict[str, Any]:
    return call("licence.conditions", **{"kind": "comprehensive", "application": application, "opinion": said, **more})


def test_a_missing_technician_contradicts_the_finding_that_the_condition_is_met() -> None:
    two = {**MATERIAL, "technicians": TECHNICIANS[:2]}
    assert conditions(MATERIAL, opinion())["agrees"] is True
    assert conditions(two, opinion())["agrees"] is False
    assert "2名" in conditions(two, opinion())["zh"]
    denied = conditions(two, opinion(c_technicians="not_met"))
    assert denied["agrees"] is True
    assert [line["key"] for line in denied["unmet"]] == ["c_technicians"]


@pytest.mark.parametrize(("title", "years", "counts"), [("middle", "2.9", 2), ("junior", "10", 2), ("senior", "3", 3)])
def test_title_and_years_decide_whether_a_technician_counts(title: str, years: str, counts: int) -> None:
    assert licence.able_technicians([*TECHNICIANS[:2], {"title": title, "years": years}]) == counts


def test_landfill_has_the_seventh_condition_and_a_collection_licence_its_own() -> None:
    assert [key for key, *_ in licence.conditions_of("comprehensive", True)][-1] == "c_land"
    assert [key for key, *_ in licence.conditions_of("collection", False)][-1] == "c_contract"


def test_every_condition_of_the_rules_is_a_line_of_the_reviewer_s_form() -> None:
    fields = forms.load("waste_opinion").fields
    for kind, landfill in (("comprehensive", True), ("collection", False)):
        for key, *_ in licence.conditions_of(kind, landfill):
            assert key in fields
            assert fields[f"{key}_evidence"].required


def test_the_checklist_of_both_forms_is_that_of_the_register() -> None:
    for name in ("site_visit", "joint_inspection"):
        fields = forms.load(name).fields
        assert [item.key for item in waste_rules.checklist() if item.key not in fields] == []


# -- wastes of the permit ----------------------------------------------------------------------------


def wastes(licensed: list[str], secondary: list[str], permit: list[str]) -> dict[str, Any]:
    lists = {"licensed": licensed, "secondary": secondary, "permit": permit}
    return call("licence.wastes", **{key: [{"code": code} for code in codes] for key, codes in lists.items()})


CODES = st.lists(st.sampled_from(sorted(waste_rules.codes())), max_size=6, unique=True)


@given(CODES, CODES, CODES)
def test_the_permit_names_licensed_and_secondary_wastes_and_nothing_else(
    licensed: list[str], secondary: list[str], permit: list[str]
) -> None:
    found = wastes(licensed, secondary, permit)
    assert found["complete"] is (set(permit) == set(licensed) | set(secondary))
    assert {line["code"] for line in found["missing"]} == (set(licensed) | set(secondary)) - set(permit)


def test_every_missing_waste_is_named() -> None:
    found = wastes([], ["772-003-18", "772-005-18"], [])
    assert "772-003-18" in found["zh"]
    assert "772-005-18" in found["zh"]


# -- outcome -----------------------------------------------------------------------------------------


def test_what_becomes_of_the_other_licence_is_said_and_never_silent() -> None:
    parts = {"waste": {"waste_outcome": "refused", "waste_reason": "不足"}, "permit": {"permit_outcome": "approved"}}
    found = call("licence.outcome", **parts)
    assert (found["split"], found["approved_part"]) == (True, "permit")
    issued = call("licence.settle", outcome=found, fate={"choice": "issue", "reason": "仍需排污"})
    assert (issued["permit"], issued["waste"]) == ("approved", "refused")
    assert "仍需排污" in issued["fate_zh"]
    dropped = call("licence.settle", outcome=found, fate={"choice": "refuse", "reason": "不具备前提"})
    assert dropped["permit"] == "refused"
    assert dropped["permit_reason"] == "不具备前提"


# -- scale -------------------------------------------------------------------------------------------


def assess(scale: str, licensed: str = "8000", **more: Any) -> dict[str, Any]:
    facts = {"what": "operation", "new_scale_t": scale, **more}
    return call("licence.assess", facts=facts, held={"waste": {"scale_t": licensed}})


@pytest.mark.parametrize(
    ("scale", "action"), [("9520", "adjust"), ("9599.999999", "adjust"), ("9600", "reapply"), ("9680", "reapply")]
)
def test_twenty_per_cent_over_the_scale_asks_for_a_new_licence(scale: str, action: str) -> None:
    assert assess(scale)["action"] == action


def test_the_figure_is_data_and_has_its_citation() -> None:
    rule = waste_rules.rule("over_scale")
    assert (rule["percent"], rule["basis"]) == (20, "HWM:12")
    assert "第12条" in assess("9680")["grounds"][0]["basis_zh"]


@pytest.mark.parametrize("fact", ["new_way", "new_class", "new_facility"])
def test_mode_class_and_facility_ask_for_a_new_licence_at_any_scale(fact: str) -> None:
    assert assess("8000", **{fact: True})["action"] == "reapply"


def test_records_are_kept_for_the_longer_time_and_of_a_landfill_for_ever() -> None:
    assert "10年" in licence_papers.retention(False, date(2026, 9, 1))
    assert "永久" in licence_papers.retention(True, date(2026, 9, 1))


def test_the_wastes_of_a_table_are_read_once() -> None:
    assert waste.read_wastes([row(OIL)])[0]["klass_name"]
