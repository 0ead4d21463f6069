"""Profiles of the security settings and the controls of GB/T 22239 level 3 they answer to, as data."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from registers.laws import DATA


@cache
def _given() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "security.json").read_text(encoding="utf-8"))
    return found


def profiles() -> dict[str, Any]:
    """The profiles by name, each with the values it sets."""
    found: dict[str, Any] = _given()["profiles"]
    return found


def controls() -> list[dict[str, Any]]:
    """What the standard asks for and how this program answers."""
    found: list[dict[str, Any]] = _given()["controls"]
    return found


def follows(values: dict[str, int]) -> str | None:
    """The profile whose values are all in force."""
    for name, profile in profiles().items():
        if all(values.get(key) == value for key, value in profile["values"].items()):
            return name
    return None
