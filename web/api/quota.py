"""The quota ledger: accounts, postings, units, ratios, bans, recoveries, supply."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registers import quota_accounts, quota_balances, quota_views
from registers.errors import NotFound
from registers.quota_accounts import Account, Register
from web import auth, views
from web.api import schemas
from web.context import actor, reading, run, runtime
from workflows import quotaledger, quotareading, quotaround

blueprint = Blueprint("quota", __name__, description="Quota registers")

ZONE = validate.Length(1, 100)
WORDS = validate.Length(max=2000)


class AccountsIn(Schema):
    on = fields.Date()
    period = fields.String()


class AccountIn(AccountsIn):
    register = fields.String(load_default="reserve", validate=validate.OneOf([str(name) for name in Register]))


class PostingIn(Schema):
    kind = fields.String(required=True, validate=validate.OneOf([str(kind) for kind in quotaledger.RULES]))
    zone = fields.String(required=True, validate=ZONE)
    factor = fields.String(required=True, validate=ZONE)
    amount = fields.Decimal(required=True, allow_nan=False)
    document = fields.String(required=True, validate=validate.Length(1, 500))
    reason = fields.String(required=True, validate=validate.Length(1, 2000))
    register = fields.String(load_default="reserve")
    to_zone = fields.String(load_default=None, allow_none=True)
    enterprise_id = fields.UUID(load_default=None, allow_none=True)
    from_enterprise_id = fields.UUID(load_default=None, allow_none=True)
    period = fields.String(load_default=None, allow_none=True)
    on = fields.Date(load_default=None, allow_none=True)


class ReversalIn(Schema):
    reason = fields.String(required=True, validate=validate.Length(1, 2000))
    document = fields.String(load_default="", validate=validate.Length(max=500))


class RatioLine(Schema):
    factor = fields.String(required=True)
    ratio = fields.String(required=True)
    zone = fields.String(load_default="")
    industry = fields.String(load_default="")


class RatiosIn(Schema):
    valid_from = fields.Date(required=True)
    lines = fields.List(fields.Nested(RatioLine), required=True, validate=validate.Length(1, 500))
    basis = fields.String(required=True, validate=validate.Length(1, 500))
    note = fields.String(load_default="", validate=WORDS)


class SignatureIn(Schema):
    sign = fields.Boolean(required=True)
    note = fields.String(load_default="", validate=WORDS)


class BanIn(Schema):
    zone = fields.String(required=True, validate=ZONE)
    factor = fields.String(required=True, validate=ZONE)
    from_on = fields.Date(required=True)
    to_on = fields.Date(load_default=None, allow_none=True)
    reason = fields.String(required=True, validate=validate.Length(1, 2000))
    document = fields.String(required=True, validate=validate.Length(1, 500))


class BanDecisionIn(Schema):
    decision = fields.String(required=True, validate=validate.OneOf(["in_force", "reject", "lift"]))
    note = fields.String(load_default="", validate=WORDS)


class RecoveryIn(Schema):
    enterprise_id = fields.UUID(required=True)
    zone = fields.String(required=True, validate=ZONE)
    factor = fields.String(required=True, validate=ZONE)
    ground = fields.String(required=True, validate=validate.OneOf(["dropped", "surplus", "other"]))
    amount = fields.Decimal(required=True, allow_nan=False)
    facts = fields.String(required=True, validate=validate.Length(1, 2000))


class RecoveryDecisionIn(Schema):
    recover = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 2000))
    amount = fields.Decimal(load_default=None, allow_none=True, allow_nan=False)


def _on(args: dict[str, Any]) -> date:
    chosen: date = args.get("on") or runtime().time.today()
    return chosen


@blueprint.get("/quota/accounts")
@blueprint.arguments(AccountsIn, location="query")
@blueprint.response(200)
@auth.signed_in
def accounts(args: dict[str, Any]) -> Any:
    """The balances of one's zones at the end of a day, by factor and register."""
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        period = args.get("period") or quota_accounts.period_on(conn, _on(args))
        found = quota_views.standings(conn, [zone["code"] for zone in seen], period, _on(args))
    return views.plain({"on": _on(args), "period": period, "accounts": [vars(one) for one in found]})


@blueprint.get("/quota/accounts/<zone>/<factor>")
@blueprint.arguments(AccountIn, location="query")
@blueprint.response(200)
@auth.signed_in
def account(args: dict[str, Any], zone: str, factor: str) -> Any:
    """One account: balance, the line over time, from source to use, and its entries."""
    if factor not in quota_accounts.factors():
        raise NotFound()
    with reading() as conn:
        quotareading.zone(conn, actor(), zone)
        on = _on(args)
        key = Account(zone, factor, args["register"], args.get("period") or quota_accounts.period_on(conn, on))
        document = {
            **key._asdict(),
            "on": on,
            "balance": quota_balances.balance(conn, key, on),
            "series": [{"on": day, "balance": amount} for day, amount in quota_views.series(conn, key, on)],
            "waterfall": [{"kind": kind, "amount": amount} for kind, amount in quota_views.waterfall(conn, key, on)],
            "entries": quota_views.account_entries(conn, key, on),
        }
    return views.plain(document)


