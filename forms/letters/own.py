"""Kinds of letters that a version of a procedure brings along: made at the workbench, without a developer.

A kind is a small JSON file beside its Word template: title, legal basis, how it is numbered, and the placeholders it has besides
those every letter has. A placeholder of the type `rows` is a list: its columns stand in a row of a table that is repeated for each item.
A kind is valid for its version only; its numbers are counted for the procedure and the kind, whichever version issues.
"""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.text.paragraph import Paragraph

from forms.letters.catalogue import About, Placeholder, about, common, names
from registers import numbering
from registers.errors import DomainError

PLAIN = ("text", "date", "number")
ROWS = "rows"
TYPES = (*PLAIN, ROWS)
MOST_PLACEHOLDERS = 60
MOST_COLUMNS = 12
_NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")
_PATTERN = "acceptance_notice"  # whose page the first template takes over: paper, fonts, code for checking


def kind(name: str, content: bytes, procedure: str) -> About:
    """A kind from its file; raises DomainError when it is not as it should be."""
    try:
        facts = json.loads(content)
    except ValueError as error:
        raise _wrong(
            name, f"文书定义不是有效的JSON：{error}", f"The kind of letter is not valid JSON: {error}"
        ) from None
    return described(name, facts, procedure)


def described(name: str, facts: Any, procedure: str) -> About:
    """The same from plain data."""
    facts = checked(name, facts)
    own = {key: _placeholder(key, spec) for key, spec in facts["placeholders"].items()}
    return About(
        name,
        facts["title"],
        f"{procedure}.{name}" if facts["number"] else None,
        facts["basis"],
        {**common(), **own},
        served=facts["served"],
        own_number=facts["number"] or None,
    )


def checked(name: str, facts: Any) -> dict[str, Any]:
    """What a kind of letter is, with every part in its place; raises DomainError that names the part which is wrong."""
    if not _NAME.fullmatch(name):
        raise _wrong(
            "code",
            "文书代码用小写字母、数字和下划线，以字母开头。",
            "The code has small letters, digits and underscores.",
        )
    if name in names():
        raise _wrong(
            "code",
            "已有这个代码的公用文书，请换一个代码。",
            "A letter of the installation has this code; choose another.",
        )
    if not isinstance(facts, dict):
        raise _wrong("code", "文书定义有误。", "The kind of letter is not as it should be.")
    title, basis, number = _both(facts.get("title"), "title"), _line(facts.get("basis")), _line(facts.get("number"))
    if number:
        numbering.check_template(number)
        taken = [other for other in numbering.kinds() if numbering.usual(other) == number]
        if taken:
            raise _wrong(
                "number",
                "公用文书已使用这种编号，会重号，请换用别的字样。",
                "Letters of the installation are numbered like this already; choose other words.",
            )
    return {
        "title": title,
        "basis": basis,
        "number": number,
        "served": bool(facts.get("served")),
        "placeholders": _placeholders(facts.get("placeholders") or {}),
    }


def _placeholder(name: str, spec: Mapping[str, Any]) -> Placeholder:
    columns = {key: _placeholder(key, one) for key, one in spec.get("columns", {}).items()}
    return Placeholder(name, spec["type"], {"zh": spec["zh"], "en": spec["en"]}, spec["optional"], columns=columns)


def written(facts: Mapping[str, Any]) -> bytes:
    """A kind as its file holds it."""
    return json.dumps(facts, ensure_ascii=False, indent=1).encode() + b"\n"


def first_template(kind: About) -> bytes:
    """A Word template to begin with: head, number, addressee, a line or a table for each placeholder of its own, date and seal."""
    document = Document(io.BytesIO(about(_PATTERN).template.read_bytes()))
    title, number, addressee, line = (document.paragraphs[place] for place in (1, 2, 3, 4))
    body = [one for one in document.paragraphs[4:] if one.text.strip()]
    _say(title, kind.title["zh"])
    if not kind.number_kind:
        _drop(number)
    own = [spec for key, spec in kind.placeholders.items() if key not in common()]
    above = addressee
    for spec in own:
        text = f"{spec.label['zh']}：" if spec.columns else f"{spec.label['zh']}：{{{{{spec.name}}}}}"
        above = _after(above, line, f"{{{{?{spec.name}}}}}{text}" if spec.optional and not spec.columns else text)
        if spec.columns:
            table = _table(document, line, spec)
            above._element.addnext(table)
            above = Paragraph(copy.deepcopy(line._element), line._parent)
            _say(above, "")
            table.addnext(above._element)
    if not own:
        _after(above, line, "（在此填写正文）")
    for old in body:
        _drop(old)
    made_file = io.BytesIO()
    document.save(made_file)
    return made_file.getvalue()


