"""Permits: the register entries one may see, each with its changes, its terms and the outlook on its renewal."""

from __future__ import annotations

import uuid
from typing import Any

from flask_smorest import Blueprint

from web import auth, permitviews, views
from web.context import actor, reading, runtime

blueprint = Blueprint("permits", __name__, description="Permits and approvals")


@blueprint.get("/permits")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """The permits of my enterprise, or those that the bodies I work for decided."""
    with reading() as conn:
        return views.plain(permitviews.listing(conn, runtime(), actor()))


@blueprint.get("/permits/<uuid:permit_id>")
@blueprint.response(200)
@auth.signed_in
def show(permit_id: uuid.UUID) -> Any:
    """One of them: to ask for its renewal, open a case of `permit_renewal` with this `permit_id`."""
    with reading() as conn:
        return views.plain(permitviews.one(conn, runtime(), actor(), permit_id))
