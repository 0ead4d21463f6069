"""Paper for official letters: layout by GB/T 9704-2012 and the parts letters are made of.

Body text is 三号仿宋 (16 pt), 22 lines of 28 characters on A4; titles 二号小标宋; a red head and rule on decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

FOLDER = Path(__file__).resolve().parents[2] / "forms" / "letters"
TITLE, BODY, HEADING, KAI, SONG = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312", "宋体"
RED = RGBColor(0xD7, 0x00, 0x0F)
CENTRE, RIGHT, LEFT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.LEFT
REMEDIES = (
    "如不服本决定，可以自收到本决定书之日起六十日内向{{superior_name}}申请行政复议，也可以自收到本决定书之日起六个月内依法向"
    "{{court_name}}提起行政诉讼。"
)


class Letter:
    """One template in the making."""

    def __init__(self, *, landscape: bool = False, size: float = 16, line: float = 28) -> None:
        self.document: WordDocument = Document()
        self.size, self.line = size, line
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        section.footer_distance = Mm(25)
        if landscape:
            section.orientation = WD_ORIENT.LANDSCAPE
            section.page_width, section.page_height = Mm(297), Mm(210)
            section.top_margin = section.bottom_margin = Mm(26)
            section.left_margin = section.right_margin = Mm(34)
        normal = self.document.styles["Normal"]
        normal.font.name = "Times New Roman"
        normal.font.size = Pt(size)
        fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), BODY)
        spacing = normal.paragraph_format
        spacing.space_before = spacing.space_after = Pt(0)
        spacing.line_spacing_rule, spacing.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
        spacing.widow_control = False
        self.document.core_properties.created = datetime(2026, 1, 1, tzinfo=UTC)
        self.document.core_properties.comments = ""

    def text(
        self,
        text: str,
        *,
        font: str = BODY,
        size: float | None = None,
        align: WD_ALIGN_PARAGRAPH | None = None,
        indent: float = 0,
        red: bool = False,
        line: float | None = None,
        before: float = 0,
        after: float = 0,
        to: Callable[[], Paragraph] | None = None,
        keep: bool = False,
    ) -> Paragraph:
        """A paragraph; `indent` counts characters of the first line."""
        paragraph = (to or self.document.add_paragraph)()
        paragraph.alignment = align
        shape = paragraph.paragraph_format
        points = size or self.size
        if indent:
            shape.first_line_indent = Pt(points * indent)
        if line:
            shape.line_spacing = Pt(line)
        if size and not line and size > 20:
            shape.line_spacing = Pt(size * 1.5)
        shape.space_before, shape.space_after = Pt(before), Pt(after)
        shape.keep_with_next = keep
        run = paragraph.add_run(text)
        run.font.size = Pt(points)
        run.font.name = "Times New Roman"
        run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
        if red:
            run.font.color.rgb = RED
        return paragraph

    def body(self, *paragraphs: str) -> None:
        """Body text, each paragraph indented by two characters."""
        for one in paragraphs:
            self.text(one, indent=2)

    def heading(self, text: str) -> None:
        """A first-level heading: 一、 in 黑体."""
        self.text(text, font=HEADING, indent=2, keep=True)

    def to_whom(self, text: str) -> None:
        """主送机关, flush left with a colon."""
        self.text(text, before=self.line / 2)

    def red_head(self) -> None:
        """发文机关标志 in red, 发文字号 and the red rule."""
        self.text("{{body_name}}文件", font=TITLE, size=30, align=CENTRE, red=True, line=44)
        number = self.text("{{number}}", align=CENTRE, before=24, after=6)
        _rule(number, "bottom", "D7000F", 18)

    def head(self, title: str) -> None:
        """Name of the authority, of the document, and its number at the right."""
        self.close_margins()
        self.text("{{body_name}}", font=TITLE, size=20, align=CENTRE, line=32)
        self.title(title, before=2)
        self.text("{{number}}", align=RIGHT, before=6, after=4)

    def close_margins(self) -> None:
        """Narrower margins for notices, which are not 公文 in the strict sense and should fit on one page."""
        section = self.document.sections[0]
        section.top_margin, section.bottom_margin, section.footer_distance = Mm(28), Mm(26), Mm(16)
        self.line = 25
        self.document.styles["Normal"].paragraph_format.line_spacing = Pt(25)

    def title(self, text: str, before: float = 24) -> None:
        """The title, 二号小标宋, centred."""
        self.text(text, font=TITLE, size=22, align=CENTRE, line=34, before=before, after=6)

    def signature(
        self, note: str = "（印章）", *, code: str = "verify_url", caption: str = "扫码核验　{{verify_code}}"
    ) -> None:
        """署名, place of the seal and date at the right, kept together; at the left the QR code, to verify the letter or to read the notice."""
        self.document.paragraphs[-1].paragraph_format.keep_with_next = True
        self.text("", size=10, line=self.line / 2, keep=True)
        table = self.document.add_table(rows=1, cols=2)
        set_widths(table, [44, 112])
        table.rows[0].height = Mm(24)
        _never_split(table.rows[0])
        left, right = table.rows[0].cells
        picture = left.paragraphs[0]
        picture.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
        picture.add_run("{{qr:" + code + "}}")
        self.text(caption, size=9, line=13, to=left.add_paragraph)
        for index, text in enumerate((f"{{{{body_name}}}}{note}", "{{date}}")):
            place = (lambda: right.paragraphs[0]) if index == 0 else right.add_paragraph
            self.text(text, align=RIGHT, to=place)
        self.text("", size=2, line=2)

    def annex(self, mark: str, title: str) -> None:
        """An annex on a page of its own: 附件 in 黑体 at the top left, its title centred."""
        self.text(mark, font=HEADING).paragraph_format.page_break_before = True
        self.title(title, before=8)

    def copies(self, text: str) -> None:
        """抄送, between two rules, 四号仿宋."""
        paragraph = self.text(text, size=14, line=24, before=self.line)
        _rule(paragraph, "top", "000000", 8)
        _rule(paragraph, "bottom", "000000", 8)
        paragraph.paragraph_format.left_indent = Pt(14)
        paragraph.paragraph_format.first_line_indent = None

    def table(
        self, marker: str, columns: Sequence[tuple[str, str, float]], *, size: float = 10.5, after: float = 4
    ) -> None:
        """A ruled table: heads, then one row that is repeated for each item of `marker`."""
        table = self.document.add_table(rows=2, cols=len(columns))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        set_widths(table, [width for _, _, width in columns])
        for index, (head, value, _) in enumerate(columns):
            first = "{{#" + marker + "}}" if index == 0 else ""
            self._cell(table.rows[0].cells[index], head, size, font=HEADING)
            self._cell(
                table.rows[1].cells[index], first + value, size, align=LEFT if columns[index][2] >= 90 else CENTRE
            )
        _never_split(table.rows[1])
        _repeat_on_each_page(table.rows[0])
        self.text("", size=after, line=max(after, 1))

    def listing(self, marker: str, name: str, text: str, widths: tuple[float, float], *, size: float = 14) -> None:
        """A ruled table of names and values with one row for each item of `marker`."""
        table = self.document.add_table(rows=1, cols=2)
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        set_widths(table, widths)
        left, right = table.rows[0].cells
        self._cell(left, "{{#" + marker + "}}" + name, size, font=HEADING)
        self._cell(right, text, size, align=LEFT)
        table.rows[0].height = Mm(7)
        _never_split(table.rows[0])
        self.text("", size=4, line=6)

    def pairs(
        self, rows: Sequence[Sequence[str]], widths: Sequence[float], *, size: float = 14, height: float = 9
    ) -> None:
        """A ruled table of names and values; a row of two cells has its value across the rest."""
        table = self.document.add_table(rows=len(rows), cols=len(widths))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        set_widths(table, widths)
        for row, values in zip(table.rows, rows, strict=True):
            row.height = Mm(height)
            cells = list(row.cells)
            if len(values) < len(cells):
                cells = [*cells[: len(values) - 1], cells[len(values) - 1].merge(cells[-1])]
            for index, (cell, value) in enumerate(zip(cells, values, strict=True)):
                name = index % 2 == 0
                self._cell(cell, value, size, font=HEADING if name else BODY, align=CENTRE if name else LEFT)
        self.text("", size=4, line=6)

    def _cell(self, cell: object, text: str, size: float, font: str = BODY, align: WD_ALIGN_PARAGRAPH = CENTRE) -> None:
        centre_vertically(cell)
        lines = text.split("\n")
        for index, line in enumerate(lines):
            place = (lambda: cell.paragraphs[0]) if index == 0 else cell.add_paragraph  # type: ignore[attr-defined]
            self.text(line, font=font, size=size, align=align, line=size * 1.4, to=place)

    def save(self, name: str, *, numbered: bool = True) -> None:
        """With page numbers “— 1 —” at the foot when it may have several pages."""
        if numbered:
            footer = self.document.sections[0].footer.paragraphs[0]
            footer.alignment = CENTRE
            for part in ("— ", None, " —"):
                run = footer.add_run(part or "")
                run.font.size = Pt(14)
                run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), SONG)
                if part is None:
                    _field(run._element, "PAGE")
        self.document.save(FOLDER / f"{name}.docx")


def _rule(paragraph: Paragraph, side: str, colour: str, eighths: int) -> None:
    properties = paragraph._element.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(
            borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
        )
    edge = OxmlElement(f"w:{side}")
    for key, value in {"val": "single", "sz": str(eighths), "space": "6", "color": colour}.items():
        edge.set(qn(f"w:{key}"), value)
    borders.append(edge)


def page_border(document: WordDocument) -> None:
    borders = OxmlElement("w:pgBorders")
    borders.set(qn("w:offsetFrom"), "page")
    for side in ("top", "left", "bottom", "right"):
        edge = OxmlElement(f"w:{side}")
        for key, value in {"val": "thinThickSmallGap", "sz": "36", "space": "24", "color": "9C7A2B"}.items():
            edge.set(qn(f"w:{key}"), value)
        borders.append(edge)
    section = document.sections[0]._sectPr
    section.insert_element_before(borders, "w:lnNumType", "w:pgNumType", "w:cols", "w:docGrid")


def _field(run: object, code: str) -> None:
    for kind, text in (("begin", None), (None, code), ("end", None)):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run.append(element)  # type: ignore[attr-defined]


def set_widths(table: object, widths: Sequence[float]) -> None:
    table.autofit = False  # type: ignore[attr-defined]
    if sum(widths) > 156 and max(widths) < 160:
        widths = [width * 156 / sum(widths) for width in widths]
    for row in table.rows:  # type: ignore[attr-defined]
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
    for column, width in zip(table.columns, widths, strict=True):  # type: ignore[attr-defined]
        column.width = Mm(width)


def centre_vertically(cell: object) -> None:
    properties = cell._element.get_or_add_tcPr()  # type: ignore[attr-defined]
    align = OxmlElement("w:vAlign")
    align.set(qn("w:val"), "center")
    properties.append(align)


def _never_split(row: object) -> None:
    properties = row._tr.get_or_add_trPr()  # type: ignore[attr-defined]
    properties.append(OxmlElement("w:cantSplit"))


def _repeat_on_each_page(row: object) -> None:
    properties = row._tr.get_or_add_trPr()  # type: ignore[attr-defined]
    properties.append(OxmlElement("w:tblHeader"))
