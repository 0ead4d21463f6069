"""When a section, field or column is shown: a small structure that Python and the browser read alike.

    {"field": "a", "equals": value}   {"field": "a", "in": [values]}   {"not": {...}}
    {"all": [...]}   {"any": [...]}

A question without an answer equals nothing. A question with several answers equals a value when one of
them does. `web/static_src/lib/conditions.js` is the browser's half; `tests/forms/conditions.json` binds
the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from registers.errors import DomainError

Lookup: TypeAlias = Callable[[str], Any]


@dataclass(frozen=True)
class Compare:
    field: str
    values: frozenset[str]


@dataclass(frozen=True)
class Every:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Opposite:
    part: Condition


Condition: TypeAlias = Compare | Every | Some | Opposite


def parse(given: Any, where: str) -> Condition:
    """Read a condition; anything but the five shapes is refused."""
    match given:
        case {"field": str(name), "equals": value, **rest} if not rest and not isinstance(value, (list, dict)):
            return Compare(name, frozenset([canonical(value)]))
        case {"field": str(name), "in": [*values], **rest} if not rest and values:
            return Compare(name, frozenset(canonical(value) for value in values))
        case {"all": [_, *_] as parts, **rest} if not rest:
            return Every(tuple(parse(part, where) for part in parts))
        case {"any": [_, *_] as parts, **rest} if not rest:
            return Some(tuple(parse(part, where) for part in parts))
        case {"not": part, **rest} if not rest:
            return Opposite(parse(part, where))
    raise DomainError(
        "form_definition",
        "显示条件（show_if）写法不正确。",
        "This is not a show_if condition.",
        pointer=where,
    )


def holds(condition: Condition, lookup: Lookup) -> bool:
    """Is it true for the answers that `lookup` gives (None when there is no answer)?"""
    match condition:
        case Compare(field, values):
            answer = lookup(field)
            answers = answer if isinstance(answer, (list, tuple)) else [] if answer is None else [answer]
            return any(canonical(one) in values for one in answers)
        case Every(parts):
            return all(holds(part, lookup) for part in parts)
        case Some(parts):
            return any(holds(part, lookup) for part in parts)
        case Opposite(part):
            return not holds(part, lookup)


def names(condition: Condition) -> set[str]:
    """The fields a condition asks."""
    return set(compared(condition))


def compared(condition: Condition) -> Mapping[str, frozenset[str]]:
    """The fields a condition asks, each with the values it is compared with."""
    match condition:
        case Compare(field, values):
            return {field: values}
        case Opposite(part):
            return compared(part)
        case Every(parts) | Some(parts):
            found: dict[str, frozenset[str]] = {}
            for part in parts:
                for name, values in compared(part).items():
                    found[name] = found.get(name, frozenset()) | values
            return found


def canonical(value: Any) -> str:
    """How answers are compared: as the text that a page would send."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)
