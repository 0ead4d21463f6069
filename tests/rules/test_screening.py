"""Screening by the built-in items of both catalogues: worked cases."""

from decimal import Decimal

import pytest

from handlers.screening import eia_class, industry_codes, permit_class, summary
from registers.catalogues import Item, built_in, choices, industries, screening_facts
from registers.conditions import facts_of, holds

EIA, PERMIT = built_in("eia"), built_in("permit")


def classes(*codes, ticks=(), **facts):
    eia, permit = eia_class(facts, codes, EIA, ticks), permit_class(facts, codes, PERMIT, ticks)
    return eia.level, permit.level


@pytest.mark.parametrize(
    ("codes", "facts", "expected"),
    [
        # electronics: item 80 / 89
        (["3974"], {"product": "display"}, ("form", "registration")),
        (["3974"], {"product": "display", "only_assembly": True}, ("exempt", "registration")),
        (["3973"], {"product": "ic", "solvent_coating_total_t": Decimal("10")}, ("form", "simplified")),
        (
            ["3973"],
            {"product": "ic", "solvent_coating_total_t": Decimal("9.999999")},
            ("form", "registration"),
        ),
        (["3973"], {"product": "ic", "key_unit": True}, ("form", "key")),
        (["3985"], {"product": "semiconductor_material", "key_unit": True}, ("report", "key")),
        (["3982"], {"product": "pcb", "pickling": True}, ("form", "simplified")),
        # cars: item 71 / 85
        (["3612"], {}, ("report", "simplified")),
        (["3612"], {"only_assembly": True}, ("form", "simplified")),
        (
            ["3670"],
            {"solvent_coating_added_t": Decimal(10), "solvent_total_t": Decimal(12)},
            ("report", "simplified"),
        ),
        (["3670"], {"solvent_total_t": Decimal("9.9")}, ("form", "registration")),
        (["3670"], {"low_voc_coating_added_t": Decimal("9.9")}, ("exempt", "registration")),
        (["3670"], {"low_voc_coating_added_t": Decimal(10)}, ("form", "registration")),
        # plastics: item 53 / 62
        (["2929"], {"recycled_plastic": True}, ("report", "registration")),
        (["2924"], {"capacity_total_t": Decimal(10000)}, ("form", "simplified")),
        (["2925"], {}, ("form", "key")),
        # special and general equipment: items 70, 69 / 84, 83 by common processes
        (["3562"], {}, ("form", "registration")),
        (["3562"], {"electroplating": True}, ("report", "simplified")),
        (["3562"], {"boiler_t_h": Decimal(20)}, ("form", "simplified")),
        (["3569"], {"only_assembly": True}, ("exempt", "registration")),
        (["3484"], {"kiln": "other", "key_unit": True}, ("form", "key")),
        # dyeing: item 28 / 25; the star
        (["1713"], {"dyeing": True, "in_industrial_building": True}, ("report", "key")),
        (["1713"], {"digital_printing": True, "in_industrial_building": True}, ("form", "key")),
        (
            ["1713"],
            {"finishing": True, "solvent_finishing": True, "in_industrial_building": True},
            ("form", "simplified"),
        ),
        (["1713"], {"dyeing": True, "in_industrial_building": False}, ("exempt", "key")),
        # chemicals and medicine
        (["2614"], {}, ("report", "key")),
        (["2614"], {"only_mixing": True}, ("exempt", "simplified")),
        (["2614"], {"only_mixing": True, "waste_water_or_voc": True}, ("form", "simplified")),
        (["2710"], {}, ("report", "key")),
        (["2720"], {}, ("form", "key")),
        # surface treatment: item 67 / 81
        (["3360"], {"electroplating": True}, ("report", "key")),
        (["3360"], {"pickling": True}, ("form", "simplified")),
        # boards: item 34 / 33
        (["2021"], {"board_added_m3": 200000, "board_total_m3": 200000}, ("report", "simplified")),
        (["2021"], {"board_added_m3": 199999, "board_total_m3": 99999}, ("form", "registration")),
        # power, sewage, hazardous waste, laboratories
        (["4411"], {"power_source": "coal_oil"}, ("report", "key")),
        (["4411"], {"power_source": "gas"}, ("form", "key")),
        (["4417"], {"power_source": "biomass"}, ("form", "simplified")),
        (
            ["4620"],
            {"sewage_kind": "urban", "sewage_added_t_d": 100000, "sewage_total_t_d": 100000},
            ("report", "key"),
        ),
        (
            ["4620"],
            {"sewage_kind": "urban", "sewage_added_t_d": 500, "sewage_total_t_d": 19999},
            ("form", "simplified"),
        ),
        (
            ["4620"],
            {"sewage_kind": "urban", "sewage_added_t_d": 499, "sewage_total_t_d": 499},
            ("registration", "registration"),
        ),
        (["7724"], {"waste_activity": "use_dispose"}, ("report", "key")),
        (["7724"], {"waste_activity": "collect_store"}, ("form", "key")),
        (["732"], {"lab_kind": "other"}, ("form", "none")),
        (["732"], {"lab_kind": "transgenic", "water_treatment_t_d": 500}, ("report", "registration")),
        (["732"], {"lab_kind": "no_waste", "cod_t": Decimal("30.000001")}, ("exempt", "key")),
        (["732"], {"lab_kind": "no_waste", "cod_t": Decimal("30")}, ("exempt", "none")),
    ],
)
def test_a_project_falls_into_the_classes_of_the_catalogues(codes, facts, expected):
    assert classes(*codes, **facts) == expected


