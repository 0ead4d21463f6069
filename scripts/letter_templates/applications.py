"""Letters on the way to a decision: acceptance, deficiencies, time, hearing, announcements, delivery, withdrawal."""

from __future__ import annotations

from scripts.letter_templates.paper import CENTRE, REMEDIES, Letter


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
