"""Formulas of reduced amounts, one per kind of project: exact, in t/a, with the working written out.

Each takes one row of the declaration and gives the reduced amount before rounding, and the sum as an auditor would
write it. Unit factors come from `data/reduction_rules.json`, so kg, g and mg cannot be mixed up in code: water is
m³/a x mg/L = g/a, air is m³/h x h x mg/m³ = mg/a.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast

from marshmallow import ValidationError

from handlers.fields import amount
from registers.amounts import written
from registers.laws import DATA

Row = Mapping[str, Any]
Result = tuple[Decimal, str]
HUNDRED = Decimal(100)


class Missing(ValueError):
    """An input of a formula is not there or not a number; carries the names."""

    def __init__(self, *names: str) -> None:
        super().__init__(", ".join(names))
        self.names = names


@cache
def rules() -> dict[str, Any]:
    """Kinds, conditions, unit factors and the order of data sources, as data with citations."""
    return cast(dict[str, Any], json.loads((DATA / "reduction_rules.json").read_text(encoding="utf-8")))


def closure(row: Row) -> Result:
    """The actual amount of the last full year before closure, never the permitted one."""
    (actual,) = _numbers(row, "actual_t")
    return actual, f"R = {written(actual)}"


def process(row: Row) -> Result:
    """Activity times the difference of the emission factors."""
    activity, old, new = _numbers(row, "activity", "old_factor", "new_factor")
    unit = rules()["factor_units"].get(row.get("factor_unit"))
    if unit is None:
        raise Missing("factor_unit")
    per_tonne = Decimal(unit["per_tonne"])
    working = f"R = {written(activity)} × ({written(old)} − {written(new)})"
    return activity * (old - new) / per_tonne, working + (f" ÷ {written(per_tonne)}" if per_tonne != 1 else "")


def treatment(row: Row) -> Result:
    """By capture and removal rates, or by concentrations of water or air before and after."""
    method = row.get("method")
    if method == "rates":
        generated, c0, n0, c1, n1 = _numbers(
            row, "generated_t", "old_capture", "old_removal", "new_capture", "new_removal"
        )
        old = generated * (1 - c0 * n0 / HUNDRED / HUNDRED)
        new = generated * (1 - c1 * n1 / HUNDRED / HUNDRED)
        shares = [f"(1 − {written(c)}% × {written(n)}%)" for c, n in ((c0, n0), (c1, n1))]
        return old - new, f"R = {written(generated)} × {shares[0]} − {written(generated)} × {shares[1]}"
    if method not in rules()["concentrations"]:
        raise Missing("method")
    flow, before, after = _numbers(row, "flow", "old_concentration", "new_concentration")
    per_tonne = Decimal(rules()["concentrations"][method]["per_tonne"])
    working = f"R = {written(flow)} × ({written(before)} − {written(after)})"
    if method == "air":
        (hours,) = _numbers(row, "hours")
        return flow * hours * (before - after) / per_tonne, f"{working} × {written(hours)} × 10⁻⁹"
    return flow * (before - after) / per_tonne, f"{working} × 10⁻⁶"


def other(row: Row) -> Result:
    """Actual amounts before and after."""
    before, after = _numbers(row, "before_t", "after_t")
    return before - after, f"R = {written(before)} − {written(after)}"


FORMULAS: Mapping[str, Callable[[Row], Result]] = {
    "closure": closure,
    "process": process,
    "treatment": treatment,
    "other": other,
}


def _numbers(row: Row, *names: str) -> tuple[Decimal, ...]:
    found, missing = [], []
    for name in names:
        try:
            found.append(amount(row.get(name)))
        except ValidationError:
            missing.append(name)
    if missing:
        raise Missing(*missing)
    return tuple(found)
