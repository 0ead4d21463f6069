"""Letters (文书) of a case: filled from the case, numbered, made from a Word template, fixed by hash.

`forms.letters` knows templates and placeholders; this module knows where the values come from. A draft
has no number. Issuing takes the next number of the body, renders the document and stores it by its
SHA-256; if the step is rolled back the number goes back too, and only an unreferenced file remains.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
import uuid
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt
from docx.table import Table
from docx.text.paragraph import Paragraph
from sqlalchemy import Connection, insert, select, update

from forms import letters as templates
from handlers.announcements import in_order
from registers import files, limits, numbering, parties
from registers.db import uuid7
from registers.errors import NotFound
from workflows import matters, notices, notify
from workflows.commands import to_json
from workflows.models import Letter

if TYPE_CHECKING:
    from workflows.caserun import CaseRun
    from workflows.compiling import Compiled

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def issue(
    run: CaseRun,
    name: str,
    *,
    matter: str | None,
    values: dict[str, Any],
    body: str | None = None,
    element: str = "",
) -> dict[str, Any]:
    """Make a letter with the next number of its body and issue it: a line of the record, and a message to the applicant.

    The record names the matter, so that what one deciding body writes stays apart from another's (`separate`).
    """
    about = run.compiled.letter(name)
    issuer = _issuer(run, body or matter)
    number = None
    if about.number_kind:
        number = numbering.next_number(
            run.step.conn, issuer.code, issuer.prefix, about.number_kind, run.step.today.year, about.own_number
        )
    made = _make(run, name, issuer, matter, values, number=number, element=element)
    facts = {"letter": name, "number": number, "sha256": made["sha256"], **({"matter": matter} if matter else {})}
    run.record("letter_issued", element or None, **facts)
    notify.letter_issued(run, name, number)
    return made


def draft(
    run: CaseRun,
    name: str,
    *,
    matter: str | None,
    values: dict[str, Any],
    body: str | None = None,
    element: str = "",
) -> dict[str, Any]:
    """Make a letter without a number, for reading before it is issued."""
    return _make(run, name, _issuer(run, body or matter), matter, values, number=None, element=element, is_draft=True)


def _make(
    run: CaseRun,
    name: str,
    issuer: parties.BodyRef,
    matter: str | None,
    values: dict[str, Any],
    *,
    number: str | None,
    element: str,
    is_draft: bool = False,
) -> dict[str, Any]:
    about, step = run.compiled.letter(name), run.step
    code = None if is_draft else secrets.token_urlsafe(9)
    content = {
        **standard_values(run, issuer, matter),
        **_of_letter(run, about),
        **plain(values),
        "number": number or "（编号待签发）",
        "verify_code": code or "",
        "verify_url": f"{step.rt.base_url}/verify/{code}" if code else step.rt.base_url,
    }
    known = {key: value for key, value in content.items() if key in about.placeholders}
    pattern = template(run.compiled, name)
    if step.rt.writes_letters:
        sha256 = files.store_bytes(step.rt.files_root, templates.fill(pattern, about, known))
    else:
        sha256 = hashlib.sha256(to_json(templates.check(pattern, about, known)).encode()).hexdigest()
    letter_id = uuid7()
    step.conn.execute(
        insert(Letter).values(
            id=letter_id,
            case_id=run.id,
            kind=name,
            matter=matter,
            title=about.title["zh"],
            number=number,
            status="draft" if is_draft else "issued",
            body_id=issuer.id,
            content_values=content,
            sha256=sha256,
            verify_code=code,
            made_at=step.now,
            made_by=step.actor.id,
            issued_at=None if is_draft else step.now,
            element=element,
        )
    )
    return {"id": str(letter_id), "number": number, "sha256": sha256, "letter": name}


def written(compiled: Compiled, letter: Mapping[str, Any]) -> bytes:
    """The Word file of a letter that was made where letters are not written out."""
    about = compiled.letter(letter["kind"])
    known = {key: value for key, value in letter["content_values"].items() if key in about.placeholders}
    return templates.fill(template(compiled, letter["kind"]), about, known)


def template(compiled: Compiled, name: str) -> bytes:
    """The Word template of a letter: the version's own, else that of the installation."""
    return compiled.letters.get(name) or templates.template_bytes(name)


def foreseen(run: CaseRun, about: templates.About) -> dict[str, Any]:
    """What a letter would say if it were made now, for reading only: nothing is stored and no number is taken."""
    return {**standard_values(run, _issuer(run, None), None), **_of_letter(run, about)}


