"""Signing in at the provider of the house, and linking the identity there to one's own account."""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from registers import factors
from web import auth, oidc
from web.context import actor, runtime
from web.pages import blueprint
from web.pages.public import enter, safe_target

STATE = "oidc"


@blueprint.get("/login/outside")
def outside_login() -> Response:
    """Go to the provider."""
    return _off(request.args.get("next", ""), None)


@blueprint.get("/login/outside/back")
def outside_back() -> Any:
    """Come back from the provider."""
    came = oidc.finish(_callback(), dict(request.args), request.cookies.get(STATE, ""), request.remote_addr or "")
    response = redirect(safe_target(came.target)) if came.token is None else enter(came.token, came.target)
    response.delete_cookie(STATE, path="/login")
    return response


@blueprint.post("/account/identities")
@auth.signed_in
def link_identity() -> Response:
    """Go to the provider to link the identity there to this account."""
    return _off(url_for("pages.account"), actor().id)


@blueprint.post("/account/identities/drop")
@auth.signed_in
def unlink_identity() -> Response:
    """Untie an outside identity."""
    person = actor().id
    assert person is not None
    with runtime().db.transaction() as conn:
        factors.unlink(conn, request.form.get("issuer", ""), request.form.get("subject", ""), person)
    return redirect(url_for("pages.account"))


def _off(target: str, user_id: Any) -> Response:
    address, state = oidc.begin(_callback(), target, user_id)
    response: Response = current_app.make_response(redirect(address))
    secure = runtime().base_url.startswith("https:")
    response.set_cookie(STATE, state, max_age=600, httponly=True, samesite="Lax", secure=secure, path="/login")
    return response


def _callback() -> str:
    return runtime().base_url.rstrip("/") + url_for("pages.outside_back")
