"""The permits and approvals of one's enterprise, or of the bodies one works for; each with its terms and changes."""

from __future__ import annotations

import uuid

from flask import render_template

from web import auth, permitviews
from web.context import actor, reading, runtime
from web.pages import blueprint


@blueprint.get("/permits")
@auth.signed_in
def permits() -> str:
    """The register of permits, as far as it is this person's."""
    with reading() as conn:
        rows = permitviews.listing(conn, runtime(), actor())
    held = {row["kind"] for row in rows if row["status"] == "valid"}
    return render_template("permits.html", rows=rows, statuses=permitviews.statuses(), both={"waste", "permit"} <= held)


@blueprint.get("/permits/<uuid:permit_id>")
@auth.signed_in
def permit(permit_id: uuid.UUID) -> str:
    """A permit: what it states, when its renewal is to be asked for, its terms and changes."""
    with reading() as conn:
        found = permitviews.one(conn, runtime(), actor(), permit_id)
    return render_template("permit.html", p=found, statuses=permitviews.statuses())
