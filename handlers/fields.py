"""Schema fields for values that are already Python values: a step passes what forms have parsed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from marshmallow import Schema, ValidationError, fields


class Amount(fields.Field[Decimal]):
    """An exact number: Decimal, int or text, never a float."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        return amount(value)


class Day(fields.Field[date]):
    """A date, as such or as ISO text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            raise ValidationError(f"not a date: {value!r}") from None


class Rows(fields.List[Any]):
    """A list of dictionaries, as a table of a form gives it; missing means empty."""

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("required"):
            kwargs.setdefault("load_default", list)
        super().__init__(fields.Dict(), **kwargs)


class Facts(fields.Dict):
    """A dictionary of named facts, as a form gives it; missing means empty."""

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("required"):
            kwargs.setdefault("load_default", dict)
        super().__init__(**kwargs)


class Done(Schema):
    """The answer of a step that only enters something."""

    done = fields.Boolean(required=True)


def day_of(value: Any) -> date:
    """The day that a form or a table gave, as such or as ISO text of a day or an instant; raises ValueError."""
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def optional_day(value: Any) -> date | None:
    """The same, or None when nothing was given."""
    return None if value is None else day_of(value)


def amount(value: Any) -> Decimal:
    """An exact number out of what a form or a table gives; raises ValidationError."""
    if isinstance(value, bool | float) or value is None:
        raise ValidationError(f"not an exact number: {value!r}")
    try:
        number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        raise ValidationError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValidationError(f"not a finite number: {value!r}")
    return number
