"""The values a case may hold, and their exact way to JSON and back.

None, bool, int, Decimal, str, date, datetime (UTC), list and dict with text keys; nothing else. Floats become
Decimal on the way in, so no rounding is ever taken over. What `pack` writes, `unpack` reads back equal and of the same type, whatever
the keys are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from registers.errors import DomainError

MAX_DEPTH = 40
MAX_INT_BITS = 512
# A dict with the single key TAG is a typed value; a dict of the user's that has this key is wrapped itself.
TAG = "$"
_PLAIN = frozenset({type(None), bool, int, str})  # their JSON is what they are


class ValueRefused(DomainError):
    """A value cannot be a variable of a case."""

    def __init__(self, zh: str, en: str, path: str) -> None:
        super().__init__("value", zh, en, pointer=path or None)


def normalise(value: Any, path: str = "", depth: int = 0) -> Any:
    """A deep copy in the types above; whatever does not fit is refused with its path."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if value.bit_length() > MAX_INT_BITS:
            raise ValueRefused("整数过大。", "The whole number is too large.", path)
        return int(value)
    if isinstance(value, (Decimal, float)):
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not number.is_finite():
            raise ValueRefused("不是有限的数值。", "This is not a finite number.", path)
        return number
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueRefused("时间必须带时区。", "A time needs a time zone.", path)
        return value.astimezone(UTC)
    if isinstance(value, date):
        return value
    if depth > MAX_DEPTH:
        raise ValueRefused("数据嵌套过深。", "The data are nested too deep.", path)
    if isinstance(value, Mapping):
        result: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueRefused("键必须是文本。", "Keys must be text.", path)
            result[key] = normalise(item, f"{path}.{key}" if path else key, depth + 1)
        return result
    if isinstance(value, (list, tuple)):
        return [
            normalise(item, f"{path}.{index}" if path else str(index), depth + 1) for index, item in enumerate(value)
        ]
    raise ValueRefused(
        f"不支持的数据类型 {type(value).__name__}。", f"Values of type {type(value).__name__} are not supported.", path
    )


def pack(value: Any) -> Any:
    """Plain JSON for a normalised value."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        packed = {key: item if type(item) in _PLAIN else pack(item) for key, item in value.items()}
        return {TAG: ["m", packed]} if TAG in packed else packed
    if isinstance(value, Decimal):
        return {TAG: ["n", str(value)]}
    if isinstance(value, datetime):
        return {TAG: ["t", value.isoformat()]}
    if isinstance(value, date):
        return {TAG: ["d", value.isoformat()]}
    if isinstance(value, (int, str)):  # of a kind of its own
        return value
    raise ValueRefused(f"不支持的数据类型 {type(value).__name__}。", f"Unsupported type {type(value).__name__}.", "")


def unpack(value: Any) -> Any:
    """The value that `pack` was given."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG not in value:
        return {key: item if type(item) in _PLAIN else unpack(item) for key, item in value.items()}
    kind, content = value[TAG]
    if kind == "n":
        return Decimal(content)
    if kind == "t":
        return datetime.fromisoformat(content)
    if kind == "d":
        return date.fromisoformat(content)
    return {key: unpack(item) for key, item in content.items()}
