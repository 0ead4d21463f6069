"""A scoring scheme as a form: its indicators and vetoes as rows, and the result that sample scores would give.

The form says the same as the data (`registers.scoring.check` judges both): a row without a name and without a weight is
no row, a row without a key gets one. Nothing here decides what is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.datastructures import MultiDict

from handlers.scoring import compute
from registers import scoring
from registers.errors import DomainError

INDICATOR = ("key", "zh", "en", "weight", "gate", "evidence", "from", "sample")
VETO = ("key", "zh", "en", "basis")
MARKS = ("pass_mark", "promote_mark", "spread", "least")
MOST_ROWS = 60


def shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """A scheme's data as the fields of the form."""
    return {
        **{name: str(content.get(name, "")) for name in MARKS},
        "indicators": [
            {
                "key": one["key"],
                "zh": one["title"]["zh"],
                "en": one["title"].get("en", ""),
                "weight": str(one["weight"]),
                "gate": "" if one.get("gate") is None else str(one["gate"]),
                "evidence": one["evidence"],
                "from": one.get("from", ""),
                "sample": "",
            }
            for one in content["indicators"]
        ],
        "vetoes": [
            {"key": one["key"], "zh": one["title"]["zh"], "en": one["title"].get("en", ""), "basis": one["basis"]}
            for one in content.get("vetoes", [])
        ],
    }


def sent(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was sent, row by row, as it was typed; rows in which nothing stands are left out."""
    return {
        **{name: form.get(name, "").strip() for name in MARKS},
        "indicators": [row for row in _rows(form, "i", INDICATOR) if row["zh"] or row["weight"]],
        "vetoes": [row for row in _rows(form, "v", VETO) if row["zh"] or row["basis"]],
    }


def content_of(typed: Mapping[str, Any]) -> dict[str, Any]:
    """The scheme's data out of the fields; numbers that are none are left to `scoring.check`."""
    indicators = []
    for place, row in enumerate(typed["indicators"], 1):
        one = {
            "key": row["key"] or f"i{place}",
            "title": {"zh": row["zh"], "en": row["en"] or row["zh"]},
            "weight": _number(row["weight"]),
            "evidence": row["evidence"],
        }
        if row["gate"]:
            one["gate"] = _number(row["gate"])
        if row["from"] == "survey":
            one["from"] = "survey"
        indicators.append(one)
    vetoes = [
        {
            "key": row["key"] or f"v{place}",
            "title": {"zh": row["zh"], "en": row["en"] or row["zh"]},
            "basis": row["basis"],
        }
        for place, row in enumerate(typed["vetoes"], 1)
    ]
    marks = {name: _number(typed[name]) for name in MARKS}
    return {**marks, "indicators": indicators, "vetoes": vetoes}


def total_weight(typed: Mapping[str, Any]) -> Decimal:
    """What the weights typed so far add up to."""
    weights = (_number(row["weight"]) for row in typed["indicators"])
    return sum((Decimal(str(one)) for one in weights if not isinstance(one, str)), Decimal(0))


def previewed(content: Mapping[str, Any], samples: Mapping[str, Sequence[Decimal]]) -> dict[str, Any]:
    """The result that these scores would give: the n-th score of each indicator is the n-th evaluator's."""
    scoring.check(content)
    by_survey = [one["key"] for one in content["indicators"] if one.get("from") == "survey"]
    satisfaction = next((samples[key][0] for key in by_survey if samples.get(key)), None)
    count = max((len(scores) for scores in samples.values()), default=0)
    sheets = [
        {
            "user_id": str(number),
            "name": str(number + 1),
            "conflict": False,
            "conflict_reason": "",
            "scores": [
                {"key": key, "score": scores[number]} for key, scores in samples.items() if len(scores) > number
            ],
            "vetoes": [],
        }
        for number in range(count)
    ]
    return compute(content, sheets, satisfaction)


def samples_of(typed: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, list[Decimal]]:
    """The sample scores typed beside the indicators, such as `80 75 90`."""
    found = {}
    for row, one in zip(typed["indicators"], content["indicators"], strict=True):
        scores = []
        for word in row["sample"].replace("，", " ").replace(",", " ").replace("、", " ").split():
            score = _number(word)
            if isinstance(score, str) or not 0 <= score <= scoring.TOP:
                raise DomainError(
                    "sample", f"试算分数“{word}”应为0至100的数。", f"{word}: a score from 0 to 100.", pointer="i_sample"
                )
            scores.append(Decimal(str(score)))
        if scores:
            found[one["key"]] = scores
    return found


def _rows(form: MultiDict[str, str], prefix: str, names: Sequence[str]) -> list[dict[str, str]]:
    columns = {name: form.getlist(f"{prefix}_{name}")[:MOST_ROWS] for name in names}
    count = max((len(values) for values in columns.values()), default=0)
    return [
        {name: values[place].strip()[:500] if place < len(values) else "" for name, values in columns.items()}
        for place in range(count)
    ]


def _number(typed: str) -> int | str | float:
    """A number as the data keeps it (whole numbers whole), or the text when it is none."""
    try:
        number = Decimal(typed)
    except InvalidOperation:
        return typed
    if not number.is_finite() or abs(number) > 10**6:
        return typed
    return int(number) if number == number.to_integral_value() else float(number)
