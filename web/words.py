"""Words of the interface for codes: roles, statuses, matters, classes, and the lines of the record."""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup

from registers import catalogues, parties
from registers.limits import LimitRule
from web.context import runtime
from web.i18n import day, gettext, language
from workflows import matters, notices
from workflows.clocks import UNIT_WORDS

YELLOW_DAYS = 3


def in_language(pair: tuple[str, str]) -> str:
    """The reader's language out of a (zh, en) pair."""
    return pair[1] if language() == "en" else pair[0]


def role_name(role: str | None) -> str:
    """A role as people call it."""
    return in_language(parties.ROLE_TITLES.get(role or "", ("", "")))


def matter_name(kind: str | None) -> str:
    """A kind of matter."""
    return in_language(matters.MATTER_TITLES.get(kind or "", (kind or "", kind or "")))


def klass_name(klass: str | None) -> str:
    """A class of EIA or permit."""
    for titles in catalogues.LEVEL_TITLES.values():
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


OUTCOMES: dict[str, tuple[str, str]] = {
    "approved": ("已办结：准予", "Closed: approved"),
    "issued": ("已办结：准予", "Closed: approved"),
    "refused": ("已办结：不予许可", "Closed: refused"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "cancelled": ("已终止", "Cancelled"),
}


def case_status(status: str, outcome: str | None) -> Markup:
    """How a case stands, as a tag whose words say it all."""
    if status == "running":
        return Markup('<span class="tag mine">{}</span>').format(gettext("办理中"))
    text = in_language(OUTCOMES.get(outcome or status, OUTCOMES.get(status, ("已办结", "Closed"))))
    kind = "warn" if status in ("withdrawn", "cancelled") or outcome == "refused" else "done"
    return Markup('<span class="tag {}">{}</span>').format(kind, text)


def light(due: date | str) -> Markup:
    """Green, yellow or red for a due date; the words carry the meaning, the colour repeats it."""
    on = date.fromisoformat(due[:10]) if isinstance(due, str) else due
    left = (on - runtime().time.today()).days
    if left < 0:
        return _light("red", gettext("超期%(n)s天") % {"n": -left})
    if left <= YELLOW_DAYS:
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
    return light(reading.statutory_due)


def _light(colour: str, text: str) -> Markup:
    return Markup('<span class="light {}">{}</span>').format(colour, text)


def limit_text(rule: LimitRule) -> str:
    """A limit in words: 60日, 5 working days."""
    return (
        f"{rule.limit} {UNIT_WORDS[rule.unit][1]}" if language() == "en" else f"{rule.limit}{UNIT_WORDS[rule.unit][0]}"
    )


def size(count: int) -> str:
    """A file size people can read."""
    return f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(count // 1024, 1)} kB"


EVENTS: dict[str, tuple[str, str]] = {
    "case_started": ("发起案件 {number}", "Case {number} opened"),
    "submitted": ("提交“{name}”", "“{name}” submitted"),
    "task_opened": ("待办“{name}”交{role}办理", "“{name}” offered to {role}"),
    "tasks_cancelled": ("{count}项待办因流程走向取消", "{count} tasks cancelled by the course of the case"),
    "task_claimed": ("签收“{name}”", "“{name}” claimed"),
    "task_released": ("退回公共待办“{name}” {reason}", "“{name}” released {reason}"),
    "task_assigned": ("“{name}”指派给{to} {reason}", "“{name}” assigned to {to} {reason}"),
    "handler": ("按规则“{handler}”判定（{basis}）", "Rule “{handler}” applied ({basis})"),
    "decision": ("决策表“{decision}”：{rules}", "Decision table “{decision}”: {rules}"),
    "matter_opened": ("开立事项：{matter}（{klass}）", "Matter opened: {matter} ({klass})"),
    "limit_changed": ("{matter}改按“{rule}”计时", "{matter} now runs under “{rule}”"),
    "clock_started": ("{matter}时限起算，届满日{due}", "Clock of {matter} started, due {due}"),
    "clock_paused": ("{matter}时限暂停：{pause} {reason}", "Clock of {matter} paused: {pause} {reason}"),
    "clock_resumed": ("{matter}时限恢复，届满日{due}", "Clock of {matter} resumed, due {due}"),
    "bodies_assigned": ("确定审批机关", "Deciding bodies determined"),
    "mode": ("办理方式：{mode} {reason}", "Mode: {mode} {reason}"),
    "decided": ("{matter}作出决定：{outcome} {reason}", "{matter} decided: {outcome} {reason}"),
    "notice_published": ("发布公示“{title}”至{until}", "Notice “{title}” published until {until}"),
    "notice_closed": ("公示结束，收到意见{comments}条", "Notice closed with {comments} comments"),
    "notice_comment": ("收到公众意见", "A comment from the public"),
    "letter_issued": ("签发文书 {letter} {number}", "Letter {letter} {number} issued"),
    "letter_drafted": ("拟制文书 {letter}", "Letter {letter} drafted"),
    "delivered": ("文书送达{recipient}（{on}）", "Delivered to {recipient} ({on})"),
    "permit_entered": (
        "登记许可 {number}，有效期至{valid_to}",
        "Permit {number} entered, valid to {valid_to}",
    ),
    "obligation": ("登记后续义务，期限{due_on}", "Obligation entered, due {due_on}"),
    "deadline": ("期限届满（{due_on}）：{rule} {basis}", "Limit over ({due_on}): {rule} {basis}"),
    "incident": ("步骤异常停住：{cause}", "A step stopped: {cause}"),
    "incident_resolved": ("异常已排除", "Incident resolved"),
    "retried": ("管理员重试", "Retried by an administrator"),
    "remark": ("备注：{text}", "Remark: {text}"),
    "corrected": ("更正 {path}：{old} → {new}（{reason}）", "Corrected {path}: {old} → {new} ({reason})"),
    "case_closed": ("案件办结：{outcome}", "Case closed: {outcome}"),
    "case_withdrawn": ("申请单位撤回：{reason}", "Withdrawn by the applicant: {reason}"),
    "case_cancelled": ("终止案件：{reason}", "Case cancelled: {reason}"),
}


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def event_text(event: dict[str, Any]) -> str:
    """One line of the record in words."""
    said = dict(event["data"])
    if "role" in said:
        said["role"] = role_name(said["role"])
    if "matter" in said:
        said["matter"] = matter_name(said["matter"])
    if "klass" in said:
        said["klass"] = klass_name(said["klass"])
    if said.get("outcome") in ("approved", "refused"):
        said["outcome"] = matter_status(said["outcome"])
    for key in ("due", "until", "due_on", "valid_to", "on"):
        if said.get(key):
            said[key] = day(said[key])
    pattern = in_language(EVENTS.get(event["kind"], (event["kind"], event["kind"])))
    return pattern.format_map(_Forgiving({key: "" if value is None else value for key, value in said.items()})).strip()
