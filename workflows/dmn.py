"""Decision tables: DMN XML read and answered by ourselves.

Hit policies UNIQUE, ANY, FIRST, PRIORITY, OUTPUT ORDER, RULE ORDER and COLLECT (with SUM, MIN, MAX, COUNT); required decisions are answered
first. An answer tells which rules fired, with their annotation, because the annotation is where a table cites the law. Two rules of a
UNIQUE table that can both hold are found when the table is read, as far as that can be decided, and at the latest when they do.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

from lxml import etree

from registers.errors import DomainError
from workflows.expressions import Expression, ExpressionError, compare, compile_expression, equal
from workflows.feel import UnaryTests, compile_cell
from workflows.findings import ERROR, WARNING, Finding
from workflows.xmlsafe import XmlRefused, line_of, local, namespace, parse

HIT_POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
LISTS = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")  # these answer with a list, which may be empty
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
MAX_RULES = 1000
MAX_COLUMNS = 50
MAX_TRIALS = 300_000  # cells tried when searching for overlaps
MAX_COMBINATIONS = 20_000  # inputs tried when searching for gaps in a table of twenty rules; fewer in longer ones
_NAMESPACES = re.compile(r"https?://www\.omg\.org/spec/DMN/\d{8}/(?:MODEL/?|dmn\.xsd)")


class DecisionError(DomainError):
    """A decision table has no proper answer for these values."""

    def __init__(self, decision: str, zh: str, en: str) -> None:
        super().__init__("decision", f"决策表“{decision}”：{zh}", f"Decision {decision}: {en}", pointer=decision)


class DmnError(DomainError):
    """A DMN file cannot be used; `findings` says why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("dmn", findings[0].message("zh"), findings[0].message("en"), pointer=findings[0].element)
        self.findings = list(findings)


@dataclass(frozen=True)
class Input:
    """An input column."""

    label: str
    expression: Expression
    type: str
    line: int


@dataclass(frozen=True)
class Output:
    """An output column; `values` orders the answers of PRIORITY and OUTPUT ORDER."""

    name: str
    values: tuple[Any, ...]
    default: Expression | None


@dataclass(frozen=True)
class Rule:
    """A row."""

    index: int
    id: str
    tests: tuple[UnaryTests, ...]
    outputs: tuple[Expression | None, ...]
    description: str
    line: int


@dataclass(frozen=True)
class FiredRule:
    """A row that gave (part of) the answer, with what it cites."""

    index: int
    id: str
    description: str
    decision: str


@dataclass(frozen=True)
class DecisionResult:
    """The answer: a dict of outputs, or a list of them, and the rules behind it."""

    outputs: Any
    fired: list[FiredRule]


