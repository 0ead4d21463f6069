"""The reason a person gives for what they do: never empty, never longer than a page shows."""

from __future__ import annotations

from registers.errors import DomainError

LONGEST = 2000  # characters


def stated(reason: str, pointer: str = "reason") -> str:
    """The reason without the spaces around it; raises DomainError when there is none or too much of one."""
    cleaned = reason.strip()
    if not cleaned or len(cleaned) > LONGEST:
        raise DomainError(
            pointer,
            f"请说明理由（{LONGEST}字以内）。",
            f"Give a reason ({LONGEST} characters at most).",
            pointer=pointer,
        )
    return cleaned
