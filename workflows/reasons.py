"""What a person writes to another: a reason, a question, an answer; never empty, never longer than a page shows."""

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


def written(text: str, pointer: str = "text", longest: int = LONGEST) -> str:
    """The text without the spaces around it; raises DomainError when there is none or too much of it."""
    cleaned = text.strip()
    if not cleaned or len(cleaned) > longest:
        raise DomainError(
            pointer, f"请填写，且不超过{longest}字。", f"This is needed, at most {longest} characters.", pointer=pointer
        )
    return cleaned
