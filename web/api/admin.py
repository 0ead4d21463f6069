"""Health, incidents, and how the record stands."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from web import auth, views
from web.context import actor, reading
from workflows import access, incidents

blueprint = Blueprint("admin", __name__, description="Administration")


@blueprint.get("/incidents")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """Stopped service steps with their cause."""
    access.require(actor(), "incident.see")
    with reading() as conn:
        return views.plain(incidents.open_incidents(conn))
