"""A decision table (or literal expression) and how it answers.

Hit policies UNIQUE, ANY, FIRST, PRIORITY, OUTPUT ORDER, RULE ORDER and COLLECT (with SUM, MIN, MAX, COUNT); required decisions are
answered first. An answer tells which rules fired, with their annotation, because the annotation is where a table cites the law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registers.errors import DomainError
from workflows.expressions import Expression, ExpressionError, compare, compile_expression, equal
from workflows.feel import UnaryTests

LISTS = ("COLLECT", "RULE ORDER", "OUTPUT ORDER")  # these answer with a list, which may be empty
_SUM = compile_expression("sum(values)")


class DecisionError(DomainError):
    """A decision table has no proper answer for these values."""

    def __init__(self, decision: str, zh: str, en: str) -> None:
        super().__init__("decision", f"决策表“{decision}”：{zh}", f"Decision {decision}: {en}", pointer=decision)


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
        """The rules that hold, in their order; raises DecisionError for a cell that does not fit the value."""
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
        """The outputs and the rules behind them by the hit policy; raises DecisionError where it is broken."""
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
        """Where the outputs of a row stand in the order of output values; the first column counts most."""
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
        """COUNT, SUM, MIN or MAX over the one output; of no rows null (COUNT: 0)."""
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
