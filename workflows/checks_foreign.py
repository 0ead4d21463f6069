"""Remarks of the reader turned into findings: other vendors' extensions, ignored parts, malformed pieces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

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
_QUIET = frozenset(
    {
        "instructionsForEndUser",
        "allowGuest",
        "unitTests",
        "taskMetadataValues",
        "category",
        "isOutputSynced",
        "signalButtonLabel",
    }
)


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
            _one(report, remark, document)
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


def _one(report: Report, remark: Remark, document: Document) -> None:
    at = (remark.element, remark.line)
    kind, detail = remark.kind, remark.detail
    if kind == "not_bpmn":
        old = "omg.org" in detail and "BPMN" in detail and BPMN not in detail
        report.error(
            "not_bpmn", at, f"不是 BPMN 2.0 文件（根元素 {detail}）。" + ("这是 BPMN 2.0 的早期草案格式。" if old else ""),
            f"This is not a BPMN 2.0 file (root {detail})." + (" It is a draft format of BPMN 2.0." if old else ""),
            "请从建模工具导出为 BPMN 2.0 XML。", "Export it as BPMN 2.0 XML from the modelling tool.",
        )  # fmt: skip
    elif kind == "must_understand":
        report.error(
            "must_understand", at, f"文件要求必须理解扩展 {detail}。", f"The file demands that the extension {detail} is understood.",
            "请导出不含该扩展的文件。", "Export the file without it.",
        )  # fmt: skip
    elif kind == "no_id":
        report.error(
            "no_id", at, f"{detail} 没有编号（id）。", f"A {detail} has no id.", "请填写编号。", "Give it an id."
        )
    elif kind == "unknown_element":
        report.error(
            "unsupported", at, f"不支持 {detail}。", f"{detail} is not supported.",
            "请用任务、网关、事件或子流程表示。", "Say it with tasks, gateways, events or subprocesses.",
        )  # fmt: skip
    elif kind == "empty_condition":
        report.error(
            "condition",
            at,
            "条件为空。",
            "The condition is empty.",
            "请填写条件，或删除该条件。",
            "Write a condition, or remove it.",
        )
    elif kind == "script":
        report.error(
            "script", at, "模型中不允许脚本。", "Scripts are not allowed in models.",
            "请改为服务任务（规则处理器）或业务规则任务（决策表）。", "Use a service task (handler) or a business rule task (decision table).",
        )  # fmt: skip
    elif kind == "event_ref":
        report.error(
            "event_ref", at, f"不支持引用公共事件定义 {detail}。", f"References to shared event definitions ({detail}) are not supported.",
            "请在事件内直接定义。", "Define the trigger inside the event.",
        )  # fmt: skip
    elif kind == "unknown_ref":
        report.error(
            "unknown_ref", at, f"引用的 {detail} 未在文件中定义（消息、信号、错误或升级）。",
            f"{detail} is not defined in the file (message, signal, error or escalation).",
            "请在建模工具中定义并选择它。", "Define it in the modelling tool and select it.",
        )  # fmt: skip
    elif kind == "data_mapping":
        report.warn(
            "data_mapping", at, f"数据映射（{detail}）不起作用：案件变量在全流程内共用。",
            f"The data mapping ({detail}) has no effect: all steps of a case share its variables.",
            "如需传值，请用服务任务的参数。", "Pass values as parameters of service tasks.",
        )  # fmt: skip
    elif kind == "performer":
        report.warn(
            "performer", at, f"办理人设置（{detail}）不起作用。", f"The assignment ({detail}) has no effect.",
            "请用 role 属性或泳道指定角色。", "Name the role by the property role or by the lane.",
        )  # fmt: skip
    elif kind == "spiff_ignored" and detail not in _QUIET:
        report.warn(
            "no_effect", at, f"扩展 {detail} 不起作用。", f"The extension {detail} has no effect.",
            "请用本系统的属性表示。", "Use the properties of this system.",
        )  # fmt: skip
    elif kind == "ignored_top" and detail != "import":
        report.warn(
            "no_effect", at, f"{detail} 不起作用。", f"{detail} has no effect.", "请改为普通任务。", "Use an ordinary task.",
        )  # fmt: skip
