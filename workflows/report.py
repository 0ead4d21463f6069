"""Collecting findings of one file, with as little ceremony as possible."""

from __future__ import annotations

from typing import Protocol

from workflows.expressions import Expression, ExpressionError, compile_expression
from workflows.findings import ERROR, WARNING, Finding


class Located(Protocol):
    """Anything with an id and a line: nodes, flows, scopes, remarks."""

    @property
    def id(self) -> str: ...

    @property
    def line(self) -> int: ...


class Report:
    """The findings on one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def error(
        self, code: str, at: Located | tuple[str | None, int], zh: str, en: str, fix_zh: str, fix_en: str
    ) -> None:
        """The model cannot be run as it is."""
        self._add(ERROR, code, at, zh, en, fix_zh, fix_en)

    def warn(self, code: str, at: Located | tuple[str | None, int], zh: str, en: str, fix_zh: str, fix_en: str) -> None:
        """It runs, but perhaps not as its author thinks."""
        self._add(WARNING, code, at, zh, en, fix_zh, fix_en)

    def _add(
        self, severity: str, code: str, at: Located | tuple[str | None, int], zh: str, en: str, fix_zh: str, fix_en: str
    ) -> None:
        element, line = at if isinstance(at, tuple) else (at.id, at.line)
        self.findings.append(Finding(severity, code, element, line, zh, en, fix_zh, fix_en, self.file))

    def expression(self, at: Located, text: str, what_zh: str, what_en: str) -> Expression | None:
        """Compile an expression of the model, or say what is wrong with it."""
        try:
            return compile_expression(text)
        except ExpressionError as error:
            self.error(
                "expression",
                at,
                f"{what_zh}有误：{error.zh}",
                f"{what_en} is not usable: {error.en}",
                '表达式例：area > 1000 and kind == "化工"。',
                'An expression looks like: area > 1000 and kind == "chemical".',
            )
            return None
