"""Remarks of the reader turned into findings: other vendors' extensions, ignored parts, malformed pieces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from workflows.bpmn import BPMN, Document, Remark
from workflows.report import Report

# Extensions that do work in the product they come from: running the model without them would be another process.
_WORK = frozenset(
    {
        "class", "delegateExpression", "expression", "executionListener", "taskListener", "script", "onEntry-script",
        "onExit-script", "connector", "topic", "taskDefinition", "calledDecision", "decisionRef", "eventListener",
        "scriptTask", "inputOutput", "ioMapping",
    }
)  # fmt: skip
# Written by modelling tools or by SpiffArena; known to be without effect here, not worth a word.
_QUIET = (
    "instructionsForEndUser", "allowGuest", "unitTests", "taskMetadataValues", "category", "isOutputSynced", "signalButtonLabel",
)  # fmt: skip
_WITHOUT_A_WORD = frozenset({("ignored_top", "import"), *(("spiff_ignored", name) for name in _QUIET)})


@dataclass(frozen=True)
class _Said:
    """What is told about one kind of remark; `{detail}` stands for what the reader met."""

    code: str
    refused: bool
    zh: str
    en: str
    fix_zh: str
    fix_en: str


_SAID: dict[str, _Said] = {
    "not_bpmn": _Said(
        "not_bpmn", True, "不是 BPMN 2.0 文件（根元素 {detail}）。", "This is not a BPMN 2.0 file (root {detail}).",
        "请从建模工具导出为 BPMN 2.0 XML。", "Export it as BPMN 2.0 XML from the modelling tool.",
    ),
    "must_understand": _Said(
        "must_understand", True, "文件要求必须理解扩展 {detail}。", "The file demands that the extension {detail} is understood.",
        "请导出不含该扩展的文件。", "Export the file without it.",
    ),
    "no_id": _Said("no_id", True, "{detail} 没有编号（id）。", "A {detail} has no id.", "请填写编号。", "Give it an id."),
    "unknown_element": _Said(
        "unsupported", True, "不支持 {detail}。", "{detail} is not supported.",
        "请用任务、网关、事件或子流程表示。", "Say it with tasks, gateways, events or subprocesses.",
    ),
    "empty_condition": _Said(
        "condition", True, "条件为空。", "The condition is empty.", "请填写条件，或删除该条件。", "Write a condition, or remove it.",
    ),
    "script": _Said(
        "script", True, "模型中不允许脚本。", "Scripts are not allowed in models.",
        "请改为服务任务（规则处理器）或业务规则任务（决策表）。", "Use a service task (handler) or a business rule task (decision table).",
    ),
    "event_ref": _Said(
        "event_ref", True, "不支持引用公共事件定义 {detail}。", "References to shared event definitions ({detail}) are not supported.",
        "请在事件内直接定义。", "Define the trigger inside the event.",
    ),
    "unknown_ref": _Said(
        "unknown_ref", True, "引用的 {detail} 未在文件中定义（消息、信号、错误或升级）。",
        "{detail} is not defined in the file (message, signal, error or escalation).",
        "请在建模工具中定义并选择它。", "Define it in the modelling tool and select it.",
    ),
    "data_mapping": _Said(
        "data_mapping", False, "数据映射（{detail}）不起作用：案件变量在全流程内共用。",
        "The data mapping ({detail}) has no effect: all steps of a case share its variables.",
        "如需传值，请用服务任务的参数。", "Pass values as parameters of service tasks.",
    ),
    "performer": _Said(
        "performer", False, "办理人设置（{detail}）不起作用。", "The assignment ({detail}) has no effect.",
        "请用 role 属性或泳道指定角色。", "Name the role by the property role or by the lane.",
    ),
    "spiff_ignored": _Said(
        "no_effect", False, "扩展 {detail} 不起作用。", "The extension {detail} has no effect.",
        "请用本系统的属性表示。", "Use the properties of this system.",
    ),
    "ignored_top": _Said("no_effect", False, "{detail} 不起作用。", "{detail} has no effect.", "请改为普通任务。", "Use an ordinary task."),
}  # fmt: skip


def check(report: Report, document: Document, running: Collection[str]) -> None:
    """Speak about everything the reader noticed in the processes that are run; the others are documentation."""
    foreign: dict[str, list[tuple[str, Remark]]] = defaultdict(list)
    for remark in document.remarks:
        if remark.process is not None and remark.process not in running:
            continue
        if remark.kind == "foreign":
            space, name, _ = remark.detail.split("|", 2)
            if name in _WORK and remark.process is not None:
                _refuse_foreign(report, remark, space, name)
            else:
                foreign[space].append((name, remark))
        else:
            _one(report, remark)
    for space, remarks in foreign.items():
        names = sorted({name for name, _ in remarks})
        shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
        first = remarks[0][1]
        report.warn(
            "foreign", (first.element, first.line),
            f"{len(remarks)} 处来自其他产品的扩展（{space or '无命名空间'}：{shown}）在本系统中不起作用，仅作说明。",
            f"{len(remarks)} extensions of another product ({space or 'no namespace'}: {shown}) have no effect here.",
            "如其含义重要，请用本系统的属性表示。", "Where they matter, say it with the properties of this system.",
        )  # fmt: skip
    for identifier, line in document.duplicates:
        report.error(
            "duplicate_id", (identifier, line), f"编号 {identifier} 重复。", f"The id {identifier} is used twice.",
            "请改用不同的编号。", "Give each element its own id.",
        )  # fmt: skip


def _refuse_foreign(report: Report, remark: Remark, space: str, name: str) -> None:
    report.error(
        "foreign_code", (remark.element, remark.line), f"扩展 {name}（{space}）在原产品中会执行程序，本系统不执行。",
        f"The extension {name} ({space}) runs code in the product it comes from; it is not run here.",
        "请改为指定规则处理器的服务任务（serviceTaskOperator），并删除该扩展。",
        "Use a service task that names a handler (serviceTaskOperator), and remove the extension.",
    )  # fmt: skip


def _one(report: Report, remark: Remark) -> None:
    """A remark that the reader made of the file itself, as its kind says it."""
    detail = remark.detail
    if remark.kind == "choreography" or (remark.kind, detail) in _WITHOUT_A_WORD:
        return  # of choreographies `checks` speaks, when there is no process beside them
    said = _SAID[remark.kind]
    texts = [text.format(detail=detail) for text in (said.zh, said.en, said.fix_zh, said.fix_en)]
    if remark.kind == "not_bpmn" and "omg.org" in detail and "BPMN" in detail and BPMN not in detail:
        texts[0] += "这是 BPMN 2.0 的早期草案格式。"
        texts[1] += " It is a draft format of BPMN 2.0."
    tell = report.error if said.refused else report.warn
    tell(said.code, (remark.element, remark.line), *texts)