def confirm_withdrawal(run: CaseRun, reason: str) -> None:
    """Confirm in writing that an application which the authority had received was taken back."""
    if "withdrawal_notice" not in run.compiled.settings.get("letters", ()) or "received_on" not in _from_case(run):
        return
    issue(run, "withdrawal_notice", matter=None, values={"reason": reason, "withdrawn_on": run.step.today})


def standard_values(run: CaseRun, issuer: parties.BodyRef, matter: str | None) -> dict[str, Any]:
    """What every letter may say of its case: applicant, project, dates, body, limit and remedies.

    Where a procedure keeps the facts of the project is its own affair: `letter_values` of its settings names, for
    each placeholder, the place in the case's variables (`"project_name": "application.project_name"`).
    """
    step = run.step
    applicant = parties.enterprise(step.conn, run.enterprise_id) if run.enterprise_id else {}
    values: dict[str, Any] = {
        "body_name": issuer.name_zh,
        "body_prefix": issuer.prefix,
        "body_phone": issuer.phone,
        "body_address": issuer.address,
        "court_name": issuer.court_name,
        "superior_name": issuer.reconsideration_name,
        "case_number": run.number,
        "project_name": run.title.removeprefix(applicant.get("name", "")).strip(),
        "enterprise_name": applicant.get("name", ""),
        "enterprise_address": applicant.get("address", ""),
        "site_address": applicant.get("address", ""),
        "credit_code": applicant.get("credit_code", ""),
        "legal_representative": applicant.get("legal_representative", ""),
        "contact_name": applicant.get("contact_name", ""),
        "contact_phone": applicant.get("contact_phone", ""),
        "date": chinese_date(step.today),
        "officer": step.actor.name,
    }
    values |= _from_case(run)
    for clock in matters.readings(step.conn, run.reference, run.id, step.today):
        values |= _of_matter(clock)
        if clock.matter["kind"] == matter:
            values["legal_basis"] = clock.rule.basis_zh if clock.rule else ""
    return values


def _from_case(run: CaseRun) -> dict[str, Any]:
    """The values that the procedure's settings find in the case's variables; what is empty there says nothing."""
    variables = run.variables()
    found = {}
    for name, path in run.compiled.settings.get("letter_values", {}).items():
        here: Any = variables
        for part in path.split("."):
            here = here.get(part) if isinstance(here, dict) else None
        if here not in (None, ""):
            found[name] = plain(here)
    return found


def _of_matter(clock: matters.MatterClock) -> dict[str, Any]:
    kind, reading = clock.matter["kind"], clock.reading
    values: dict[str, Any] = {f"{kind}_class": clock.matter["klass"]}
    if clock.matter["number"]:
        values[f"{kind}_number"] = clock.matter["number"]
    if clock.rule is not None:
        values[f"{kind}_limit"] = limits.written(clock.rule)
    if reading is not None and reading.started is not None:
        values[f"{kind}_accepted_on"] = chinese_date(reading.started)
        if reading.statutory_due:
            values[f"{kind}_due_on"] = chinese_date(reading.statutory_due)
        # A promise that is no shorter than the law says nothing new.
        if reading.promised_due and reading.promised_due != reading.statutory_due:
            values[f"{kind}_promised_on"] = chinese_date(reading.promised_due)
    return values


def _of_letter(run: CaseRun, about: templates.About) -> dict[str, Any]:
    """What a letter finds by itself: an announcement its notice, a receipt of delivery the documents served."""
    values: dict[str, Any] = {}
    if about.notice:
        open_ones = [one for one in notices.of_case(run.step.conn, run.id) if one["kind"] == about.notice]
        if open_ones:
            notice = open_ones[-1]
            values["elements"] = [{"name": key, "text": text} for key, text in in_order(notice["content"])]
            values["notice_from"] = chinese_date(notice["from_on"])
            values["notice_to"] = chinese_date(notice["until_on"]) if notice["until_on"] else ""
            values["notice_url"] = f"{run.step.rt.base_url}/notices/{notice['id']}"
    if "documents" in about.placeholders:
        values["documents"] = [
            {
                "title": letter["title"],
                "number": letter["number"] or letter["content_values"].get("permit_number") or "—",
            }
            for letter in of_case(run.step.conn, run.id)
            if letter["status"] == "issued" and run.compiled.letter(letter["kind"]).served
        ]
    return values


