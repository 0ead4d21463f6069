"""Hazardous wastes: which licence is needed, whether codes and kind fit, whether the permit names all wastes.

Law: 危险废物经营许可证管理办法 arts. 3, 6, 7, 10; the list of wastes, the wastes of a collection licence and the
marks of mercury and medical wastes are data (`registers.waste_rules`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Amount, Facts, Rows, amount
from handlers.registry import HandlerContext, handler
from registers import waste_rules

WAYS = {"collect": "收集", "store": "贮存", "use": "利用", "dispose": "处置"}
_KINDS = {"comprehensive": "综合经营", "collection": "收集经营"}


def read_wastes(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The wastes of a table with their classes; what is not in the list has no class."""
    found = []
    for row in rows:
        waste = waste_rules.find(str(row.get("code", "")))
        found.append(
            {
                "code": row.get("code"),
                "klass": waste.klass if waste else "",
                "klass_name": waste.klass_name if waste else "",
                "capacity_t": amount(row["capacity_t"]) if row.get("capacity_t") is not None else None,
                "way": row.get("way"),
                "way_zh": WAYS.get(str(row.get("way")), ""),
                "facility": row.get("facility"),
            }
        )
    return found


def problems_of(kind: str, ways: Sequence[str], wastes: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What does not fit in an application: unknown or repeated codes, ways, wastes a collection licence cannot hold."""
    found: list[tuple[str, str]] = []
    seen: set[str] = set()
    for waste in wastes:
        code = str(waste["code"])
        if not waste["klass"]:
            found.append((f"名录中没有代码{code}", f"the list has no code {code}"))
        if code in seen:
            found.append((f"代码{code}重复", f"the code {code} stands twice"))
        seen.add(code)
        if waste["way"] not in ways:
            found.append((f"{code}的方式未列入经营方式", f"the way of {code} is not among the ways of operation"))
    if kind == "collection":
        allowed = waste_rules.rule("collection")["codes"]
        basis = waste_rules.basis("collection")
        found += [
            (f"收集许可不能经营{code}（{basis}）", f"a collection licence cannot cover {code}")
            for code in sorted(seen - set(allowed))
        ]
        if set(ways) - {"collect", "store"}:
            found.append(("收集许可只能收集、暂存", "a collection licence covers collecting only"))
    return found


class _ScreenInputs(Schema):
    facts = Facts(required=True)


class _ScreenOutputs(Schema):
    needed = fields.Boolean(required=True)
    ok = fields.Boolean(required=True)
    kind = fields.String()
    kind_zh = fields.String()
    wastes = Rows()
    ways = fields.List(fields.String())
    ways_zh = fields.String()
    classes = fields.List(fields.String())
    classes_zh = fields.String()
    total_t = Amount()
    incineration_t = Amount()
    mercury = fields.Boolean()
    medical = fields.Boolean()
    landfill = fields.Boolean()
    problems = Rows()
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.screen",
    title={"zh": "经营许可筛查", "en": "Screening for the waste licence"},
    basis="《危险废物经营许可证管理办法》第2条、第3条、第6条、第7条；《国家危险废物名录（2021年版）》",
    inputs=_ScreenInputs,
    outputs=_ScreenOutputs,
)
def screen(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Whether a licence is needed, of which kind, and what in the wastes does not fit."""
    facts = inputs["facts"]
    if facts.get("for_others") is not True:
        return {
            "needed": False,
            "ok": True,
            "zh": "仅贮存、利用、处置本单位产生的危险废物，不需要领取危险废物经营许可证；按规定申领或者变更排污许可证。",
            "en": "Only own wastes are stored, used or disposed of: no licence is needed.",
        }
    kind, ways = str(facts.get("kind")), list(facts.get("ways") or [])
    wastes = read_wastes(facts.get("wastes") or [])
    wrong = problems_of(kind, ways, wastes)
    burnt = [row["capacity_t"] for row in wastes if row["facility"] == "incineration"]
    classes = list(dict.fromkeys(row["klass"] for row in wastes if row["klass"]))
    return {
        "needed": True,
        "ok": not wrong,
        "kind": kind,
        "kind_zh": _KINDS.get(kind, ""),
        "wastes": wastes,
        "ways": ways,
        "ways_zh": "、".join(zh for key, zh in WAYS.items() if key in ways),
        "classes": classes,
        "classes_zh": "、".join(classes),
        "total_t": sum((row["capacity_t"] for row in wastes), Decimal(0)),
        "incineration_t": sum(burnt, Decimal(0)),
        "mercury": waste_rules.rule("mercury_class")["value"] in classes,
        "medical": waste_rules.rule("medical_class")["value"] in classes,
        "landfill": any(row["facility"] == "landfill" for row in wastes),
        "problems": [{"zh": zh, "en": en} for zh, en in wrong],
        "zh": "；".join(zh for zh, _ in wrong),
        "en": "; ".join(en for _, en in wrong),
    }


class _MattersInputs(Schema):
    licence = Facts(required=True)


class _MattersOutputs(Schema):
    eia = fields.String()
    eia_needed = fields.Boolean(required=True)
    permit = fields.String()
    permit_needed = fields.Boolean(required=True)
    waste = fields.String()


@handler(
    "licence.matters",
    title={"zh": "联合办理的事项", "en": "The matters of the joint case"},
    basis="《固定污染源排污许可分类管理名录（2019年版）》第103项；《排污许可管理条例》第11条",
    inputs=_MattersInputs,
    outputs=_MattersOutputs,
)
def matters(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """A licence and a permit under key management; the EIA was approved before and is no matter of this case."""
    return {
        "eia": "exempt",
        "eia_needed": False,
        "permit": "key",
        "permit_needed": True,
        "waste": inputs["licence"].get("kind") or "",
    }


class _WastesInputs(Schema):
    licensed = Rows()
    secondary = Rows()
    permit = Rows()


class _WastesOutputs(Schema):
    complete = fields.Boolean(required=True)
    missing = Rows()
    extra = Rows()
    permit = Rows()
    zh = fields.String()
    en = fields.String()


@handler(
    "licence.wastes",
    title={"zh": "许可证载明的废物核对", "en": "Wastes that the permit states"},
    basis="《危险废物经营许可证管理办法》第10条；《排污许可管理条例》第13条；《江苏省无锡市固定污染源排污许可试点工作实施方案》",
    inputs=_WastesInputs,
    outputs=_WastesOutputs,
)
def wastes(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The permit names exactly the licensed wastes and the secondary wastes; says which are missing or too many."""
    licensed = [str(row["code"]) for row in inputs["licensed"]]
    secondary = [str(row["code"]) for row in inputs["secondary"]]
    stated = [str(row["code"]) for row in inputs["permit"]]
    wanted = list(dict.fromkeys([*licensed, *secondary]))
    missing = [code for code in wanted if code not in stated]
    extra = [code for code in stated if code not in wanted or waste_rules.find(code) is None]
    said = [("次生废物" if code in secondary else "经营废物", code) for code in missing]
    return {
        "complete": not missing and not extra,
        "missing": [_line(code, code in secondary) for code in missing],
        "extra": [_line(code, False) for code in extra],
        "permit": [_line(code, code in secondary and code not in licensed) for code in wanted],
        "zh": "；".join(
            [f"许可证未载明{kind}{waste_rules.named(code)}" for kind, code in said]
            + [f"{code}既非经营废物也非次生废物" for code in extra]
        ),
        "en": "; ".join([f"not stated: {code}" for code in missing] + [f"not applied for: {code}" for code in extra]),
    }


def _line(code: str, secondary: bool) -> dict[str, Any]:
    found = waste_rules.find(code)
    return {
        "code": code,
        "klass": found.klass if found else "",
        "klass_name": found.klass_name if found else "",
        "origin": "secondary" if secondary else "licensed",
        "origin_zh": "次生废物" if secondary else "经营废物",
    }
