"""Answers that are files: always an attachment, sandboxed, under its own name."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from flask import Response, send_file

from registers import files
from registers.errors import DomainError, NotFound
from web.context import actor, reading, runtime
from workflows import access, letters, notices, separate


def attachment(root: Path, sha256: str, name: str, media_type: str) -> Response:
    """A stored file as an attachment."""
    return _send(files.path_of(root, sha256), name, media_type)


def _send(path: Path, name: str, media_type: str) -> Response:
    response = send_file(path, mimetype=media_type, as_attachment=True, download_name=name, max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def letter(letter_id: uuid.UUID, form: str) -> Response:
    """A letter as docx or pdf, after the case behind it was checked."""
    with reading() as conn:
        found = letters.one(conn, letter_id)
        access.visible_case(conn, actor(), found["case_id"])
        if not separate.shows_letter(separate.hidden(conn, actor(), found["case_id"]), found):
            raise NotFound()
    return _letter(found, form)


def published_letter(notice_id: uuid.UUID, letter_id: uuid.UUID, form: str) -> Response:
    """A decision that a public notice publishes in full, for everybody."""
    with runtime().db.transaction() as conn:
        notice = notices.one(conn, notice_id, runtime().time.today())
        published = letters.published(conn, notice["case_id"]) if notice["kind"] in notices.OF_DECISIONS else []
    found = next((letter for letter in published if letter["id"] == letter_id), None)
    if found is None:
        raise NotFound()
    return _letter(found, form)


def _letter(found: dict[str, Any], form: str) -> Response:
    name = f"{found['title']} {found['number'] or '草稿'}".replace("/", "-")
    if form == "docx":
        return attachment(runtime().files_root, found["sha256"], f"{name}.docx", letters.DOCX)
    if form != "pdf":
        raise NotFound()
    pdf = letters.pdf(runtime().files_root, found["sha256"])
    if pdf is None:
        raise DomainError(
            "no_office",
            "服务器未安装LibreOffice，不能生成PDF；请下载Word文件。",
            "LibreOffice is not installed on the server; download the Word file instead.",
            status=404,
        )
    return _send(pdf, f"{name}.pdf", "application/pdf")