def _after(above: Paragraph, pattern: Paragraph, text: str) -> Paragraph:
    """A new paragraph in the hand of another."""
    made = Paragraph(copy.deepcopy(pattern._element), pattern._parent)
    _say(made, text)
    above._element.addnext(made._element)
    return made


def _table(document: WordDocument, pattern: Paragraph, spec: Placeholder) -> Any:
    """A table with a line of titles and the row that is repeated for each item."""
    columns = list(spec.columns.values())
    table = document.add_table(2, len(columns) + 1, document.styles["Table Grid"])
    marks = [f"{{{{#{spec.name}}}}}{{{{number_in_list}}}}", *(f"{{{{{one.name}}}}}" for one in columns)]
    for cells, said in (
        (table.rows[0].cells, ["序号", *(one.label["zh"] for one in columns)]),
        (table.rows[1].cells, marks),
    ):
        for cell, text in zip(cells, said, strict=True):
            cell.paragraphs[0].text = text
            _in_the_hand_of(cell.paragraphs[0], pattern)
    return table._tbl


def _in_the_hand_of(paragraph: Paragraph, pattern: Paragraph) -> None:
    properties = pattern.runs[0]._r.rPr
    if properties is not None:
        paragraph.runs[0]._r.insert(0, copy.deepcopy(properties))


def _drop(paragraph: Paragraph) -> None:
    element: Any = paragraph._element
    element.getparent().remove(element)


def _say(paragraph: Paragraph, text: str) -> None:
    """Other words in the font of the first run."""
    first, *others = paragraph.runs
    first.text = text
    for run in others:
        paragraph._p.remove(run._element)


def _placeholders(given: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(given, dict) or len(given) > MOST_PLACEHOLDERS:
        raise _wrong("placeholders", "占位符有误。", "The placeholders are not as they should be.")
    found = {}
    for name, spec in given.items():
        if not _NAME.fullmatch(str(name)):
            raise _wrong(
                "placeholders",
                f"占位符“{name}”：用小写字母、数字和下划线。",
                f"Placeholder “{name}”: small letters, digits, underscores.",
            )
        if name in common():
            raise _wrong(
                "placeholders", f"占位符“{name}”每份文书都有，不必另设。", f"Every letter has “{name}” already."
            )
        found[str(name)] = _spec(str(name), spec)
    return found


def _spec(name: str, spec: Any, types: tuple[str, ...] = TYPES) -> dict[str, Any]:
    """One placeholder, or one column of a list."""
    if not isinstance(spec, dict) or spec.get("type", "text") not in types:
        raise _wrong("placeholders", f"占位符“{name}”的类型未知。", f"The type of “{name}” is unknown.")
    words = _both({"zh": spec.get("zh"), "en": spec.get("en")}, "placeholders")
    kept = {"type": spec.get("type", "text"), **words, "optional": bool(spec.get("optional"))}
    return {**kept, "columns": _columns(name, spec.get("columns"))} if kept["type"] == ROWS else kept


def _columns(name: str, given: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(given, dict) or not 0 < len(given) <= MOST_COLUMNS:
        raise _wrong(
            "placeholders",
            f"表格“{name}”应有1至{MOST_COLUMNS}列。",
            f"The list “{name}” needs 1 to {MOST_COLUMNS} columns.",
        )
    wrong = [key for key in given if not _NAME.fullmatch(str(key))]
    if wrong:
        raise _wrong(
            "placeholders",
            f"表格“{name}”的列“{wrong[0]}”：用小写字母、数字和下划线。",
            f"Column “{wrong[0]}” of “{name}”: small letters, digits, underscores.",
        )
    return {key: _spec(key, one, PLAIN) for key, one in given.items()}


def _both(value: Any, pointer: str) -> dict[str, str]:
    if not isinstance(value, dict) or not _line(value.get("zh")):
        raise _wrong(pointer, "请填写中文名称。", "The Chinese name is missing.")
    return {"zh": _line(value["zh"]), "en": _line(value.get("en")) or _line(value["zh"])}


def _line(value: Any) -> str:
    return " ".join(str(value or "").split())[:300]


def _wrong(pointer: str, zh: str, en: str) -> DomainError:
    return DomainError("letter_kind", zh, en, pointer=pointer)
