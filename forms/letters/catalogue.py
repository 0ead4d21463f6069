"""What letters there are and what may be said in them, read from `letters.json`."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from registers import catalogues
from registers.errors import NotFound

_FOLDER = Path(__file__).parent
_Versions = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Placeholder:
    """A name that a template may use. `rows` have columns; `choice` shows the label of a form's choice."""

    name: str
    type: str
    label: Mapping[str, str]
    optional: bool = False
    default: str = ""
    columns: Mapping[str, Placeholder] = field(default_factory=dict)
    label_versions: _Versions = ()

    def labels(self, day: date) -> Mapping[str, str]:
        """What the codes of this value are called on a day."""
        found: Mapping[str, str] = _in_force(self.label_versions, day).get("labels", {})
        return found


@dataclass(frozen=True)
class About:
    """A kind of letter.

    `notice` is the kind of public notice it announces; `served` ones are in the receipt of delivery; the full text of
    `public` ones is published with the notice of the decision.
    """

    name: str
    title: Mapping[str, str]
    number_kind: str | None
    basis: str
    placeholders: Mapping[str, Placeholder]
    notice: str | None = None
    served: bool = False
    public: bool = False
    own_number: str | None = None  # the pattern of the numbers of a kind that a version brings along

    @property
    def placeholders_and_columns(self) -> frozenset[str]:
        """Every name its template may use."""
        return frozenset(self.placeholders) | {name for spec in self.placeholders.values() for name in spec.columns}

    @property
    def template(self) -> Path:
        """The Word file."""
        return _FOLDER / f"{self.name}.docx"


def about(name: str) -> About:
    """A letter by its name; raises NotFound."""
    found = _all().get(name)
    if found is None:
        raise NotFound(f"没有名为 {name} 的文书。", f"There is no letter {name}.")
    return found


def find(name: str) -> About | None:
    """A letter of the installation by its name; None for a kind that only some version has."""
    return _all().get(name)


def common() -> Mapping[str, Placeholder]:
    """What every letter may say."""
    return _common()


def names() -> frozenset[str]:
    """The names of all letters."""
    return frozenset(_all())


def only_known(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the letter may say."""
    known = about(name).placeholders
    return {key: value for key, value in values.items() if key in known}


def citations(day: date) -> dict[str, str]:
    """The wording that depends on the law in force on a day: citations, and the terms that the law uses."""
    return {name: str(_in_force(versions, day).get("zh", "")) for name, versions in _given()["law"].items()}


def _in_force(versions: Iterable[Mapping[str, Any]], day: date) -> Mapping[str, Any]:
    """The version of a day; for a day before all of them the first."""
    ordered = list(versions)
    for version in ordered:
        if version.get("valid_from", "") <= day.isoformat() < version.get("valid_to", "9999"):
            return version
    return ordered[0] if ordered else {}


@functools.cache
def _given() -> Mapping[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / "letters.json").read_text("utf-8"))
    return loaded


@functools.cache
def _all() -> Mapping[str, About]:
    given = _given()
    shared = given["labels"]
    found = {}
    for name, spec in given["letters"].items():
        own = {key: _placeholder(key, one, shared) for key, one in spec.get("placeholders", {}).items()}
        found[name] = About(
            name,
            spec["title"],
            spec.get("number_kind"),
            spec["basis"],
            {**_common(), **own},
            spec.get("notice"),
            spec.get("served", False),
            spec.get("public", False),
        )
    return found


@functools.cache
def _common() -> Mapping[str, Placeholder]:
    given = _given()
    return {name: _placeholder(name, spec, given["labels"]) for name, spec in given["common"].items()}


def _placeholder(name: str, spec: Mapping[str, Any], shared: Mapping[str, Any]) -> Placeholder:
    labels = _labels(spec.get("labels", ""), shared)
    return Placeholder(
        name,
        spec["type"],
        {"zh": spec["zh"], "en": spec["en"]},
        spec.get("optional", False),
        spec.get("default", ""),
        {key: _placeholder(key, one, shared) for key, one in spec.get("columns", {}).items()},
        tuple(labels) if isinstance(labels, list) else ({"labels": labels},),
    )


def _labels(name: str, shared: Mapping[str, Any]) -> Any:
    """The words for the codes of a placeholder: a list of `letters.json`, or a register's own (`catalogue:pollutants`)."""
    kind, _, which = name.partition(":")
    if kind != "catalogue":
        return shared.get(name, [])
    return catalogues.industries() if which == "gbt4754" else dict(catalogues.choices(which))
