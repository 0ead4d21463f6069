"""What the reduction procedure writes into the register: list, declare, check, enter, refuse.

Each step works for the project of its case; the rules that hold (another person checks, nothing is entered twice) are
those of `registers.reductions`.
"""

from __future__ import annotations

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from handlers.fields import Done, Facts, amount
from handlers.registry import HandlerContext, HandlerError, handler
from registers import parties, reductions

BASIS = "《苏州工业园区排污总量指标管理实施细则（征求意见稿）》"


class _EnlistInputs(Schema):
    lead = Facts(required=True)
    enterprise = fields.Raw(load_default=None)


class _EnlistOutputs(Schema):
    id = fields.String(required=True)
    number = fields.String(required=True)
    period = fields.String(required=True)
    zone = fields.String(required=True)
    zone_name = fields.String(required=True)
    zone_body = fields.String(required=True)


@handler(
    "reduction.enlist",
    title={"zh": "列入减排项目清单", "en": "Put on the list of reduction projects"},
    basis=f"{BASIS}四.3",
    inputs=_EnlistInputs,
    outputs=_EnlistOutputs,
)
def enlist(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """A project identified by its zone or proposed by the bureau gets its number; once for each case."""
    lead = inputs["lead"]
    zone, zone_name, zone_body = zone_of(ctx, str(lead.get("zone") or ""))
    bureau = parties.deciding_body(ctx.conn, "eia", zone, ctx.act_date)
    unit = (inputs["enterprise"] or {}).get("name") or ""
    made = reductions.enlist(
        ctx.conn,
        zone=zone,
        body_id=bureau.id,
        unit_name=str(lead.get("unit_name") or unit),
        name=str(lead["project_name"]),
        kind=str(lead["kind"]),
        origin=str(lead["origin"]),
        on=ctx.act_date,
        now=ctx.time.now(),
        year=lead.get("year"),
        enterprise_id=ctx.enterprise_id,
        case_id=ctx.case_id,
        listed_by=ctx.actor_id,
    )
    return {
        "id": str(made["id"]),
        "number": made["number"],
        "period": made["period"],
        "zone": zone,
        "zone_name": zone_name,
        "zone_body": zone_body,
    }


class _DeclareInputs(Schema):
    declaration = Facts(required=True)
    calculation = Facts(required=True)


@handler(
    "reduction.declare",
    title={"zh": "登记减排申报", "en": "Enter the declaration of a reduction project"},
    basis=f"{BASIS}四.3",
    inputs=_DeclareInputs,
    outputs=Done,
)
def declare(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Keep declaration and calculation; whoever declares is who calculated."""
    reductions.declare(
        ctx.conn,
        _project(ctx),
        declaration=_plain(inputs["declaration"]),
        calculation=_plain(inputs["calculation"]),
        by=ctx.actor_id,
    )
    return {"done": True}


class _CheckedInputs(Schema):
    stage = fields.String(required=True, validate=validate.OneOf(["first", "second"]))
    by = fields.String(load_default="person", validate=validate.OneOf(["person", "third_party"]))


@handler(
    "reduction.checked",
    title={"zh": "登记初核、复核", "en": "Enter the first or second check"},
    basis=f"{BASIS}四.3（第三方指导）、六.3",
    inputs=_CheckedInputs,
    outputs=Done,
)
def checked(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The person of this step has checked; the second is never the first nor the one who calculated."""
    reductions.checked(ctx.conn, _project(ctx), stage=inputs["stage"], by=ctx.actor_id, kind=inputs["by"])
    return {"done": True}


class _EnterInputs(Schema):
    calculation = Facts(required=True)
    document = fields.String(load_default="")


class _EnterOutputs(Schema):
    posting = fields.String(required=True)
    factors = fields.Integer(required=True)


@handler(
    "reduction.enter",
    title={"zh": "减排量入库", "en": "Enter reductions into the register"},
    basis=f"{BASIS}四.4",
    inputs=_EnterInputs,
    outputs=_EnterOutputs,
)
def enter(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The audited amounts enter the reduction register of the zone."""
    calculation = inputs["calculation"]
    if calculation.get("ok") is not True:
        raise HandlerError("not_calculated", "核算存在问题，不能入库。", "The calculation has problems.")
    amounts: dict[str, Decimal] = {line["factor"]: amount(line["net_t"]) for line in calculation["lines"]}
    posting = reductions.enter(
        ctx.conn,
        _project(ctx),
        amounts,
        on=ctx.act_date,
        now=ctx.time.now(),
        by=ctx.actor_id,
        document=inputs["document"],
    )
    return {"posting": str(posting), "factors": len(amounts)}


class _RefuseInputs(Schema):
    reason = fields.String(required=True)


@handler(
    "reduction.refuse",
    title={"zh": "减排项目审核不通过", "en": "Refuse a reduction project"},
    basis=f"{BASIS}四.4",
    inputs=_RefuseInputs,
    outputs=Done,
)
def refuse(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """The project does not enter the register, for a reason."""
    reductions.refuse(ctx.conn, _project(ctx), reason=inputs["reason"], on=ctx.act_date, by=ctx.actor_id)
    return {"done": True}


def _project(ctx: HandlerContext) -> uuid.UUID:
    if ctx.case_id is None:
        raise HandlerError("no_case", "该步骤须在案件中办理。", "This step belongs to a case.")
    return reductions.of_case(ctx.conn, ctx.case_id)


def zone_of(ctx: HandlerContext, code: str) -> tuple[str, str, str]:
    """Code, name and body code of a zone that is named, else of the enterprise's."""
    if not code and ctx.enterprise_id is not None:
        code = parties.enterprise(ctx.conn, ctx.enterprise_id)["zone_code"] or ""
    found, name_zh, _, body_code = parties.zone(ctx.conn, code)
    return found, name_zh, body_code


def _plain(value: Any) -> Any:
    """The same as JSON keeps it: exact numbers and days as text."""

    def text(one: Any) -> str:
        return format(one, "f") if isinstance(one, Decimal) else one.isoformat() if isinstance(one, date) else str(one)

    return json.loads(json.dumps(value, default=text, ensure_ascii=False))
