"""Builds the Word templates of forms/letters/ in the layout of official documents (GB/T 9704-2012).

Run once to start with, and again after a change here; from then on a bureau may edit the templates in Word. Body text is
三号仿宋 (16 pt), 22 lines of 28 characters on A4; titles 二号小标宋; a red head and rule on decisions.
"""

from __future__ import annotations

import sys
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

FOLDER = Path(__file__).resolve().parents[1] / "forms" / "letters"
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
        _widths(table, [44, 112])
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
        _widths(table, [width for _, _, width in columns])
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
        _widths(table, widths)
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
        _widths(table, widths)
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
        _centre_vertically(cell)
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


def _page_border(document: WordDocument) -> None:
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


def _widths(table: object, widths: Sequence[float]) -> None:
    table.autofit = False  # type: ignore[attr-defined]
    if sum(widths) > 156 and max(widths) < 160:
        widths = [width * 156 / sum(widths) for width in widths]
    for row in table.rows:  # type: ignore[attr-defined]
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Mm(width)
    for column, width in zip(table.columns, widths, strict=True):  # type: ignore[attr-defined]
        column.width = Mm(width)


def _centre_vertically(cell: object) -> None:
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


def acceptance_notice() -> None:
    letter = Letter()
    letter.head("受理通知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "{{?received_on}}你单位于{{received_on}}提交“{{project_name}}”的申请材料。",
        "经审查，你单位关于“{{project_name}}”的申请属于本机关职权范围，申请材料齐全、符合法定形式。根据《中华人民共和国行政"
        "许可法》第三十二条第一款第五项的规定，决定予以受理。现将有关事项告知如下：",
    )
    letter.heading("一、受理事项和办理期限")
    letter.body(
        "{{?eia_accepted_on}}建设项目{{eia_word}}{{eia_class}}审批：自{{eia_accepted_on}}起受理，法定期限为{{eia_limit}}，"
        "至{{eia_due_on}}止。",
        "{{?eia_promised_on}}本机关承诺于{{eia_promised_on}}前办结环评审批。",
        "{{?permit_accepted_on}}排污许可（{{permit_class}}）：自{{permit_accepted_on}}起受理，法定期限为{{permit_limit}}，"
        "至{{permit_due_on}}止。",
        "{{?waste_accepted_on}}危险废物经营许可（{{waste_class}}）：自{{waste_accepted_on}}起受理，法定期限为{{waste_limit}}，"
        "至{{waste_due_on}}止。",
        "{{?permit_promised_on}}本机关承诺于{{permit_promised_on}}前办结排污许可。",
        "{{?permit_later}}排污许可申请材料先行审查，自环评文件批准之日起受理，届时另行出具受理通知书。",
    )
    letter.heading("二、不计入期限的时间")
    letter.body(
        "依法需要听证、专家评审、检验检测、技术评估的，所需时间不计算在上述期限内，由本机关另行书面告知。",
    )
    letter.heading("三、查询与联系")
    letter.body(
        "可凭案件编号{{case_number}}查询办理进度。",
        "{{?body_phone}}联系电话：{{body_phone}}；联系地址：{{body_address}}",
    )
    letter.signature("（受理专用章）")
    letter.save("acceptance_notice")


