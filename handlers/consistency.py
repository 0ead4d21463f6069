"""Consistency: what the permit grants may not go beyond what the EIA found acceptable.

Law: 排污许可管理条例 art. 11(2), CODE art. 180(2): species, concentrations and amounts of the permit
follow the EIA approval. Outlets, factors, limits and totals are compared line by line; equal or stricter
is fine, everything else is a difference that goes back to the person who can mend it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Rows, amount
from handlers.registry import HandlerContext, handler
from registers.laws import cite

Row = Mapping[str, Any]
# What can differ, with the words for it, and who mends it.
_WHAT: dict[str, tuple[str, str, str]] = {
    "outlet_not_in_application": (
        "环评意见中的排放口不在申请表中",
        "outlet of the EIA is not in the application",
        "reviewer",
    ),
    "outlet_undeclared": (
        "许可污染物所在排放口未在排放口表中登记",
        "outlet is not in the outlet table",
        "preparer",
    ),
    "factor_not_in_eia": ("许可因子在环评中没有", "factor is not in the EIA", "preparer"),
    "factor_not_in_permit": ("环评因子未列入许可申请", "factor of the EIA is missing", "preparer"),
    "concentration_looser": ("许可浓度宽于环评", "concentration is looser than the EIA", "preparer"),
    "concentration_missing": (
        "环评规定了浓度，许可申请未填写",
        "concentration of the EIA is missing",
        "preparer",
    ),
    "amount_larger": ("许可排放量大于环评", "amount is larger than the EIA", "preparer"),
    "total_larger": ("全厂许可总量大于环评总量", "total is larger than the EIA", "preparer"),
}


def differences(eia: Sequence[Row], permit: Sequence[Row], outlets: Sequence[Row]) -> list[dict[str, Any]]:
    """All differences between EIA rows and permit rows (`outlet`, `factor`, `concentration`, `amount_t`)."""
    declared = {str(row["code"]) for row in outlets}
    approved = {_key(row): row for row in eia}
    applied = {_key(row): row for row in permit}
    found: list[dict[str, Any]] = []
    for outlet in sorted({outlet for outlet, _ in approved} - declared):
        found.append(_difference("outlet_not_in_application", outlet, "", None, None))
    for outlet in sorted({outlet for outlet, _ in applied} - declared):
        found.append(_difference("outlet_undeclared", outlet, "", None, None))
    for key in sorted(applied.keys() | approved.keys()):
        found += _compare(key, approved.get(key), applied.get(key), declared)
    return found + _totals(eia, permit)


def _compare(key: tuple[str, str], eia: Row | None, permit: Row | None, declared: set[str]) -> list[dict[str, Any]]:
    """What differs for one factor at one outlet: the permit may be stricter than the EIA (mg/m³ or mg/L, t/a), never looser."""
    outlet, factor = key
    if eia is None:
        return [_difference("factor_not_in_eia", outlet, factor, None, None)]
    if permit is None:
        # An outlet the application does not know is already told once, as the reviewer's to mend.
        return [_difference("factor_not_in_permit", outlet, factor, None, None)] if outlet in declared else []
    found = []
    eia_limit, permit_limit = _number(eia, "concentration"), _number(permit, "concentration")
    if eia_limit is not None and permit_limit is None:
        found.append(_difference("concentration_missing", outlet, factor, eia_limit, None))
    elif eia_limit is not None and permit_limit is not None and permit_limit > eia_limit:
        found.append(_difference("concentration_looser", outlet, factor, eia_limit, permit_limit))
    eia_amount, permit_amount = _number(eia, "amount_t"), _number(permit, "amount_t")
    if eia_amount is not None and permit_amount is not None and permit_amount > eia_amount:
        found.append(_difference("amount_larger", outlet, factor, eia_amount, permit_amount))
    return found


def _totals(eia: Sequence[Row], permit: Sequence[Row]) -> list[dict[str, Any]]:
    approved, applied = _sums(eia), _sums(permit)
    return [
        _difference("total_larger", "", factor, approved[factor], total)
        for factor, total in sorted(applied.items())
        if factor in approved and total > approved[factor]
    ]


def _sums(rows: Sequence[Row]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        value = _number(row, "amount_t")
        if value is not None:
            factor = str(row["factor"])
            sums[factor] = sums.get(factor, Decimal(0)) + value
    return sums


def _key(row: Row) -> tuple[str, str]:
    return str(row["outlet"]), str(row["factor"])


def _number(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    return None if value in (None, "") else amount(value)


def _difference(what: str, outlet: str, factor: str, eia: Decimal | None, permit: Decimal | None) -> dict[str, Any]:
    """One difference with both figures and who has to mend it."""
    zh, en, who = _WHAT[what]
    place = " ".join(part for part in (outlet, factor) if part)
    numbers_zh = f"：环评 {eia}，许可 {'—' if permit is None else permit}" if eia is not None else ""
    numbers_en = f": EIA {eia}, permit {'—' if permit is None else permit}" if eia is not None else ""
    return {
        "what": what,
        "outlet": outlet,
        "factor": factor,
        "eia": eia,
        "permit": permit,
        "responsible": who,
        "zh": f"{place} {zh}{numbers_zh}",
        "en": f"{place} {en}{numbers_en}",
    }


class _Inputs(Schema):
    eia = Rows()
    permit = Rows()
    outlets = Rows()


class _Outputs(Schema):
    consistent = fields.Boolean(required=True)
    differences = Rows()
    responsible = fields.String(required=True)
    basis_zh = fields.String()
    basis_en = fields.String()


@handler(
    "consistency.compare",
    title={"zh": "环评与排污许可一致性核对", "en": "Consistency of EIA and permit"},
    basis="《排污许可管理条例》第11条第2项；《生态环境法典》第180条第2项",
    inputs=_Inputs,
    outputs=_Outputs,
)
def compare(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """All differences, and to whom they go: the reviewer first when the EIA side itself is wrong."""
    found = differences(inputs["eia"], inputs["permit"], inputs["outlets"])
    people = {item["responsible"] for item in found}
    responsible = "reviewer" if "reviewer" in people else "preparer" if people else "none"
    basis_zh, basis_en = cite("PDR:11")
    return {
        "consistent": not found,
        "differences": found,
        "responsible": responsible,
        "basis_zh": basis_zh,
        "basis_en": basis_en,
    }
