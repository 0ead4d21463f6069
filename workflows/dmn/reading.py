"""Reads DMN XML (1.1 and newer) into decisions, and says everything that is wrong with a file in one go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from registers.errors import DomainError
from workflows.dmn.coverage import overlaps, overlaps_decidable
from workflows.dmn.decision import Decision, Input, Output, Rule
from workflows.expressions import Expression, ExpressionError, compile_expression
from workflows.feel import UnaryTests, compile_cell
from workflows.findings import ERROR, WARNING, Finding
from workflows.xmlsafe import XmlRefused, line_of, local, namespace, parse

HIT_POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
MAX_RULES = 1000
MAX_COLUMNS = 50
_NAMESPACES = re.compile(r"https?://www\.omg\.org/spec/DMN/\d{8}/(?:MODEL/?|dmn\.xsd)")


class DmnError(DomainError):
    """A DMN file cannot be used; `findings` says why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("dmn", findings[0].message("zh"), findings[0].message("en"), pointer=findings[0].element)
        self.findings = list(findings)


def parse_dmn(data: bytes, name: str) -> list[Decision]:
    """The decisions of a file; raises `DmnError` with every finding."""
    decisions, findings = read_dmn(data, name)
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        raise DmnError(errors)
    return decisions


def read_dmn(data: bytes, name: str) -> tuple[list[Decision], list[Finding]]:
    """The decisions of a file as far as they can be read, and everything there is to say about them."""
    reader = _Reader(name)
    return reader.read(data), reader.findings


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def error(
        self, code: str, element: str | None, line: int | None, zh: str, en: str, fix_zh: str, fix_en: str
    ) -> None:
        self.findings.append(Finding(ERROR, f"dmn.{code}", element, line, zh, en, fix_zh, fix_en, self.file))

    def read(self, data: bytes) -> list[Decision]:
        try:
            root = parse(data)
        except XmlRefused as refused:
            self.findings.append(refused.finding(self.file))
            return []
        if local(root) != "definitions" or not _NAMESPACES.fullmatch(namespace(root)):
            self.error(
                "not_dmn", None, line_of(root), "不是 DMN 文件。", "This is not a DMN file.", "请上传 DMN 1.1 及以上的文件。",
                "Upload a DMN 1.1 or newer file.",
            )  # fmt: skip
            return []
        found: dict[str, Decision] = {}
        for element in root:
            if local(element) == "decision":
                decision = self.decision(element)
                if decision is not None:
                    if decision.id in found:
                        self.error(
                            "duplicate", decision.id, decision.line, f"决策编号 {decision.id} 重复。",
                            f"The decision id {decision.id} is used twice.", "请改用不同的编号。", "Give it another id.",
                        )  # fmt: skip
                    found[decision.id] = decision
        if not found and not self.findings:
            self.error(
                "empty", None, line_of(root), "文件中没有决策。", "There is no decision in the file.",
                "请添加决策表。", "Add a decision table.",
            )  # fmt: skip
        self.link(found)
        for decision in found.values():
            self.check_unique(decision)
        return list(found.values())

    def decision(self, element: etree._Element) -> Decision | None:
        identifier, line = element.get("id", ""), line_of(element)
        parts = {local(part): part for part in element}
        variable = parts["variable"].get("name", "") if "variable" in parts else ""
        decision = Decision(
            identifier,
            element.get("name", identifier),
            line,
            self.file,
            variable or element.get("name", "") or identifier,
        )
        decision.required_ids = tuple(
            reference.get("href", "").rsplit("#", 1)[-1]
            for requirement in element
            if local(requirement) == "informationRequirement"
            for reference in requirement
            if local(reference) == "requiredDecision"
        )
        if not identifier:
            self.error("no_id", None, line, "决策没有编号。", "A decision has no id.", "请填写编号。", "Give it an id.")
            return None
        if "decisionTable" in parts:
            self.table(parts["decisionTable"], decision)
        elif "literalExpression" in parts:
            decision.literal = self.expression(_text(parts["literalExpression"]), identifier, line)
        else:
            self.error(
                "logic", identifier, line, "只支持决策表和文字表达式。", "Only decision tables and literal expressions are supported.",
                "请改为决策表。", "Write it as a decision table.",
            )  # fmt: skip
        return decision

    def table(self, table: etree._Element, decision: Decision) -> None:
        decision.hit_policy = table.get("hitPolicy", "UNIQUE").strip().upper()
        decision.aggregation = table.get("aggregation")
        line = line_of(table)
        if decision.hit_policy not in HIT_POLICIES:
            self.error(
                "hit_policy", decision.id, line, f"不支持命中策略 {decision.hit_policy}。",
                f"The hit policy {decision.hit_policy} is not supported.", f"可用：{'、'.join(HIT_POLICIES)}。",
                f"Use one of {', '.join(HIT_POLICIES)}.",
            )  # fmt: skip
        inputs: list[Input] = []
        outputs: list[Output] = []
        rules: list[Rule] = []
        for part in table:
            kind = local(part)
            if kind == "input":
                column = self.input(part, decision.id)
                if column is not None:
                    inputs.append(column)
            elif kind == "output":
                outputs.append(self.output(part, decision, len(outputs)))
            elif kind == "rule":
                rules.append(self.rule(part, decision.id, len(rules) + 1))
        decision.inputs, decision.outputs, decision.rules = tuple(inputs), tuple(outputs), tuple(rules)
        self.check_shape(decision, line)

    def check_shape(self, decision: Decision, line: int) -> None:
        if not decision.outputs:
            self.error(
                "no_output", decision.id, line, "决策表没有输出列。", "The table has no output column.",
                "请添加输出列。", "Add an output column.",
            )  # fmt: skip
        names = [output.name for output in decision.outputs]
        if len(set(names)) < len(names):
            self.error(
                "output_name", decision.id, line, "输出列名称重复或为空。", "Output columns have no name or the same name.",
                "请为每个输出列填写不同的名称。", "Give each output column its own name.",
            )  # fmt: skip
        if len(decision.rules) > MAX_RULES or len(decision.inputs) + len(decision.outputs) > MAX_COLUMNS:
            self.error(
                "size", decision.id, line, f"决策表超过 {MAX_RULES} 行或 {MAX_COLUMNS} 列。",
                f"The table has more than {MAX_RULES} rules or {MAX_COLUMNS} columns.", "请拆分。", "Split it.",
            )  # fmt: skip
        for rule in decision.rules:
            if len(rule.tests) != len(decision.inputs) or len(rule.outputs) != len(decision.outputs):
                self.error(
                    "cells", decision.id, rule.line, f"第 {rule.index} 行的单元格数与列数不符。",
                    f"Rule {rule.index} has not as many cells as there are columns.", "请补全该行。", "Complete the row.",
                )  # fmt: skip
            elif decision.hit_policy != "COLLECT" and any(cell is None for cell in rule.outputs):
                self.error(
                    "output_empty", decision.id, rule.line, f"第 {rule.index} 行的输出为空。",
                    f"Rule {rule.index} has an empty output.", "请填写输出，或写 null。", "Fill it in, or write null.",
                )  # fmt: skip
        if decision.aggregation is not None and (
            decision.aggregation not in AGGREGATIONS or decision.hit_policy != "COLLECT" or len(decision.outputs) != 1
        ):
            self.error(
                "aggregation", decision.id, line, f"汇总方式 {decision.aggregation} 只能用于单输出的 COLLECT 表。",
                f"The aggregation {decision.aggregation} needs COLLECT and exactly one output.",
                f"可用：{'、'.join(AGGREGATIONS)}。", f"Use one of {', '.join(AGGREGATIONS)} with one output.",
            )  # fmt: skip
        if decision.hit_policy in ("PRIORITY", "OUTPUT ORDER") and not any(
            output.values for output in decision.outputs
        ):
            self.error(
                "output_values", decision.id, line, f"命中策略 {decision.hit_policy} 需要输出值列表。",
                f"The hit policy {decision.hit_policy} needs a list of output values.",
                "请在输出列中按优先顺序填写输出值。", "List the output values in order of priority.",
            )  # fmt: skip

    def expression(self, text: str, element: str, line: int) -> Expression | None:
        try:
            return compile_expression(text)
        except ExpressionError as error:
            self.error("expression", element, line, error.zh, error.en, "请修改该表达式。", "Correct the expression.")
            return None

    def input(self, part: etree._Element, decision: str) -> Input | None:
        holders = [child for child in part if local(child) == "inputExpression"]
        text = _text(holders[0]) if holders else ""
        expression = self.expression(text, part.get("id") or decision, line_of(part))
        if expression is None:
            return None
        return Input(part.get("label") or text, expression, holders[0].get("typeRef", ""), line_of(part))

    def output(self, part: etree._Element, decision: Decision, place: int) -> Output:
        values: tuple[Any, ...] = ()
        default: Expression | None = None
        for child in part:
            if local(child) == "outputValues" and _text(child):
                listed = self.expression(f"[{_text(child)}]", decision.id, line_of(child))
                if listed is not None:
                    try:
                        values = tuple(listed.evaluate({}))
                    except ExpressionError as error:
                        self.error(
                            "output_values", decision.id, line_of(child), error.zh, error.en, "输出值请用文字常量。",
                            "Output values are literals.",
                        )  # fmt: skip
            elif local(child) == "defaultOutputEntry" and _text(child):
                default = self.expression(_text(child), decision.id, line_of(child))
        name = part.get("name") or (decision.id if place == 0 else "")
        return Output(name, values, default)

    def rule(self, part: etree._Element, decision: str, index: int) -> Rule:
        tests: list[UnaryTests] = []
        outputs: list[Expression | None] = []
        notes: list[str] = []
        identifier = part.get("id") or f"{decision}:{index}"
        for child in part:
            kind = local(child)
            if kind == "inputEntry":
                try:
                    tests.append(compile_cell(_text(child)))
                except ExpressionError as error:
                    self.error(
                        "cell", identifier, line_of(child), f"第 {index} 行：{error.zh}", f"Rule {index}: {error.en}",
                        "请修改该单元格。", "Correct the cell.",
                    )  # fmt: skip
                    tests.append(compile_cell("-"))
            elif kind == "outputEntry":
                text = _text(child)
                outputs.append(None if text in ("", "-") else self.expression(text, identifier, line_of(child)))
            elif kind in ("description", "annotationEntry"):
                notes.append(_text(child) or (child.text or "").strip())
        return Rule(
            index, identifier, tuple(tests), tuple(outputs), "；".join(note for note in notes if note), line_of(part)
        )

    def link(self, found: dict[str, Decision]) -> None:
        """Connect required decisions; circles and unknown ones are refused."""
        for decision in found.values():
            missing = [name for name in decision.required_ids if name not in found]
            for name in missing:
                self.error(
                    "required", decision.id, decision.line, f"所需决策 {name} 不在本文件中。",
                    f"The required decision {name} is not in this file.", "请放入同一文件。", "Put it into the same file.",
                )  # fmt: skip
            if not missing:
                decision.required = tuple(found[name] for name in decision.required_ids)
        for decision in found.values():
            if _in_circle(decision, found):
                self.error(
                    "circle", decision.id, decision.line, "决策之间相互依赖。", "Decisions require each other in a circle.",
                    "请去掉循环依赖。", "Remove the circle.",
                )  # fmt: skip
                decision.required = ()

    def check_unique(self, decision: Decision) -> None:
        if decision.hit_policy != "UNIQUE" or any(finding.element == decision.id for finding in self.findings):
            return
        if not overlaps_decidable(decision):
            self.findings.append(
                Finding(
                    WARNING, "dmn.overlap_unchecked", decision.id, decision.line, "规则过多，没有检查有无重叠。",
                    "There are too many rules to look for overlaps.", "请拆分决策表，或改用 FIRST。", "Split the table, or use FIRST.",
                    self.file,
                )
            )  # fmt: skip
            return
        for overlap in overlaps(decision, 5):
            self.error(
                "overlap", decision.id, overlap.line,
                f"第 {overlap.first} 行与第 {overlap.second} 行可同时成立（例如 {overlap.example}），而命中策略为唯一（UNIQUE）。",
                f"Rules {overlap.first} and {overlap.second} can hold at once (for example {overlap.example}), "
                "but the hit policy is UNIQUE.",
                "请调整条件，或改用 FIRST、ANY、PRIORITY。", "Change the cells, or use FIRST, ANY or PRIORITY.",
            )  # fmt: skip


def _in_circle(start: Decision, found: Mapping[str, Decision]) -> bool:
    stack, seen = list(start.required_ids), set[str]()
    while stack:
        name = stack.pop()
        if name == start.id:
            return True
        if name in seen or name not in found:
            continue
        seen.add(name)
        stack.extend(found[name].required_ids)
    return False


def _text(element: etree._Element) -> str:
    """The text of a cell: DMN wraps it in <text>."""
    for part in element:
        if local(part) == "text":
            return (part.text or "").strip()
    return (element.text or "").strip()
