"""What people write into the cells of a spreadsheet that is read in: amounts and days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from registers.quota_accounts import PLACES


def amount(text: str, below: Decimal) -> Decimal | None:
    """An amount in tons, not negative, below a bound, with six places at most; None for anything else."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value < below or value != value.quantize(PLACES):
        return None
    return value


def day(text: str) -> date | None:
    """A day as year-month-day, with strokes or slashes; None for anything else."""
    try:
        return date.fromisoformat(text[:10].replace("/", "-"))
    except ValueError:
        return None
