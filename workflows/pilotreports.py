"""Word documents out of the register: the summary report of a pilot, and the bulletin of a programme.

Official documents are Chinese; every figure in them is one that the pages show for the same day, and the report says for
which day and from what it is made.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from registers import laws
from registers.pilot_states import STATES
from registers.pilot_tables import CAUSES, DECISIONS, LIGHTS, STATUSES
from workflows import piloting
from workflows.reformwork import METRICS

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pilot_report(document: dict[str, Any], effects: Sequence[dict[str, Any]]) -> bytes:
    """The summary report (总结报告) of a pilot as of the day of its document."""
    word = _new(f"{document['title']['zh']}总结报告", f"截至{_day(document['on'])}")
    _facts(word, document)
    _heading(word, "一、任务和成果")
    _counted(word, document["tasks"], document["on"])
    _table(
        word,
        ("任务", "期限（基线）", "现计划", "实际", "状态", "成果"),
        (
            (
                task["title"]["zh"],
                _day(task["baseline_on"]),
                _day(task["due_on"]),
                _day(task["done_on"]),
                STATES[task["state"]][0],
                _delivered(task, document["deliverables"]),
            )
            for task in document["tasks"]
        ),
    )
    _heading(word, "二、指标和改革成效")
    _indicators(word, document["indicators"])
    _effects(word, effects)
    _heading(word, "三、主要做法和情况")
    _said(word, [_reported(row) for row in reversed(document["reports"])], "没有登记情况报告。")
    _heading(word, "四、风险和调整")
    _said(word, [_risk(row) for row in document["risks"]], "没有登记风险。")
    _said(word, [_slip(row) for row in document["slips"]], "没有调整过计划。")
    _heading(word, "五、决定")
    _said(word, [_decided(row) for row in reversed(document["decisions"])], "没有登记决定。")
    notes = [*document["notes"], *document["programme_notes"]]
    if notes:
        _heading(word, "六、对原文的说明")
        _said(word, [note["zh"] for note in notes], "")
    return _bytes(word)


def bulletin(
    programme: dict[str, Any],
    rows: Sequence[dict[str, Any]],
    summary: dict[str, int],
    slips: Sequence[dict[str, Any]],
    on: date,
) -> bytes:
    """The bulletin (通报) of a programme on a day: lights, what is late, whom delays are put down to."""
    word = _new(f"{programme['title']['zh']}情况通报", f"截至{_day(on)}")
    word.add_paragraph(
        f"共{summary['pilots']}个试点：有逾期的{summary['red']}个，30日内到期的{summary['yellow']}个，正常的{summary['green']}个，"
        f"原文无时限的{summary['grey']}个。有时限的任务{summary['dated']}项，已登记完成{summary['done']}项，逾期{summary['late']}项，"
        f"30日内到期{summary['in_30']}项，60日内{summary['in_60']}项，90日内{summary['in_90']}项。"
    )
    _heading(word, "一、各试点情况")
    lamp = {"red": "有逾期", "yellow": "30日内到期", "green": "正常", "grey": "原文无时限"}
    _table(
        word,
        ("编号", "试点", "牵头单位", "状态", "灯", "已完成", "逾期", "最长逾期（日）"),
        (
            (
                row["code"],
                row["title"]["zh"],
                row["lead"],
                STATUSES[row["status"]][0],
                lamp[row["light"]],
                f"{row['done']}/{row['dated']}",
                row["late"],
                row["worst"] or "—",
            )
            for row in rows
        ),
    )
    _heading(word, "二、延误和原因方")
    delays = [
        f"{CAUSES[row['cause']][0]}：{row['pilots']}个试点，调整{row['pushes']}次，累计顺延{row['days']}日"
        for row in slips
    ]
    _said(word, delays, "没有调整过计划。")
    if programme["notes"]:
        _heading(word, "三、对原文的说明")
        _said(word, [note["zh"] for note in programme["notes"]], "")
    word.add_paragraph("数据来源：试点登记库；未登记完成的任务，到期后列为逾期。")
    return _bytes(word)


def _facts(word: WordDocument, document: dict[str, Any]) -> None:
    code = document["source"].partition(":")[0]
    rows = [
        ("编号", document["code"]),
        ("牵头单位", document["lead"]),
        ("支持单位", "、".join(document["supporting"]) or "—"),
        ("所在地", document["city"]),
        ("状态", STATUSES[document["status"]][0]),
        ("期限", _day(document["deadline_on"])),
        ("依据", laws.cite(document["source"])[0] if code in laws.laws() else document["source"]),
    ]
    _table(word, None, rows)


def _counted(word: WordDocument, tasks: Sequence[dict[str, Any]], on: date) -> None:
    count = {state: sum(task["state"] == state for task in tasks) for state in STATES}
    listed = "，".join(f"{STATES[state][0]}{number}项" for state, number in count.items() if number)
    word.add_paragraph(f"共{len(tasks)}项任务，{_day(on)}的状态为：{listed or '没有任务'}。")


def _indicators(word: WordDocument, indicators: Sequence[dict[str, Any]]) -> None:
    if not indicators:
        word.add_paragraph("没有登记指标。")
        return
    _table(
        word,
        ("指标", "基线值", "目标值", "最近实测值", "依据"),
        (
            (
                f"{one['title']['zh']}（{one['unit']}）",
                one["baseline"] if one["baseline"] is not None else "—",
                one["target"] if one["target"] is not None else "—",
                f"{one['values'][-1]['value']}（{_day(one['values'][-1]['on_date'])}）" if one["values"] else "—",
                one["source"],
            )
            for one in indicators
        ),
    )


def _reported(row: dict[str, Any]) -> str:
    kind = piloting.REPORTS.get(row["kind"], (row["kind"],))[0]
    return f"{_day(row['on_date'])}（{kind}，{LIGHTS[row['light']][0]}）：{row['said']}"


def _risk(row: dict[str, Any]) -> str:
    return f"{row['title']}：{row['measures'] or '—'}{'（已消除：' + row['closing'] + '）' if row['closed_on'] else ''}"


def _slip(row: dict[str, Any]) -> str:
    return f"{_day(row['at'].date())}顺延{row['days']}日，原因方：{CAUSES[row['cause']][0]}。{row['reason']}"


def _decided(row: dict[str, Any]) -> str:
    return f"{_day(row['on_date'])}{DECISIONS[row['kind']][0]}：{row['reason']} {row['document']}".strip()


def _effects(word: WordDocument, effects: Sequence[dict[str, Any]]) -> None:
    for one in effects:
        base, reform = one["base"], one["reform"]
        if base["stated"]:
            ground = f"基线值{base['median']}（{one['base_source']}）"
        else:
            ground = f"基线期{_day(one['base_first'])}至{_day(one['base_last'])}办结{base['cases']}件，中位数{base['median']}"
        span = f"{_day(one['reform_first'])}至{_day(one['reform_last'])}"
        median = reform["median"] if reform["median"] is not None else "—"
        told = f"{METRICS[one['metric']][0]}：{ground}；改革期{span}办结{reform['cases']}件，中位数{median}。"
        if one["change"]["median"] is not None:
            told += f"变化{one['change']['median']}%。"
        if one["claimed_percent"] is not None:
            verdict = {True: "成立", False: "不成立", None: "无法核实"}[one["claim_holds"]]
            told += f"“缩短{one['claimed_percent'].normalize():f}%”的说法{verdict}。"
        word.add_paragraph(told)


def _delivered(task: dict[str, Any], deliverables: Iterable[dict[str, Any]]) -> str:
    latest = next((row for row in deliverables if row["task_key"] == task["key"]), None)
    return f"{latest['title']}（第{latest['version']}版）" if latest else task["deliverable"]


def _new(title: str, below: str) -> WordDocument:
    word: WordDocument = Document()
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    normal = word.styles["Normal"]
    normal.font.size = Pt(12)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "仿宋_GB2312")
    for text, size in ((title, 20), (below, 12)):
        paragraph = word.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(text)
        run.font.size = Pt(size)
        run.bold = size > 12
    return word


def _heading(word: WordDocument, text: str) -> None:
    run = word.add_paragraph().add_run(text)
    run.bold, run.font.size = True, Pt(14)


def _said(word: WordDocument, lines: Sequence[str], otherwise: str) -> None:
    for line in lines or ([otherwise] if otherwise else []):
        word.add_paragraph(line)


def _table(word: WordDocument, heads: Sequence[str] | None, rows: Iterable[Sequence[Any]]) -> None:
    given = [tuple(str(cell) for cell in row) for row in rows]
    if not given:
        return
    table = word.add_table(rows=0, cols=len(given[0]), style="Table Grid")
    for line in [*([tuple(heads)] if heads else []), *given]:
        for cell, text in zip(table.add_row().cells, line, strict=True):
            cell.text = text
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(9)
    word.add_paragraph()


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else "—"


def _bytes(word: WordDocument) -> bytes:
    content = io.BytesIO()
    word.save(content)
    return content.getvalue()
