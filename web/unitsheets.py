"""The file of an enterprise (一企一档) and of a park (一园一档) as a workbook: a sheet for each register it draws on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, send_file

from web import sheets
from web.i18n import pick
from web.words import klass_name, matter_name

Part = tuple[str, Sequence[str], list[list[Any]]]


def enterprise(found: dict[str, Any], as_of: datetime) -> Response:
    """Everything of one enterprise."""
    unit = found["unit"]
    facts = [(name, unit.get(key) or "") for name, key in _UNIT]
    parts: list[Part] = [
        ("基本情况", ("项目", "内容"), [*map(list, facts), ["数据截至", as_of.isoformat(timespec="minutes")]]),
        _cases("案件", found["cases"]),
        _permits(found["permits"]),
        _duties(found["duties"]),
        (
            "文书",
            ("名称", "文号", "签发", "送达"),
            [
                [row["title"], row["number"], _day(row["issued_at"]), _day(row["delivered_on"])]
                for row in found["letters"]
            ],
        ),
        (
            "总量指标",
            ("功能区", "因子", "年度", "持有（吨/年）"),
            [[row["name_zh"], row["factor"], row["period_zh"], _amount(row["amount"])] for row in found["quota"]],
        ),
        (
            "总量申报",
            ("因子", "许可", "实际", "核定允许"),
            [
                [row["factor"], *(_amount(row[key]) for key in ("permitted", "actual", "allowed"))]
                for row in found["totals"]
            ],
        ),
        ("减排项目", ("编号", "名称"), [[row["number"], row["name"]] for row in found["reductions"]]),
        *_waste(found["waste"]),
        _cases("联合检查", found["inspections"]),
    ]
    return _book(f"一企一档 {unit['name']}", parts)


def park(found: dict[str, Any], as_of: datetime) -> Response:
    """Everything of one park."""
    place = found["park"]
    zones = "、".join(zone["name_zh"] for zone in found["zones"])
    facts = [
        ["编号", place["code"]],
        ["名称", place["title"]["zh"]],
        ["所在地", place["city"]],
        ["面积（平方公里）", _amount(place["area_km2"])],
        ["主导产业", "、".join(place["sectors"])],
        ["功能区", zones],
        ["数据截至", as_of.isoformat(timespec="minutes")],
    ]
    ledgers = [
        [row["name"], row["licence"], _amount(row["used"]), _amount(row["licensed"]), row["urgent"]]
        for row in found["waste"]
    ]
    parts: list[Part] = [
        ("基本情况", ("项目", "内容"), facts),
        (
            "基础设施",
            ("名称", "规模", "状态"),
            [[row["name"], row["capacity"], row["state"]] for row in place["infrastructure"]],
        ),
        ("负面清单", ("内容", "文件"), [[row["item"], row["document"]] for row in place["negative_list"]]),
        ("试点", ("编号", "名称", "状态", "逾期任务"), [_pilot(row) for row in found["pilots"]]),
        (
            "总量指标",
            ("功能区", "因子", *(found["quota"][0].balances if found["quota"] else ())),
            [[row.zone, row.factor, *map(_amount, row.balances.values())] for row in found["quota"]],
        ),
        (
            "企业",
            ("单位", "统一社会信用代码", "功能区", "案件", "许可", "逾期义务"),
            [
                [row[key] for key in ("name", "credit_code", "zone_code", "cases", "permits", "overdue")]
                for row in found["enterprises"]
            ],
        ),
        (
            "许可",
            ("种类", "类别", "有效数量"),
            [[matter_name(row["kind"]), klass_name(row["klass"]), row["permits"]] for row in found["permits"]],
        ),
        (
            "逾期义务",
            ("单位", "义务", "期限"),
            [[row["name"], pick(row["title"]), _day(row["due_on"])] for row in found["duties"]],
        ),
        ("减排项目", ("编号", "名称"), [[row["number"], row["name"]] for row in found["reductions"]]),
        ("危险废物", ("经营单位", "经营许可证", "本年接收（吨）", "许可规模（吨/年）", "临期和超期批次"), ledgers),
        _cases("联合检查", found["inspections"]),
    ]
    return _book(f"一园一档 {place['title']['zh']}", parts)


_UNIT = (
    ("单位名称", "name"),
    ("统一社会信用代码", "credit_code"),
    ("法定代表人", "legal_representative"),
    ("地址", "address"),
    ("行业", "industry"),
    ("功能区", "zone_code"),
)


def _pilot(row: dict[str, Any]) -> list[Any]:
    return [row["code"], row["title"]["zh"], row["status"], row["late"]]


def _cases(title: str, rows: list[dict[str, Any]]) -> Part:
    heads = ("案号", "名称", "流程", "状态", "结果", "立案", "办结")
    keys = ("number", "title", "procedure", "status", "outcome")
    return title, heads, [[*(row[key] for key in keys), _day(row["opened_at"]), _day(row["closed_at"])] for row in rows]


def _permits(rows: list[dict[str, Any]]) -> Part:
    heads = ("种类", "类别", "编号", "起", "止", "状态")
    return (
        "许可",
        heads,
        [
            [
                matter_name(row["kind"]),
                klass_name(row["klass"]),
                row["number"],
                _day(row["valid_from"]),
                _day(row["valid_to"]),
                row["status"],
            ]
            for row in rows
        ],
    )


def _duties(rows: list[dict[str, Any]]) -> Part:
    heads = ("义务", "期限", "状态", "依据")
    return "后续义务", heads, [[pick(row["title"]), _day(row["due_on"]), row["status"], row["basis"]] for row in rows]


def _waste(ledger: dict[str, Any] | None) -> list[Part]:
    if ledger is None:
        return []
    rows = [
        [one["named"], _amount(one["stock"]), _day(one["since"]), _day(one["due"]), one["state"]]
        for one in ledger["stored"]
    ]
    return [("危险废物", ("废物", "贮存量（吨）", "最早入库", "应于此前清运", "状态"), rows)]


def _day(value: Any) -> str:
    return "" if value is None else str(value)[:10]


def _amount(value: Any) -> str:
    return "" if value is None else format(value, "f")


def _book(name: str, parts: Sequence[Part]) -> Response:
    content = io.BytesIO(sheets.write_book(parts))
    response = send_file(content, mimetype=sheets.XLSX, as_attachment=True, download_name=f"{name}.xlsx", max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