def not_accepted_notice() -> None:
    letter = Letter()
    letter.head("不予受理决定书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "{{?received_on}}你单位于{{received_on}}提交的申请材料收悉。",
        "你单位关于“{{project_name}}”的申请，经审查，存在下列情形：",
        "{{reason}}",
        "根据《中华人民共和国行政许可法》第三十二条的规定，决定不予受理。",
        "{{?authority}}该事项应当向{{authority}}提出申请。",
        REMEDIES,
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("not_accepted_notice")


def not_needed_notice() -> None:
    letter = Letter()
    letter.head("无需办理告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的申请收悉。经审查，申请事项依法不需要取得行政许可，理由如下：",
        "{{reason}}",
        "根据《中华人民共和国行政许可法》第三十二条第一款第一项的规定，现告知不予受理。依法应当填报登记表或者办理排污登记的，"
        "请按规定办理。项目情况发生变化的，应当重新核对管理类别。",
        REMEDIES,
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("not_needed_notice")


def deficiency_notice() -> None:
    letter = Letter()
    letter.head("补正告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的申请材料收悉。经审查，申请材料不齐全或者不符合法定形式。根据《中华人民共和国行政许可法》"
        "第三十二条第一款第四项的规定，现一次告知需要补正的全部内容：",
    )
    letter.table(
        "items",
        [("序号", "{{number_in_list}}", 16), ("材料部分", "{{section}}", 40), ("需要补正的内容", "{{item}}", 100)],
        size=14,
    )
    letter.body(
        "{{?correct_by}}请于{{correct_by}}前通过一窗系统提交补正材料；逾期未补正的，本机关依法处理，可以重新提出申请。",
        "补正材料齐全、符合法定形式的，本机关自收到全部补正材料之日起受理。补正所需时间不计入办理期限。",
        "案件编号：{{case_number}}",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature("（受理专用章）")
    letter.save("deficiency_notice")


def time_notice() -> None:
    letter = Letter()
    letter.head("所需时间告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的申请（案件编号{{case_number}}），依法需要进行{{procedure}}。根据《中华人民共和国行政许可法》"
        "第四十五条的规定，{{procedure}}所需时间不计算在办理期限内。现将所需时间告知如下：",
        "{{?starts_on}}起算日期：{{starts_on}}",
        "{{?days}}所需时间：{{days}}日",
        "{{?time}}所需时间：{{time}}。",
        "{{procedure}}结束后，办理期限自结束之日起继续计算，本机关将及时告知结果。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("time_notice")


def _announcement(name: str, title: str, *opening: str) -> None:
    """A public notice in a table: its elements are those of the notice in the register."""
    letter = Letter()
    letter.close_margins()
    letter.title(title, before=0)
    letter.text("{{number}}", align=CENTRE, after=8)
    letter.body(*opening)
    letter.listing("elements", "{{name}}", "{{text}}", (46, 110), size=12)
    letter.body("{{?notice_to}}公示期限：{{notice_from}}至{{notice_to}}。")
    letter.signature("", code="notice_url", caption="扫码查看公示")
    letter.save(name)


def acceptance_announcement() -> None:
    _announcement(
        "acceptance_announcement",
        "关于受理建设项目{{eia_word}}{{eia_class}}的公示",
        "根据建设项目{{eia_word}}评价政府信息公开和公众参与的有关规定，现将本机关受理的建设项目有关情况公示如下：",
    )


def intended_announcement() -> None:
    _announcement(
        "intended_announcement",
        "关于拟对建设项目{{eia_word}}{{eia_class}}作出审批意见的公示",
        "经审查，本机关拟对下列建设项目{{eia_word}}{{eia_class}}作出审批意见。为保证审批意见的严肃性和公正性，现公示如下：",
    )


def decision_announcement() -> None:
    _announcement(
        "decision_announcement",
        "关于建设项目审批决定的公告",
        "根据《中华人民共和国行政许可法》第四十条的规定，现将本机关作出的审批决定公告如下，公众有权查阅：",
    )


def eia_approval() -> None:
    letter = Letter()
    letter.red_head()
    letter.title("关于{{project_name}}{{eia_word}}{{eia_class}}的批复")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位报送的《{{project_name}}{{eia_word}}{{eia_class}}》（以下简称{{eia_class}}）及相关申请材料收悉。根据{{law_eia_approval}}"
        "的规定，经研究，批复如下：",
        "{{?site_address}}一、项目位于{{site_address}}。",
        "{{?summary}}{{summary}}",
        "{{?evaluation}}技术评估意见：{{evaluation}}",
        "二、根据{{eia_class}}的评价结论和本机关的审查意见，在落实{{eia_class}}和本批复提出的各项污染防治、生态保护和环境风险防范措施的"
        "前提下，同意你单位按照{{eia_class}}所列的性质、规模、地点、生产工艺和生态环境保护措施进行建设。",
        "{{?conditions}}三、在项目设计、建设和运行中，应当重点做好以下工作：",
        "{{?conditions}}{{conditions}}",
        "四、项目污染物排放限值和年排放量按照附件执行。",
        "五、项目建设应当严格执行配套的环境保护设施与主体工程同时设计、同时施工、同时投产使用的“三同时”制度。项目竣工后，应当按照"
        "规定对配套建设的环境保护设施进行验收，验收合格后方可投入生产或者使用。",
        "六、应当在启动生产设施或者发生实际排污之前取得排污许可证，并将{{eia_class}}和本批复的要求落实到排污许可证中。",
        "七、根据{{law_eia_change}}的规定，{{eia_class}}经批准后，项目的性质、规模、地点、采用的生产工艺或者防治污染、防止生态破坏的"
        "措施发生重大变动的，应当重新报批；自批准之日起超过五年方开工建设的，应当报本机关重新审核。",
        "{{?supervisor_name}}八、项目的事中事后监督管理由{{supervisor_name}}负责。",
        "如不服本批复，可以自收到本批复之日起六十日内向{{superior_name}}申请行政复议，也可以自收到本批复之日起六个月内依法向"
        "{{court_name}}提起行政诉讼。",
        "附件：项目污染物排放限值和年排放量核定表",
    )
    letter.signature()
    letter.copies("{{?copies_to}}抄送：{{copies_to}}。")
    letter.annex("附件", "项目污染物排放限值和年排放量核定表")
    letter.table(
        "totals",
        [("排放口", "{{outlet}}", 20), ("污染物", "{{factor}}", 32), ("浓度限值", "{{concentration}}", 22),
         ("年排放量\n（吨/年）", "{{amount_t}}", 26), ("执行标准", "{{standard}}", 56)],
        size=10.5,
    )  # fmt: skip
    letter.text("浓度限值：废气以毫克每立方米计，废水以毫克每升计。", size=10.5, indent=2)
    letter.save("eia_approval")


def eia_refusal() -> None:
    letter = Letter()
    letter.red_head()
    letter.title("关于不予批准{{project_name}}{{eia_word}}{{eia_class}}的决定")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位报送的《{{project_name}}{{eia_word}}{{eia_class}}》及相关申请材料收悉。经审查，该项目存在下列情形：",
        "{{ground}}。",
        "具体理由如下：",
        "{{reason}}",
        "根据{{law_eia_refusal}}的规定，决定不予批准。未经批准，不得开工建设。",
        REMEDIES,
    )
    letter.signature()
    letter.copies("{{?copies_to}}抄送：{{copies_to}}。")
    letter.save("eia_refusal")


def permit_refusal() -> None:
    letter = Letter()
    letter.red_head()
    letter.title("不予许可决定书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的排污许可申请，经审查，不符合颁发排污许可证的条件，理由如下：",
        "{{reason}}",
        "根据{{law_permit}}和《中华人民共和国行政许可法》第三十八条第二款的规定，决定不予许可。未取得排污许可证，不得排放污染物。",
        REMEDIES,
    )
    letter.signature()
    letter.save("permit_refusal")


def permit_original() -> None:
    letter = Letter(landscape=True, size=16, line=29)
    _page_border(letter.document)
    letter.text("排 污 许 可 证", font=TITLE, size=40, align=CENTRE, line=58, after=6)
    letter.text("证书编号：{{permit_number}}", align=CENTRE, after=10)
    for name, value in (
        ("单位名称", "{{enterprise_name}}"),
        ("注册地址", "{{enterprise_address}}"),
        ("法定代表人（主要负责人）", "{{legal_representative}}"),
        ("生产经营场所地址", "{{site_address}}"),
        ("行业类别", "{{industry}}"),
        ("统一社会信用代码", "{{credit_code}}"),
        ("管理类别", "{{permit_class}}"),
        ("有效期限", "自{{valid_from}}至{{valid_to}}止"),
    ):
        letter.text(f"{name}：{value}")
    table = letter.document.add_table(rows=1, cols=2)
    _widths(table, [60, 169])
    left, right = table.rows[0].cells
    code = left.paragraphs[0]
    code.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    code.add_run("{{qr:verify_url}}")
    _centre_vertically(right)
    first = [True]

    def place() -> Paragraph:
        if first:
            first.clear()
            return right.paragraphs[0]
        return right.add_paragraph()

    letter.text("发证机关：（盖章）{{body_name}}", align=RIGHT, to=place)
    letter.text("发证日期：{{date}}", align=RIGHT, to=place)
    letter.save("permit_original", numbered=False)


def permit_copy() -> None:
    letter = Letter(size=14, line=24)
    section = letter.document.sections[0]
    section.top_margin = section.bottom_margin = Mm(25)
    section.footer_distance = Mm(15)
    letter.title("排污许可证副本", before=0)
    letter.text("证书编号：{{permit_number}}", align=CENTRE, after=8)
    letter.heading("一、排污单位基本信息")
    letter.pairs(
        [
            ["单位名称", "{{enterprise_name}}"],
            ["注册地址", "{{enterprise_address}}"],
            ["生产经营场所地址", "{{site_address}}"],
            ["法定代表人", "{{legal_representative}}", "统一社会信用代码", "{{credit_code}}"],
            ["行业类别", "{{industry}}", "管理类别", "{{permit_class}}"],
            ["有效期限", "自{{valid_from}}至{{valid_to}}止", "环评批复文号", "{{eia_number}}"],
            ["发证机关", "{{body_name}}", "发证日期", "{{date}}"],
        ],
        [32, 42, 32, 50],
        size=10.5,
    )
    letter.heading("二、产排污环节和污染防治设施")
    letter.table(
        "equipment",
        [("编号", "{{code}}", 22), ("名称", "{{name}}", 42), ("主要参数", "{{parameters}}", 48), ("数量", "{{count}}", 16),
         ("对应排放口", "{{outlet}}", 32)],
    )  # fmt: skip
    letter.heading("三、排放口")
    letter.table(
        "outlets",
        [("编号", "{{code}}", 20), ("类别", "{{kind}}", 16), ("名称", "{{name}}", 34), ("主要\n排放口", "{{main}}", 17),
         ("位置", "{{position}}", 36), ("高度\n（m）", "{{height_m}}", 14), ("排放去向", "{{destination}}", 22)],
    )  # fmt: skip
    letter.heading("四、许可排放浓度和许可排放量")
    letter.table(
        "emissions",
        [("排放口", "{{outlet}}", 24), ("污染物", "{{factor}}", 32), ("许可排放浓度", "{{concentration}}", 28),
         ("许可年排放量\n（吨/年）", "{{amount_t}}", 30), ("执行标准", "{{standard}}", 46)],
    )  # fmt: skip
    letter.text("全厂许可年排放量：", size=12, indent=2, keep=True)
    letter.table("totals", [("污染物", "{{factor}}", 80), ("许可年排放量（吨/年）", "{{amount_t}}", 80)])
    letter.heading("五、自行监测")
    letter.table(
        "monitoring",
        [
            ("排放口", "{{outlet}}", 34),
            ("污染物", "{{factor}}", 42),
            ("方式", "{{method}}", 34),
            ("频次", "{{frequency}}", 50),
        ],
    )
    letter.body("{{?automatic}}{{automatic}}")
    for title, name, usual in (
        ("六、环境管理台账记录", "records", "依据{{law_permit_records}}，如实记录生产设施、污染防治设施运行情况和污染物排放情况，保存期限不少于五年。"),
        ("七、排污许可证执行报告", "reports", "按照规定的内容、频次和时间提交排污许可证执行报告。"),
        ("八、信息公开", "disclosure", "按照规定公开污染物排放信息，接受社会监督。"),
        ("九、特殊时段和其他控制要求", "special_periods", "重污染天气等特殊时段，执行人民政府依法采取的停产、限产、减排措施。"),
    ):  # fmt: skip
        letter.heading(title)
        letter.body(usual, "{{?" + name + "}}{{" + name + "}}")
    letter.body(
        "{{?noise}}工业噪声：{{noise}}",
        "{{?waste}}工业固体废物：{{waste}}",
        "{{?soil}}土壤和地下水：{{soil}}",
        "{{?promises}}申请时承诺执行更严格的要求：{{promises}}",
    )
    letter.heading("十、变更、延续记录")
    letter.table("changes", [("日期", "{{on}}", 40), ("内容", "{{what}}", 120)])
    letter.text(
        "本副本依据{{law_permit_content}}载明。排污许可证有效期届满需要继续排放污染物的，应当于届满六十日前提出申请。",
        size=12,
        indent=2,
    )
    letter.signature("（盖章）")
    letter.save("permit_copy")


def hearing_notice() -> None:
    letter = Letter()
    letter.head("行政许可听证告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "{{?recipient}}利害关系人：{{recipient}}",
        "本机关正在审查“{{project_name}}”的行政许可申请（案件编号{{case_number}}），该事项直接涉及申请人与他人之间的重大利益关系。根据"
        "《中华人民共和国行政许可法》第四十七条和《环境保护行政许可听证暂行办法》的规定，现将有关事项告知如下：",
    )
    letter.heading("一、初步审查意见、证据和理由")
    letter.body("{{?opinion}}{{opinion}}", "{{?comments}}公示期间收到的意见：{{comments}}")
    letter.heading("二、听证权利")
    letter.body(
        "申请人、利害关系人有要求听证的权利，应当自收到本告知书之日起五个工作日内，向本机关提出书面听证申请；逾期未提出的，视为放弃。"
        "申请人、利害关系人不承担组织听证的费用。",
    )
    letter.heading("三、听证组织机关")
    letter.body("{{body_name}}", "{{?body_phone}}联系电话：{{body_phone}}", "{{?body_address}}地址：{{body_address}}")
    letter.signature()
    letter.text("受送达人（签字）：　　　　　　　　　　　　　　年　　月　　日", size=12, before=20)
    letter.save("hearing_notice")


def extension_notice() -> None:
    letter = Letter()
    letter.head("延长办理期限告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的申请（案件编号{{case_number}}），原办理期限至{{original_due}}届满。因下列原因，不能在该期限内作出决定：",
        "{{reason}}",
        "根据《中华人民共和国行政许可法》第四十二条的规定，经{{approved_by}}批准，办理期限延长至{{new_due}}。特此告知。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("extension_notice")


def delivery_receipt() -> None:
    letter = Letter()
    letter.head("送达回证")
    letter.pairs(
        [["案件", "{{project_name}}（{{case_number}}）"], ["受送达人", "{{recipient}}"], ["送达地点", "{{place}}"],
         ["送达方式", "{{way}}"]],
        [36, 120],
        size=14,
        height=12,
    )  # fmt: skip
    letter.table("documents", [("送达文书名称", "{{title}}", 76), ("文号或者证书编号", "{{number}}", 80)], size=14)
    letter.pairs(
        [["受送达人签名\n或者盖章", "\n\n　　　　　　　　年　　月　　日"], ["代收人签名及\n代收理由", "\n\n　　　　　　　　年　　月　　日"],
         ["送达人签名", "\n　　　　　　　　年　　月　　日"], ["送达日期", "{{delivered_on}}"], ["备注", "{{remark}}"]],
        [36, 120],
        size=14,
        height=14,
    )  # fmt: skip
    letter.save("delivery_receipt", numbered=False)


def withdrawal_notice() -> None:
    letter = Letter()
    letter.head("撤回申请确认书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "{{?withdrawn_on}}你单位于{{withdrawn_on}}提出撤回申请的书面意见收悉。",
        "{{?reason}}撤回理由：{{reason}}",
        "你单位关于“{{project_name}}”的申请（案件编号{{case_number}}）尚未作出行政许可决定，本机关同意撤回，并终止办理。撤回不影响你单位"
        "依法重新提出申请；已预占总量指标的，予以释放。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("withdrawal_notice")


def change_notice() -> None:
    letter = Letter()
    letter.head("项目变动管理意见告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位申报的“{{project_name}}”变动情况收悉（案件编号{{case_number}}）。",
        "{{?approval_number}}原环评批复文号：{{approval_number}}。",
        "{{?what}}变动内容：",
        "{{?what}}{{what}}",
    )
    letter.heading("一、变动类型")
    letter.body("经审核，认定为{{klass}}。")
    letter.table(
        "criteria",
        [("序号", "{{number_in_list}}", 14), ("认定的情形", "{{zh}}", 92), ("依据", "{{basis_zh}}", 50)],
        size=12,
    )
    letter.heading("二、环境影响评价管理意见")
    letter.body("{{?eia}}{{eia}}。", "{{?comment}}审核意见：{{comment}}")
    letter.heading("三、排污许可管理意见")
    letter.body(
        "{{?permit}}{{permit}}。应当重新申请或者变更排污许可证的，在完成之前不得按照变动后的内容排放污染物。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("change_notice")


def change_decision() -> None:
    letter = Letter()
    letter.red_head()
    letter.title("{{outcome}}排污许可证决定书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的申请（{{action}}，案件编号{{case_number}}）收悉。经审查，决定{{outcome}}。",
        "{{?held_number}}排污许可证编号：{{held_number}}。",
        "{{?reason}}理由：{{reason}}",
        "涉及的事项如下：",
    )
    letter.table(
        "grounds", [("序号", "{{number_in_list}}", 14), ("事项", "{{zh}}", 92), ("依据", "{{basis_zh}}", 50)], size=12
    )
    letter.body("{{?granted}}排污许可证其他内容和有效期限不变。", REMEDIES)
    letter.signature()
    letter.save("change_decision")


def reduction_opinion() -> None:
    letter = Letter()
    letter.head("减排项目入库审核意见")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "{{zone_name}}申报的减排项目“{{project_name}}”（项目编号{{project_number}}，案件编号{{case_number}}）收悉。减排工程类型："
        "{{kind}}。",
        "{{?second_by}}减排量经初核，并由{{second_by}}复核。",
        "根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分第4条，本机关对入库项目类型、减排量核算和排污许可证变更情况进行了"
        "审核，结论为：{{outcome}}。",
        "审核意见：{{reason}}",
    )
    letter.table(
        "lines",
        [
            ("序号", "{{number_in_list}}", 12),
            ("因子", "{{name_zh}}", 28),
            ("核算过程（吨/年）", "{{working}}", 62),
            ("数据来源", "{{source_zh}}", 32),
            ("减排量\n（吨/年）", "{{net_t}}", 22),
        ],
        size=10.5,
    )
    letter.body(
        "{{?granted}}已纳入减排库的减排量不得重复申报。用于约束性减排任务、本单位“以新带老”或者已出让排污权的，不纳入储备。",
        "{{?refused}}对审核结论有异议的，可以向本机关说明情况，补充材料后重新申报。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("reduction_opinion")


def reserve_decision() -> None:
    letter = Letter()
    letter.head("排污总量指标储备确认书")
    letter.to_whom("{{zone_name}}：")
    letter.body(
        "根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分第1条，经核定，{{round}}指标储备情况如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("项目编号", "{{project}}", 32),
            ("项目名称", "{{name}}", 34),
            ("因子", "{{factor_zh}}", 22),
            ("可用\n减排量", "{{left}}", 20),
            ("不储备的量和原因", "{{excluded_zh}}", 28),
            ("转入\n储备库", "{{reserve}}", 20),
        ],
        size=10.5,
    )
    letter.body(
        "{{?comment}}意见：{{comment}}",
        "未分配的减排量保留在减排库，参加下一次储备。案件编号：{{case_number}}",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("reserve_decision")


def upper_request() -> None:
    letter = Letter()
    letter.head("上级总量储备指标使用申请")
    letter.to_whom("{{upper_name}}：")
    letter.body(
        "{{zone_name}}本级储备库中总量指标不足。根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分第2条，现申请使用上级"
        "污染物总量储备指标。使用项目：{{for_project}}。",
        "申请使用的指标如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("序号", "{{number_in_list}}", 16),
            ("因子", "{{factor_zh}}", 56),
            ("本级储备库余量", "{{balance_t}}", 42),
            ("申请使用量", "{{asked_t}}", 42),
        ],
        size=14,
    )
    letter.body("理由：{{reason}}", "案件编号：{{case_number}}", "{{?body_phone}}联系电话：{{body_phone}}")
    letter.signature()
    letter.save("upper_request")


def pilot_request() -> None:
    letter = Letter()
    letter.head("{{heading}}")
    letter.to_whom("{{recipient}}：")
    letter.body("{{reason}}", "经组织专家评审，现将{{count}}项试点一并请示如下：")
    letter.table(
        "lines",
        [
            ("序号", "{{number}}", 14),
            ("所在地", "{{city}}", 26),
            ("试点内容", "{{title}}", 58),
            ("牵头单位", "{{lead}}", 36),
            ("期限", "{{deadline}}", 22),
        ],
        size=10.5,
    )
    letter.body("妥否，请示。", "案件编号：{{case_number}}", "{{?body_phone}}联系电话：{{body_phone}}")
    letter.signature()
    letter.save("pilot_request")


def pilot_notice() -> None:
    letter = Letter()
    letter.head("{{heading}}")
    letter.to_whom("{{recipient}}：")
    letter.body(
        "试点名称：{{project_name}}",
        "{{content}}",
        "案件编号：{{case_number}}",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("pilot_notice")


def zone_bulletin() -> None:
    letter = Letter()
    letter.head("{{heading}}")
    letter.to_whom("{{zones}}：")
    letter.body(
        "根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》第四部分，现将{{first}}至{{last}}污染减排、减排量使用和总量指标储备情况通报"
        "如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("功能区", "{{zone_zh}}", 36),
            ("因子", "{{factor_zh}}", 24),
            ("核定\n减排量", "{{entered}}", 20),
            ("另有\n用途", "{{excluded}}", 18),
            ("转入\n储备", "{{reserved}}", 18),
            ("减排库\n余量", "{{left}}", 20),
            ("储备库\n余量", "{{reserve}}", 20),
        ],
        size=10.5,
    )
    letter.heading("分析和要求")
    letter.body("{{comment}}")
    letter.signature()
    letter.save("zone_bulletin")


def quota_information() -> None:
    """Annex 1 of the park's rules: project and whole plant, piped and external, factor by factor."""
    letter = Letter()
    letter.head("排污总量指标管理信息表")
    letter.pairs(
        [
            ["排污单位名称", "{{enterprise_name}}"],
            ["统一社会信用代码", "{{credit_code}}"],
            ["建设项目名称", "{{project_name}}"],
            ["建设地点", "{{site_address}}"],
        ],
        [42, 114],
        size=12,
        height=8,
    )
    letter.table(
        "lines",
        [
            ("排污种类\n（吨/年）", "{{name_zh}}", 36),
            ("本次核定项目\n接管量", "{{project_pipe}}", 30),
            ("本次核定项目\n外排环境量", "{{project_external}}", 30),
            ("全厂核定\n接管量", "{{plant_pipe}}", 30),
            ("全厂核定\n外排环境量", "{{plant_external}}", 30),
        ],
        size=11,
    )
    letter.text(
        "提醒：本机关对排污总量实施动态管理和指标校核。排污单位不符合管理要求的，本机关根据环境质量状况和实际管理情况收回相应总量指标（实施细则"
        "第四部分第4条、附件1）。",
        size=12,
        line=19,
        indent=2,
    )
    letter.signature()
    letter.save("quota_information")


def allowed_notice() -> None:
    letter = Letter()
    letter.head("污染物允许排放量核定通知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位{{year}}年度污染物排放总量申报（案件编号{{case_number}}）收悉。经技术复核，根据《苏州工业园区排污总量指标管理实施细则（征求意见稿）》"
        "第五部分第3条，核定你单位{{next_year}}年度污染物允许排放量如下（单位：吨/年）：",
    )
    letter.table(
        "lines",
        [
            ("因子", "{{name_zh}}", 30),
            ("许可\n排放量", "{{permitted}}", 24),
            ("上年实际\n排放量", "{{actual}}", 24),
            ("允许\n排放量", "{{allowed}}", 24),
            ("核定依据", "{{basis_zh}}", 54),
        ],
        size=11,
    )
    letter.body(
        "{{?demands}}污染防治要求：{{demands}}",
        "允许排放量不改变排污许可证载明的许可排放量。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("allowed_notice")


def _check_table(letter: Letter) -> None:
    letter.table(
        "items",
        [
            ("检查项", "{{item}}", 62),
            ("结果", "{{result_zh}}", 18),
            ("情况说明", "{{note}}", 40),
            ("依据", "{{basis}}", 36),
        ],
        size=9.5,
    )


def waste_licence() -> None:
    letter = Letter(landscape=True, size=15, line=27)
    _page_border(letter.document)
    letter.text("危险废物经营许可证", font=TITLE, size=36, align=CENTRE, line=50, after=4)
    letter.text("证书编号：{{licence_number}}", align=CENTRE, after=6)
    for name, value in (
        ("法人名称", "{{enterprise_name}}"),
        ("法定代表人", "{{legal_representative}}"),
        ("住所", "{{enterprise_address}}"),
        ("经营设施地址", "{{site_address}}"),
        ("许可种类及经营方式", "{{waste_class}}；{{ways}}"),
        ("核准经营危险废物类别", "{{classes}}（代码和规模见副本）"),
        ("核准年经营规模", "{{scale_t}}吨"),
        ("有效期限", "自{{valid_from}}至{{valid_to}}止"),
        ("初次发证日期", "{{first_issued}}"),
    ):
        letter.text(f"{name}：{value}")
    letter.signature("（盖章）")
    letter.save("waste_licence", numbered=False)


def waste_licence_copy() -> None:
    letter = Letter(size=14, line=24)
    section = letter.document.sections[0]
    section.top_margin = section.bottom_margin = Mm(25)
    section.footer_distance = Mm(15)
    letter.title("危险废物经营许可证副本", before=0)
    letter.text("证书编号：{{licence_number}}", align=CENTRE, after=8)
    letter.heading("一、基本信息")
    letter.pairs(
        [
            ["法人名称", "{{enterprise_name}}"],
            ["法定代表人", "{{legal_representative}}", "统一社会信用代码", "{{credit_code}}"],
            ["住所", "{{enterprise_address}}"],
            ["经营设施地址", "{{site_address}}"],
            ["许可种类", "{{waste_class}}", "经营方式", "{{ways}}"],
            ["年经营规模", "{{scale_t}}吨", "有效期限", "自{{valid_from}}至{{valid_to}}"],
        ],
        [34, 44, 34, 44],
        size=11,
    )
    letter.body("{{?permit_number}}排污许可证编号：{{permit_number}}（环境运行内容见排污许可证）")
    letter.body("{{?facilities}}主要设施：{{facilities}}")
    letter.heading("二、核准经营的危险废物")
    letter.table(
        "wastes",
        [("类别", "{{klass}}", 20), ("名称", "{{klass_name}}", 56), ("代码", "{{code}}", 32),
         ("年规模（吨）", "{{capacity_t}}", 28), ("方式", "{{way_zh}}", 20)],
        size=10.5,
    )  # fmt: skip
    letter.heading("三、专项义务")
    letter.listing("duties", "{{name}}", "{{text}}", (36, 120), size=11)
    letter.heading("四、台账与记录")
    letter.body(
        "{{?retention}}{{retention}}",
        "变更名称、法定代表人、住所的，自工商变更登记之日起十五个工作日内申请变更；届满三十个工作日前申请换证。",
    )
    letter.signature("（盖章）")
    letter.save("waste_licence_copy")


def waste_refusal() -> None:
    letter = Letter()
    letter.red_head()
    letter.title("危险废物经营许可不予许可决定书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的危险废物经营许可申请，经书面审查和现场核查，不符合许可条件，理由如下：",
        "{{reason}}",
    )
    letter.table(
        "conditions",
        [("不具备的条件", "{{zh}}", 46), ("依据", "{{basis}}", 50), ("审查情况", "{{evidence}}", 60)],
        size=11,
    )
    letter.body(
        "根据《危险废物经营许可证管理办法》第九条和《中华人民共和国行政许可法》第三十八条第二款的规定，决定不予许可。未取得"
        "危险废物经营许可证，不得从事危险废物收集、贮存、利用、处置的经营活动。",
        REMEDIES,
    )
    letter.signature()
    letter.save("waste_refusal")


def joint_result_notice() -> None:
    letter = Letter()
    letter.head("两证联合审批结果告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于“{{project_name}}”的危险废物经营许可和排污许可联合申请（案件编号{{case_number}}），审批结果如下："
    )
    letter.table("lines", [("事项", "{{part}}", 44), ("决定", "{{outcome}}", 32), ("理由", "{{reason}}", 80)], size=12)
    letter.body(
        "{{?fate}}两项许可结果不一致。另一项许可的处理：{{fate}}",
        "各项决定的救济途径见相应的决定书。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("joint_result_notice")


def site_sheet() -> None:
    letter = Letter(size=12, line=20)
    letter.close_margins()
    letter.title("联合现场核查表（{{part}}）", before=0)
    letter.text("案件编号：{{case_number}}", align=CENTRE, after=4)
    letter.pairs(
        [
            ["被核查单位", "{{enterprise_name}}"],
            ["设施地址", "{{site_address}}"],
            ["核查日期", "{{visited_on}}", "核查人员", "{{inspectors}}"],
        ],
        [28, 50, 28, 50],
        size=11,
        height=8,
    )
    _check_table(letter)
    letter.body("{{?dissent}}不同意见：{{dissent}}", "核查人员签名：{{signers}}", "被核查单位签字：")
    letter.signature()
    letter.save("site_sheet")


def licence_reapply_notice() -> None:
    letter = Letter()
    letter.head("重新申请两证告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位持有的危险废物经营许可证（{{waste_number}}）和排污许可证（{{held_permit}}），因下列情形应当重新申请："
    )
    letter.table("grounds", [("情形", "{{zh}}", 86), ("依据", "{{basis_zh}}", 70)], size=12)
    letter.body(
        "请在变化发生之前，通过“危险废物经营许可与排污许可联合办理”一并重新申请两证；未取得新证的，不得按照变化后的内容经营和"
        "排放污染物。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("licence_reapply_notice")


def licence_decision() -> None:
    letter = Letter()
    letter.head("{{part}}{{action}}决定书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于{{part}}证书（{{held_number}}）{{action}}的申请收悉。经审查，决定：{{outcome}}{{action}}。",
        "理由：{{reason}}",
        "{{?what}}内容：{{what}}",
        "{{?valid_to}}证书有效期至{{valid_to}}。",
        "{{?closure}}原发证机关现场核查：{{closure}}",
        "{{?late}}申请期限：{{late}}。",
        "{{?other}}同案另一项许可的决定：{{other}}。",
        REMEDIES,
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("licence_decision")


def inspection_record() -> None:
    letter = Letter(size=12, line=20)
    letter.close_margins()
    letter.title("两证联合检查记录", before=0)
    letter.text("{{number}}", align=CENTRE, after=4)
    letter.pairs(
        [["被检查单位", "{{enterprise_name}}"], ["检查日期", "{{visited_on}}", "检查人员", "{{inspectors}}"]],
        [28, 50, 28, 50],
        size=11,
        height=8,
    )
    _check_table(letter)
    letter.body(
        "总体情况：{{summary}}",
        "{{?partner}}会同检查机关：{{partner}}；签署人员：{{cosigners}}。",
        "{{?dissent}}会同检查机关的不同意见：{{dissent}}",
        "检查人员签名：　　　　　　　　被检查单位签字：",
    )
    letter.signature()
    letter.save("inspection_record")


def rectification_notice() -> None:
    letter = Letter()
    letter.head("整改通知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body("经危险废物经营许可和排污许可联合检查（案件编号{{case_number}}），你单位存在下列问题：")
    _check_table(letter)
    letter.body(
        "{{?comment}}复查意见：{{comment}}",
        "{{?correct_by}}请于{{correct_by}}前完成整改，并通过本系统反馈整改情况和照片。",
        "逾期未改正的，依法处理。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("rectification_notice")


LETTERS = [
    waste_licence, waste_licence_copy, waste_refusal, joint_result_notice, site_sheet, licence_reapply_notice,
    licence_decision, inspection_record, rectification_notice,
    acceptance_notice, not_accepted_notice, not_needed_notice, deficiency_notice, time_notice, acceptance_announcement,
    intended_announcement, decision_announcement, eia_approval, eia_refusal, permit_original, permit_copy, permit_refusal,
    hearing_notice, extension_notice, delivery_receipt, withdrawal_notice, change_notice, change_decision,
    reduction_opinion, reserve_decision, upper_request, zone_bulletin, pilot_request, pilot_notice, quota_information, allowed_notice,
]  # fmt: skip


if __name__ == "__main__":
    wanted = set(sys.argv[1:])
    for build in LETTERS:
        if not wanted or build.__name__ in wanted:
            build()
