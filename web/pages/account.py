"""One's own account: roles, stand-ins, duties of one's enterprise."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from registers import factors, obligations
from registers.errors import DomainError
from web import auth, oidc
from web.context import actor, reading, run
from web.pages import blueprint
from workflows import people, worklist


@blueprint.get("/account")
@auth.signed_in
def account() -> str:
    """The person's own page."""
    person = actor()
    with reading() as conn:
        shown: dict[str, Any] = {
            "lent": people.lent(conn, person),
            "colleagues": people.colleagues(conn, person),
            "has_factor": factors.required(conn, person.id) if person.id else False,
            "outside": oidc.settings(),
            "identities": factors.identities(conn, person.id) if person.id else [],
            "obligations": obligations.of_enterprise(conn, person.enterprise_id) if person.enterprise_id else [],
        }
    return render_template("account.html", **shown)


@blueprint.post("/account/delegations")
@auth.signed_in
def lend() -> Response:
    """Appoint a stand-in."""
    form = request.form
    try:
        first, last = date.fromisoformat(form["valid_from"]), date.fromisoformat(form["valid_to"])
    except ValueError:
        raise DomainError("date", "请填写日期。", "Give both dates.", pointer="valid_from") from None
    run(
        worklist.lend,
        to_user_id=uuid.UUID(form["to_user_id"]),
        valid_from=first,
        valid_to=last,
        reason=form["reason"],
    )
    return redirect(url_for("pages.account"))


@blueprint.post("/account/delegations/<uuid:delegation_id>/revoke")
@auth.signed_in
def revoke(delegation_id: uuid.UUID) -> Response:
    """Take a stand-in back."""
    run(worklist.take_back, delegation_id=delegation_id)
    return redirect(url_for("pages.account"))
