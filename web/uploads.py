"""Files that come with a plain form: stored at once, so that the command names them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from werkzeug.datastructures import FileStorage

from web.context import actor, runtime
from workflows import documents


def store(sent: Iterable[FileStorage]) -> list[uuid.UUID]:
    """Store what was chosen; an empty choice is none. Raises DomainError for a file that is refused."""
    return [
        documents.store(runtime(), actor(), one.stream, one.filename, one.mimetype)["id"]
        for one in sent
        if one.filename
    ]
