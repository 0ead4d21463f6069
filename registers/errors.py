"""The one family of errors that a person is meant to read.

Every error carries a stable code, the same sentence in Chinese and English, and a pointer to the
place that has to be mended (a field path, or an element id with its line). Pages and the JSON API
turn it into a message or a problem document in one place; nothing else in the program catches it.
"""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A request that cannot be carried out, told in the words of the person who made it."""

    status = 422

    def __init__(
        self,
        code: str,
        zh: str,
        en: str,
        *,
        pointer: str | None = None,
        status: int | None = None,
        **details: Any,
    ) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.zh = zh
        self.en = en
        self.pointer = pointer
        self.details = details
        if status is not None:
            self.status = status

    def message(self, language: str = "zh") -> str:
        """The sentence in the reader's language."""
        return self.en if language == "en" else self.zh


class NotFound(DomainError):
    """The object does not exist, or the person may not know that it does."""

    status = 404

    def __init__(self, zh: str = "未找到，或您无权查看。", en: str = "Not found, or not yours to see.") -> None:
        super().__init__("not_found", zh, en)


class Forbidden(DomainError):
    """The person may see the object but not do this with it."""

    status = 403

    def __init__(self, zh: str, en: str) -> None:
        super().__init__("forbidden", zh, en)


class Conflict(DomainError):
    """Somebody else was faster, or the state has moved on."""

    status = 409
