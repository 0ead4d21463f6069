"""The information form of the total quota (细则 附件1): what a project and the whole plant discharge, factor by factor.

Amounts are in t/a; the piped amount is at the limit of the pipe, the external one at that of the sewage works; air has no pipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError

from handlers.fields import Rows, amount
from handlers.quota import rounded, tonnes
from handlers.registry import HandlerContext, handler
from handlers.totals import BASIS
from registers import catalogues, totals
from registers.amounts import written


class _InformationInputs(Schema):
    rows = Rows()


class _InformationOutputs(Schema):
    lines = Rows()


@handler(
    "quota.information",
    title={"zh": "排污总量指标管理信息表", "en": "Quota information form (Annex 1)"},
    basis=f"{BASIS}附件1",
    inputs=_InformationInputs,
    outputs=_InformationOutputs,
)
def information(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Project and whole plant, piped and external, for every factor of the annex; heavy metals by name."""
    given = {row["factor"]: row for row in inputs["rows"]}
    plant = totals.permitted_by_ledger(ctx.conn, ctx.enterprise_id) if ctx.enterprise_id else {}
    lines = [
        _information_line(item, given.get(item["key"]), plant)
        for item in catalogues.pollutants()
        if not item.get("heavy_metal") or item["key"] in given or item["key"] in plant
    ]
    if not any(item.get("heavy_metal") and item["key"] in {*given, *plant} for item in catalogues.pollutants()):
        blank = dict.fromkeys(("project_pipe", "project_external", "plant_pipe", "plant_external"), "—")
        lines.append({"name_zh": "重金属", **blank})
    return {"lines": lines}


def _information_line(
    item: Mapping[str, Any], row: Mapping[str, Any] | None, plant: Mapping[str, Decimal]
) -> dict[str, str]:
    """One factor of the information form (t/a): to the pipe and to the outside, of the project and of the whole plant; air has no pipe."""
    piped = external = None
    if row is not None:
        flow, pipe, works = (_optional(row.get(key)) for key in ("flow_m3_a", "pipe_limit_mg_l", "works_limit_mg_l"))
        piped = rounded(tonnes(flow, pipe)) if flow is not None and pipe is not None else None
        external = _optional(row.get("project_added_t"))
        if external is None and flow is not None and works is not None:
            external = rounded(tonnes(flow, works))
        external = external if external is not None else _optional(row.get("plant_added_t"))
    held = plant.get(item["key"])
    air = item["medium"] == "air"
    return {
        "name_zh": item["zh"],
        "project_pipe": "/" if air else _written(piped),
        "project_external": _written(external),
        "plant_pipe": "/" if air else _written(_optional((row or {}).get("plant_pipe_t"))),
        "plant_external": _written(held if held is not None else external),
    }


def _optional(value: Any) -> Decimal | None:
    try:
        return amount(value) if value not in (None, "") else None
    except ValidationError:
        return None


def _written(value: Decimal | None) -> str:
    return "—" if value is None else written(value)
