"""The permits and approvals of one's enterprise, or of the bodies one works for, with what was changed in them."""

from __future__ import annotations

from flask import render_template

from registers import permits as register
from web import auth
from web.context import actor, reading
from web.i18n import gettext
from web.pages import blueprint


@blueprint.get("/permits")
@auth.signed_in
def permits() -> str:
    """The register of permits, as far as it is this person's."""
    with reading() as conn:
        rows = register.of_parties(conn, actor().enterprise_id, sorted(actor().case_body_ids))
    statuses = {
        "valid": gettext("有效"),
        "superseded": gettext("已被替代"),
        "cancelled": gettext("已注销"),
        "expired": gettext("已到期"),
    }
    held = {row["kind"] for row in rows if row["status"] == "valid"}
    return render_template("permits.html", rows=rows, statuses=statuses, both={"waste", "permit"} <= held)
