"""S-FEEL unary tests: what stands in the input cells of a decision table.

`-`, literals, `< 10`, `[1..10]`, `]1..10[`, comma lists, `not(...)` and, as an escape, a condition with `?` for the input, such as
`contains(?, "工业")`. The pieces between are our expression language, so nothing in a cell can do more than a condition can.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from workflows.expressions import Expression, ExpressionError, compare, compile_expression, equal
from workflows.expressions.scanning import outside_quotes

INPUT = "cell_input"  # stands for `?`; a hidden variable of the cell
_OPERATORS = ("<=", ">=", "!=", "<", ">", "=")
_ANY = frozenset({"", "-", "—", "－"})


@dataclass(frozen=True)
class Test:
    """One test: equality, a comparison, a range, or a condition with `?`."""

    kind: str  # "=", "!=", "<", "<=", ">", ">=", "range", "condition"
    low: Expression
    high: Expression | None = None
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: Any, variables: Mapping[str, Any]) -> bool:
        """Does the input pass?"""
        if self.kind == "condition":
            return self.low.decide({**variables, INPUT: value})
        low = self.low.evaluate(variables)
        if self.kind == "=":
            # A cell may name a list: then the input has to be one of its items, as FEEL's `in` does.
            return any(equal(value, item) for item in low) if isinstance(low, list) else equal(value, low)
        if self.kind == "!=":
            return not equal(value, low)
        if self.kind == "range":
            assert self.high is not None
            high = self.high.evaluate(variables)
            return compare(">" if self.open_low else ">=", value, low) and compare(
                "<" if self.open_high else "<=", value, high
            )
        return compare(self.kind, value, low)

    def expressions(self) -> list[Expression]:
        """The pieces in our expression language."""
        return [self.low] if self.high is None else [self.low, self.high]


@dataclass(frozen=True)
class UnaryTests:
    """A cell: no tests means anything passes; else one must hold (or none, when negated)."""

    text: str
    tests: tuple[Test, ...]
    negated: bool = False

    def holds(self, value: Any, variables: Mapping[str, Any]) -> bool:
        """Does the input pass the cell?"""
        if not self.tests:
            return True
        return any(test.holds(value, variables) for test in self.tests) != self.negated

    @property
    def names(self) -> frozenset[str]:
        """The variables the cell reads besides its input."""
        return frozenset(
            name for test in self.tests for piece in test.expressions() for name in piece.names if name != INPUT
        )

    @property
    def constant(self) -> bool:
        """True when the cell depends on its input only, in a way that can be compared with other cells."""
        return not self.names and all(test.kind != "condition" for test in self.tests)


def compile_cell(text: str | None, variables: Collection[str] | None = None) -> UnaryTests:
    """Check an input cell; raises `ExpressionError`."""
    return _compile((text or "").strip(), None if variables is None else frozenset(variables))


@lru_cache(maxsize=4096)
def _compile(text: str, variables: frozenset[str] | None) -> UnaryTests:
    if text in _ANY:
        return UnaryTests(text, ())
    negated = False
    inner = text
    wrapped = re.fullmatch(r"not\s*\((.*)\)", text, re.DOTALL)
    if wrapped and _closes_at_end(text) and "?" not in _bare(text):
        negated, inner = True, wrapped.group(1).strip()
        if inner in _ANY:
            raise ExpressionError(f"“{text}”永远不成立。", f"“{text}” can never hold.")
    tests = tuple(_test(part, variables) for part in _split(inner))
    return UnaryTests(text, tests, negated)


def _test(text: str, variables: frozenset[str] | None) -> Test:
    if not text:
        raise ExpressionError("单元格中有多余的逗号。", "There is a comma too many in the cell.")
    if "?" in _bare(text):
        names = None if variables is None else variables | {INPUT}
        return Test("condition", compile_expression(_replace_input(text), names))
    if text[0] in "[(]" and text[-1] in ")][" and (dots := _range_dots(text)) is not None:
        low, high = text[1:dots].strip(), text[dots + 2 : -1].strip()
        if not low or not high:
            raise ExpressionError(
                f"区间“{text}”缺少端点，请写成 [1..10]。", f"The range “{text}” lacks an end: [1..10]."
            )
        return Test(
            "range",
            compile_expression(low, variables),
            compile_expression(high, variables),
            text[0] != "[",
            text[-1] != "]",
        )
    for operator in _OPERATORS:
        if text.startswith(operator):
            rest = text[len(operator) :].removeprefix("=") if operator == "=" else text[len(operator) :]
            if not rest.strip():
                raise ExpressionError(f"“{text}”缺少比较值。", f"“{text}” has nothing to compare with.")
            return Test(operator, compile_expression(rest, variables))
    return Test("=", compile_expression(text, variables))


def _bare(text: str) -> str:
    return "".join(char for _, char, _ in outside_quotes(text))


def _replace_input(text: str) -> str:
    marks = {position for position, char, _ in outside_quotes(text) if char == "?"}
    return "".join(f" {INPUT} " if position in marks else char for position, char in enumerate(text)).strip()


def _closes_at_end(text: str) -> bool:
    """Does the first bracket close with the last character?"""
    opened = False
    for position, char, depth in outside_quotes(text):
        if char == "(":
            opened = True
        elif char == ")" and depth == 1 and opened:
            return position == len(text) - 1
    return False


def _range_dots(text: str) -> int | None:
    """The place of the two dots of a range."""
    scanned = list(outside_quotes(text))
    for (position, char, _), (following, next_char, _) in pairwise(scanned):
        if char == "." and next_char == "." and following == position + 1:
            return position
    return None


def _split(text: str) -> list[str]:
    """The comma list; a range may open and close with brackets of either direction."""
    parts: list[str] = []
    start = 0
    while start <= len(text):
        end = _range_end(text, start)
        if end is None:
            end = start
        depth = 0
        stop = len(text)
        for position, char, _ in outside_quotes(text[end:]):
            if char == "," and depth <= 0:
                stop = end + position
                break
            depth += (char in "([{") - (char in ")]}")
        parts.append(text[start:stop].strip())
        start = stop + 1
    return parts


def _range_end(text: str, start: int) -> int | None:
    """Where the range that opens at `start` (spaces skipped) has its end, or None when there is no range."""
    rest = text[start:]
    skipped = len(rest) - len(rest.lstrip())
    rest = rest.lstrip()
    if not rest or rest[0] not in "[(]":
        return None
    depth, dots = 0, False
    for position, char, _ in outside_quotes(rest):
        if position == 0:
            continue
        if depth == 0 and dots and char in "])[" and rest[position + 1 :].lstrip()[:1] in ("", ","):
            return start + skipped + position + 1
        if char == "." and depth == 0 and rest[position : position + 2] == "..":
            dots = True
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            if depth == 0:
                return None
            depth -= 1
        elif char == "," and depth == 0:
            return None
    return None