def test_of_several_industries_the_strictest_counts_and_makes_one_permit():
    assert classes("3974", "3360", product="display", electroplating=True) == ("report", "key")


def test_every_rule_that_fired_is_told_with_its_citation():
    verdict = eia_class({"electroplating": True, "solvent_coating_added_t": 11}, ["3562"], EIA)
    told = [hit.as_dict() for hit in verdict.hits]
    assert [rule["zh"] for rule in told] == [
        "有电镀工艺（化学镀、阳极氧化视同电镀）",
        "年用溶剂型涂料（含稀释剂）10吨及以上",
    ]
    assert told[0]["basis_zh"] == "《建设项目环境影响评价分类管理名录（2021年版）》第70项"


def test_an_industry_that_is_not_loaded_is_left_to_a_person():
    verdict = eia_class({}, ["0411"], EIA)
    assert verdict.level is None and verdict.open_items
    ticks = [{"catalogue": "eia", "item_no": "4", "level": "form"}]
    complete = (Item("eia", "2021", "4", "海水养殖", ("0411",), texts={"form": "其他"}),)
    assert eia_class({}, ["0411"], complete, ticks).level == "form"


def test_in_a_complete_catalogue_not_listed_means_no_eia():
    complete = (*EIA, Item("eia", "2021", "4", "海水养殖", ("0411",), texts={"form": "其他"}))
    assert eia_class({}, ["9999"], complete).level == "exempt"


def test_a_code_too_coarse_for_the_catalogue_is_left_to_a_person():
    verdict = eia_class({"power_source": "gas"}, ["441"], EIA)
    assert verdict.level is None and [item.item_no for item in verdict.open_items] == ["87", "89"]
    assert permit_class({}, ["441"], PERMIT).level is None


def test_categories_without_an_industry_code_are_ticked_by_a_person():
    facts = {"other_categories": True, "only_assembly": True}
    assert eia_class(facts, ["3569"], EIA).level is None
    ticks = [{"catalogue": "eia", "item_no": "161", "level": "form"}]
    assert eia_class(facts, ["3569"], EIA, ticks).level == "form"


def test_a_sensitive_area_of_the_item_raises_the_class_by_itself():
    item = Item(
        "eia",
        "2021",
        "3",
        "牲畜饲养",
        ("031",),
        texts={"report": "年出栏5000头；涉及环境敏感区的"},
        sensitive="…",
    )
    assert eia_class({"sensitive_area": True}, ["031"], (item,)).level == "report"
    assert eia_class({}, ["031"], (item,)).level is None


def test_an_extension_without_main_works_is_classed_by_its_content():
    ticks = [{"catalogue": "eia", "item_no": "91", "level": "form"}]
    assert eia_class({"main_works": False, "electroplating": True}, ["3562"], EIA, ticks).level == "form"
    assert eia_class({"main_works": False}, ["3562"], EIA).level is None


def test_the_summary_names_the_limits_of_both_classes():
    told = summary(eia_class({}, ["3612"], EIA), permit_class({}, ["3612"], PERMIT), ["3612"])
    assert (told["eia_limit"], told["permit_limit"]) == ("eia.report.decide", "permit.simplified.decide")
    assert told["bodies"] == {"eia": None, "permit": None}


def test_a_form_gives_its_industries_in_order_and_once():
    assert industry_codes({"industry": "3974", "other_industries": [{"code": "3360"}, {"code": "3974"}]}) == [
        "3974",
        "3360",
    ]


def test_every_fact_of_every_condition_is_a_declared_fact():
    names = {fact["name"] for fact in screening_facts()} | {"low_voc_only"}
    for item in (*EIA, *PERMIT):
        for rules in item.rules.values():
            for rule in rules:
                assert facts_of(rule.when) <= names, (item.item_no, rule)


def test_every_item_is_written_for_industries_that_exist():
    for item in (*EIA, *PERMIT):
        for code in item.codes:
            assert any(known.startswith(code) or code.startswith(known) for known in industries()), code


def test_conditions_combine_atoms_lists_and_alternatives():
    condition = ["a", {"any": ["b >= 10", "code:36"]}, "!c"]
    assert holds(condition, {"a": True, "b": Decimal(10)}, "2929")
    assert holds(condition, {"a": True}, "3612")
    assert not holds(condition, {"a": True, "b": 10, "c": True}, "3612")
    with pytest.raises(ValueError, match="not a condition"):
        holds("import os", {}, "")


def test_the_choices_of_form_catalogues_are_codes_with_names():
    assert ("3974", "3974 显示器件制造") in choices("gbt4754")
    assert ("COD", "化学需氧量") in choices("pollutants")
