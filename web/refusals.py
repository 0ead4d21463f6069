"""What a person is told on the page they came from when what they sent was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect

from registers.errors import DomainError
from web.i18n import language


def told(error: DomainError) -> str:
    """What was wrong, to be shown beside the form; what is not theirs to see or do stays an error page of its own."""
    if error.status in (403, 404):
        raise error
    return error.message(language())


def by_field(error: DomainError) -> dict[str, str]:
    """The same under the field it concerns (the empty name: the form as a whole)."""
    return {error.pointer or "": told(error)}


def carry_out(action: Callable[[], Any], target: str, again: Callable[[dict[str, str]], str]) -> Any:
    """Do it and go on to the target; an error shows the page again with what was typed."""
    try:
        action()
    except DomainError as error:
        return again(by_field(error)), error.status
    return redirect(target)