@blueprint.get("/quota/supply")
@blueprint.response(200)
@auth.signed_in
def supply() -> Any:
    """How one's zones stand today: income, free, reserved, coming, months left, warning."""
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        found = quotaround.supplies(conn, runtime().time.today(), [zone["code"] for zone in seen])
    return views.plain({"supply": [vars(one) for one in found]})


@blueprint.post("/quota/postings")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(PostingIn)
@blueprint.response(201)
@auth.signed_in
def enter(args: dict[str, Any]) -> Any:
    """Make a posting by hand: opening, transfer, upper reserve, auction, replacement."""
    return run(quotaledger.enter, **args)


@blueprint.get("/quota/postings/<uuid:posting_id>")
@blueprint.response(200)
@auth.signed_in
def posting(posting_id: uuid.UUID) -> Any:
    """One posting with case, document, rule version, person and lines."""
    with reading() as conn:
        found = quotareading.posting(conn, posting_id)
    lines = [{**key._asdict(), "amount": amount} for key, amount in found.pop("lines")]
    return views.plain({**found, "lines": lines})


@blueprint.post("/quota/postings/<uuid:posting_id>/reversal")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(ReversalIn)
@blueprint.response(201)
@auth.signed_in
def reverse(args: dict[str, Any], posting_id: uuid.UUID) -> Any:
    """Take a posting back with a reason."""
    return run(quotaledger.reverse, posting_id=posting_id, **args)


@blueprint.get("/quota/units/<uuid:enterprise_id>")
@blueprint.response(200)
@auth.signed_in
def unit(enterprise_id: uuid.UUID) -> Any:
    """The quota of a unit: what it holds, everything that happened, recoveries."""
    with reading() as conn:
        found = quotareading.unit(conn, actor(), enterprise_id)
        document = {
            "enterprise_id": enterprise_id,
            "name": found["name"],
            "permitted": quota_views.holdings(conn, enterprise_id),
            "life": quota_views.life(conn, enterprise_id),
            "recoveries": quotareading.recoveries(conn, enterprise_id=enterprise_id),
        }
    return views.plain(document)


@blueprint.get("/quota/ratios")
@blueprint.response(200)
@auth.signed_in
def ratios() -> Any:
    """All versions of the ratio table."""
    with reading() as conn:
        if not quotaledger.is_administrator(actor()):
            quotareading.require_any(conn, actor())
        return views.plain({"versions": quotareading.ratios(conn)})


@blueprint.post("/quota/ratios")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(RatiosIn)
@blueprint.response(201)
@auth.signed_in
def enter_ratios(args: dict[str, Any]) -> Any:
    """Enter a version of the ratio table; it counts once a second administrator has signed it."""
    return run(quotaledger.ratio_enter, **args)


@blueprint.post("/quota/ratios/<uuid:ratio_id>/signature")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(SignatureIn)
@blueprint.response(200)
@auth.signed_in
def sign_ratios(args: dict[str, Any], ratio_id: uuid.UUID) -> Any:
    """Sign or reject a version; never one's own."""
    return run(quotaledger.ratio_sign, ratio_id=ratio_id, **args)


@blueprint.get("/quota/bans")
@blueprint.response(200)
@auth.signed_in
def bans() -> Any:
    """The bans of one's zones."""
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        return views.plain({"bans": quotareading.bans(conn, [zone["code"] for zone in seen])})


@blueprint.post("/quota/bans")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(BanIn)
@blueprint.response(201)
@auth.signed_in
def enter_ban(args: dict[str, Any]) -> Any:
    """Propose a ban; the head decides."""
    return run(quotaledger.ban_enter, **args)


@blueprint.post("/quota/bans/<uuid:ban_id>/decision")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(BanDecisionIn)
@blueprint.response(200)
@auth.signed_in
def decide_ban(args: dict[str, Any], ban_id: uuid.UUID) -> Any:
    """Put a ban in force, reject or lift it."""
    return run(quotaledger.ban_decide, ban_id=ban_id, **args)


@blueprint.get("/quota/recoveries")
@blueprint.response(200)
@auth.signed_in
def recoveries() -> Any:
    """The recoveries of one's zones, those to be decided first."""
    with reading() as conn:
        seen = quotareading.require_any(conn, actor())
        return views.plain({"recoveries": quotareading.recoveries(conn, codes=[zone["code"] for zone in seen])})


@blueprint.post("/quota/recoveries")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(RecoveryIn)
@blueprint.response(201)
@auth.signed_in
def propose_recovery(args: dict[str, Any]) -> Any:
    """Propose by hand to take permitted quota back."""
    return run(quotaround.propose, **args)


@blueprint.post("/quota/recoveries/<uuid:recovery_id>/decision")
@blueprint.doc(parameters=[schemas.KEY_HEADER])
@blueprint.arguments(RecoveryDecisionIn)
@blueprint.response(200)
@auth.signed_in
def decide_recovery(args: dict[str, Any], recovery_id: uuid.UUID) -> Any:
    """Decide with reasons: all, a part, or nothing goes back to the reserve."""
    return run(quotaround.decide, recovery_id=recovery_id, **args)
