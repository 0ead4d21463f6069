"""The quota ledger: overview, one zone and factor with charts and entries, postings, units, entering by hand."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from registers import laws, quota_accounts, quota_balances, quota_views
from registers.errors import DomainError, NotFound
from registers.quota_accounts import Account, Register
from web import auth, formvalues, quotacharts, words
from web.context import actor, reading, run, runtime
from web.i18n import language
from web.pages import blueprint
from workflows import quotaledger, quotareading, quotaround
from workflows.commands import Command

Answer = str | Response | tuple[str, int]


@blueprint.get("/quota")
@auth.signed_in
def quota_overview() -> Answer:
    """Balances by zone and factor on a day, with warnings; an enterprise is led to its own page."""
    if actor().enterprise_id and not actor().case_body_ids:
        return redirect(url_for("pages.quota_own"))
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        periods = quota_accounts.periods(conn)
        on, period = _chosen(conn)
        codes = [zone["code"] for zone in seen]
        standings = quota_views.standings(conn, codes, period, on)
        warnings = {(one.zone, one.factor): one for one in quotaround.supplies(conn, runtime().time.today(), codes)}
    return render_template(
        "quota.html",
        zones={zone["code"]: zone for zone in seen},
        standings=standings,
        warnings=warnings if on >= runtime().time.today() else {},
        periods=periods,
        period=period,
        on=on,
    )


@blueprint.get("/quota/<zone>/<factor>")
@auth.signed_in
def quota_account(zone: str, factor: str) -> Answer:
    """One zone and factor: line over time, from source to use, and the entries of a register."""
    if factor not in quota_accounts.factors():
        raise NotFound()
    register = request.args.get("register", Register.RESERVE)
    if register not in quota_accounts.REGISTER_TITLES:
        raise NotFound()
    with reading() as conn:
        found = quotareading.zone(conn, actor(), zone)
        on, period = _chosen(conn)
        account = Account(zone, factor, register, period)
        balances = {
            str(name): quota_balances.balance(conn, account._replace(register=str(name)), on)
            for name in quota_views.SHOWN
        }
        steps = quota_views.waterfall(conn, account, on)
        points = quota_views.series(conn, account, on)
        entries = quota_views.account_entries(conn, account, on)
        supply = next(
            (one for one in quotaround.supplies(conn, runtime().time.today(), [zone]) if one.factor == factor), None
        )
        periods = quota_accounts.periods(conn)
    return render_template(
        "quota_account.html",
        zone=found,
        factor=factor,
        register=register,
        balances=balances,
        steps=steps,
        points=points,
        chart=quotacharts.line(points, on),
        fall=quotacharts.waterfall(steps, sum((amount for _, amount in steps), Decimal(0))),
        entries=entries,
        supply=supply,
        periods=periods,
        period=period,
        on=on,
    )


@blueprint.get("/quota/postings/<uuid:posting_id>")
@auth.signed_in
def quota_posting(posting_id: uuid.UUID) -> Answer:
    """One posting with case, document, rule version and person."""
    return _posting_page(posting_id, {})


def _posting_page(posting_id: uuid.UUID, errors: dict[str, str]) -> str:
    with reading() as conn:
        found = quotareading.posting(conn, posting_id)
        kept = {zone["code"] for zone in quotareading.keeps(actor(), quotareading.zones(conn, actor()))}
    may = set(found["zone_codes"]) <= kept and not found["reversed_by"]
    may = may and found["kind"] not in ("reservation", "release", "reversal")
    return render_template("quota_posting.html", posting=found, may_reverse=may, errors=errors)


@blueprint.post("/quota/postings/<uuid:posting_id>/reversal")
@auth.signed_in
def reverse_quota_posting(posting_id: uuid.UUID) -> Any:
    """Take a posting back with a reason."""
    try:
        made = run(
            quotaledger.reverse,
            posting_id=posting_id,
            reason=request.form.get("reason", ""),
            document=request.form.get("document", ""),
        )
    except NotFound:
        raise
    except DomainError as error:
        return _posting_page(posting_id, {error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.quota_posting", posting_id=made["posting_ids"][0]))


@blueprint.get("/quota/unit")
@auth.signed_in
def quota_own() -> Answer:
    """The own quota of an enterprise."""
    own = actor().enterprise_id
    if own is None:
        raise NotFound()
    return _unit_page(own)


@blueprint.get("/quota/units/<uuid:enterprise_id>")
@auth.signed_in
def quota_unit(enterprise_id: uuid.UUID) -> Answer:
    """The quota of a unit of one's zones: what it holds and everything that happened to it."""
    return _unit_page(enterprise_id)


