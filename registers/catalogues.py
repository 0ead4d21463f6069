"""Catalogues: which industries need an EIA or a permit, and of what class, by edition.

The items that matter most here ship with conditions a program can evaluate (`data/eia_rules_2021.json`,
`data/permit_rules_2019.json`). `import_csv` adds the complete official catalogues: an item without
conditions then offers its official level texts, and a person ticks what applies. Editions are data; the
newest edition in force is used unless another is named.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from registers.conditions import Condition
from registers.db import Base, uuid7
from registers.errors import DomainError
from registers.laws import DATA

# From the strictest level down; `none_level` is what remains when no level applies.
LEVELS: dict[str, tuple[str, ...]] = {
    "eia": ("report", "form", "registration", "exempt"),
    "permit": ("key", "simplified", "registration", "none"),
}
LEVEL_TITLES: dict[str, dict[str, tuple[str, str]]] = {
    "eia": {
        "report": ("报告书", "EIA report"),
        "form": ("报告表", "EIA form"),
        "registration": ("登记表", "EIA registration form"),
        "exempt": ("不纳入环评管理", "no EIA"),
    },
    "permit": {
        "key": ("重点管理", "key management"),
        "simplified": ("简化管理", "simplified management"),
        "registration": ("登记管理", "registration"),
        "none": ("不纳入排污许可管理", "no permit"),
    },
}
EDITIONS = {"eia": "2021", "permit": "2019"}
_BUILT_IN = {"eia": "eia_rules_2021.json", "permit": "permit_rules_2019.json"}
_CSV_LEVELS = {
    "eia": {"report_book": "report", "report_form": "form", "registration": "registration"},
    "permit": {"key": "key", "simplified": "simplified", "registration": "registration"},
}


@dataclass(frozen=True)
class LevelRule:
    """One reason for a level: our short wording and the condition that decides it."""

    zh: str
    when: Condition


@dataclass(frozen=True)
class Item:
    """One item of a catalogue."""

    catalogue: str
    edition: str
    item_no: str
    title: str
    codes: tuple[str, ...]
    rules: Mapping[str, tuple[LevelRule, ...]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    sensitive: str = ""
    source: str = ""

    @property
    def computable(self) -> bool:
        """Whether conditions decide the level; otherwise a person ticks one of the texts."""
        return bool(self.rules) or "by_common_process" in self.flags

    def covers(self, code: str) -> bool:
        """Whether an industry code falls under this item."""
        return any(code.startswith(prefix) for prefix in self.codes)


class CatalogueItem(Base):
    """An item as stored; `levels` holds official texts and conditions by level."""

    __tablename__ = "catalogue_item"
    __table_args__ = (UniqueConstraint("catalogue", "edition", "item_no"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    catalogue: Mapped[str]
    edition: Mapped[str]
    item_no: Mapped[str]
    title: Mapped[str]
    codes: Mapped[list[Any]]
    levels: Mapped[dict[str, Any]]
    notes: Mapped[dict[str, Any]]
    source: Mapped[str]


@cache
def built_in(catalogue: str) -> tuple[Item, ...]:
    """The items that ship with conditions."""
    raw = json.loads((DATA / _BUILT_IN[catalogue]).read_text(encoding="utf-8"))
    flags = ("industrial_building_only", "by_common_process", "common_process", "other_industries")
    return tuple(
        Item(
            catalogue=catalogue,
            edition=raw["edition"],
            item_no=item["item_no"],
            title=item["title"],
            codes=tuple(item["codes"]),
            rules=_rules(item["levels"]),
            flags=frozenset(name for name in flags if item.get(name)),
            source=raw["source"],
        )
        for item in raw["items"]
    )


def load(conn: Connection, catalogue: str, edition: str | None = None) -> tuple[Item, ...]:
    """All items of an edition: what is stored, else what ships."""
    rows = conn.execute(
        select(
            CatalogueItem.item_no,
            CatalogueItem.title,
            CatalogueItem.codes,
            CatalogueItem.levels,
            CatalogueItem.notes,
            CatalogueItem.source,
        ).where(CatalogueItem.catalogue == catalogue, CatalogueItem.edition == (edition or EDITIONS[catalogue]))
    ).all()
    stored = tuple(
        Item(
            catalogue=catalogue,
            edition=edition or EDITIONS[catalogue],
            item_no=row.item_no,
            title=row.title,
            codes=tuple(row.codes),
            rules=_rules(row.levels.get("rules", {})),
            texts=row.levels.get("texts", {}),
            flags=frozenset(row.notes.get("flags", ())),
            sensitive=row.notes.get("sensitive", ""),
            source=row.source,
        )
        for row in rows
    )
    return stored or built_in(catalogue)


def is_complete(items: Iterable[Item]) -> bool:
    """Whether the official catalogue was imported: only then does "not listed" mean "not covered"."""
    return any(item.texts for item in items)


def seed(conn: Connection) -> int:
    """Write the built-in items that are missing; returns how many were written."""
    rows = [_row(item) for catalogue in _BUILT_IN for item in built_in(catalogue)]
    statement = insert(CatalogueItem).on_conflict_do_nothing(index_elements=["catalogue", "edition", "item_no"])
    return len(conn.execute(statement.returning(CatalogueItem.id), rows).all())


def import_csv(conn: Connection, kind: str, content: bytes) -> int:
    """Import a complete official catalogue (`eia` or `permit`); conditions that ship stay beside it."""
    items = parse_csv(kind, content)
    for item in items:
        values = _row(item)
        changed = {key: values[key] for key in ("title", "codes", "levels", "notes", "source")}
        conn.execute(
            insert(CatalogueItem)
            .values(**values)
            .on_conflict_do_update(index_elements=["catalogue", "edition", "item_no"], set_=changed)
        )
    return len(items)


def parse_csv(kind: str, content: bytes) -> tuple[Item, ...]:
    """Read an official catalogue; refuses a file with gaps in its numbering or missing columns."""
    if kind not in _CSV_LEVELS:
        raise DomainError("unknown_catalogue", f"未知的名录：{kind}。", f"Unknown catalogue: {kind}.")
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise DomainError("catalogue_file", "文件不是UTF-8编码的CSV。", "The file is not a CSV in UTF-8.") from None
    needed = {"item_no", "industry", "gbt4754_codes", "source_note", *_CSV_LEVELS[kind]}
    missing = needed - set(rows[0] if rows else ())
    if missing:
        names = "、".join(sorted(missing))
        raise DomainError("catalogue_columns", f"名录文件缺少列：{names}。", f"Columns missing: {names}.")
    if [row["item_no"] for row in rows] != [str(number) for number in range(1, len(rows) + 1)]:
        raise DomainError("catalogue_numbering", "名录条目编号不连续。", "The item numbers have gaps.")
    shipped = {item.item_no: item for item in built_in(kind)}
    return tuple(_from_csv(kind, row, shipped.get(row["item_no"])) for row in rows)


@cache
def threshold(catalogue: str, name: str) -> Decimal:
    """A figure that many items of a catalogue share, in its unit."""
    raw = json.loads((DATA / _BUILT_IN[catalogue]).read_text(encoding="utf-8"))
    return Decimal(raw["thresholds"][name]["value"])


@cache
def industries() -> dict[str, str]:
    """Industry codes (GB/T 4754-2017, three or four digits) and names, as far as catalogues name them."""
    with (DATA / "gbt4754_2017.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


@cache
def screening_facts() -> tuple[dict[str, Any], ...]:
    """The facts that conditions look at: name, type, labels, choices."""
    raw = json.loads((DATA / "screening_facts.json").read_text(encoding="utf-8"))
    return tuple(raw["items"])


# Catalogues that are registers of the installation: what they hold is looked up where there is a database.
LIVE = frozenset({"zones"})


def names() -> tuple[str, ...]:
    """The catalogues a field of a form can offer."""
    return ("gbt4754", "pollutants", *sorted(_BUILT_IN), *sorted(LIVE))


def choices(name: str) -> list[tuple[str, str]]:
    """The values and labels of a catalogue field of a form: gbt4754, pollutants, eia, permit."""
    if name in LIVE:
        return []
    if name == "gbt4754":
        return [(code, f"{code} {title}") for code, title in industries().items()]
    if name == "pollutants":
        return [(item["key"], item["zh"]) for item in pollutants()]
    if name in _BUILT_IN:
        return [(item.item_no, f"{item.item_no} {item.title}") for item in built_in(name)]
    raise DomainError("unknown_catalogue", f"未知的名录：{name}。", f"Unknown catalogue: {name}.")


@cache
def approved_excess() -> dict[str, Any]:
    """By how much an approved amount may exceed the balance plan without a new one; with basis and whether verified."""
    found: dict[str, Any] = json.loads((DATA / "balance_plan.json").read_text(encoding="utf-8"))["approved_excess"]
    return found


@cache
def pollutants() -> tuple[dict[str, Any], ...]:
    """The pollutants of quota control with codes and kinds."""
    raw = json.loads((DATA / "pollutants.json").read_text(encoding="utf-8"))
    return tuple(raw["items"])


def _from_csv(kind: str, row: Mapping[str, str], shipped: Item | None) -> Item:
    """An item out of a row of the catalogue; what ships with conditions keeps them, and its codes."""
    codes = (row["gbt4754_codes"] or row.get("analyst_suggested_codes") or "").split()
    flags = set(shipped.flags) if shipped else set()
    if row.get("industrial_building_only") == "yes":
        flags.add("industrial_building_only")
    if row.get("triggered_by_common_process_only") == "yes":
        flags.add("by_common_process")
    return Item(
        catalogue=kind,
        edition=EDITIONS[kind],
        item_no=row["item_no"],
        title=row["industry"],
        codes=shipped.codes if shipped else tuple(code for code in codes if re.fullmatch(r"\d{2,4}", code)),
        rules=shipped.rules if shipped else {},
        texts={level: row[column] for column, level in _CSV_LEVELS[kind].items() if row[column] not in ("", "/")},
        flags=frozenset(flags),
        sensitive=row.get("sensitive_area_definition") or "",
        source=row["source_note"],
    )


def _row(item: Item) -> dict[str, Any]:
    """An item as the register keeps it."""
    rules = {level: [{"zh": rule.zh, "when": rule.when} for rule in found] for level, found in item.rules.items()}
    return {
        "id": uuid7(),
        "catalogue": item.catalogue,
        "edition": item.edition,
        "item_no": item.item_no,
        "title": item.title,
        "codes": list(item.codes),
        "levels": {"rules": rules, "texts": dict(item.texts)},
        "notes": {"flags": sorted(item.flags), "sensitive": item.sensitive},
        "source": item.source,
    }


def _rules(levels: Mapping[str, Any]) -> dict[str, tuple[LevelRule, ...]]:
    return {level: tuple(LevelRule(rule["zh"], rule["when"]) for rule in found) for level, found in levels.items()}
