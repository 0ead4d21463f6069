"""What is wrong with a model, where, and what to do about it; in both languages.

`Finding` is the one currency between linter, compiler, designer and command line. A model with an error-level finding is
not compiled: `ModelError` carries all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registers.errors import DomainError

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One remark on a model."""

    severity: str
    code: str
    element: str | None
    line: int | None
    zh: str
    en: str
    fix_zh: str
    fix_en: str
    file: str | None = None

    def message(self, language: str = "zh") -> str:
        """One line for people: where, what, and what to do."""
        where = ":".join(str(part) for part in (self.file, self.line, self.element) if part not in (None, ""))
        said, fix = (self.en, self.fix_en) if language == "en" else (self.zh, self.fix_zh)
        return f"{where}: {said} {fix}".strip()


class ModelError(DomainError):
    """The model cannot be run; `findings` says why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity == ERROR] or list(findings)
        first = errors[0] if errors else None
        more = len(errors) - 1
        super().__init__(
            "model",
            (f"模型不能运行：{first.message('zh')}" if first else "模型不能运行。")
            + (f"（另有 {more} 处）" if more > 0 else ""),
            (f"The model cannot run: {first.message('en')}" if first else "The model cannot run.")
            + (f" (and {more} more)" if more > 0 else ""),
            pointer=None if first is None else f"{first.element or ''}:{first.line or ''}",
        )
        self.findings = list(findings)
