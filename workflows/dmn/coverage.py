"""What a table leaves open and what it answers twice: gaps and overlaps, found without a case.

Both are decided where cells hold constants only: of every column the values that tell its cells apart are tried. A table that is too
large to try says so (`overlaps_decidable`, `gaps_decidable`); two rules of a UNIQUE table that slip through are refused when they hit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_
from typing import Any

from workflows.dmn.decision import LISTS, Decision
from workflows.expressions import ExpressionError
from workflows.feel import UnaryTests
from workflows.findings import WARNING, Finding

MAX_TRIALS = 300_000  # cells tried when searching for overlaps
MAX_COMBINATIONS = 20_000  # inputs tried when searching for gaps in a table of twenty rules; fewer in longer ones


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


@dataclass(frozen=True)
class Gap:
    """An input for which no rule holds, and the cells of a rule that would hold for it and its like."""

    example: str
    cells: list[str]


def gaps(decision: Decision, limit: int = 10) -> list[str]:
    """Inputs for which no rule holds, as far as cells with constants decide it; empty when undecided."""
    return [gap.example for gap in missing_rules(decision, limit)]


def missing_rules(decision: Decision, limit: int = 10) -> list[Gap]:
    """The same, with the rules that are missing."""
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
            values = {text: value for text, (value, _) in zip(columns, combination, strict=True)}
            cells = {
                place: _cell(values[text], _constants(decision, places))
                for text, places in columns.items()
                for place in places
            }
            example = ", ".join(f"{text} = {_show(value)}" for text, value in values.items())
            found.append(Gap(example, [cells[place] for place in sorted(cells)]))
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
    constants = _constants(decision, places)
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


def _constants(decision: Decision, places: list[int]) -> list[Any]:
    """What the cells of a column name."""
    constants: list[Any] = []
    for rule in decision.rules:
        for place in places:
            if place < len(rule.tests) and rule.tests[place].constant:
                for test in rule.tests[place].tests:
                    for piece in test.expressions():
                        value = piece.evaluate({})
                        constants += value if isinstance(value, list) else [value]
    return constants


def _cell(value: Any, constants: list[Any]) -> str:
    """A cell that holds for a value and for all that the column does not tell apart from it."""
    if isinstance(value, bool) or value is None or value in constants:
        return _written(value)
    if isinstance(value, str):
        named = sorted({one for one in constants if isinstance(one, str)})
        return f"not({', '.join(_written(one) for one in named)})" if named else "-"
    kinds = (int, Decimal) if isinstance(value, Decimal) else (date,)
    known = sorted({one for one in constants if isinstance(one, kinds) and not isinstance(one, bool)})
    below, above = [one for one in known if one < value], [one for one in known if one > value]
    if below and above:
        return f"]{_written(below[-1])}..{_written(above[0])}["
    return f"> {_written(below[-1])}" if below else f"< {_written(above[0])}"


def _written(value: Any) -> str:
    """A constant as a cell writes it."""
    return f'date("{value.isoformat()}")' if isinstance(value, date) else _show(value)


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
