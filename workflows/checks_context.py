"""What is wrong with a model in *this* installation: unknown handlers, forms, roles, limits, letters, variables."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows import structure
from workflows.bpmn import Node, Process, Scope
from workflows.expressions import Expression, ExpressionError, compile_expression
from workflows.findings import Finding
from workflows.report import Located, Report
from workflows.structure import Source
from workflows.timers import compile_timer

_HUMAN = frozenset({"task", "userTask", "manualTask"})
_LOOP_NAMES = frozenset(
    {
        "loopCounter", "numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances",
        "numberOfTerminatedInstances",
    }
)  # fmt: skip


@dataclass(frozen=True)
class HandlerInfo:
    """The inputs a handler or service takes."""

    inputs: frozenset[str]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LintContext:
    """What the installation knows; an empty part is still a part: nothing is known there."""

    handlers: Mapping[str, HandlerInfo] = field(default_factory=dict)
    forms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    notices: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the child process."""
        return {
            "handlers": {name: [sorted(info.inputs), sorted(info.required)] for name, info in self.handlers.items()},
            "forms": {name: sorted(fields) for name, fields in self.forms.items()},
            "roles": sorted(self.roles),
            "limits": sorted(self.limits),
            "letters": sorted(self.letters),
            "notices": sorted(self.notices),
            "variables": dict(self.variables),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LintContext:
        """The reverse of `to_json`."""
        return cls(
            {
                name: HandlerInfo(frozenset(inputs), frozenset(needed))
                for name, (inputs, needed) in data["handlers"].items()
            },
            {name: frozenset(fields) for name, fields in data["forms"].items()},
            frozenset(data["roles"]),
            frozenset(data["limits"]),
            frozenset(data["letters"]),
            frozenset(data["notices"]),
            dict(data["variables"]),
        )


def check(source: Source, main: Process, context: LintContext) -> list[Finding]:
    """Findings about the process and everything it calls."""
    running = structure.called_processes(source, main)
    produced = set(context.variables)
    tasks: dict[str, Node] = {}
    for process in running:
        for _, node in process.walk():
            produced |= set(_produced(node))
            if node.tag in _HUMAN:
                tasks[node.properties.get("result") or node.id] = node
    findings: list[Finding] = []
    for process in running:
        report = Report(process.file)
        checker = _Checker(report, source, context, frozenset(produced), tasks)
        for scope, node in process.walk():
            checker.node(scope, node)
        findings += report.findings
    return findings


def _produced(node: Node) -> Iterator[str]:
    """The variables a node may set."""
    if node.tag in _HUMAN or node.tag == "receiveTask" or (node.event is not None and node.event.kind != "link"):
        yield node.properties.get("result") or node.id
    if node.operator is not None and (node.result or node.properties.get("result")):
        yield node.result or node.properties["result"]
    if node.decision is not None:
        yield node.properties.get("result") or node.decision
    if node.loop is not None:
        yield from (name for name in (node.loop.input_item, node.loop.output_item, node.loop.output) if name)
        yield from _LOOP_NAMES


class _Checker:
    def __init__(
        self, report: Report, source: Source, context: LintContext, names: frozenset[str], tasks: Mapping[str, Node]
    ) -> None:
        self.report = report
        self.source = source
        self.context = context
        self.names = names
        self.tasks = tasks

    def node(self, scope: Scope, node: Node) -> None:
        known = self.context
        for name, what, choices in (
            ("form", ("表单", "form"), known.forms.keys()),
            ("role", ("角色", "role"), known.roles),
            ("limitRule", ("时限规则", "limit rule"), known.limits),
            ("letter", ("文书模板", "letter"), known.letters),
            ("notice", ("公示类型", "notice"), known.notices),
        ):
            value = node.properties.get(name)
            if value:
                self.known(node, f"unknown_{name}", what, value, choices)
        if node.tag in _HUMAN and not node.properties.get("role") and not node.lane:
            self.report.warn(
                "no_role", node, "没有指定由谁办理（既无 role 属性也不在泳道中）。", "It is not said who does this (no role, no lane).",
                "请填写 role 属性。", "Set the property role.",
            )  # fmt: skip
        if node.operator is not None:
            self.operator(node, node.operator)
        for at, text in _texts(scope, node):
            self.expression(at, text)
        if node.decision is not None and node.decision in self.source.decisions:
            missing = self.source.decisions[node.decision].names - self.names
            for name in sorted(missing):
                self.unknown_variable(node, name)

    def known(self, node: Located, code: str, what: tuple[str, str], value: str, choices: Collection[str]) -> None:
        """An error when the value is none of the choices, with the nearest ones."""
        if value in choices:
            return
        near = difflib.get_close_matches(value, choices, 3) or sorted(choices)[:5]
        zh, en = what
        self.report.error(
            code, node, f"没有{zh}“{value}”。", f"There is no {en} “{value}”.",
            f"可选：{'、'.join(near)}。" if near else f"本系统尚无{zh}。",
            f"For example: {', '.join(near)}." if near else f"There is no {en} in this installation.",
        )  # fmt: skip

    def operator(self, node: Node, operator: str) -> None:
        info = self.context.handlers.get(operator)
        if info is None:
            self.known(node, "unknown_handler", ("规则处理器", "handler"), operator, self.context.handlers.keys())
            return
        for name in sorted(set(node.parameters) - info.inputs):
            self.known(node, "unknown_input", (f"{operator} 的输入", f"input of {operator}"), name, info.inputs)
        for name in sorted(info.required - set(node.parameters)):
            self.report.error(
                "missing_input", node, f"缺少 {operator} 的必填输入 {name}。", f"The required input {name} of {operator} is missing.",
                "请在参数中填写。", "Add it to the parameters.",
            )  # fmt: skip
        for name, text in node.parameters.items():
            value = literal_text(text)
            if value is None:
                continue
            if name == "letter":
                self.known(node, "unknown_letter", ("文书模板", "letter"), value, self.context.letters)
            elif name == "limit_rule":
                self.known(node, "unknown_limitRule", ("时限规则", "limit rule"), value, self.context.limits)
            elif name == "kind" and operator.startswith("notice."):
                self.known(node, "unknown_notice", ("公示类型", "notice"), value, self.context.notices)

    def expression(self, at: Located, text: str) -> None:
        try:
            expression = compile_expression(text)
        except ExpressionError:
            return  # spoken about by the checks of the files
        for name in sorted(expression.names - self.names):
            self.unknown_variable(at, name)
        for name, key in _lookups(expression):
            task = self.tasks.get(name)
            fields = self.context.forms.get(task.properties.get("form", "")) if task is not None else None
            if fields is not None and key not in fields and name not in self.context.variables:
                self.known(at, "unknown_field", (f"{name} 的表单字段", f"field in the form of {name}"), key, fields)

    def unknown_variable(self, at: Located, name: str) -> None:
        near = difflib.get_close_matches(name, self.names, 3)
        self.report.error(
            "unknown_variable", at, f"未知变量 {name}。", f"The variable {name} is unknown.",
            f"是否要用：{'、'.join(near)}？" if near else "请在 procedure.json 的 variables 中声明，或由前面的步骤产生。",
            f"Did you mean {', '.join(near)}?" if near else "Declare it among the variables, or let an earlier step produce it.",
        )  # fmt: skip


def _texts(scope: Scope, node: Node) -> Iterator[tuple[Located, str]]:
    """Every expression that belongs to a node and its outgoing flows."""
    if node.operator is not None:
        yield from ((node, text) for text in node.parameters.values())
    if node.properties.get("body"):
        yield node, node.properties["body"]
    for event in node.events:
        if event.kind == "condition" and event.text:
            yield node, event.text
        elif event.kind == "timer" and event.text and event.timer:
            try:
                timer = compile_timer(event.timer, event.text)
            except ExpressionError:
                continue
            if timer.expression is not None:
                yield node, timer.expression.text
    if node.loop is not None:
        loop = node.loop
        yield from ((node, text) for text in (loop.input, loop.cardinality, loop.condition) if text)
    for ref in node.outgoing:
        flow = scope.flows[ref]
        if flow.condition and node.default != flow.id:
            yield flow, flow.condition


def literal_text(text: str) -> str | None:
    """The text a parameter always has, if it is a text in quotes."""
    try:
        expression = compile_expression(text)
        value = None if expression.names else expression.evaluate({})
    except ExpressionError:
        return None
    return value if isinstance(value, str) else None


def _lookups(expression: Expression) -> Iterator[tuple[str, str]]:
    """(variable, field) of every `variable.field`."""
    for part in ast.walk(ast.parse(expression.text, mode="eval")):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            yield part.value.id, part.attr
