"""Bodies with powers and zones, enterprises, and the record of the house, for the administrators."""

from __future__ import annotations

import uuid
from typing import Any

from flask import render_template, request, url_for

from registers import parties
from registers.errors import DomainError
from web import auth, formvalues, words
from web.context import actor, reading, run
from web.i18n import gettext, in_language
from web.pages import blueprint
from web.pages.users import body_choices
from web.pages.work import offset_asked, page_url
from web.refusals import carry_out
from workflows import access, administration, housebook, people
from workflows.matters import MATTER_TITLES

TEXTS = (
    "name_zh",
    "name_en",
    "prefix",
    "kind",
    "phone",
    "address",
    "court_name",
    "reconsideration_name",
    "region_code",
)
PAGE = 100


@blueprint.get("/bodies")
@auth.signed_in
def bodies() -> str:
    """Bodies, powers and zones."""
    access.require(actor(), "users.manage")
    return _bodies("", {})


@blueprint.post("/bodies")
@auth.signed_in
def add_body() -> Any:
    """Enter a body."""
    facts = {
        **_texts(*TEXTS),
        "code": request.form.get("code", "").strip(),
        "parent_id": formvalues.identifier("parent_id"),
    }
    powers = tuple(request.form.getlist("powers"))
    return carry_out(
        lambda: run(administration.create_body, powers=powers, **facts),
        url_for("pages.bodies"),
        lambda errors: _bodies("new", errors),
    )


@blueprint.post("/bodies/<uuid:body_id>")
@auth.signed_in
def change_body(body_id: uuid.UUID) -> Any:
    """Change a body."""
    facts: dict[str, Any] = {
        **_texts(*TEXTS),
        "parent_id": formvalues.identifier("parent_id"),
        "active": "active" in request.form,
    }
    with reading() as conn:
        code = parties.body(conn, body_id).code
    return carry_out(
        lambda: run(administration.change_body, body_id=body_id, **facts),
        url_for("pages.bodies"),
        lambda errors: _bodies(f"b{code}", errors),
    )


@blueprint.post("/bodies/powers")
@auth.signed_in
def grant_power() -> Any:
    """Enter a power."""
    facts = {**_texts("matter", "basis"), "zone_code": request.form.get("zone_code") or None}
    return carry_out(
        lambda: run(administration.grant_power, body_id=_body_id(), valid_from=formvalues.day("valid_from"), **facts),
        url_for("pages.bodies", _anchor="powers"),
        lambda errors: _bodies("power", errors),
    )


@blueprint.post("/bodies/powers/<uuid:power_id>")
@auth.signed_in
def end_power(power_id: uuid.UUID) -> Any:
    """Enter the last day of a power."""
    return carry_out(
        lambda: run(administration.end_power, power_id=power_id, last_day=formvalues.day("last_day")),
        url_for("pages.bodies", _anchor="powers"),
        lambda errors: _bodies("ended", errors),
    )


@blueprint.post("/bodies/zones")
@auth.signed_in
def add_zone() -> Any:
    """Enter a functional zone."""
    facts = _texts("code", "name_zh", "name_en")
    return carry_out(
        lambda: run(administration.create_zone, body_id=_body_id(), **facts),
        url_for("pages.bodies", _anchor="zones"),
        lambda errors: _bodies("zone", errors),
    )


@blueprint.get("/enterprises")
@auth.signed_in
def enterprises() -> str:
    """The enterprises of the register."""
    access.require(actor(), "users.manage")
    return _enterprises("", {})


@blueprint.post("/enterprises")
@auth.signed_in
def add_enterprise() -> Any:
    """Enter an enterprise."""
    facts = _texts("credit_code", *administration.ENTERPRISE_FACTS)
    return carry_out(
        lambda: run(administration.create_enterprise, **facts),
        url_for("pages.enterprises"),
        lambda errors: _enterprises("new", errors),
    )


@blueprint.post("/enterprises/<uuid:enterprise_id>")
@auth.signed_in
def change_enterprise(enterprise_id: uuid.UUID) -> Any:
    """Change the facts of an enterprise."""
    facts = _texts(*administration.ENTERPRISE_FACTS)
    with reading() as conn:
        code = parties.enterprise(conn, enterprise_id)["credit_code"]
    return carry_out(
        lambda: run(administration.change_enterprise, enterprise_id=enterprise_id, **facts),
        url_for("pages.enterprises"),
        lambda errors: _enterprises(f"e{code}", errors),
    )


@blueprint.get("/record")
@auth.signed_in
def record() -> str:
    """The record of the house, checked as a chain."""
    access.require(actor(), "audit.see")
    with reading() as conn:
        total, lines = housebook.lines(conn, offset_asked(), PAGE)
        faults = list(housebook.verify(conn))
    return render_template(
        "record.html",
        lines=lines,
        faults=faults,
        page={"total": total},
        limit=PAGE,
        offset=offset_asked(),
        page_url=page_url,
        house_kind=_house_kind,
    )


def _texts(*names: str) -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in names}


def _body_id() -> uuid.UUID:
    body_id = formvalues.identifier("body_id")
    if body_id is None:
        raise DomainError("needed", "请选择机构。", "Choose a body.", pointer="body_id")
    return body_id


def _bodies(where: str, errors: dict[str, str]) -> str:
    with reading() as conn:
        listed, units, powers = people.bodies(conn), parties.bodies(conn), people.powers(conn)
        zones = [(code, in_language((zh, en))) for code, zh, en in parties.zones(conn)]
    kinds = _kinds()
    return render_template(
        "bodies.html",
        bodies=listed,
        choices=body_choices(units),
        powers=powers,
        zones=zones,
        zone_names=dict(zones),
        kinds=list(kinds.items()),
        kind_names=kinds,
        matters=[(key, words.matter_name(key)) for key in MATTER_TITLES],
        where=where,
        errors=errors,
        given=request.form if errors else {},
        picked=request.form.getlist("powers"),
    )


def _enterprises(where: str, errors: dict[str, str]) -> str:
    with reading() as conn:
        listed = people.enterprises(conn)
        zones = [(code, in_language((zh, en))) for code, zh, en in parties.zones(conn)]
    return render_template(
        "enterprises.html",
        enterprises=listed,
        zones=zones,
        where=where,
        errors=errors,
        given=request.form if errors else {},
    )


def _kinds() -> dict[str, str]:
    return {
        "province": gettext("省级"),
        "city": gettext("设区市"),
        "county": gettext("县级"),
        "park_bureau": gettext("园区生态环境局"),
        "park_committee": gettext("园区管委会"),
        "department": gettext("部门"),
    }


def _house_kind(kind: str) -> str:
    return {
        "body_created": gettext("新增机构"),
        "body_changed": gettext("修改机构"),
        "zone_created": gettext("新增功能区"),
        "power_granted": gettext("登记权限"),
        "power_ended": gettext("终止权限"),
        "enterprise_created": gettext("新增企业"),
        "enterprise_changed": gettext("修改企业"),
        "user_created": gettext("新增账号"),
        "user_changed": gettext("修改账号"),
        "password_reset": gettext("重置密码"),
        "role_given": gettext("增加岗位"),
        "role_taken": gettext("取消岗位"),
        "definition_published": gettext("发布流程"),
        "definition_proposed": gettext("提请发布流程"),
        "definition_declined": gettext("退回流程发布"),
        "definition_retired": gettext("停用流程"),
        "stand_in_named": gettext("指定代理人"),
        "stand_in_ended": gettext("收回代理"),
        "numbering_pattern": gettext("修改编号格式"),
        "numbering_last": gettext("接续编号"),
    }.get(kind, kind)
