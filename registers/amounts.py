"""How an exact number is written for people, in every paper, page and message alike."""

from __future__ import annotations

from decimal import Decimal


def written(number: Decimal | int) -> str:
    """Without exponent and without zeros that say nothing: 1.500000 is 1.5, 1E+2 is 100."""
    return trimmed(format(Decimal(number), "f"))


def trimmed(text: str) -> str:
    """A number already written out, without the zeros (and the point) behind its last digit."""
    return text.rstrip("0").rstrip(".") if "." in text else text
