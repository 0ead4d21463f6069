"""What a reviewer reads: the sections of a submission with what changed, what does not fit, and what was said at each datum."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forms.definition import Field, FormDefinition
from web.i18n import gettext, pick
from workflows import formdata, reviewing


@dataclass
class Cell:
    """One datum: its field and value, and what it was before when that was something else."""

    field: Field
    path: str
    value: Any
    changed: bool = False
    old: Any = None


@dataclass
class Row:
    """A row of a table; `differs` when EIA and permit do not agree about it."""

    cells: list[Cell]
    differs: bool


@dataclass
class Part:
    """A section for reading, with its marks, notes and the places one can comment at."""

    id: str
    title: str
    cells: list[Cell] = field(default_factory=list)
    tables: list[tuple[Field, list[Row]]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)
    mark: Mapping[str, Any] | None = None

    @property
    def changes(self) -> int:
        """How many data of the section are not what they were."""
        rows = [cell for _, table in self.tables for row in table for cell in row.cells]
        return sum(cell.changed for cell in (*self.cells, *rows)) + len(self.removed)


def parts(
    form: FormDefinition,
    data: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    differing: Collection[str],
    notes: Iterable[Mapping[str, Any]],
    marks: Mapping[str, Mapping[str, Any]],
) -> list[Part]:
    """The sections that have an answer, in order."""
    changes = {} if before is None else {one.path: one for one in reviewing.changes(form, before, data)}
    places = formdata.places(form, dict(data))
    found = []
    for section in form.sections:
        names = {one.name for one in section.fields}
        made = Part(section.id, pick(section.title), mark=marks.get(section.id))
        for one in section.fields:
            if one.type == "table":
                rows = data.get(one.name) or []
                made.tables += [(one, _rows(one, rows, changes, differing))] if rows else []
                gone = changes.get(one.name)
                made.removed += [str(gone.old)] if gone is not None and gone.new is None and gone.row is None else []
            elif one.name in data or one.name in changes:
                made.cells.append(_cell(one, one.name, data.get(one.name), changes))
        made.places = [
            (path, _place(label, number, value)) for path, label, number, value in places if _top(path) in names
        ]
        made.notes = [{**note, "place": place_of(form, note["path"])} for note in notes if _top(note["path"]) in names]
        if made.cells or made.tables or made.removed:
            found.append(made)
    return found


def place_of(form: FormDefinition, path: str) -> str:
    """Where a note stands, in words."""
    name, *rest = path.split(".")
    known = form.fields.get(name)
    if known is None:
        return path
    words = pick(known.label)
    if len(rest) == 2 and rest[0].isdecimal():
        column = next((one for one in known.columns if one.name == rest[1]), None)
        words += gettext(" 第%(n)s行") % {"n": int(rest[0]) + 1} + (" " + pick(column.label) if column else "")
    return words


def _rows(
    table: Field, rows: Iterable[Any], changes: Mapping[str, reviewing.Change], differing: Collection[str]
) -> list[Row]:
    made = []
    for place, row in enumerate(rows):
        cells = [
            _cell(column, f"{table.name}.{place}.{column.name}", row.get(column.name), changes)
            for column in table.columns
        ]
        said = " ".join(str(cell.value) for cell in cells[:2] if cell.value not in (None, ""))
        made.append(Row(cells, said in differing))
    return made


def _cell(one: Field, path: str, value: Any, changes: Mapping[str, reviewing.Change]) -> Cell:
    change = changes.get(path)
    return Cell(one, path, value, change is not None, change.old if change is not None else None)


def _place(label: Any, number: int | None, value: Any) -> str:
    name = gettext("%(label)s 第%(n)s行") % {"label": pick(label), "n": number} if number else pick(label)
    return f"{name}: {'' if value is None else str(value)[:40]}"


def _top(path: str) -> str:
    return path.split(".")[0]
