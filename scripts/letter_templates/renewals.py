"""Letters on the renewal of a discharge permit: why it is no renewal, and what was decided."""

from __future__ import annotations

from scripts.letter_templates.paper import REMEDIES, Letter


def renewal_notice() -> None:
    letter = Letter()
    letter.head("延续申请告知书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于排污许可证（编号{{number_held}}）的延续申请收悉（案件编号{{case_number}}）。",
        "{{?held_to}}该许可证有效期至{{held_to}}。",
        "经核对，有下列情形，不能按照延续办理：",
    )
    letter.table(
        "grounds", [("序号", "{{number_in_list}}", 14), ("情形", "{{zh}}", 92), ("依据", "{{basis_zh}}", 50)], size=12
    )
    letter.body(
        "{{?over}}有效期届满后没有有效的排污许可证，在取得新的排污许可证之前不得排放污染物。",
        "属于变化的，应当在变化发生之前重新申请排污许可证；有效期届满的，应当申请新的排污许可证。申请通过本系统“环评审批与排污许可一窗"
        "办理”提出；仍需延续的，改正后可以再次提出延续申请。",
        "{{?body_phone}}联系电话：{{body_phone}}",
    )
    letter.signature()
    letter.save("renewal_notice")


def renewal_decision() -> None:
    letter = Letter()
    letter.red_head()
    letter.title("{{outcome}}延续排污许可决定书")
    letter.to_whom("{{enterprise_name}}：")
    letter.body(
        "你单位关于排污许可证（编号{{number_held}}，原有效期至{{held_to}}）的延续申请（案件编号{{case_number}}），经审查，根据"
        "《排污许可管理条例》第十四条第二款的规定，决定{{outcome}}延续。",
        "{{?deemed}}本机关在原有效期届满前未作出决定，依照《中华人民共和国行政许可法》第五十条第二款，自届满之日起已视为准予延续。",
        "{{?valid_from}}延续后的有效期自{{valid_from}}起至{{valid_to}}止，许可证编号不变。",
        "{{?cuts}}全厂许可年排放量核定为：{{cuts}}。其余按申请载明，详见许可证副本。",
        "{{?gap}}本决定在原有效期届满后作出。原有效期届满次日至本决定作出之前，不属于许可证的有效期。",
        "{{?valid_to}}有效期届满需要继续排放污染物的，应当于届满六十日前再次提出延续申请。",
        "{{?reason}}不予延续的理由：{{reason}}",
        "{{?refused}}原许可证在有效期届满前继续有效；届满后未取得排污许可证的，不得排放污染物。",
        REMEDIES,
    )
    letter.signature()
    letter.save("renewal_decision")
