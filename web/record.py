"""The record of a case in words: every line as a sentence, with the titles that the data gives to its codes.

Limits, letters, handlers, decision tables, steps and bodies have names of their own; a code that has none
(an element of a model that is gone) is shown as it is, so that no line is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from handlers import registry
from registers.errors import DomainError
from registers.limits import effect_text, pause_text
from registers.parties import Body
from web import words
from web.i18n import day, language, pick
from workflows import corrections, objections
from workflows.compiling import Compiled
from workflows.reference import Reference

LINES: dict[str, tuple[str, str]] = {
    "case_started": ("发起案件 {number}", "Case {number} opened"),
    "migrated": (
        "案件由版本{from_version}迁移到版本{to_version}：{reason}",
        "Case moved from version {from_version} to version {to_version}: {reason}",
    ),
    "migration_undone": (
        "撤回迁移，案件由版本{from_version}回到版本{to_version}",
        "Move undone: back from version {from_version} to version {to_version}",
    ),
    "submitted": ("提交“{name}”", "“{name}” submitted"),
    "signed": ("签名“{name}”，文件指纹{sha256}", "“{name}” signed, fingerprint of the document {sha256}"),
    "task_opened": ("“{name}”转{role}办理", "“{name}” offered to: {role}"),
    "tasks_cancelled": ("{count}项待办因流程走向取消", "{count} tasks cancelled by the course of the case"),
    "task_claimed": ("签收“{name}”", "“{name}” claimed"),
    "task_released": ("退回公共待办“{name}” {reason}", "“{name}” released {reason}"),
    "task_assigned": ("“{name}”指派给{to} {reason}", "“{name}” assigned to {to} {reason}"),
    "handler": ("规则判定：{handler}（{basis}）", "Rule applied: {handler} ({basis})"),
    "decision": ("决策表判定：{decision}（{rules}）", "Decision table: {decision} ({rules})"),
    "thrown": ("流程发出消息“{name}”", "The process sent the message “{name}”"),
    "stuck": ("流程在“{step}”无法继续，已通知管理员", "The process cannot go on at “{step}”"),
    "matter_opened": ("开立事项：{matter}（{klass}），{rule}", "Matter opened: {matter} ({klass}), {rule}"),
    "limit_changed": ("{matter}改按“{rule}”计时", "{matter} now runs under “{rule}”"),
    "clock_started": ("{matter}时限起算，届满日{due}", "Clock of {matter} started, due {due}"),
    "clock_paused": ("{matter}时限暂停：{pause} {reason}", "Clock of {matter} paused: {pause} {reason}"),
    "clock_resumed": ("{matter}时限恢复，届满日{due}", "Clock of {matter} resumed, due {due}"),
    "clock_decided": ("{matter}决定已签发，时限止于{on}", "Decision on {matter} signed; its clock stopped on {on}"),
    "clock_reopened": (
        "{matter}已签发的决定撤回，时限连续计算，届满日{due}：{reason}",
        "The signed decision on {matter} was taken back; its clock never stopped, due {due}: {reason}",
    ),
    "clock_extended": (
        "{matter}时限延长{days}日，届满日{due}，批准人{approved_by}：{reason}（{basis}）",
        "Limit of {matter} extended by {days} days to {due}, approved by {approved_by}: {reason} ({basis})",
    ),
    "clock_yellow": ("黄灯提醒：{matter}届满日{due_on}", "Yellow light: {matter} is due on {due_on}"),
    "clock_red": ("红灯催办：{matter}届满日{due_on}", "Red light: {matter} is due on {due_on}"),
    "clock_overdue": (
        "超期督办：{matter}已过届满日{due_on}（{basis}）",
        "Overdue: {matter} was due on {due_on} ({basis})",
    ),
    "clock_pause_over": ("{matter}扣除时间已达告知的期限", "{matter}: the announced pause is over"),
    "milestone_planned": ("安排节点{count}个", "{count} milestones planned"),
    "milestone_pushed": (
        "节点“{what}”由{old}改为{new}，共变动{moved}项：{reason}",
        "Milestone “{what}” moved from {old} to {new}, {moved} dates in all: {reason}",
    ),
    "deemed": ("{matter}：{effect}，{on}（{basis}）", "{matter}: {effect}, {on} ({basis})"),
    "permit_renewed": (
        "许可{number}有效期由{old}延至{new}（{basis}）",
        "Validity of permit {number} extended from {old} to {new} ({basis})",
    ),
    "renewal_asked": (
        "登记延续申请：许可{number}，{on}提出（应于{apply_by}前）",
        "Renewal of permit {number} asked for on {on} (by {apply_by})",
    ),
    "date_moved": ("{what}由{old}改为{new}：{reason}", "{what} moved from {old} to {new}: {reason}"),
    "case_expired": ("逾期未办理，案件终止：{reason}", "Not taken up in time, case ended: {reason}"),
    "permit_expired": ("许可{number}有效期届满", "Permit {number} expired"),
    "bodies_assigned": ("确定审批机关：{bodies}", "Deciding bodies: {bodies}"),
    "mode": ("办理方式：{mode}（{reason}）", "Mode: {mode} ({reason})"),
    "decided": ("{matter}作出决定：{outcome} {reason}", "{matter} decided: {outcome} {reason}"),
    "notice_published": ("发布{notice}“{title}”，至{until}", "{notice} “{title}” published until {until}"),
    "notice_closed": ("{notice}期满，收到意见{comments}条", "{notice} over with {comments} comments"),
    "notice_comment": ("收到公众意见", "A comment from the public"),
    "letter_issued": ("签发{letter} {number}", "{letter} {number} issued"),
    "letter_drafted": ("拟制{letter}", "{letter} drafted"),
    "delivered": ("文书送达{recipient}（{on}）", "Delivered to {recipient} ({on})"),
    "permit_changed": ("{permit} {number}的变更已载入", "Change of {permit} {number} entered"),
    "permit_superseded": ("{permit} {number}由新证替代", "{permit} {number} superseded by the new one"),
    "permit_cancelled": ("{permit} {number}注销", "{permit} {number} cancelled"),
    "permits_aligned": ("两证有效期统一至{on}", "Both papers end on {on}"),
    "permit_entered": ("登记{permit} {number}，有效期至{valid_to}", "{permit} {number} entered, valid to {valid_to}"),
    "obligation": ("登记后续义务：{obligation}，期限{due_on}", "Obligation entered: {obligation}, due {due_on}"),
    "deadline": ("期限届满（{due_on}）：{rule}（{basis}）", "Limit over ({due_on}): {rule} ({basis})"),
    "incident": ("步骤“{step}”异常停住：{cause}", "Step “{step}” stopped: {cause}"),
    "incident_resolved": ("异常已排除", "Incident resolved"),
    "step_skipped": ("跳过停住的步骤“{step}”：{reason}", "Stopped step “{step}” skipped: {reason}"),
    "mend_proposed": (
        "提出数据更正：{path}，由{old}改为{new}（{reason}）",
        "Correction proposed: {path} from {old} to {new} ({reason})",
    ),
    "mended": (
        "数据更正已确认：{path}，由{old}改为{new}（{reason}）",
        "Correction confirmed: {path} from {old} to {new} ({reason})",
    ),
    "mend_declined": ("数据更正未同意：{path} {remark}", "Correction declined: {path} {remark}"),
    "retried": ("管理员重试", "Retried by an administrator"),
    "case_note": ("留言：{text}", "Message: {text}"),
    "case_note_internal": ("内部批注", "Internal note"),
    "case_note_settled": ("留言已处理", "A message was settled"),
    "correction_asked": ("请求更正：{text}", "Correction asked for: {text}"),
    "correction_answered": ("答复更正请求（{correction_outcome}）：{text}", "Answered ({correction_outcome}): {text}"),
    "objection_raised": ("提出异议：{text}", "Objection raised: {text}"),
    "objection_answered": (
        "答复异议（{objection_outcome}）：{text}",
        "Objection answered ({objection_outcome}): {text}",
    ),
    "objection_withdrawn": ("撤回异议", "Objection taken back"),
    "comment_answered": ("答复公众意见", "A comment from the public was answered"),
    "visit_recorded": ("申请人到场（{on}）：{purpose} {note}", "The applicant came ({on}): {purpose} {note}"),
    "visit_reversed": ("撤销到场记录（{on}）：{purpose}，{note}", "A visit taken back ({on}): {purpose}, {note}"),
    "remark": ("备注：{text}", "Remark: {text}"),
    "corrected": ("更正{place}：{old} → {new}（{reason}）", "Corrected {place}: {old} → {new} ({reason})"),
    "case_closed": ("案件办结：{outcome}", "Case closed: {outcome}"),
    "case_withdrawn": ("申请单位撤回：{reason}", "Withdrawn by the applicant: {reason}"),
    "case_cancelled": ("终止案件：{reason}", "Case cancelled: {reason}"),
}


@dataclass(frozen=True)
class Line:
    """One line as people read it."""

    at: datetime
    text: str
    by: str
    important: bool


# What a person looking back wants to find at once; the other lines are steps on the way.
MILESTONES = frozenset(
    {
        *(
            "case_started",
            "submitted",
            "signed",
            "clock_started",
            "clock_paused",
            "clock_resumed",
            "clock_decided",
            "clock_reopened",
            "decided",
            "deadline",
        ),
        *("notice_published", "notice_comment", "letter_issued", "permit_entered", "permit_changed", "incident"),
        *("step_skipped", "mended"),
        *("case_closed", "case_withdrawn", "case_cancelled"),
    }
)


def lines(
    conn: Connection,
    reference: Reference,
    compiled: Compiled,
    history: Sequence[dict[str, Any]],
    obligations: Iterable[Mapping[str, Any]] = (),
) -> list[Line]:
    """The record, first line first."""
    titles = _Titles(conn, reference, compiled, {row["kind"]: pick(row["title"]) for row in obligations})
    return [
        Line(
            event["at"],
            titles.sentence(event),
            " ".join(part for part in (event["body_name"], event["actor_name"]) if part),
            event["kind"] in MILESTONES,
        )
        for event in history
    ]


class _Titles:
    """Words for the codes in the data of an event."""

    def __init__(
        self, conn: Connection, reference: Reference, compiled: Compiled, obligations: Mapping[str, str]
    ) -> None:
        self._conn, self._reference, self._compiled = conn, reference, compiled
        self._obligations = obligations
        self._bodies: dict[str, str] | None = None
        self._words: dict[str, Callable[[Any, date], str]] = {
            "role": lambda code, on: words.role_name(code),
            "matter": lambda code, on: words.matter_name(code),
            "permit": lambda code, on: words.matter_name(code),
            "klass": lambda code, on: words.klass_name(code),
            "notice": lambda code, on: words.notice_name(code),
            "mode": lambda code, on: words.mode_name(code),
            "outcome": lambda code, on: words.outcome_name(code, self.step(code)),
            "pause": lambda code, on: words.in_language(_or(lambda: pause_text(code), (code, code))),
            "letter": lambda code, on: pick(_or(lambda: compiled.letter(code).title, code)),
            "handler": lambda code, on: pick(_or(lambda: registry.get(code).title, code)),
            "decision": lambda code, on: self.decision(code),
            "rule": self._limit,
            "effect": lambda code, on: words.in_language(effect_text(code)),
            "correction_outcome": lambda code, on: words.in_language(corrections.OUTCOMES.get(code, (code, code))),
            "objection_outcome": lambda code, on: words.in_language(objections.OUTCOMES.get(code, (code, code))),
            "rules": lambda given, on: "；".join(given) if language() == "zh" else "; ".join(given),
            "bodies": lambda given, on: self._body_names(given),
            "obligation": lambda code, on: self._obligations.get(code, ""),
            **{name: lambda value, on: day(value) for name in ("due", "until", "due_on", "valid_to", "on")},
        }

    def sentence(self, event: Mapping[str, Any]) -> str:
        """One line in words."""
        on = event["at"].date()
        said = {key: "" if value is None else value for key, value in event["data"].items()}
        for key, word in self._words.items():
            if said.get(key):
                said[key] = word(said[key], on)
        said["step"] = self.step(event["element"])
        said["place"] = said.get("path", "")
        pattern = words.in_language(LINES.get(event["kind"], (event["kind"], event["kind"])))
        return _tidy(pattern.format_map(_Forgiving(said)))

    def step(self, element: str | None) -> str:
        """The name of a step of the model."""
        found = self._compiled.model.elements.get(element or "")
        return found.name or found.id if found else element or ""

    def decision(self, code: str) -> str:
        """The name of a decision table."""
        found = self._compiled.model.decisions.get(code)
        return found.name or code if found else code

    def _limit(self, code: str, on: date) -> str:
        found = _or(lambda: self._reference.rule(self._conn, code, on), None)
        return code if found is None else f"{pick(found.title)} {words.limit_text(found)}"

    def _body_names(self, given: Mapping[str, str]) -> str:
        if self._bodies is None:
            rows = self._conn.execute(select(Body.code, Body.name_zh, Body.name_en))
            self._bodies = {row.code: words.in_language((row.name_zh, row.name_en)) for row in rows}
        names = [f"{words.matter_name(part)} {self._bodies.get(code, code)}" for part, code in given.items()]
        return "；".join(names) if language() == "zh" else "; ".join(names)


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def _or(look_up: Callable[[], Any], otherwise: Any) -> Any:
    """What the look-up finds; the code itself when the data knows no words for it."""
    try:
        return look_up()
    except (DomainError, KeyError):
        return otherwise


def _tidy(sentence: str) -> str:
    """Without the brackets and commas of what was not said."""
    for empty in ("（）", " ()", "()", "“”"):
        sentence = sentence.replace(empty, "")
    return sentence.strip().rstrip("，,").rstrip()
