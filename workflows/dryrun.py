"""The child process of `lint.check_upload`: limits itself, lints, compiles, starts the model once, prints findings as JSON.

Run as `python -m workflows.dryrun`; reads its request from standard input. It never imports handlers or touches a database: service steps
answer with nothing.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from registers.errors import DomainError
from workflows import childwork, engine, lint
from workflows.checks_context import LintContext
from workflows.findings import ERROR, Finding


def examine(files: dict[str, bytes], context: LintContext | None, process_id: str | None) -> list[Finding]:
    """Lint, and when nothing is wrong compile and start."""
    findings = lint.lint(files, context, process_id)
    if any(finding.severity == ERROR for finding in findings):
        return findings
    try:
        model = engine.compile(files, process_id)
        instance = engine.start(model, {}, _nothing)
        engine.run(instance)
        engine.load(model, engine.dump(instance), _nothing)
    except engine.ModelError as error:
        findings += error.findings
    except engine.EngineLimit as error:
        findings.append(
            Finding(
                ERROR,
                "upload.limit",
                error.pointer,
                None,
                f"试运行时：{error.zh}",
                f"In the dry run: {error.en}",
                "请简化模型。",
                "Simplify the model.",
            )
        )
    except DomainError:
        pass  # a value that only a real case has
    return findings


def _nothing(operator: str, inputs: dict[str, Any], element: engine.Element) -> Any:
    return {}


def main() -> None:
    """Read the request, answer, and leave."""
    request = json.loads(sys.stdin.buffer.read())
    childwork.limit(float(request["seconds"]))
    files = {name: base64.b64decode(data) for name, data in request["files"].items()}
    context = None if request["context"] is None else LintContext.from_json(request["context"])
    try:
        findings = examine(files, context, request["process_id"])
    except (RecursionError, MemoryError) as error:
        findings = [
            Finding(
                ERROR,
                "upload.resources",
                None,
                None,
                "模型过于复杂。",
                f"The model is too complex ({type(error).__name__}).",
                "请简化模型。",
                "Simplify the model.",
            )
        ]
    sys.stdout.write(json.dumps(lint.to_json(findings)))


if __name__ == "__main__":
    main()
