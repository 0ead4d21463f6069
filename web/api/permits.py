"""Permits: the register entries one may see, each with its changes."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from registers import permits
from web import auth, views
from web.context import actor, reading

blueprint = Blueprint("permits", __name__, description="Permits and approvals")


@blueprint.get("/permits")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """The permits of my enterprise, or those that the bodies I work for decided."""
    with reading() as conn:
        return views.plain(permits.of_parties(conn, actor().enterprise_id, sorted(actor().case_body_ids)))
