"""Files and letters: upload, list, download. Everything is sent as an attachment, never shown inline."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from web import auth, downloads, uploads, views
from web.context import actor, reading, runtime
from workflows import documents

blueprint = Blueprint("files", __name__, description="Files and letters")


@blueprint.post("/files")
@blueprint.response(201)
@auth.signed_in
def upload() -> Any:
    """Store a file (multipart field `file`); its id is then named in a form's file field."""
    sent = uploads.the_file()
    return views.plain(documents.store(runtime(), actor(), sent.stream, sent.filename or "", sent.mimetype))


@blueprint.get("/files")
@blueprint.response(200)
@auth.signed_in
def reusable() -> Any:
    """The files of my enterprise or that I stored: any of them can be used again in another case."""
    with reading() as conn:
        return views.plain(documents.reusable(conn, actor()))


@blueprint.get("/files/<uuid:file_id>")
@auth.signed_in
def download(file_id: uuid.UUID) -> Response:
    """Download a file."""
    with reading() as conn:
        found = documents.visible(runtime(), conn, actor(), file_id)
    return downloads.attachment(runtime().files_root, found.sha256, found.name, found.media_type)


@blueprint.get("/letters/<uuid:letter_id>")
@auth.signed_in
def letter(letter_id: uuid.UUID) -> Response:
    """Download a letter as a Word document."""
    return downloads.letter(letter_id, "docx")


@blueprint.get("/letters/<uuid:letter_id>/pdf")
@auth.signed_in
def letter_pdf(letter_id: uuid.UUID) -> Response:
    """Download a letter as PDF (404 when LibreOffice is not installed)."""
    return downloads.letter(letter_id, "pdf")
