"""What the operators do with values: comparing, calculating, looking up, without surprises between kinds of values.

Numbers are int and Decimal with 50 digits; null compares as no and looks up as null; anything that does not fit is an `ExpressionError`
that says what was found and what is needed. `position` is the place in the text, for the error.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from registers.errors import DomainError

MAX_BITS = 512  # of a whole number, so that a product never grows without end
ARITHMETIC = Context(prec=50, rounding=ROUND_HALF_UP)


class ExpressionError(DomainError):
    """The expression is not in the language, or the values do not fit it."""

    def __init__(self, zh: str, en: str, position: int | None = None) -> None:
        super().__init__("expression", zh, en, position=position)
        self.position = position


def kind_of(value: Any) -> tuple[str, str]:
    """What a value is called, in Chinese and English."""
    if value is None:
        return "空值", "null"
    if isinstance(value, bool):
        return "是/否", "yes/no"
    if isinstance(value, (int, Decimal)):
        return "数字", "number"
    if isinstance(value, str):
        return "文本", "text"
    if isinstance(value, datetime):
        return "时间", "time"
    if isinstance(value, date):
        return "日期", "date"
    if isinstance(value, list):
        return "列表", "list"
    if isinstance(value, Mapping):
        return "对象", "object"
    return type(value).__name__, type(value).__name__


def is_number(value: Any) -> bool:
    """True for int and Decimal, not for truth values."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """Equality without surprises: yes/no is never a number, text is never a number, dates are not times."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, datetime) != isinstance(right, datetime):
        return False
    return bool(left == right)


def compare(operator: str, left: Any, right: Any, position: int | None = None) -> bool:
    """`<`, `<=`, `>`, `>=`; comparing with null is always no, comparing unlike things is an error."""
    if left is None or right is None:
        return False
    comparable = (
        (is_number(left) and is_number(right))
        or (isinstance(left, str) and isinstance(right, str))
        or (isinstance(left, datetime) and isinstance(right, datetime))
        or (
            isinstance(left, date)
            and isinstance(right, date)
            and not isinstance(left, datetime)
            and not isinstance(right, datetime)
        )
    )
    if not comparable:
        (left_zh, left_en), (right_zh, right_en) = kind_of(left), kind_of(right)
        raise ExpressionError(
            f"不能比较{left_zh}与{right_zh}，请统一类型。",
            f"Cannot compare {left_en} with {right_en}; use values of one kind.",
            position,
        )
    try:
        if operator == "<":
            return bool(left < right)
        if operator == "<=":
            return bool(left <= right)
        if operator == ">":
            return bool(left > right)
        return bool(left >= right)
    except TypeError as error:  # an aware and a naive time
        raise ExpressionError(
            "不能比较带时区与不带时区的时间。", "Cannot compare these two times.", position
        ) from error


def as_truth(value: Any, position: int) -> bool:
    """A yes or no: null counts as no, anything but a truth value is an error."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    zh, en = kind_of(value)
    raise ExpressionError(
        f"此处应为是/否，得到的是{zh}；请写成比较，例如 x > 0 或 len(x) > 0。",
        f"A yes/no is needed here, not a {en}; write a comparison such as x > 0 or len(x) > 0.",
        position,
    )


def as_number(value: Any, position: int) -> int | Decimal:
    """An int or Decimal of acceptable size; a truth value is no number."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise ExpressionError("数字过大。", "The number is too large.", position)
        return value
    zh, en = kind_of(value)
    raise ExpressionError(
        f"此处需要数字，得到的是{zh}。请检查变量是否已填写，或用 get(对象, 键, 默认值)。",
        f"A number is needed here, not {en}. Check that the variable is filled in, or use get(object, key, default).",
        position,
    )


def calculate(operator: type[ast.operator], left: Any, right: Any, position: int) -> int | Decimal:
    """`+ - * / %`: whole numbers stay whole except by `/`; the remainder has the sign of the divisor."""
    a, b = as_number(left, position), as_number(right, position)
    if operator in (ast.Div, ast.Mod) and b == 0:
        raise ExpressionError("除数为零，请先判断。", "Division by zero; test for it first.", position)
    if isinstance(a, int) and isinstance(b, int):
        if operator is ast.Add:
            return a + b
        if operator is ast.Sub:
            return a - b
        if operator is ast.Mult:
            return a * b
        if operator is ast.Mod:
            return a % b
    x, y = Decimal(a), Decimal(b)
    if operator is ast.Add:
        return ARITHMETIC.add(x, y)
    if operator is ast.Sub:
        return ARITHMETIC.subtract(x, y)
    if operator is ast.Mult:
        return ARITHMETIC.multiply(x, y)
    if operator is ast.Mod:
        # The remainder has the sign of the divisor, as for whole numbers.
        rest = ARITHMETIC.remainder(x, y)
        return ARITHMETIC.add(rest, y) if rest != 0 and (rest < 0) != (y < 0) else rest
    return ARITHMETIC.divide(x, y)


def lookup(container: Any, key: Any, position: int) -> Any:
    """A key of an object or a place of a list; null when it is not there."""
    if container is None:
        return None
    if isinstance(container, Mapping):
        if not isinstance(key, str):
            raise ExpressionError("对象的键应为文本。", "The key of an object is a text.", position)
        return container.get(key)
    if isinstance(container, list):
        if not isinstance(key, int) or isinstance(key, bool):
            raise ExpressionError("列表的序号应为整数。", "The place in a list is a whole number.", position)
        return container[key] if -len(container) <= key < len(container) else None
    zh, en = kind_of(container)
    raise ExpressionError(
        f"{zh}没有下级字段；只有对象和列表可以取值。",
        f"A {en} has no fields; only objects and lists can be looked into.",
        position,
    )


def contains(container: Any, item: Any, position: int) -> bool:
    """Is the item in the list, the text in the text, the key in the object? Nothing is in null."""
    if container is None:
        return False
    if isinstance(container, list):
        return any(equal(item, each) for each in container)
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    if isinstance(container, str):
        if item is None:
            return False
        if isinstance(item, str):
            return item in container
    zh, en = kind_of(container)
    raise ExpressionError(f"不能在{zh}中查找。", f"Cannot look for this in a {en}.", position)
