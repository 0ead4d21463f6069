"""Letters: real Word files, everything in its place, nothing invented, nothing executed."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from forms import letters
from forms.letters.catalogue import citations
from registers.errors import DomainError, NotFound
from registers.numbering import _usual
from tests.forms.letter_samples import COMMON, VALUES, values

needs_office = pytest.mark.skipif(
    not shutil.which("soffice"), reason="LibreOffice is not installed: letters were not converted to PDF"
)


def words_of(document: WordDocument) -> str:
    return "\n".join(
        "".join(node.text or "" for node in paragraph.iter(qn("w:t")))
        for paragraph in document.element.body.iter(qn("w:p"))
    )


def rendered(name: str, **changed: Any) -> str:
    given_values = {**values(name), **changed}
    return words_of(Document(io.BytesIO(letters.render(name, letters.only_known(name, given_values)))))


def test_every_letter_has_a_template_a_sample_and_a_kind_of_number() -> None:
    assert letters.names() == set(VALUES)
    for name in letters.names():
        about = letters.about(name)
        assert about.template.exists()
        assert letters.check_template(letters.template_bytes(name), about) == []
        assert about.basis
        assert about.number_kind is None or about.number_kind in _usual()


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_letter_opens_again_and_says_what_the_case_says(name: str) -> None:
    text = rendered(name)
    assert "{{" not in text
    assert "None" not in text
    for key, value in VALUES[name].items():
        if isinstance(value, str) and letters.about(name).placeholders[key].type == "text" and "\n" not in value:
            spec = letters.about(name).placeholders[key]
            shown = spec.labels(date(2026, 11, 22)).get(value, value)
            assert key in ("ground", "granted", "over", "notice_url") or shown in text, key
    assert "苏州工业园区生态环境局" in text
    if name not in ("permit_copy", "delivery_receipt"):
        assert "2026年11月22日" in text


@pytest.mark.parametrize("name", sorted(VALUES))
def test_chinese_text_is_set_in_a_chinese_face(name: str) -> None:
    document = Document(io.BytesIO(letters.render(name, letters.only_known(name, values(name)))))
    normal = document.styles["Normal"].element.rPr.rFonts.get(qn("w:eastAsia"))
    assert normal == "仿宋_GB2312"
    for run in document.element.body.iter(qn("w:r")):
        fonts = run.find(qn("w:rPr") + "/" + qn("w:rFonts"))
        assert fonts is None or fonts.get(qn("w:eastAsia"))


def test_a_missing_fact_is_named_and_no_letter_is_made() -> None:
    incomplete = {key: value for key, value in values("eia_refusal").items() if key not in ("reason", "project_name")}
    with pytest.raises(DomainError) as caught:
        letters.render("eia_refusal", incomplete)
    assert caught.value.code == "letter_incomplete"
    assert sorted(caught.value.details["missing"]) == ["project_name", "reason"]
    assert "理由" in caught.value.zh


def test_lines_without_a_value_are_left_out() -> None:
    assert "本机关承诺于" in rendered("acceptance_notice")
    text = rendered("acceptance_notice", eia_promised_on=None, permit_accepted_on="")
    assert "本机关承诺于" not in text
    assert "排污许可（" not in text


def test_rows_are_repeated_and_an_empty_table_says_so() -> None:
    text = rendered("permit_copy")
    assert text.index("DA001") < text.index("DW001")
    assert "接管污水厂" in text
    assert "废气" in text
    assert "0.412" in text
    assert "0.412000" not in text
    document = Document(io.BytesIO(letters.render("permit_copy", {**COMMON, "outlets": []})))
    assert [row.cells[0].text for row in document.tables[2].rows][1:] == ["无"]


def test_a_long_text_keeps_its_paragraphs() -> None:
    text = rendered("eia_approval", conditions="（一）甲。\n\n（二）乙。\n（三）丙。").split("\n")
    first = text.index("（一）甲。")
    assert text[first : first + 3] == ["（一）甲。", "（二）乙。", "（三）丙。"]


def test_a_letter_cites_the_law_of_its_day() -> None:
    assert "《中华人民共和国生态环境法典》第一百零二条" in rendered("eia_approval")
    assert "生态环境影响报告表" in rendered("eia_approval")
    before = rendered("eia_approval", date="2026年8月14日")
    assert "《中华人民共和国环境影响评价法》第二十二条" in before
    assert "生态环境影响" not in before.replace("生态环境局", "")
    assert rendered("eia_refusal", date="2026-08-14") != rendered("eia_refusal", date="2026-08-15")


def test_every_letter_with_a_refusal_names_the_remedies() -> None:
    for name in ("not_accepted_notice", "eia_refusal", "permit_refusal", "not_needed_notice"):
        text = rendered(name)
        assert "六十日内" in text
        assert "行政复议" in text
        assert "六个月内" in text
        assert "提起行政诉讼" in text


def test_the_qr_code_is_a_picture() -> None:
    content = letters.render("eia_approval", values("eia_approval"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert [name for name in archive.namelist() if name.startswith("word/media/")]
    without = letters.render("eia_approval", {**values("eia_approval"), "verify_url": ""})
    with zipfile.ZipFile(io.BytesIO(without)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("word/media/")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80))
def test_no_value_becomes_markup_or_another_placeholder(value: str) -> None:
    hostile = f"<w:br/>{value}{{{{enterprise_name}}}}{{%x%}}&amp;\x00"
    content = letters.render("permit_refusal", {**values("permit_refusal"), "reason": hostile})
    text = words_of(Document(io.BytesIO(content)))
    assert "<w:br/>" in text
    assert "enterprise_name" in text
    assert "{{" not in text


def cut(template: bytes, placeholder: str) -> bytes:
    """The template as Word may save it: the placeholder cut into runs of three characters."""
    document = Document(io.BytesIO(template))
    for paragraph in document.paragraphs:
        if placeholder in paragraph.text:
            run = paragraph.runs[0]
            text, parts = paragraph.text, []
            run.text = text[:3]
            for index in range(3, len(text), 3):
                parts.append(paragraph.add_run(text[index : index + 3]))
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def test_placeholders_that_word_has_cut_apart_are_found() -> None:
    about = letters.about("permit_refusal")
    template = cut(letters.template_bytes("permit_refusal"), "{{enterprise_name}}")
    text = words_of(Document(io.BytesIO(letters.fill(template, about, values("permit_refusal")))))
    assert "苏州示例新材料有限公司：" in text
    assert "{{" not in text


@pytest.mark.parametrize(
    "foreign", ["{{ self.__class__ }}", "{{secret}}", "{{project_name|safe}}", "{{''.__class__.__mro__}}", "{{7*7}}"]
)
def test_a_template_with_anything_else_in_braces_is_refused(foreign: str) -> None:
    document = Document(io.BytesIO(letters.template_bytes("permit_refusal")))
    document.add_paragraph(foreign)
    content = io.BytesIO()
    document.save(content)
    about = letters.about("permit_refusal")
    assert letters.check_template(content.getvalue(), about) == [foreign]
    with pytest.raises(DomainError, match="letter_template"):
        letters.fill(content.getvalue(), about, values("permit_refusal"))


def test_an_unknown_letter_is_not_found() -> None:
    with pytest.raises(NotFound):
        letters.about("../secret")


def test_the_citations_of_every_day_are_complete() -> None:
    for day in (date(2020, 1, 1), date(2026, 8, 14), date(2026, 8, 15), date(2030, 1, 1)):
        assert all(citations(day).values())


def test_without_libreoffice_there_is_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert letters.to_pdf(b"anything") is None


@pytest.mark.office
@needs_office
def test_two_letters_become_pdf_at_the_same_time_with_all_their_words() -> None:
    names = ["eia_approval", "permit_copy"]
    with ThreadPoolExecutor(2) as pool:
        made = list(
            pool.map(letters.to_pdf, [letters.render(name, letters.only_known(name, values(name))) for name in names])
        )
    for name, pdf in zip(names, made, strict=True):
        assert pdf is not None
        assert pdf.startswith(b"%PDF-")
        reader = PdfReader(io.BytesIO(pdf))
        text = "".join(page.extract_text() for page in reader.pages).replace("\n", "").replace(" ", "")
        assert "苏州示例新材料有限公司" in text, name
        assert "DA001" in text
        assert len(reader.pages) <= 4


@pytest.mark.office
@needs_office
def test_the_permit_is_one_landscape_page() -> None:
    pdf = letters.to_pdf(
        letters.render("permit_original", letters.only_known("permit_original", values("permit_original")))
    )
    assert pdf is not None
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    assert page.mediabox.width > page.mediabox.height


@pytest.mark.office
@needs_office
def test_a_red_head_is_printed_red(tmp_path: Path) -> None:
    pdf = letters.to_pdf(letters.render("eia_approval", values("eia_approval")))
    assert pdf is not None
    (tmp_path / "a.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "30", "-f", "1", "-l", "1", tmp_path / "a.pdf", tmp_path / "a"], check=True)
    (picture,) = tmp_path.glob("a*.ppm")
    pixels = picture.read_bytes().split(b"\n", 3)[3]
    triples = list(zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=False))
    assert sum(red > 180 and green < 90 and blue < 90 for red, green, blue in triples) > 50
