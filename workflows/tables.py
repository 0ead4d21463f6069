"""Looking at decision tables while they are written: overlaps, gaps, and which rules fire for a test row.

Files come from an editor, so the work is done in a child process with limits (`python -m workflows.tables` is that child).
"""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
from decimal import Decimal
from typing import Any

from registers.errors import DomainError
from workflows import childwork, dmn
from workflows.dmn import Decision
from workflows.expressions import ExpressionError, compile_expression

SECONDS = 5.0
MOST = 20  # overlaps and gaps that are named


def examine(content: bytes, *, decision: str | None = None, values: list[str] | None = None) -> dict[str, Any]:
    """What there is to say of each table; with `decision` and `values` (a text for each input column) also its answer.

    Raises DomainError when the look took too long.
    """
    request = {"content": base64.b64encode(content).decode(), "decision": decision, "values": values}
    found: dict[str, Any] = childwork.ask("workflows.tables", request, SECONDS)
    return found


def look(content: bytes, decision: str | None, values: list[str] | None) -> dict[str, Any]:
    """The same, in this process."""
    decisions, findings = dmn.read_dmn(content, "")
    tested = next((one for one in decisions if one.id == decision), None)
    return {
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "decisions": [_told(one) for one in decisions],
        "test": _tested(tested, values) if tested is not None and values is not None else None,
    }


def _told(decision: Decision) -> dict[str, Any]:
    """A decision table as the designer shows it, with its overlaps and gaps as far as they can be decided."""
    ids = {rule.index: rule.id for rule in decision.rules}
    whole = all(len(rule.tests) == len(decision.inputs) for rule in decision.rules)
    missing = dmn.missing_rules(decision, MOST) if whole else []
    return {
        "id": decision.id,
        "name": decision.name,
        "hit_policy": decision.hit_policy,
        "inputs": [
            {"label": one.label, "expression": one.expression.text, "type": one.type} for one in decision.inputs
        ],
        "outputs": [one.name for one in decision.outputs],
        "rules": [{"id": rule.id, "index": rule.index, "description": rule.description} for rule in decision.rules],
        "overlaps": [
            {**dataclasses.asdict(one), "ids": [ids[one.first], ids[one.second]]}
            for one in dmn.overlaps(decision, MOST)
        ]
        if whole
        else [],
        "gaps": [gap.example for gap in missing],
        "missing": [gap.cells for gap in missing],
        "gaps_decided": whole and dmn.gaps_decidable(decision),
    }


def _tested(decision: Decision, values: list[str]) -> dict[str, Any]:
    if decision.literal is not None:
        return {"error": {"zh": "文字表达式没有测试行。", "en": "A literal expression has no test row."}}
    given = [_value(text) for text in values]
    given += [None] * (len(decision.inputs) - len(given))
    try:
        answer = decision.answer(given[: len(decision.inputs)], {})
    except DomainError as error:
        return {"error": {"zh": error.zh, "en": error.en}}
    fired = [{"index": rule.index, "id": rule.id, "description": rule.description} for rule in answer.fired]
    return {"outputs": answer.outputs, "fired": fired}


def _value(text: str) -> Any:
    """What a test row means: an expression where it is one, else the text as it stands; nothing is null."""
    if not text.strip():
        return None
    try:
        expression = compile_expression(text.strip())
        if not expression.names:
            return expression.evaluate({})
    except ExpressionError:
        pass
    return text.strip()


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def main() -> None:
    """Read the request, answer, and leave."""
    request = json.loads(sys.stdin.buffer.read())
    childwork.limit(float(request["seconds"]))
    answer = look(base64.b64decode(request["content"]), request["decision"], request["values"])
    sys.stdout.write(json.dumps(answer, default=_plain))


if __name__ == "__main__":
    main()
