"""Reading XML that strangers made: the only way a model's bytes become a tree.

No DOCTYPE, no entities, no network, bounded size, depth and number of elements. What cannot be read is
refused with the file's name and line in an `XmlRefused`, never with a parser's traceback.
"""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from registers.errors import DomainError
from workflows.findings import ERROR, Finding

MAX_BYTES: Final = 1024 * 1024
MAX_ELEMENTS: Final = 60_000


class XmlRefused(DomainError):
    """The bytes are not XML that may be read here."""

    def __init__(self, code: str, zh: str, en: str, fix_zh: str, fix_en: str, line: int | None = None) -> None:
        super().__init__(code, zh, en, pointer=None if line is None else f"line {line}")
        self.line = line
        self.fix_zh = fix_zh
        self.fix_en = fix_en

    def finding(self, file: str) -> Finding:
        """The refusal as a remark on a file."""
        return Finding(ERROR, self.code, None, self.line, self.zh, self.en, self.fix_zh, self.fix_en, file)


def parse(data: bytes) -> etree._Element:
    """The root element of a small, plain XML document."""
    if len(data) > MAX_BYTES:
        raise XmlRefused(
            "xml.size",
            f"文件大小 {len(data) // 1024} KB，超过上限 {MAX_BYTES // 1024} KB。",
            f"The file has {len(data) // 1024} KB; the limit is {MAX_BYTES // 1024} KB.",
            "请将流程拆分为若干调用活动。",
            "Split the procedure into called processes.",
        )
    if not data.strip():
        raise XmlRefused("xml.empty", "文件为空。", "The file is empty.", "请重新导出模型。", "Export the model again.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        position = getattr(error, "position", None)
        line = position[0] if position else None
        raise XmlRefused(
            "xml.syntax",
            f"不是格式正确的 XML：{error}",
            f"Not well-formed XML: {error}",
            "请用建模工具重新导出，勿手工修改。",
            "Export the file again from the modelling tool.",
            line,
        ) from None
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise XmlRefused(
            "xml.doctype",
            "文件含有 DOCTYPE 声明，出于安全不予接受。",
            "The file has a DOCTYPE, which is refused for safety.",
            "请删除 <!DOCTYPE …> 一行后重新上传。",
            "Remove the <!DOCTYPE …> and upload again.",
            1,
        )
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise XmlRefused(
            "xml.size",
            f"XML 元素超过 {MAX_ELEMENTS} 个。",
            f"More than {MAX_ELEMENTS} XML elements.",
            "请拆分模型。",
            "Split the model.",
        )
    return root


def local(element: etree._Element) -> str:
    """The tag without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """The namespace of the tag, or an empty text."""
    return etree.QName(element).namespace or ""


def line_of(element: etree._Element) -> int:
    """The line an element starts on."""
    line: Any = element.sourceline
    return int(line or 0)
