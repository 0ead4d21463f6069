"""Bilingual wording of forms: labels in two languages, and the one catalogue of messages, `messages.json`."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Words:
    """The same words in Chinese and English: `label["zh"]`, `label["en"]`."""

    zh: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.en if language == "en" else self.zh

    def __str__(self) -> str:
        return self.zh


@functools.cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("messages.json").read_text("utf-8"))
    return loaded


def message(key: str, label: Words | None = None, **values: Any) -> str:
    """A message of the catalogue in both languages, packed into the one string that marshmallow carries."""
    found = _catalogue()[key]

    def written(language: str) -> str:
        words = {name: v[language] if isinstance(v, Words) else v for name, v in values.items()}
        return found[language].format(label=label[language] if label else "", **words)

    return written("zh") + _SEPARATOR + written("en")


def unpack(packed: str) -> Words:
    """The two languages of a packed message; a foreign message stands for both."""
    zh, separator, en = packed.partition(_SEPARATOR)
    return Words(zh, en) if separator else Words(packed, packed)
