"""Fills a Word template from plain data.

    {{name}}            the value; alone in a paragraph, each line of a long text becomes a paragraph
    {{#rows}} {{code}}  in a table row or paragraph: repeated for each item; inside, an item's columns come first
    {{?name}}           keeps its table row or paragraph only when the value is there
    {{qr:name}}         the value as a QR code

Word likes to cut a placeholder into several runs; they are found in the text of the whole paragraph. Values are
text nodes of XML and can never become markup, fields or further placeholders.
"""

from __future__ import annotations

import copy
import functools
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import segno
from docx import Document
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.shared import Mm
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from forms.letters.catalogue import About, Placeholder, citations
from registers.amounts import written
from registers.errors import DomainError

TOKEN = re.compile(r"\{\{\s*(#|\?|qr:)?\s*([a-z][a-z0-9_]*)\s*\}\}")
ANY = re.compile(r"\{\{[^{}]*\}\}")
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QR_SIZE = Mm(20)
_NONE = "无"


def fill(template: bytes, letter: About, values: Mapping[str, Any]) -> bytes:
    """A filled copy of the template; raises DomainError when values are missing or a placeholder is unknown."""
    written = check(template, letter, values)
    document = Document(io.BytesIO(template))
    for root in _roots(document):
        _fill_blocks(root, {**citations(_day(values.get("date"))), **written}, document)
    document.core_properties.title = letter.title["zh"]
    document.core_properties.author = str(written.get("body_name") or "")
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def check(template: bytes, letter: About, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the letter will say them; raises DomainError when one is missing or the template has an unknown placeholder."""
    unknown = _unknown_in(template, letter.placeholders_and_columns)
    if unknown:
        raise DomainError(
            "letter_template",
            f"文书模板“{letter.title['zh']}”使用了未定义的占位符：{'、'.join(unknown)}。",
            f"The template of “{letter.title['en']}” uses unknown placeholders: {', '.join(unknown)}.",
            pointer=letter.name,
        )
    day = _day(values.get("date"))
    written = {name: _written(spec, values.get(name), day) for name, spec in letter.placeholders.items()}
    missing = [spec for name, spec in letter.placeholders.items() if not written[name] and not spec.optional]
    if missing:
        raise DomainError(
            "letter_incomplete",
            f"文书“{letter.title['zh']}”缺少：{'、'.join(spec.label['zh'] for spec in missing)}。",
            f"The letter “{letter.title['en']}” lacks: {', '.join(spec.label['en'] for spec in missing)}.",
            pointer=missing[0].name,
            missing=[spec.name for spec in missing],
        )
    return written


def check_template(template: bytes, letter: About) -> list[str]:
    """What in a template is not a placeholder of the letter; empty when it may be used."""
    return list(_unknown_in(template, letter.placeholders_and_columns))


def _roots(document: WordDocument) -> Iterator[Any]:
    yield document.element.body
    for section in document.sections:
        for part in (section.header, section.footer, section.first_page_header, section.first_page_footer):
            if not part.is_linked_to_previous:
                yield part._element


@functools.lru_cache(maxsize=256)
def _unknown_in(template: bytes, names: frozenset[str]) -> tuple[str, ...]:
    known = names | set(citations(date.min)) | {"number_in_list"}
    found = []
    for root in _roots(Document(io.BytesIO(template))):
        for paragraph in root.iter(qn("w:p")):
            for token in ANY.findall(text_of(paragraph)):
                match = TOKEN.fullmatch(token)
                if match is None or match[2] not in known:
                    found.append(token)
    return tuple(dict.fromkeys(found))


def _fill_blocks(root: Any, scope: Mapping[str, Any], document: WordDocument) -> None:
    """Repeat and drop table rows and paragraphs first, then put values in what is left."""
    for tag in ("w:tr", "w:p"):
        for block in list(root.iter(qn(tag))):
            if block.getparent() is not None:
                _fill_block(block, scope, document)
    for paragraph in list(root.iter(qn("w:p"))):
        _fill_paragraph(paragraph, scope, document)


def _fill_block(block: Any, scope: Mapping[str, Any], document: WordDocument) -> None:
    for mark, name in _marks(block):
        value = scope.get(name)
        if mark == "?" and not value:
            _remove(block)
            return
        if mark == "#":
            _repeat(block, value if isinstance(value, list) else [], scope, document)
            return
    if any(mark == "?" for mark, _ in _marks(block)):
        _strip_marks(block)


def _repeat(block: Any, items: list[Mapping[str, Any]], scope: Mapping[str, Any], document: WordDocument) -> None:
    is_row = block.tag == qn("w:tr")
    _strip_marks(block)
    for item in items:
        one = copy.deepcopy(block)
        block.addprevious(one)
        for paragraph in [one] if not is_row else list(one.iter(qn("w:p"))):
            _fill_paragraph(paragraph, {**scope, **item}, document)
    if is_row and not items:
        # A table without rows is not a table: say that there is none.
        for index, paragraph in enumerate(list(block.iter(qn("w:p")))):
            nodes = list(paragraph.iter(qn("w:t")))
            for place, node in enumerate(nodes):
                node.text = _NONE if index == 0 and place == 0 else ""
        return
    _remove(block)


def _remove(block: Any) -> None:
    parent = block.getparent()
    if block.tag == qn("w:p") and parent.tag == qn("w:tc") and len(parent.findall(qn("w:p"))) == 1:
        for run in block.findall(qn("w:r")):
            block.remove(run)  # a cell must keep a paragraph
        return
    parent.remove(block)


def _fill_paragraph(paragraph: Any, scope: Mapping[str, Any], document: WordDocument) -> None:
    whole = TOKEN.fullmatch(text_of(paragraph).strip())
    if whole and not whole[1]:
        lines = [line for line in str(scope.get(whole[2]) or "").split("\n") if line.strip()]
        for line in lines[:-1]:
            earlier = copy.deepcopy(paragraph)
            paragraph.addprevious(earlier)
            _put(earlier, {whole[2]: line.strip()}, document)
        _put(paragraph, {whole[2]: lines[-1].strip() if lines else ""}, document)
    else:
        _put(paragraph, scope, document)


def _put(paragraph: Any, scope: Mapping[str, Any], document: WordDocument) -> None:
    """Replace the placeholders of one paragraph, from the last to the first so that positions stay true."""
    for match in reversed(list(TOKEN.finditer(text_of(paragraph)))):
        value = scope.get(match[2])
        text = "" if value is None or isinstance(value, list) else str(value).replace("\n", "")
        first = _replace(paragraph, match.start(), match.end(), "" if match[1] else text)
        if match[1] == "qr:" and text and first is not None:
            picture = io.BytesIO()
            segno.make(text, error="m").save(picture, kind="png", scale=8, border=1)
            picture.seek(0)
            owner = Paragraph(paragraph, document._body)
            Run(first.getparent(), owner).add_picture(picture, width=_QR_SIZE)


def _replace(paragraph: Any, start: int, end: int, text: str) -> Any:
    """Put text in place of the characters from start to end, which may lie in several runs."""
    position, first = 0, None
    for node in paragraph.iter(qn("w:t")):
        here = str(node.text or "")
        low, high = max(start - position, 0), min(end - position, len(here))
        if low < high:
            node.text = here[:low] + (text if first is None else "") + here[high:]
            node.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            first = node if first is None else first
        position += len(here)
    return first


def _marks(block: Any) -> list[tuple[str, str]]:
    text = "".join(text_of(p) for p in ([block] if block.tag == qn("w:p") else block.iter(qn("w:p"))))
    return [(match[1], match[2]) for match in TOKEN.finditer(text) if match[1] in ("#", "?")]


def _strip_marks(block: Any) -> None:
    for paragraph in [block] if block.tag == qn("w:p") else list(block.iter(qn("w:p"))):
        for match in reversed(list(TOKEN.finditer(text_of(paragraph)))):
            if match[1] in ("#", "?"):
                _replace(paragraph, match.start(), match.end(), "")


def text_of(paragraph: Any) -> str:
    return "".join(node.text or "" for node in paragraph.iter(qn("w:t")))


def _written(spec: Placeholder, value: Any, day: date) -> Any:
    """A value as a letter of that day says it; empty when there is none."""
    if spec.type == "rows":
        rows = value if isinstance(value, (list, tuple)) else []
        return [
            {
                "number_in_list": str(index),
                **{name: _written(one, row.get(name), day) for name, one in spec.columns.items()},
            }
            for index, row in enumerate(rows, 1)
            if isinstance(row, Mapping)
        ]
    if value is None or value == "":
        return spec.default
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (list, tuple)):
        return "、".join(str(_written(spec, one, day)) for one in value)
    if str(value) in spec.labels(day):
        return spec.labels(day)[str(value)]
    if spec.type == "date":
        return _date(value)
    if spec.type == "number" or isinstance(value, Decimal):
        return _number(value)
    text = _ILLEGAL.sub("", str(value).replace("\r\n", "\n"))
    return text.replace("{{", "｛｛").replace("}}", "｝｝")


def _date(value: Any) -> str:
    day = _day(value)
    return _ILLEGAL.sub("", str(value)) if day == date.max else f"{day.year}年{day.month}月{day.day}日"


def _day(value: Any) -> date:
    """A date in any of the notations that reach a letter; the latest law applies to what is none."""
    if isinstance(value, date):
        return value
    parts = re.fullmatch(r"\s*(\d{4})[-年](\d\d?)[-月](\d\d?)日?.*", str(value), re.S)
    try:
        return date(*(int(part) for part in parts.groups())) if parts else date.max
    except ValueError:
        return date.max


def _number(value: Any) -> str:
    """Without trailing zeros: 1.500000 is written 1.5."""
    try:
        return written(Decimal(str(value)))
    except InvalidOperation:
        return _ILLEGAL.sub("", str(value))
