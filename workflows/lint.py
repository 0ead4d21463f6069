"""The linter: what a designer, an upload and the command line are told about a model.

`lint` joins what can be said of the files alone (`checks`) with what depends on the installation (`checks_context`) and with a
search for deadlocks (`soundness`). `check_upload` does the same for files of strangers, and compiles and dry-starts them, in a child process with
limits on time and memory, so that no model can hold up or exhaust the program.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping

from workflows import checks, checks_context, childwork, dmn, soundness, structure
from workflows.checks_context import HandlerInfo, LintContext
from workflows.findings import ERROR, WARNING, Finding

__all__ = ["ERROR", "WARNING", "Finding", "HandlerInfo", "LintContext", "check_upload", "lint"]

MAX_TOTAL = 8 * 1024 * 1024
MAX_FILES = 40
MAX_FINDINGS = 500


def lint(
    files: Mapping[str, bytes], context: LintContext | None = None, process_id: str | None = None
) -> list[Finding]:
    """All findings, errors first. Without a context nothing is asked of the installation."""
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_TOTAL:
        return [
            Finding(
                ERROR,
                "upload.size",
                None,
                None,
                "上传的文件过多或过大。",
                "Too many or too large files.",
                "请只上传本流程的 BPMN 和 DMN 文件。",
                "Upload only the BPMN and DMN files of this procedure.",
            )
        ]
    source = structure.read(files)
    main = structure.main_process(source, process_id)
    findings = checks.check(source, main)
    if main is not None:
        if context is not None:
            findings += checks_context.check(source, main, context)
        if not any(finding.severity == ERROR for finding in findings):
            findings += soundness.check(source, main)
    for name, decision in source.decisions.items():
        findings += dmn.gap_warnings(decision, source.decision_files[name])
    findings.sort(key=lambda finding: (finding.severity != ERROR, finding.file or "", finding.line or 0))
    return findings[:MAX_FINDINGS]


def check_upload(
    files: Mapping[str, bytes],
    context: LintContext | None = None,
    *,
    process_id: str | None = None,
    timeout: float = 5.0,
) -> list[Finding]:
    """Lint, compile and dry-start the files in a limited child process."""
    request = {
        "files": {name: base64.b64encode(data).decode() for name, data in files.items()},
        "context": None if context is None else context.to_json(),
        "process_id": process_id,
    }
    try:
        return [Finding(**item) for item in childwork.ask("workflows.dryrun", request, timeout)]
    except childwork.TookTooLong:
        return [_stopped("upload.timeout", "用时过长", "takes too long")]
    except (childwork.TookTooMuch, TypeError):
        return [_stopped("upload.resources", "占用的时间或内存过多", "needs too much time or memory")]


def _stopped(code: str, zh: str, en: str) -> Finding:
    return Finding(
        ERROR, code, None, None, f"检查该模型{zh}，已中止。", f"Checking this model {en}; it was stopped.",
        "请简化模型：减少节点、嵌套和并行分支。", "Simplify it: fewer nodes, less nesting, fewer parallel branches.",
    )  # fmt: skip


def to_json(findings: list[Finding]) -> list[dict[str, object]]:
    """Findings as plain data."""
    return [dataclasses.asdict(finding) for finding in findings]
