"""The functions of the language: a fixed list; a model can call nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from registers.timesource import CHINA
from workflows.expressions.operations import (
    ARITHMETIC,
    ExpressionError,
    as_number,
    calculate,
    compare,
    contains,
    equal,
    kind_of,
    lookup,
)

MAX_PLACES = 12  # decimals of round()


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    zh, en = kind_of(value)
    raise ExpressionError(f"{name} 需要列表，得到的是{zh}。", f"{name} needs a list, not a {en}.")


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    zh, en = kind_of(value)
    raise ExpressionError(f"{name} 需要文本，得到的是{zh}。", f"{name} needs a text, not a {en}.")


def _key(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    raise ExpressionError(f"{name} 的键应为文本。", f"The key for {name} is a text.")


def _field(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, Mapping) else None


def _len(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, (str, list, Mapping)):
        return len(value)
    zh, en = kind_of(value)
    raise ExpressionError(f"len 不能用于{zh}。", f"len does not work on a {en}.")


def _extreme(operator: str, name: str, *args: Any) -> Any:
    values = _list(args[0], name) if len(args) == 1 else list(args)
    best: Any = None
    for value in values:
        if value is None:
            raise ExpressionError(f"{name} 的列表中有空值。", f"There is a null in the list for {name}.")
        if best is None or compare(operator, value, best):
            best = value
    return best


def _min(*args: Any) -> Any:
    return _extreme("<", "min", *args)


def _max(*args: Any) -> Any:
    return _extreme(">", "max", *args)


def _sum(values: Any) -> int | Decimal:
    total: int | Decimal = 0
    for value in _list(values, "sum"):
        total = calculate(ast.Add, total, value, 0)
    return total


def _abs(value: Any) -> int | Decimal:
    number = as_number(value, 0)
    return -number if number < 0 else number


def _round(value: Any, places: Any = 0) -> int | Decimal:
    number = as_number(value, 0)
    if not isinstance(places, int) or isinstance(places, bool) or not 0 <= places <= MAX_PLACES:
        raise ExpressionError(
            f"round 的小数位应为 0 到 {MAX_PLACES} 的整数。", f"round takes 0 to {MAX_PLACES} decimal places."
        )
    rounded: Decimal = Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, ARITHMETIC)
    return int(rounded) if places == 0 else rounded


def to_date(value: Any) -> date | None:
    """A date out of a date, a time (as seen in China) or ISO text."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(CHINA).date() if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ExpressionError(
        f"“{value}”不是日期，请写成 2025-01-31 的形式。", f"“{value}” is not a date; write it as 2025-01-31."
    )


def _days(start: Any, end: Any) -> int | None:
    first, last = to_date(start), to_date(end)
    return None if first is None or last is None else (last - first).days


def _lower(value: Any) -> str | None:
    return None if value is None else _text(value, "lower").lower()


def _upper(value: Any) -> str | None:
    return None if value is None else _text(value, "upper").upper()


def _contains_text(text: Any, part: Any) -> bool:
    if isinstance(text, list):
        return contains(text, part, 0)
    return text is not None and part is not None and _text(part, "contains") in _text(text, "contains")


def _starts_with(text: Any, part: Any) -> bool:
    return text is not None and part is not None and _text(text, "starts_with").startswith(_text(part, "starts_with"))


def _get(container: Any, key: Any, default: Any = None) -> Any:
    found = lookup(container, key, 0)
    return default if found is None else found


def _any_of(values: Any, key: Any, value: Any) -> bool:
    name = _key(key, "any_of")
    return any(equal(_field(item, name), value) for item in _list(values, "any_of"))


def _all_of(values: Any, key: Any, value: Any) -> bool:
    name = _key(key, "all_of")
    return all(equal(_field(item, name), value) for item in _list(values, "all_of"))


def _count(values: Any, key: Any, value: Any) -> int:
    name = _key(key, "count")
    return sum(1 for item in _list(values, "count") if equal(_field(item, name), value))


def _pluck(values: Any, key: Any) -> list[Any]:
    name = _key(key, "pluck")
    return [_field(item, name) for item in _list(values, "pluck")]


@dataclass(frozen=True)
class Function:
    """A function of the language: how many arguments it takes and what it does."""

    call: Callable[..., Any]
    least: int
    most: int


FUNCTIONS: Mapping[str, Function] = {
    "len": Function(_len, 1, 1),
    "min": Function(_min, 1, 20),
    "max": Function(_max, 1, 20),
    "sum": Function(_sum, 1, 1),
    "abs": Function(_abs, 1, 1),
    "round": Function(_round, 1, 2),
    "date": Function(to_date, 1, 1),
    "days": Function(_days, 2, 2),
    "lower": Function(_lower, 1, 1),
    "upper": Function(_upper, 1, 1),
    "contains": Function(_contains_text, 2, 2),
    "starts_with": Function(_starts_with, 2, 2),
    "get": Function(_get, 2, 3),
    "any_of": Function(_any_of, 3, 3),
    "all_of": Function(_all_of, 3, 3),
    "count": Function(_count, 3, 3),
    "pluck": Function(_pluck, 2, 2),
}
