"""Puts the web application together from its parts."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from web import api, assets, auth, i18n, pages, problems
from web.context import bind
from workflows.deadlines import Alarm
from workflows.runtime import Runtime

# A real-size application has thirty outlets and twenty files; one request carries one form or some files.
MAX_REQUEST = 210 * 1024 * 1024


def build(rt: Runtime, alarm: Alarm | None = None) -> Flask:
    """The Flask application over a runtime; `alarm` is watched by the health page when it runs here."""
    app = Flask("web", root_path=str(Path(__file__).parent), static_folder="static", static_url_path="/static")
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_REQUEST,
        MAX_FORM_MEMORY_SIZE=8 * 1024 * 1024,
        MAX_FORM_PARTS=60_000,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        JSON_SORT_KEYS=False,
    )
    bind(app, rt, alarm)
    auth.install(app)
    i18n.install(app)
    assets.install(app)
    problems.install(app)
    api.install(app)
    pages.install(app)
    return app
