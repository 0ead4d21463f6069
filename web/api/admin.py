"""Incidents, and the security administrator's registers: bodies, enterprises, accounts."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from registers import parties
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run
from workflows import access, administration, incidents, people

blueprint = Blueprint("admin", __name__, description="Administration")


@blueprint.get("/incidents")
@blueprint.response(200)
@auth.signed_in
def listing() -> Any:
    """Stopped service steps with their cause."""
    access.require(actor(), "incident.see")
    with reading() as conn:
        return views.plain(incidents.open_incidents(conn))


@blueprint.get("/bodies")
@blueprint.response(200)
@auth.signed_in
def bodies() -> Any:
    """The bodies of the administration."""
    with reading() as conn:
        return views.plain([vars(body) for body in parties.bodies(conn)])


@blueprint.post("/bodies")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.BodyIn())
@blueprint.response(201)
@auth.signed_in
def add_body(args: dict[str, Any]) -> Any:
    """Enter a body with the matters it decides from today on."""
    return run(administration.create_body, **args)


@blueprint.post("/enterprises")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.EnterpriseIn())
@blueprint.response(201)
@auth.signed_in
def add_enterprise(args: dict[str, Any]) -> Any:
    """Enter an enterprise; its credit code is checked."""
    return run(administration.create_enterprise, **args)


@blueprint.get("/users")
@blueprint.response(200)
@auth.signed_in
def users() -> Any:
    """All accounts with unit and roles."""
    access.require(actor(), "users.manage")
    with reading() as conn:
        return views.plain(people.accounts(conn))


@blueprint.post("/users")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(schemas.UserIn())
@blueprint.response(201)
@auth.signed_in
def add_user(args: dict[str, Any]) -> Any:
    """Enter an account with one role, for a body or an enterprise."""
    return run(administration.create_user, **args)