@dataclass
class Decision:
    """A checked decision, ready to answer."""

    id: str
    name: str
    line: int
    file: str
    variable: str
    hit_policy: str = "UNIQUE"
    aggregation: str | None = None
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    rules: tuple[Rule, ...] = ()
    literal: Expression | None = None
    required: tuple[Decision, ...] = ()
    required_ids: tuple[str, ...] = field(default=(), repr=False)

    @property
    def names(self) -> frozenset[str]:
        """The variables of the case that are read, here and in required decisions."""
        own: set[str] = set(self.literal.names) if self.literal else set()
        for column in self.inputs:
            own |= column.expression.names
        for rule in self.rules:
            for test in rule.tests:
                own |= test.names
            for cell in rule.outputs:
                own |= cell.names if cell else set()
        for other in self.required:
            own -= {other.id, other.variable}
        return frozenset(own.union(*(other.names for other in self.required)))

    def evaluate(self, variables: Mapping[str, Any]) -> DecisionResult:
        """Answer for these variables."""
        fired: list[FiredRule] = []
        scope: Mapping[str, Any] = variables
        if self.required:
            extra: dict[str, Any] = {}
            for other in self.required:
                answer = other.evaluate(variables)
                fired += answer.fired
                extra[other.id] = extra[other.variable] = answer.outputs
            scope = {**variables, **extra}
        if self.literal is not None:
            return DecisionResult(self.literal.evaluate(scope), fired)
        answer = self.answer([column.expression.evaluate(scope) for column in self.inputs], scope)
        return DecisionResult(answer.outputs, fired + answer.fired)

    def answer(self, values: list[Any], scope: Mapping[str, Any]) -> DecisionResult:
        """Answer for these values of the input columns; `scope` holds what cells read besides."""
        matching = list(self._matching(values, scope))
        rows = [
            {
                output.name: cell.evaluate(scope) if cell else None
                for output, cell in zip(self.outputs, rule.outputs, strict=True)
            }
            for rule in matching
        ]
        outputs, chosen = self._apply(matching, rows, scope)
        return DecisionResult(outputs, [FiredRule(rule.index, rule.id, rule.description, self.id) for rule in chosen])

    def _matching(self, values: list[Any], scope: Mapping[str, Any]) -> Iterator[Rule]:
        for rule in self.rules:
            try:
                hit = all(test.holds(value, scope) for test, value in zip(rule.tests, values, strict=True))
            except ExpressionError as error:
                raise DecisionError(
                    self.id, f"第 {rule.index} 行：{error.zh}", f"rule {rule.index}: {error.en}"
                ) from error
            if hit:
                yield rule
                if self.hit_policy == "FIRST":
                    return

    def _apply(self, rules: list[Rule], rows: list[dict[str, Any]], scope: Mapping[str, Any]) -> tuple[Any, list[Rule]]:
        if self.hit_policy in LISTS:
            if self.hit_policy == "OUTPUT ORDER":
                order = sorted(range(len(rows)), key=lambda place: self._rank(rows[place]))
                return [rows[place] for place in order], [rules[place] for place in order]
            if self.aggregation is None:
                return rows, rules
            return self._aggregate(rows), rules
        if not rules:
            return {
                output.name: output.default.evaluate(scope) if output.default else None for output in self.outputs
            }, []
        numbers_zh = "、".join(str(rule.index) for rule in rules)
        numbers_en = ", ".join(str(rule.index) for rule in rules)
        if self.hit_policy == "UNIQUE" and len(rules) > 1:
            raise DecisionError(
                self.id,
                f"第 {numbers_zh} 行同时成立，而命中策略为唯一（UNIQUE）。",
                f"rules {numbers_en} hold at once, but the hit policy is UNIQUE.",
            )
        if self.hit_policy == "ANY" and not all(equal(row, rows[0]) for row in rows):
            raise DecisionError(
                self.id,
                f"第 {numbers_zh} 行同时成立但结果不同，而命中策略为任一（ANY）。",
                f"rules {numbers_en} hold at once with different outputs, but the hit policy is ANY.",
            )
        if self.hit_policy == "PRIORITY":
            best = min(range(len(rows)), key=lambda place: self._rank(rows[place]))
            return rows[best], [rules[best]]
        return rows[0], rules

    def _rank(self, row: dict[str, Any]) -> tuple[int, ...]:
        ranks = []
        for output in self.outputs:
            if output.values:
                places = [place for place, value in enumerate(output.values) if equal(value, row[output.name])]
                if not places:
                    raise DecisionError(
                        self.id,
                        f"结果“{row[output.name]}”不在输出值列表中。",
                        f"the output {row[output.name]!r} is not in the list of output values.",
                    )
                ranks.append(places[0])
        return tuple(ranks)

    def _aggregate(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        name = self.outputs[0].name
        values = [row[name] for row in rows]
        if self.aggregation == "COUNT":
            return {name: len(values)}
        if not values:
            return {name: None}
        try:
            if self.aggregation == "SUM":
                return {name: _SUM.evaluate({"values": values})}
            best = values[0]
            for value in values[1:]:
                if compare("<" if self.aggregation == "MIN" else ">", value, best):
                    best = value
        except ExpressionError as error:
            raise DecisionError(self.id, error.zh, error.en) from error
        return {name: best}


_SUM = compile_expression("sum(values)")


# -- reading ---------------------------------------------------------------------------------------------


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
            self.findings.append(
                Finding(
                    ERROR,
                    refused.code,
                    None,
                    refused.line,
                    refused.zh,
                    refused.en,
                    refused.fix_zh,
                    refused.fix_en,
                    self.file,
                )
            )
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
            elif decision.hit_policy not in ("COLLECT",) and any(cell is None for cell in rule.outputs):
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


def gap_warnings(decision: Decision, file: str) -> list[Finding]:
    """A table that has no answer for some input says so, unless an empty answer is meant (COLLECT, a default)."""
    wanted = decision.rules and decision.inputs and decision.aggregation is None
    if not wanted or decision.hit_policy in LISTS or any(output.default for output in decision.outputs):
        return []
    return [
        Finding(
            WARNING, "dmn.gap", decision.id, decision.line, f"没有任何一行适用于：{example}，结果将为空。",
            f"No rule holds for: {example}; the outputs will be empty.",
            "请补充一行，或在最后加一行全部为“-”的规则（FIRST），或填写默认输出。",
            "Add a rule, or a last one with “-” everywhere (FIRST), or a default output.", file,
        )
        for example in gaps(decision, 3)
    ]  # fmt: skip


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


# -- overlaps and gaps -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overlap:
    """Two rules that can hold at once, with an input for which they do."""

    first: int
    second: int
    example: str
    line: int


def overlaps_decidable(decision: Decision) -> bool:
    """Whether `overlaps` can look at all pairs in reasonable time."""
    points = sum(len(_points(decision, places)) for places in _columns(decision).values())
    return points * len(decision.rules) <= MAX_TRIALS


def overlaps(decision: Decision, limit: int | None = None) -> list[Overlap]:
    """The pairs of rules that can hold at once (the first `limit`), as far as cells with constants decide it."""
    if not overlaps_decidable(decision):
        return []
    return list(itertools.islice(_overlaps(decision), limit))


def _overlaps(decision: Decision) -> Iterator[Overlap]:
    columns = _columns(decision)
    points = {text: _points(decision, places) for text, places in columns.items()}
    holding = {
        (rule.index, text): frozenset(
            number
            for number, point in enumerate(points[text])
            if all(_holds(rule.tests[place], point) for place in places)
        )
        for rule in decision.rules
        for text, places in columns.items()
    }
    decided = [rule for rule in decision.rules if all(test.constant for test in rule.tests)]
    for first, second in itertools.combinations(decided, 2):
        example = []
        for text in columns:
            common = holding[first.index, text] & holding[second.index, text]
            if not common:
                break
            example.append(f"{text} = {_show(points[text][min(common)])}")
        else:
            yield Overlap(first.index, second.index, ", ".join(example), second.line)


def gaps(decision: Decision, limit: int = 10) -> list[str]:
    """Inputs for which no rule holds, as far as cells with constants decide it; empty when undecided."""
    if not gaps_decidable(decision):
        return []
    columns = _columns(decision)
    # Of each column its points, each with the rules that hold there as the bits of a number.
    points = [
        [
            (
                value,
                sum(
                    1 << n for n, rule in enumerate(decision.rules) if all(_holds(rule.tests[p], value) for p in places)
                ),
            )
            for value in _points(decision, places)
        ]
        for places in columns.values()
    ]
    found = []
    every = (1 << len(decision.rules)) - 1
    for combination in itertools.product(*points):
        if not reduce(and_, (rules for _, rules in combination), every):
            found.append(
                ", ".join(f"{text} = {_show(one)}" for text, (one, _) in zip(columns, combination, strict=True))
            )
            if len(found) >= limit:
                break
    return found


def gaps_decidable(decision: Decision) -> bool:
    """Whether `gaps` can say for sure: cells of constants only, and not too many combinations of them."""
    if not all(test.constant for rule in decision.rules for test in rule.tests):
        return False
    sizes = [len(_points(decision, places)) for places in _columns(decision).values()]
    return math.prod(sizes) * max(len(decision.rules), 1) <= MAX_COMBINATIONS * 20


def _columns(decision: Decision) -> dict[str, list[int]]:
    """Columns by their expression: two columns of one expression test the same value."""
    columns: dict[str, list[int]] = {}
    for place, column in enumerate(decision.inputs):
        columns.setdefault(column.expression.text, []).append(place)
    return columns


def _points(decision: Decision, places: list[int]) -> list[Any]:
    """Values that tell the cells of a column apart: every constant, and one between, below and above."""
    constants: list[Any] = []
    for rule in decision.rules:
        for place in places:
            if place < len(rule.tests) and rule.tests[place].constant:
                for test in rule.tests[place].tests:
                    for piece in test.expressions():
                        value = piece.evaluate({})
                        constants += value if isinstance(value, list) else [value]
    whole = any(decision.inputs[place].type.lower() in ("integer", "long", "int") for place in places)
    points: list[Any] = []
    numbers = sorted({Decimal(v) for v in constants if isinstance(v, (int, Decimal)) and not isinstance(v, bool)})
    points += _between(numbers, Decimal(1), whole)
    days = sorted({v for v in constants if isinstance(v, date) and not isinstance(v, datetime)})
    for day in days:
        points += [day - timedelta(days=1), day, day + timedelta(days=1)]
    texts = sorted({v for v in constants if isinstance(v, str)})
    for text in texts:
        points += [text, text + "…"]
    if any(isinstance(v, bool) for v in constants):
        points += [True, False]
    if any(v is None for v in constants):
        points.append(None)
    return points or ["…"]


def _between(numbers: list[Decimal], step: Decimal, whole: bool) -> list[Any]:
    if not numbers:
        return []
    points: list[Any] = [numbers[0] - step]
    for number, following in zip(numbers, [*numbers[1:], None], strict=True):
        points.append(number)
        if whole:
            points += [number + 1] if following is None or number + 1 < following else []
        else:
            points.append(number + step if following is None else (number + following) / 2)
    return points


def _holds(test: UnaryTests, value: Any) -> bool:
    try:
        return test.holds(value, {})
    except ExpressionError:
        return False  # another kind of value than the cell is about


def _show(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "null" if value is None else str(value).lower()
