"""What the law says of hazardous wastes in numbers and lists: codes of the national list, conditions, checklist.

Everything here is read from `data/` with its citation; no number of the law stands in code. The list of codes
is that of an edition, which is data too.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, cast

from registers.laws import DATA, cite

PARTS = ("waste", "permit")


@dataclass(frozen=True)
class WasteCode:
    """A waste of the national list: class, name of the class, eight-digit code."""

    klass: str
    klass_name: str
    code: str
    industry: str
    hazard: str


@cache
def codes() -> dict[str, WasteCode]:
    """The wastes of the list by code."""
    with (DATA / "hw_codes_2021.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: WasteCode(row["class"], row["class_name"], row["code"], row["industry"], row["hazard"])
            for row in csv.DictReader(file)
        }


@cache
def classes() -> dict[str, str]:
    """The classes of the list with their names."""
    return {waste.klass: waste.klass_name for waste in codes().values()}


def find(code: str) -> WasteCode | None:
    """A waste by its code; one that tests found hazardous (900-000-XX) belongs to the class of its last digits."""
    prefix = str(rule("unknown_code")["prefix"])
    if code.startswith(prefix):
        klass = f"HW{code.removeprefix(prefix)}"
        name = classes().get(klass)
        return WasteCode(klass, name, code, "", "") if name else None
    return codes().get(code)


def named(code: str) -> str:
    """A code with its class for people: `HW08 900-214-08`."""
    found = find(code)
    return f"{found.klass} {code}" if found else code


@cache
def rules() -> dict[str, Any]:
    """All rules of the file."""
    return cast(dict[str, Any], json.loads((DATA / "waste_rules.json").read_text(encoding="utf-8")))


def rule(name: str) -> dict[str, Any]:
    """One rule with its citation."""
    return cast(dict[str, Any], rules()[name])


def basis(name: str) -> str:
    """The citation of a rule in Chinese."""
    return cite(str(rule(name)["basis"]))[0]


def is_over(licensed: Decimal, wanted: Decimal) -> bool:
    """Whether an amount lies so far above the licensed scale that a new licence is needed."""
    found = rule("over_scale")
    limit = licensed * (100 + Decimal(found["percent"])) / 100
    return wanted >= limit if found["inclusive"] else wanted > limit


@dataclass(frozen=True)
class CheckItem:
    """One line of the checklist that both licences share at the site."""

    key: str
    part: str
    zh: str
    en: str
    basis: str


@cache
def checklist() -> tuple[CheckItem, ...]:
    """The lines of the joint checklist."""
    raw = json.loads((DATA / "joint_checklist.json").read_text(encoding="utf-8"))
    return tuple(CheckItem(**item) for item in raw["items"])
