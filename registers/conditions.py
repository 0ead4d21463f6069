"""Conditions of catalogue rules: small, structured, and readable to a lawyer.

A condition is an atom, a list (all of it) or `{"any": [...]}`. An atom is the name of a fact
(`"electroplating"`), its opposite (`"!only_assembly"`), a comparison with an exact number
(`"solvent_coating_added_t >= 10"`), a choice (`"product = display,ic"`) or an industry code
(`"code:361,362"`). A fact nobody declared is no, or zero.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Condition = str | list[Any] | dict[str, Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_ATOM = re.compile(r"(!?)(?:code:([\d,]+)|(\w+)(?:\s*(>=|<=|>|<|=)\s*([\w.,]+))?)")


def holds(condition: Condition, facts: Mapping[str, Any], code: str) -> bool:
    """Whether a condition is met by the declared facts of a project in an industry."""
    if isinstance(condition, list):
        return all(holds(item, facts, code) for item in condition)
    if isinstance(condition, dict):
        return any(holds(item, facts, code) for item in condition["any"])
    negated, codes, name, sign, value = parse(condition)
    if codes:
        met = any(code.startswith(prefix) for prefix in codes.split(","))
    elif sign == "=":
        met = facts.get(name) in value.split(",")
    elif sign:
        met = _COMPARE[sign](number(facts.get(name)), Decimal(value))
    else:
        met = facts.get(name) is True
    return met != negated


def parse(atom: str) -> tuple[bool, str, str, str, str]:
    """The parts of an atom: negated, industry codes, fact, sign, value."""
    match = _ATOM.fullmatch(atom.strip())
    if match is None:
        raise ValueError(f"not a condition: {atom!r}")
    return bool(match[1]), match[2] or "", match[3] or "", match[4] or "", match[5] or ""


def facts_of(condition: Condition) -> frozenset[str]:
    """The names of all facts a condition looks at."""
    if isinstance(condition, list):
        return frozenset().union(*(facts_of(item) for item in condition))
    if isinstance(condition, dict):
        return facts_of(condition["any"])
    name = parse(condition)[2]
    return frozenset((name,)) if name else frozenset()


def number(value: Any) -> Decimal:
    """A declared amount, exactly; nothing declared is zero."""
    if value is None or value == "" or isinstance(value, bool):
        return Decimal(0)
    if isinstance(value, float):
        raise ValueError("amounts are exact numbers, never floats")
    return Decimal(value)
