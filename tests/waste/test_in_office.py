"""The letters of both licences open in LibreOffice with everything they say, each on its page."""

from __future__ import annotations

import io
import shutil

import pytest
from pypdf import PdfReader

from forms import letters
from tests.forms.letter_samples import VALUES, values

pytestmark = pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")

# Letter, the elements that the law or the pilot asks for, how many pages at most.
PAPERS = {
    "waste_licence": (
        (
            "法人名称",
            "法定代表人",
            "住所",
            "经营设施地址",
            "经营方式",
            "年经营规模",
            "有效期限",
            "HW08、HW49",
            "3205710012",
        ),
        1,
    ),
    "waste_licence_copy": (("HW08", "900-249-08", "专项义务", "每半年开展一次应急演练", "保存10年以上"), 2),
    "waste_refusal": (("不予许可", "专业技术人员不足三名", "行政复议", "行政诉讼"), 2),
    "joint_result_notice": (("危险废物经营许可", "排污许可", "照常核发"), 1),
    "site_sheet": (("联合现场核查表（危险废物经营许可）", "核查人员签名", "不同意见"), 1),
    "licence_reapply_notice": (("重新申请", "20%以上", "第12条"), 1),
    "licence_decision": (("危险废物经营许可延续决定书", "准予延续", "不予准予"), 1),
    "inspection_record": (("两证联合检查记录", "不符合", "数采仪掉线"), 1),
    "rectification_notice": (("整改通知书", "2026年12月1日", "首次整改不到位"), 1),
    "acceptance_notice": (("危险废物经营许可（综合经营）", "20个工作日"), 2),
}


@pytest.mark.parametrize("name", sorted(PAPERS))
def test_a_letter_opens_in_libreoffice_with_its_elements(name: str) -> None:
    facts = {
        "waste_class": "comprehensive",
        "waste_accepted_on": "2026-11-02",
        "waste_due_on": "2026-11-30",
        "waste_limit": "20个工作日",
    }
    assert name in VALUES
    document = letters.render(name, letters.only_known(name, {**values(name), **facts}))
    made = letters.to_pdf(document)
    assert made is not None
    reader = PdfReader(io.BytesIO(made))
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", "").replace(" ", "")
    elements, pages = PAPERS[name]
    assert [element for element in elements if element.replace(" ", "") not in text] == []
    assert len(reader.pages) <= pages
