"""What a person writes to another: a reason, a question, an answer; never empty, never longer than a page shows."""

from __future__ import annotations

from registers.errors import DomainError

LONGEST = 2000  # characters


def stated(reason: str, pointer: str = "reason") -> str:
    """The reason without the spaces around it; raises DomainError when there is none or too much of one."""
    return _checked(reason, pointer, LONGEST, "请说明理由（{}字以内）。", "Give a reason ({} characters at most).")


def written(text: str, pointer: str = "text", longest: int = LONGEST) -> str:
    """The text without the spaces around it; raises DomainError when there is none or too much of it."""
    return _checked(text, pointer, longest, "请填写，且不超过{}字。", "This is needed, at most {} characters.")


def _checked(text: str, pointer: str, longest: int, zh: str, en: str) -> str:
    cleaned = text.strip()
    if not cleaned or len(cleaned) > longest:
        raise DomainError(pointer, zh.format(longest), en.format(longest), pointer=pointer)
    return cleaned
