"""Long tables from and to spreadsheets: the columns of a form's table by their headings in either language.

What comes in is not yet an answer: it is put into the draft as it stands, and the form's own rules say afterwards which
cell of which row is wrong. Words of choices are turned into their codes; a word that is none stays visible.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import IO, Any

from forms.definition import Field
from registers.errors import DomainError
from web import formpage, sheets
from web.i18n import pick

_YES = frozenset(["是", "yes", "true", "1", "√", "y"])
_NO = frozenset(["否", "no", "false", "0", "×", "n"])
_NUMBERS = frozenset(["integer", "decimal", "tons", "percent"])
_DAY = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})(?:日|\s.*|T.*)?")


@dataclass(frozen=True)
class Imported:
    """What a file gave: rows for the table, headings nobody asked for, rows beyond what the table takes."""

    rows: list[dict[str, str]]
    ignored: list[str]
    beyond: int


def read(table: Field, stream: IO[bytes], name: str) -> Imported:
    """The rows of a workbook (xlsx) or of a CSV file whose first row names the columns."""
    lines = _csv(stream) if name.lower().endswith(".csv") else sheets.lines(stream, table.max_rows)
    heads = [_head(cell) for cell in next(lines, [])]
    known = {
        _head(text): column for column in table.columns for text in (column.label.zh, column.label.en, column.name)
    }
    places = {known[head].name: place for place, head in reversed(list(enumerate(heads))) if head in known}
    if not places:
        wanted = "、".join(column.label.zh for column in table.columns)
        raise DomainError(
            "sheet_heads",
            f"首行没有可识别的列名。应有：{wanted}。请下载模板对照。",
            "No heading of the first row is known. Wanted: "
            + ", ".join(column.label.en for column in table.columns)
            + ". Download the template to compare.",
            pointer=table.name,
        )
    columns = {column.name: column for column in table.columns}
    rows = []
    for line in lines:
        cells = {key: line[place].strip() if place < len(line) else "" for key, place in places.items()}
        if any(cells.values()):
            rows.append({key: _value(columns[key], cell) for key, cell in cells.items() if cell})
    return Imported(
        rows[: table.max_rows],
        [head for head in heads if head and head not in known],
        max(len(rows) - table.max_rows, 0),
    )


def write(table: Field, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A workbook with the headings of the table and its rows, in the words of the page."""
    columns = [column for column in table.columns if column.type != "file"]
    lines = [[_shown(column, row.get(column.name)) for column in columns] for row in rows]
    return sheets.write(pick(table.label), [pick(column.label) for column in columns], lines)


def _csv(stream: IO[bytes]) -> Any:
    content = stream.read(sheets.MAX_BYTES + 1)
    if len(content) > sheets.MAX_BYTES:
        raise DomainError("sheet", "文件超过5 MB。", "The file is larger than 5 MB.", pointer="file")
    # Spreadsheets in Chinese offices save CSV in GB 18030; others in UTF-8.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return iter(list(csv.reader(io.StringIO(content.decode(encoding)))))
        except (UnicodeDecodeError, csv.Error):
            continue
    raise DomainError("sheet", "文件不是文本表格（CSV）。", "The file is no CSV table.", pointer="file")


def _head(cell: str) -> str:
    """A heading without its unit and its mark of a required column: “高度（m）*” is “高度”."""
    return re.sub(r"[（(].*?[)）]|[*＊\s]", "", cell).casefold()


def _value(column: Field, cell: str) -> str:
    if column.type == "boolean":
        said = cell.casefold()
        return "true" if said in _YES else "false" if said in _NO else cell
    if column.type in ("choice", "catalogue"):
        options = formpage.options(column)
        return next((one.value for one in options if cell in (one.value, one.label.zh, one.label.en)), cell)
    if column.type in _NUMBERS:
        return cell.replace(",", "").replace("，", "")
    if column.type == "date" and (found := _DAY.fullmatch(cell)):
        try:
            return date(*(int(part) for part in found.groups())).isoformat()
        except ValueError:
            return cell
    return cell


def _shown(column: Field, value: Any) -> str:
    text = formpage.shown(value)
    options = formpage.yes_no() if column.type == "boolean" else formpage.options(column) if text else []
    return next((pick(one.label) for one in options if one.value == text), text)
