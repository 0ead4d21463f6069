"""Reading a Word template that somebody uploaded: which placeholders it has and where, and what may not be in it.

A template is filled and converted on the server, so nothing in it may reach outside: no macros, no linked files or pictures, no fields
that fetch. What is refused is named with its place, as the author sees it in Word.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.table import Table
from lxml import etree

from forms.letters.catalogue import About, citations
from forms.letters.filling import ANY, TOKEN, check_template, text_of
from registers.errors import DomainError

MOST_BYTES = 2 * 1024 * 1024
MOST_UNPACKED = 40 * 1024 * 1024
_FETCHING = re.compile(r"\b(INCLUDETEXT|INCLUDEPICTURE|DDE|DDEAUTO|IMPORT|LINK|DATABASE)\b", re.IGNORECASE)
_EXTERNAL = re.compile(rb"<Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>")


@dataclass(frozen=True)
class Found:
    """A placeholder in a template: how it is written, its name (none when it is no placeholder of ours), where."""

    token: str
    name: str | None
    zh: str
    en: str


def opened(template: bytes) -> WordDocument:
    """The template as a document; raises DomainError when it is no Word file or reaches outside."""
    if len(template) > MOST_BYTES:
        raise _refused("文件超过2 MB。", "The file is larger than 2 MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(template)) as packed:
            _check_parts(packed)
        document = Document(io.BytesIO(template))
    except (zipfile.BadZipFile, OpcError, KeyError, ValueError, AttributeError, etree.LxmlError, NotImplementedError):
        raise _refused("不是Word文件（.docx）。", "It is not a Word file (.docx).") from None
    for root in _roots(document):
        for node in root.iter(qn("w:instrText"), qn("w:fldSimple")):
            if _FETCHING.search((node.text or "") + str(node.get(qn("w:instr")) or "")):
                raise _refused("模板中有读取外部内容的域。", "The template has a field that fetches something.")
    return document


def placeholders(template: bytes) -> list[Found]:
    """Everything between double braces, in order."""
    document = opened(template)
    found = []
    for zh, en, paragraph in _paragraphs(document):
        for token in ANY.findall(text_of(paragraph)):
            match = TOKEN.fullmatch(token)
            found.append(Found(token, match[2] if match else None, zh, en))
    return found


def words(template: bytes) -> str:
    """What a template says, paragraph by paragraph, for comparing two of them."""
    return "\n".join(text for _, _, one in _paragraphs(opened(template)) if (text := text_of(one).strip()))


def unknown(template: bytes, letter: About) -> list[Found]:
    """The placeholders that the letter does not have."""
    known = letter.placeholders_and_columns | set(citations(date.min)) | {"number_in_list"}
    found = [one for one in placeholders(template) if one.name not in known]
    seen = {one.token for one in found}
    # What stands in a text box or content control is no paragraph of the page, but is filled all the same.
    hidden = [token for token in check_template(template, letter) if token not in seen]
    return found + [Found(token, None, "文本框或内容控件", "text box or content control") for token in hidden]


def _check_parts(packed: zipfile.ZipFile) -> None:
    parts = packed.infolist()
    if sum(part.file_size for part in parts) > MOST_UNPACKED or len(parts) > 500:
        raise _refused("文件展开后过大。", "The file is too large when unpacked.")
    if "word/document.xml" not in {part.filename for part in parts}:
        raise _refused("不是Word文件（.docx）。", "It is not a Word file (.docx).")
    if any(re.search(r"vbaProject|activeX|embeddings/", part.filename) for part in parts):
        raise _refused("模板中有宏或嵌入对象。", "The template has macros or embedded objects.")
    for part in parts:
        if part.filename.endswith(".rels"):
            for relation in _EXTERNAL.findall(packed.read(part)):
                if b"/hyperlink" not in relation:
                    raise _refused("模板链接了外部文件或图片。", "The template links to an outside file or picture.")


def _refused(zh: str, en: str) -> DomainError:
    return DomainError("letter_file", f"模板不能使用：{zh}", f"The template cannot be used. {en}", pointer="file")


def _roots(document: WordDocument) -> Iterator[Any]:
    yield document.element.body
    for _, _, part in _margins(document):
        yield part._element


def _margins(document: WordDocument) -> Iterator[tuple[str, str, Any]]:
    for section in document.sections:
        for zh, en, part in (
            ("页眉", "header", section.header),
            ("页脚", "footer", section.footer),
            ("首页页眉", "first page's header", section.first_page_header),
            ("首页页脚", "first page's footer", section.first_page_footer),
        ):
            if not part.is_linked_to_previous:
                yield zh, en, part


def _paragraphs(document: WordDocument) -> Iterator[tuple[str, str, Any]]:
    """Every paragraph with its place: 正文第3段, 表1第2行第1列, 页眉."""
    line = table = 0
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            table += 1
            for row_no, row in enumerate(block._tbl.tr_lst, 1):
                for cell_no, cell in enumerate(row.tc_lst, 1):
                    for paragraph in cell.iter(qn("w:p")):
                        yield (
                            f"表{table}第{row_no}行第{cell_no}列",
                            f"table {table}, row {row_no}, column {cell_no}",
                            paragraph,
                        )
            continue
        line += 1
        yield f"正文第{line}段", f"paragraph {line}", block._p
    for zh, en, part in _margins(document):
        for paragraph in part._element.iter(qn("w:p")):
            yield zh, en, paragraph
