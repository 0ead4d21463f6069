"""Rules and corrections of the quota ledger that two people decide: ratios, bans, recoveries."""

from __future__ import annotations

import uuid
from typing import Any

from flask import render_template, request

from registers.errors import DomainError, NotFound
from registers.quota_rules import next_version
from web import auth, formvalues
from web.context import actor, reading, runtime
from web.pages import blueprint
from web.pages.quota import Answer, done
from workflows import quotaledger, quotareading, quotaround


@blueprint.get("/quota/ratios")
@auth.signed_in
def quota_ratios() -> Answer:
    """The versions of the ratio table; an administrator enters, another signs."""
    return _ratio_page({})


@blueprint.post("/quota/ratios")
@auth.signed_in
def enter_ratios() -> Any:
    """Enter a version."""
    form = request.form
    lines = [
        {"factor": factor, "zone": zone, "industry": industry, "ratio": ratio}
        for factor, zone, industry, ratio in zip(
            form.getlist("factor"), form.getlist("zone"), form.getlist("industry"), form.getlist("ratio"), strict=False
        )
        if ratio.strip()
    ]
    arguments = {
        "valid_from": formvalues.optional_day("valid_from") or runtime().time.today(),
        "lines": lines,
        "basis": form.get("basis", ""),
        "note": form.get("note", ""),
    }
    return done(quotaledger.ratio_enter, arguments, _ratio_page, "pages.quota_ratios")


@blueprint.post("/quota/ratios/<uuid:ratio_id>")
@auth.signed_in
def sign_ratios(ratio_id: uuid.UUID) -> Any:
    """Sign or reject a version."""
    arguments = {
        "ratio_id": ratio_id,
        "sign": request.form.get("decision") == "sign",
        "note": request.form.get("note", ""),
    }
    return done(quotaledger.ratio_sign, arguments, _ratio_page, "pages.quota_ratios")


def _ratio_page(errors: dict[str, str]) -> str:
    with reading() as conn:
        seen = quotareading.zones(conn, actor())
        administers = quotaledger.is_administrator(actor())
        if not seen and not administers:
            raise NotFound()
        versions = quotareading.ratios(conn)
        zones = quotareading.all_zones(conn)
        number = next_version(conn)
    return render_template(
        "quota_ratios.html",
        versions=versions,
        zones=zones,
        next=number,
        may_enter=administers,
        errors=errors,
        given=request.form,
        today=runtime().time.today(),
    )


@blueprint.get("/quota/bans")
@auth.signed_in
def quota_bans() -> Answer:
    """Bans of one's zones: proposed, in force, over."""
    return _ban_page({})


@blueprint.post("/quota/bans")
@auth.signed_in
def enter_ban() -> Any:
    """Propose a ban."""
    form = request.form
    arguments = {
        "zone": form.get("zone", ""),
        "factor": form.get("factor", ""),
        "from_on": formvalues.optional_day("from_on") or runtime().time.today(),
        "to_on": formvalues.optional_day("to_on"),
        "reason": form.get("reason", ""),
        "document": form.get("document", ""),
    }
    return done(quotaledger.ban_enter, arguments, _ban_page, "pages.quota_bans")


@blueprint.post("/quota/bans/<uuid:ban_id>")
@auth.signed_in
def decide_ban(ban_id: uuid.UUID) -> Any:
    """Put a ban in force, reject or lift it."""
    arguments = {
        "ban_id": ban_id,
        "decision": request.form.get("decision", ""),
        "note": request.form.get("note", ""),
    }
    return done(quotaledger.ban_decide, arguments, _ban_page, "pages.quota_bans")


def _ban_page(errors: dict[str, str]) -> str:
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        bans = quotareading.bans(conn, [zone["code"] for zone in seen])
    heads = {zone["code"] for zone in seen if actor().has("head", zone["body_id"])}
    return render_template(
        "quota_bans.html",
        bans=bans,
        zones=quotareading.keeps(actor(), seen),
        heads=heads,
        errors=errors,
        given=request.form,
        today=runtime().time.today(),
    )


@blueprint.get("/quota/recoveries")
@auth.signed_in
def quota_recoveries() -> Answer:
    """Recoveries of one's zones: proposed by the daily round or by hand, decided with reasons."""
    return _recovery_page({})


@blueprint.post("/quota/recoveries")
@auth.signed_in
def propose_recovery() -> Any:
    """Propose a recovery."""
    form = request.form
    unit = formvalues.identifier("enterprise_id")
    if unit is None:
        raise DomainError("enterprise_id", "请选择排污单位。", "Name the enterprise.", pointer="enterprise_id")
    arguments = {
        "enterprise_id": unit,
        "zone": form.get("zone", ""),
        "factor": form.get("factor", ""),
        "ground": form.get("ground", ""),
        "amount": formvalues.amount("amount"),
        "facts": form.get("facts", ""),
    }
    return done(quotaround.propose, arguments, _recovery_page, "pages.quota_recoveries")


@blueprint.post("/quota/recoveries/<uuid:recovery_id>")
@auth.signed_in
def decide_recovery(recovery_id: uuid.UUID) -> Any:
    """Take back what is proposed or a part of it, or nothing."""
    form = request.form
    arguments = {
        "recovery_id": recovery_id,
        "recover": form.get("decision") == "recover",
        "reason": form.get("reason", ""),
        "amount": formvalues.amount("amount") if form.get("amount") else None,
    }
    return done(quotaround.decide, arguments, _recovery_page, "pages.quota_recoveries")


def _recovery_page(errors: dict[str, str]) -> str:
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        codes = [zone["code"] for zone in seen]
        recoveries = quotareading.recoveries(conn, codes=codes)
        units = quotareading.units(conn, codes)
    kept = quotareading.keeps(actor(), seen)
    return render_template(
        "quota_recoveries.html",
        recoveries=recoveries,
        units=units,
        zones=kept,
        kept={zone["code"] for zone in kept},
        errors=errors,
        given=request.form,
    )
