"""Computing a score: each line with its scores, mean, spread, gate and points, then vetoes, then the grade.

Nothing is hidden: who declared a conflict is named and left out, an indicator whose scores lie far apart says so, a gate or
a veto says on whose finding. Exact decimals throughout; the same sheets in any order give the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_CENT = Decimal("0.01")
GRADES: dict[str, tuple[str, str]] = {
    "vetoed": ("一票否决", "vetoed"),
    "incomplete": ("评委不足", "too few evaluators"),
    "failed": ("未通过", "failed"),
    "passed": ("通过", "passed"),
    "promote": ("通过，可推广", "passed, fit to be promoted"),
}


def compute(
    scheme: Mapping[str, Any], sheets: Sequence[Mapping[str, Any]], satisfaction: Decimal | None = None
) -> dict[str, Any]:
    """The result of an evaluation, line by line. `satisfaction` (0 to 100) scores what the questionnaire scores."""
    counted = sorted((one for one in sheets if not one["conflict"]), key=lambda one: str(one["user_id"]))
    lines = [_line(one, counted, satisfaction, Decimal(str(scheme["spread"]))) for one in scheme["indicators"]]
    vetoes = [_veto(one, counted) for one in scheme.get("vetoes", [])]
    total = sum((line["points"] for line in lines), Decimal(0)).quantize(_CENT, ROUND_HALF_UP)
    grade = _grade(scheme, lines, vetoes, len(counted), total)
    return {
        "total": total,
        "grade": grade,
        "grade_zh": GRADES[grade][0],
        "grade_en": GRADES[grade][1],
        "evaluators": len(counted),
        "needed": scheme["least"],
        "excluded": [{"name": one["name"], "reason": one["conflict_reason"]} for one in sheets if one["conflict"]],
        "lines": lines,
        "vetoes": vetoes,
    }


def _line(
    indicator: Mapping[str, Any], sheets: Sequence[Mapping[str, Any]], satisfaction: Decimal | None, wide: Decimal
) -> dict[str, Any]:
    """One indicator: the mean of the experts' scores (or what the survey found, 0 to 100), its points by weight, whether they lie far apart."""
    weight = Decimal(str(indicator["weight"]))
    asked = indicator.get("from") == "survey" and satisfaction is not None
    given = (
        [satisfaction] if asked else [score for one in sheets if (score := _score(one, indicator["key"])) is not None]
    )
    scores: list[Decimal] = [score for score in given if score is not None]
    mean = (sum(scores, Decimal(0)) / len(scores)).quantize(_CENT, ROUND_HALF_UP) if scores else Decimal(0)
    points = (mean * weight / 100).quantize(_CENT, ROUND_HALF_UP)
    spread = max(scores) - min(scores) if scores else Decimal(0)
    gate = indicator.get("gate")
    return {
        "key": indicator["key"],
        "title": indicator["title"],
        "weight": weight,
        "scores": sorted(scores),
        "from_survey": asked,
        "mean": mean,
        "low": min(scores, default=None),
        "high": max(scores, default=None),
        "spread": spread,
        "wide": spread > wide,
        "points": points,
        "gate": None if gate is None else Decimal(str(gate)),
        "gate_met": gate is None or mean >= Decimal(str(gate)),
        "evidence": [text for one in sheets if (text := _evidence(one["scores"], indicator["key"]))],
        "zh": f"平均{mean:f}×权重{weight:f}%＝{points:f}分",
        "en": f"mean {mean:f} x weight {weight:f} % = {points:f} points",
    }


def _veto(veto: Mapping[str, Any], sheets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    evidence = [text for one in sheets if (text := _evidence(one["vetoes"], veto["key"]))]
    return {
        "key": veto["key"],
        "title": veto["title"],
        "basis": veto["basis"],
        "found": len(evidence),
        "evidence": evidence,
    }


def _grade(
    scheme: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], vetoes: Sequence[Any], count: int, total: Decimal
) -> str:
    if any(veto["found"] for veto in vetoes):
        return "vetoed"
    if count < scheme["least"]:
        return "incomplete"
    if total < Decimal(str(scheme["pass_mark"])) or not all(line["gate_met"] for line in lines):
        return "failed"
    return "promote" if total >= Decimal(str(scheme["promote_mark"])) else "passed"


def _score(sheet: Mapping[str, Any], key: str) -> Decimal | None:
    found = next((row.get("score") for row in sheet["scores"] if row["key"] == key), None)
    return None if found is None else Decimal(str(found))


def _evidence(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    return next((str(row.get("evidence") or "").strip() for row in rows if row["key"] == key), "")
