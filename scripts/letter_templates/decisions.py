"""Decisions on the EIA and the discharge permit, the permit itself, and its changes."""

from __future__ import annotations

from docx.enum.text import WD_LINE_SPACING
from docx.shared import Mm
from docx.text.paragraph import Paragraph

from scripts.letter_templates.paper import (
    CENTRE,
    REMEDIES,
    RIGHT,
    TITLE,
    Letter,
    centre_vertically,
    page_border,
    set_widths,
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
    page_border(letter.document)
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
    set_widths(table, [60, 169])
    left, right = table.rows[0].cells
    code = left.paragraphs[0]
    code.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    code.add_run("{{qr:verify_url}}")
    centre_vertically(right)
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