def _unit_page(enterprise_id: uuid.UUID) -> str:
    with reading() as conn:
        unit = quotareading.unit(conn, actor(), enterprise_id)
        held = quota_views.holdings(conn, enterprise_id)
        life = quota_views.life(conn, enterprise_id)
        recoveries = quotareading.recoveries(conn, enterprise_id=enterprise_id)
    return render_template("quota_unit.html", unit=unit, held=held, life=life, recoveries=recoveries)


# -- entering ------------------------------------------------------------------------------------------------


@blueprint.get("/quota/entry")
@auth.signed_in
def quota_entry() -> Answer:
    """Postings by hand: opening balances (administrator), transfers, auctions, replacements (officer)."""
    return _entry_page({})


@blueprint.post("/quota/entry")
@auth.signed_in
def enter_quota() -> Any:
    """Make a posting."""
    form = request.form
    try:
        made = run(
            quotaledger.enter,
            kind=form.get("kind", ""),
            zone=form.get("zone", ""),
            factor=form.get("factor", ""),
            amount=formvalues.amount("amount"),
            document=form.get("document", ""),
            reason=form.get("reason", ""),
            register=form.get("register") or "reserve",
            to_zone=form.get("to_zone") or None,
            enterprise_id=formvalues.identifier("enterprise_id"),
            from_enterprise_id=formvalues.identifier("from_enterprise_id"),
            on=formvalues.optional_day("on"),
        )
    except DomainError as error:
        return _entry_page({error.pointer or "": error.message(language())}), error.status
    return redirect(url_for("pages.quota_posting", posting_id=made["posting_ids"][0]))


def _entry_page(errors: dict[str, str]) -> str:
    person = actor()
    with reading() as conn:
        seen = quotareading.zones(conn, person)
        kept = quotareading.keeps(person, seen)
        administers = quotaledger.is_administrator(person)
        if administers and not seen:
            seen = quotareading.all_zones(conn)
        if not kept and not administers:
            raise NotFound()
        units = quotareading.units(conn, [zone["code"] for zone in seen])
    kinds = [
        str(kind) for kind in quotaledger.RULES if (kind == "opening" and administers) or (kind != "opening" and kept)
    ]
    return render_template(
        "quota_entry.html", zones=seen if administers else kept, all_zones=seen, units=units, kinds=kinds,
        opened=[str(name) for name in quotaledger.OPENED], errors=errors, given=request.form,
        today=runtime().time.today(),
    )  # fmt: skip


# -- words of the templates ----------------------------------------------------------------------------------


@blueprint.app_template_global("factor_name")
def _factor_name(factor: str) -> str:
    """A factor as people call it."""
    item = quota_accounts.factors().get(factor)
    return words.in_language((item["zh"], item["en"])) if item else factor


@blueprint.app_template_global("quota_factors")
def _factors() -> list[str]:
    """The factors under control, in their order."""
    return list(quota_accounts.factors())


@blueprint.app_template_global("register_name")
def _register_name(register: str) -> str:
    """A register of the ledger."""
    return words.in_language(quota_accounts.REGISTER_TITLES.get(register, (register, register)))


@blueprint.app_template_global("posting_name")
def _posting_name(kind: str) -> str:
    """A kind of posting."""
    return words.in_language(quota_accounts.KIND_TITLES.get(kind, (kind, kind)))


@blueprint.app_template_global("rule_name")
def _rule_name(code: str) -> str:
    """A rule with its version: a citation written out, or the version of the ratio table."""
    name, _, version = code.partition("@")
    if name == "quota.ratio" and version:
        return words.in_language((f"平衡比例表第{version}版", f"ratio table, version {version}"))
    try:
        return words.in_language(laws.cite(code))
    except (KeyError, ValueError):
        return code


@blueprint.app_template_filter("tons")
def _tons(amount: Decimal | None) -> str:
    """An amount in t/a as it is read: no idle zeros, a true minus."""
    if amount is None:
        return "—"
    text = format(amount.normalize(), "f") if amount else "0"
    return text.replace("-", "−")


# -- helpers --------------------------------------------------------------------------------------------------


def done(command: Command, arguments: dict[str, Any], page: Any, endpoint: str) -> Any:
    """Carry out a command and go on to a page; what was refused is told on the page it came from."""
    try:
        run(command, **arguments)
    except NotFound:
        raise
    except DomainError as error:
        return page({error.pointer or "": error.message(language())}), error.status
    return redirect(url_for(endpoint))


def _chosen(conn: Any) -> tuple[date, str]:
    """The day and plan period asked for; today and its period when none is."""
    on = formvalues.day_asked("on") or runtime().time.today()
    known = {period.code for period in quota_accounts.periods(conn)}
    period = request.args.get("period", "")
    return on, period if period in known else quota_accounts.period_on(conn, on)
