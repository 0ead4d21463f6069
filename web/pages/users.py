"""Accounts, bodies and enterprises, for the security administrator."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask import redirect, render_template, request, url_for

from registers import parties
from registers.errors import DomainError
from web import auth, words
from web.context import actor, new_key, reading, runtime
from web.i18n import gettext, language
from web.pages import blueprint
from workflows import access, administration, people
from workflows.matters import MATTER_TITLES


@blueprint.get("/users")
@auth.signed_in
def users() -> str:
    """All accounts."""
    access.require(actor(), "users.manage")
    return _page({})


@blueprint.post("/users/bodies")
@auth.signed_in
def add_body() -> Any:
    """Enter a body."""
    form = request.form
    return _carry_out(
        lambda: administration.create_body(
            runtime(),
            actor(),
            new_key(),
            code=form["code"].strip(),
            name_zh=form["name_zh"].strip(),
            name_en=form["name_en"].strip(),
            kind=form["kind"],
            prefix=form["prefix"].strip(),
            parent_id=_uuid("parent"),
            powers=tuple(form.getlist("powers")),
        )
    )


@blueprint.post("/users/enterprises")
@auth.signed_in
def add_enterprise() -> Any:
    """Enter an enterprise."""
    names = ("credit_code", "name", "address", "legal_representative", "contact_name", "contact_phone")
    facts = {name: request.form[name].strip() for name in names}
    return _carry_out(lambda: administration.create_enterprise(runtime(), actor(), new_key(), **facts))


@blueprint.post("/users")
@auth.signed_in
def add_user() -> Any:
    """Enter an account."""
    form = request.form
    return _carry_out(
        lambda: administration.create_user(
            runtime(),
            actor(),
            new_key(),
            login=form["login"],
            name=form["name"],
            password=form["password"],
            role=form["role"],
            body_id=_uuid("body_id"),
            enterprise_id=_uuid("enterprise_id"),
        )
    )


def _carry_out(action: Callable[[], Any]) -> Any:
    try:
        action()
    except DomainError as error:
        return _page({error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.users"))


def _uuid(name: str) -> uuid.UUID | None:
    given = request.form.get(name)
    return uuid.UUID(given) if given else None


def _page(errors: dict[str, str]) -> str:
    with reading() as conn:
        accounts, units, firms = people.accounts(conn), parties.bodies(conn), people.enterprises(conn)
    kinds = {
        "province": gettext("省级"),
        "city": gettext("设区市"),
        "county": gettext("县级"),
        "park_bureau": gettext("园区生态环境局"),
        "park_committee": gettext("园区管委会"),
        "department": gettext("部门"),
    }
    fields = {
        "credit_code": gettext("统一社会信用代码"),
        "name": gettext("名称"),
        "address": gettext("地址"),
        "legal_representative": gettext("法定代表人"),
        "contact_name": gettext("联系人"),
        "contact_phone": gettext("联系电话"),
    }
    return render_template(
        "users.html",
        people=accounts,
        bodies=units,
        enterprises=firms,
        errors=errors,
        kinds=list(kinds.items()),
        enterprise_fields=list(fields.items()),
        roles=[(role, words.role_name(role)) for role in parties.ROLES],
        powers=[(key, words.matter_name(key)) for key in MATTER_TITLES],
    )
