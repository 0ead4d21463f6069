"""Papers of the two licences: the waste licence and its copy, joint results, the site visit, inspections."""

from __future__ import annotations

from docx.shared import Mm

from scripts.letter_templates.paper import CENTRE, REMEDIES, TITLE, Letter, page_border


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
    page_border(letter.document)
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
