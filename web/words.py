"""Words of the interface for codes: roles, statuses, matters, classes, and the lines of the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from markupsafe import Markup

from handlers import announcements
from registers import catalogues, parties
from registers.limits import UNIT_WORDS, LimitRule
from web.context import runtime
from web.i18n import gettext, language, model_name
from web.i18n import in_language as in_language
from workflows import lights, matters, notices


def role_name(role: str | None) -> str:
    """A role as people call it."""
    return in_language(parties.ROLE_TITLES.get(role or "", ("", "")))


def task_title(task: Mapping[str, Any]) -> str:
    """What a task is called."""
    return model_name(task["name"])


def matter_name(kind: str | None) -> str:
    """A kind of matter."""
    return in_language(matters.MATTER_TITLES.get(kind or "", (kind or "", kind or "")))


WASTE_KLASSES = {"comprehensive": ("综合经营", "comprehensive"), "collection": ("收集经营", "collection")}


def klass_name(klass: str | None) -> str:
    """A class of EIA or permit."""
    for titles in (*catalogues.LEVEL_TITLES.values(), WASTE_KLASSES):
        if klass in titles:
            return in_language(titles[klass])
    return klass or ""


def notice_name(kind: str) -> str:
    """A kind of public notice."""
    return in_language(notices.NOTICE_TITLES.get(kind, (kind, kind)))


def matter_status(status: str) -> str:
    """How a matter stands."""
    return {
        "open": gettext("审查中"),
        "approved": gettext("已批准"),
        "refused": gettext("不予批准"),
        "withdrawn": gettext("已撤回"),
        "cancelled": gettext("已终止"),
    }.get(status, status)


# How a case can end by the words of `case.close`; other ends are called as the model calls its end event.
OUTCOMES: dict[str, tuple[str, str]] = {
    "completed": ("已办结", "Closed"),
    "approved": ("准予", "Approved"),
    "issued": ("准予", "Approved"),
    "refused": ("不予许可", "Refused"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "cancelled": ("已终止", "Cancelled"),
}
MODES: dict[str, tuple[str, str]] = {
    "simultaneous": ("同时办理", "together"),
    "staged": ("先环评、后许可", "EIA first, then the permit"),
    "eia_only": ("只办环评", "EIA only"),
    "permit_only": ("只办排污许可", "permit only"),
    "none": ("无需审批", "no approval needed"),
}
# The elements of public notices (handlers.announcements) for readers of English; the values are as published.
NOTICE_ELEMENTS = {
    "项目名称": "Project",
    "建设地点": "Place",
    "建设单位": "Applicant",
    "环境影响评价机构": "Author of the EIA",
    "环评文件类别": "Kind of EIA document",
    "受理日期": "Accepted on",
    "项目概况": "About the project",
    "拟作出的审批意见": "Intended decision",
    "主要环境影响及预防或者减轻不良环境影响的对策和措施": "Main impacts and the measures against them",
    "公众参与情况": "Public participation",
    "建设单位或者地方政府作出的相关环境保护措施承诺": "Commitments of the applicant or the local government",
    "环评审批决定": "Decision on the EIA",
    "环评决定文号": "Number of the EIA decision",
    "排污许可决定": "Decision on the discharge permit",
    "排污许可证": "Discharge permit",
    "听证告知": "Right to a hearing",
    "救济途径": "Remedies",
    "反馈意见的方式": "How to comment",
    "联系电话": "Telephone",
    "通讯地址": "Address",
}


def outcome_name(outcome: str | None, otherwise: str = "") -> str:
    """How a matter was decided or a case ended."""
    return in_language(OUTCOMES[outcome]) if outcome in OUTCOMES else otherwise or gettext("已办结")


def mode_name(mode: str) -> str:
    """Whether EIA and permit run together."""
    return in_language(MODES.get(mode, (mode, mode)))


def notice_facts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """What a notice says, in the official order."""
    facts = [(name, value) for name, value in announcements.in_order(content) if value]
    return facts if language() == "zh" else [(NOTICE_ELEMENTS.get(name, name), value) for name, value in facts]


def case_status(status: str, outcome: str | None, otherwise: str = "") -> Markup:
    """How a case stands, as a tag whose words say it all."""
    if status == "running":
        return Markup('<span class="tag mine">{}</span>').format(gettext("办理中"))
    text = outcome_name(status if status in ("withdrawn", "cancelled") else outcome, otherwise)
    kind = "done" if status == "closed" and outcome in ("completed", "approved", "issued") else "warn"
    return Markup('<span class="tag {}">{}</span>').format(kind, text)


def light(due: date | str) -> Markup:
    """Green, yellow (the last days, as many as the house says) or red for a due date; the words carry the meaning."""
    on = date.fromisoformat(due[:10]) if isinstance(due, str) else due
    left = (on - runtime().time.today()).days
    if left < 0:
        return _light("red", gettext("超期%(n)s天") % {"n": -left})
    if left <= runtime().reference.house["light.red_days"]:
        return _light("yellow", gettext("剩%(n)s天") % {"n": left})
    return _light("green", gettext("剩%(n)s天") % {"n": left})


def light_of(clock: matters.MatterClock) -> Markup:
    """The light of a statutory clock."""
    reading = clock.reading
    if reading is None or reading.statutory_due is None:
        return _light("grey", gettext("暂停"))
    if reading.state in ("decided", "decided_late"):
        late = reading.state == "decided_late"
        return _light("red" if late else "green", gettext("超期办结") if late else gettext("按期办结"))
    left = (reading.statutory_due - runtime().time.today()).days
    text = gettext("超期%(n)s天") % {"n": -left} if left < 0 else gettext("剩%(n)s天") % {"n": left}
    return _light(lights.colour(reading, lights.Shares.of(runtime().reference.house)), text)


def _light(colour: str, text: str) -> Markup:
    return Markup('<span class="light {}">{}</span>').format(colour, text)


def limit_text(rule: LimitRule) -> str:
    """A limit in words: 60日, 5 working days."""
    return (
        f"{rule.limit} {UNIT_WORDS[rule.unit][1]}" if language() == "en" else f"{rule.limit}{UNIT_WORDS[rule.unit][0]}"
    )


def promised_text(rule: LimitRule) -> str:
    """The promised limit in words, counted like the limit itself."""
    return limit_text(replace(rule, limit=rule.promised or rule.limit))


def size(count: int) -> str:
    """A file size people can read."""
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(count // 1024, 1)} kB"
