"""Spreadsheets in and out (openpyxl): plain cells, no formulas, no macros; what comes in is text until it is checked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from registers.errors import DomainError

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 60 * 1024 * 1024
MAX_COLUMNS = 40


def read(stream: IO[bytes], columns: Sequence[tuple[str, str]], most_rows: int) -> list[dict[str, str]]:
    """The rows of the first sheet by the headings of its first row; empty rows are left out."""
    content = lines(stream, most_rows)
    heads = next(content, [])
    missing = [title for _, title in columns if title not in heads]
    if missing:
        listed = "、".join(missing)
        raise _unreadable(f"首行缺少列：{listed}", f"the first row lacks the columns {listed}")
    places = {key: heads.index(title) for key, title in columns}
    rows = []
    for line in content:
        row = {key: line[place] if place < len(line) else "" for key, place in places.items()}
        if any(row.values()):
            rows.append(row)
    return rows


def lines(stream: IO[bytes], most_rows: int) -> Iterator[list[str]]:
    """The rows of the first sheet as text, the headings first; at most two more than wanted."""
    content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _unreadable("文件超过5 MB", "the file is larger than 5 MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(item.file_size for item in packed.infolist()) > MAX_UNPACKED:
                raise _unreadable("展开后过大", "it is too large when unpacked")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        found = book.worksheets[0].iter_rows(max_col=MAX_COLUMNS, max_row=most_rows + 2, values_only=True)
        return iter([[_text(cell) for cell in line] for line in found])
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        ValueError,
        IndexError,
        OSError,
        TypeError,
        SyntaxError,
    ):
        raise _unreadable("不是xlsx工作簿", "it is no xlsx workbook") from None


def write(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook with one sheet; a text that looks like a formula is kept as text."""
    return write_book([(title, heads, rows)])


def write_book(parts: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]) -> bytes:
    """A workbook with a sheet for each part: title, headings, rows."""
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for title, heads, rows in parts:
        _fill(book.create_sheet(title[:31]), heads, rows)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _fill(sheet: Worksheet, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    sheet.append(list(heads))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append([_cell(value) for value in row])
        for cell in sheet[sheet.max_row]:
            if cell.data_type == "f":
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    for index, head in enumerate(heads, 1):
        sheet.column_dimensions[get_column_letter(index)].width = max(12, len(head) * 2 + 2)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        # A spreadsheet keeps binary numbers; its shortest notation is what the person typed.
        return repr(cell).removesuffix(".0") if "e" not in repr(cell) else format(cell, ".10f").rstrip("0").rstrip(".")
    return str(cell).strip()


def _cell(value: Any) -> Any:
    return value if isinstance(value, int | float | str) or value is None else str(value)


def _unreadable(zh: str, en: str) -> DomainError:
    return DomainError("sheet", f"表格无法读取：{zh}。", f"The table cannot be read: {en}.", pointer="file")
