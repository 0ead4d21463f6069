"""Days, amounts and identifiers out of the fields of a sent form; what does not fit is told at its field."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal, InvalidOperation

from flask import request

from registers.errors import DomainError, NotFound


def day(name: str) -> date:
    """The day in a field; raises DomainError when there is none."""
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise DomainError(name, "请填写日期。", "Give the date.", pointer=name) from None


def optional_day(name: str) -> date | None:
    """The day in a field that may stay empty."""
    return day(name) if request.form.get(name) else None


def day_asked(name: str) -> date | None:
    """The day a link or a filter asks for, when it names one; raises DomainError for what is no date."""
    text = request.args.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DomainError(name, "日期不正确。", "The date is not right.", pointer=name) from None


def identifier(name: str) -> uuid.UUID | None:
    """What was chosen in a field that may stay empty; nothing that a page offers is no identifier."""
    text = request.form.get(name)
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise NotFound() from None


def amount(name: str) -> Decimal:
    """The amount (t/a) in a field; raises DomainError when it is no number."""
    try:
        value = Decimal(request.form.get(name, "").strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise DomainError(name, "请填写数量（吨/年）。", "Give the amount (t/a).", pointer=name)
    return value