def of_case(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The letters of a case in the order they were made; the caller has checked the case."""
    rows = conn.execute(select(Letter.__table__).where(Letter.case_id == case_id).order_by(Letter.made_at, Letter.id))
    return [dict(row) for row in rows.mappings()]


def one(conn: Connection, letter_id: uuid.UUID) -> dict[str, Any]:
    """One letter; raises NotFound. The caller checks the case behind it."""
    row = conn.execute(select(Letter.__table__).where(Letter.id == letter_id)).mappings().first()
    if row is None:
        raise NotFound("没有这份文书，或您无权查看。", "There is no such letter, or it is not yours to see.")
    return dict(row)


def verify(conn: Connection, code: str) -> dict[str, Any] | None:
    """What the public may know of an issued letter by the code printed on it; None when there is none."""
    row = (
        conn.execute(
            select(
                Letter.title,
                Letter.number,
                Letter.issued_at,
                Letter.sha256,
                Letter.status,
                parties.Body.name_zh,
            )
            .outerjoin(parties.Body, parties.Body.id == Letter.body_id)
            .where(Letter.verify_code == code, Letter.status == "issued")
        )
        .mappings()
        .first()
    )
    return None if row is None else dict(row)


def published(conn: Connection, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """The issued decisions of a case whose full text the law makes public.

    Law: 政府信息公开条例 art. 20; 建设项目环境影响评价政府信息公开指南 (decisions are published in full); 排污许可管理条例
    art. 13 (the content of permits is public).
    """
    return [letter for letter in of_case(conn, case_id) if letter["status"] == "issued" and is_public(letter["kind"])]


def is_public(kind: str) -> bool:
    """Whether a letter's full text is made public; a kind that only some version has never is."""
    known = templates.find(kind)
    return known is not None and known.public


def delivered(run: CaseRun, recipient: str, on: date, kind: str | None) -> None:
    """Note the delivery of the issued letters of a case that were not delivered yet."""
    query = (
        update(Letter)
        .where(Letter.case_id == run.id, Letter.status == "issued", Letter.delivered_on.is_(None))
        .values(delivered_on=on, delivered_to=recipient[:200])
    )
    if kind:
        query = query.where(Letter.kind == kind)
    run.step.conn.execute(query)


def pdf(root: Path, sha256: str) -> Path | None:
    """The letter as PDF, converted on first asking and kept; None when there is no LibreOffice."""
    kept = root / "pdf" / f"{sha256}.pdf"
    if not kept.exists():
        converted = templates.to_pdf(files.path_of(root, sha256).read_bytes())
        if converted is None:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(f".{uuid.uuid4().hex}")
        unfinished.write_bytes(converted)
        unfinished.replace(kept)
    return kept


def office_available() -> bool:
    """Whether letters can be had as PDF here."""
    return shutil.which("soffice") is not None


def outline(content: bytes) -> list[dict[str, Any]]:
    """The letter's paragraphs and tables in order, for showing it on a page."""
    document = Document(io.BytesIO(content))
    blocks: list[dict[str, Any]] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            blocks.append({"rows": [_cells(row) for row in block.rows]})
        elif block.text.strip():
            blocks.append({"text": block.text, "style": _style(block)})
    return blocks


def _cells(row: Any) -> list[dict[str, Any]]:
    """The cells of a row; Word names a merged cell once for each column it covers."""
    found: list[dict[str, Any]] = []
    for cell in row.cells:
        if found and found[-1]["cell"] is cell._tc:
            found[-1]["span"] += 1
        else:
            found.append({"cell": cell._tc, "text": cell.text, "span": 1})
    return [{"text": item["text"], "span": item["span"]} for item in found]


def _style(paragraph: Paragraph) -> str:
    if paragraph.alignment == WD_ALIGN_PARAGRAPH.CENTER:
        largest = max((run.font.size or 0 for run in paragraph.runs), default=0)
        return "title" if largest >= Pt(18) else "center"
    return "right" if paragraph.alignment == WD_ALIGN_PARAGRAPH.RIGHT else ""


def chinese_date(day: date) -> str:
    """A date as official documents write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def plain(value: Any) -> Any:
    """The same value with Decimal and dates as text."""
    return json.loads(to_json(value))


def _issuer(run: CaseRun, part: str | None) -> parties.BodyRef:
    body_id = (run.body_id(part) if part else None) or run.lead_body_id
    if body_id is None:
        raise NotFound("案件没有审批机关，不能出具文书。", "The case has no deciding body, so no letter can be made.")
    return parties.body(run.step.conn, body_id)
