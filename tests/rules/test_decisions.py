"""The decision tables of the one-window procedure, and their agreement with the catalogue rules."""

import sys
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.screening import eia_class, permit_class
from registers.catalogues import LEVELS, built_in
from workflows.dmn import parse_dmn

sys.path.insert(0, str(Path(__file__).parent))
from driver import ROOT

FOLDER = ROOT / "one_window"


@cache
def table(name):
    return parse_dmn((FOLDER / f"{name}.dmn").read_bytes(), f"{name}.dmn")[0]


def decide(name, **variables):
    return (
        table(name)
        .evaluate({"screening": {}, "classes": {}, "power": {}, "pilot": {}, "case": {}, **variables})
        .outputs
    )


BOOLEANS = [
    "only_assembly", "electroplating", "pickling", "passivation", "chrome_passivation", "polishing", "hot_dip",
    "quenching", "uses_solvent", "recycled_plastic", "modified_plastic", "key_unit",
]  # fmt: skip
AMOUNTS = [
    "solvent_coating_added_t", "low_voc_coating_added_t", "solvent_adhesive_added_t", "solvent_coating_total_t",
    "solvent_total_t", "organic_solvent_total_t", "boiler_t_h",
]  # fmt: skip
FACTS = st.fixed_dictionaries(
    {
        "industry": st.sampled_from(
            [
                "3973",
                "3974",
                "3911",
                "3985",
                "3982",
                "3990",
                "3921",
                "3612",
                "3620",
                "3670",
                "2929",
                "2924",
                "2925",
                "3562",
                "3484",
                "3360",
                "3960",
            ]
        )
    },
    optional={
        **{name: st.booleans() for name in BOOLEANS},
        **{name: st.sampled_from([Decimal(0), Decimal("9.999999"), Decimal(10), Decimal(20)]) for name in AMOUNTS},
        "capacity_total_t": st.sampled_from([Decimal(9999), Decimal(10000)]),
        "water_treatment_t_d": st.sampled_from([Decimal(0), Decimal(500), Decimal(20000)]),
        "product": st.sampled_from(
            ["display", "ic", "semiconductor_material", "electronic_chemical", "pcb", "special_material", "other"]
        ),
        "kiln": st.sampled_from(["none", "gas_electric", "other"]),
    },
)


@settings(max_examples=400, deadline=None)
@given(FACTS)
def test_the_tables_say_for_the_seed_industries_what_the_catalogue_rules_say(facts):
    known = dict.fromkeys((*BOOLEANS, *AMOUNTS, "capacity_total_t", "water_treatment_t_d", "product", "kiln")) | facts
    for name, judge, last in (("eia", eia_class, "exempt"), ("permit", permit_class, "none")):
        rows = decide(f"{name}_class", screening=known)
        best = min((LEVELS[name].index(row["level"]) for row in rows), default=LEVELS[name].index(last))
        assert LEVELS[name][best] == judge(known, [known["industry"]], built_in(name)).level


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("eia_class", 20),
        ("permit_class", 20),
        ("deciding_power", 5),
        ("pilot_industry", 5),
        ("simplified_report", 9),
        ("handling_mode", 6),
    ],
)
def test_every_rule_of_every_table_cites_its_basis(name, count):
    rules = table(name).rules
    assert len(rules) >= count
    assert all("《" in rule.description for rule in rules)


SIP = {"zone": "gaomao", "opened_on": date(2026, 9, 1)}


@pytest.mark.parametrize(
    ("screening", "group2", "case", "expected"),
    [
        ({"industry": "3973", "special_project": "none"}, "39", SIP, ("local", "park", "park")),
        ({"industry": "3973", "special_project": "nuclear"}, "39", SIP, ("ministry", "ministry", "city")),
        ({"industry": "3210", "special_project": "none"}, "32", SIP, ("province", "province", "city")),
        (
            {"industry": "4417", "special_project": "none", "power_source": "refuse_sludge"},
            "44",
            SIP,
            ("province", "province", "city"),
        ),
        (
            {"industry": "4417", "special_project": "none", "power_source": "biomass"},
            "44",
            SIP,
            ("local", "park", "park"),
        ),
        (
            {"industry": "3973", "special_project": "none"},
            "39",
            {**SIP, "opened_on": date(2022, 12, 31)},
            ("local", "park", "city"),
        ),
        ({"industry": "3973", "special_project": "none"}, "39", {**SIP, "zone": None}, ("local", "city", "city")),
    ],
)
def test_who_decides_follows_from_power_zone_and_date(screening, group2, case, expected):
    told = decide(
        "deciding_power", screening={"power_source": None, **screening}, classes={"group2": group2}, case=case
    )
    assert (told["level"], told["eia"], told["permit"]) == expected


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"eia": "registration"}, "不编制报告书、报告表"),
        ({"level": "province"}, "审批权限在省级及以上"),
        ({"group2": "26"}, "化工项目"),
        ({"group2": "25"}, "石化项目"),
        ({"group2": "32"}, "冶炼项目"),
        ({"waste_activity": "use_dispose"}, "危险废物集中利用处置"),
        ({"heavy_metals": True}, "涉及重金属污染物排放"),
        ({"hazardous_chemicals": True}, "存储使用危险化学品"),
        ({"environmental_risk": True}, "有潜在环境风险"),
        ({"planning_eia": False}, "不在试点园区，或者园区规划环评未完成"),
        ({"zone": None}, "不在试点园区，或者园区规划环评未完成"),
    ],
)
def test_every_exclusion_of_the_pilot_plan_stops_the_simplified_report(changed, reason):
    given = {"eia": "form", "level": "local", "group2": "39", "planning_eia": True, "zone": "gaomao"} | changed
    told = decide(
        "simplified_report",
        classes={"eia": given["eia"], "group2": given["group2"]},
        power={"level": given["level"]},
        case={"zone": given["zone"]},
        screening=given,
    )
    assert told["allowed"] is (reason is None)
    assert reason is None or told["reason"] == reason


@pytest.mark.parametrize(
    ("eia", "permit", "listed", "stable", "wish", "mode"),
    [
        ("form", "simplified", True, True, "simultaneous", "simultaneous"),
        ("form", "key", True, True, "simultaneous", "simultaneous"),
        ("form", "simplified", True, True, "staged", "staged"),
        ("form", "simplified", True, False, "simultaneous", "staged"),
        ("form", "simplified", False, True, "simultaneous", "staged"),
        ("report", "key", True, True, "simultaneous", "staged"),
        ("form", "registration", True, True, "simultaneous", "eia_only"),
        ("exempt", "key", True, True, "simultaneous", "permit_only"),
        ("exempt", "none", True, True, "simultaneous", "none"),
    ],
)
def test_the_mode_follows_from_the_classes_the_trial_list_and_the_wish(eia, permit, listed, stable, wish, mode):
    told = decide(
        "handling_mode",
        classes={"eia": eia, "permit": permit},
        pilot={"listed": listed},
        screening={"design_stable": stable, "requested_mode": wish},
    )
    assert told["mode"] == mode


def test_the_trial_list_holds_the_main_industries_of_the_park():
    def listed(group3, conform=True, both=True):
        classes = {"group2": group3[:2], "group3": group3, "eia_needed": both, "permit_needed": both}
        return decide("pilot_industry", classes=classes, screening={"planning_conform": conform})["listed"]

    assert [listed(code) for code in ("397", "361", "292", "291", "356", "345", "171")] == [
        True,
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert not listed("397", conform=False) and not listed("397", both=False)
