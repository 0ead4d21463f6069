"""Files that come with a request: the one in the field `file`, or those of a plain form, stored at once so that the command names them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from flask import request
from werkzeug.datastructures import FileStorage

from registers.errors import DomainError
from web.context import actor, runtime
from workflows import documents


def the_file() -> FileStorage:
    """The file in the field `file`; raises DomainError when there is none."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise DomainError("no_file", "请选择文件（字段名file）。", "Send a file in the field “file”.", pointer="file")
    return sent


def store(sent: Iterable[FileStorage]) -> list[uuid.UUID]:
    """Store what was chosen; an empty choice is none. Raises DomainError for a file that is refused."""
    return [
        documents.store(runtime(), actor(), one.stream, one.filename, one.mimetype)["id"]
        for one in sent
        if one.filename
    ]
