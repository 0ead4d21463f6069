"""What anybody may read of the registers: notices, permits, outlets with their limits, reductions, pilots, parks; no more than the law says.

The fields of each set are those of `registers/data/open_data.json` and no others: a row is cut to them before it leaves.
Names of persons, telephones, materials, drafts and comments' authors never enter a set. Free words pass through
`masked`, so a telephone or an identity number that somebody typed into a title does not come out either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, or_, select

from registers import renewals
from registers.errors import NotFound
from registers.laws import DATA
from registers.parties import Body, Enterprise, Zone
from registers.permits import Permit
from registers.pilot_tables import Park, Pilot, Programme
from registers.reduction_tables import ReductionAmount, ReductionProject
from workflows.deskwork import parsed_position
from workflows.models import Notice

MOST = 5000
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IDENTITY = re.compile(r"(?<![0-9A-Z])(\d{6})\d{8}(\d{3}[\dXx])(?![0-9A-Z])")


@cache
def dictionary() -> dict[str, Any]:
    """The sets with their fields, in both languages."""
    found: dict[str, Any] = json.loads((DATA / "open_data.json").read_text(encoding="utf-8"))
    return found


def fields(dataset: str) -> list[str]:
    """The names of the fields of a set; raises NotFound."""
    known = dictionary()["datasets"].get(dataset)
    if known is None:
        raise NotFound("没有这个数据集。", "There is no such set of data.")
    return [field["name"] for field in known["fields"]]


def rows(
    conn: Connection, dataset: str, on: date, *, search: str = "", limit: int = MOST, offset: int = 0
) -> list[dict[str, Any]]:
    """The rows of a set, newest first, with exactly its fields."""
    names = fields(dataset)
    source = _SOURCES[dataset]
    found = source(conn, on, search.strip()[:100], min(limit, MOST), offset)
    return [{name: _clean(row.get(name)) for name in names} for row in found]


def permit(conn: Connection, number: str) -> dict[str, Any]:
    """One permit by its number with its outlets and the terms it has had; raises NotFound."""
    found = list(_permits(conn, date.max, "", 1, 0, Permit.number == number))
    if not found:
        raise NotFound("没有这个许可。", "There is no such permit.")
    public = {name: _clean(found[0].get(name)) for name in fields("permits")}
    names = fields("outlets")
    limits = [{name: _clean(row.get(name)) for name in names} for row in _limits_of(found[0])]
    terms = [
        {name: one[name] for name in ("valid_from", "valid_to", "decided_on")}
        for one in renewals.versions(conn, [found[0]["id"]]).get(found[0]["id"], [])
    ]
    return {**public, "outlets": limits, "terms": terms}


def masked(text: str) -> str:
    """Free words without telephones and identity numbers."""
    return _IDENTITY.sub(r"\1********\2", _PHONE.sub(r"\1****\2", text))


def masked_name(name: str) -> str:
    """The name of a person who wrote: the first character stays; a unit (five characters and more) is named."""
    kept = name.strip()
    return kept if len(kept) >= 5 else kept[:1] + "*" * max(len(kept) - 1, 1)


def _notices(conn: Connection, on: date, search: str, limit: int, offset: int) -> Iterator[dict[str, Any]]:
    query = (
        select(
            Notice.id,
            Notice.kind,
            Notice.title,
            Notice.from_on,
            Notice.until_on,
            Notice.closed_at,
            Body.name_zh.label("body"),
        )
        .outerjoin(Body, Body.id == Notice.body_id)
        .where(Notice.from_on <= on)
        .order_by(Notice.from_on.desc(), Notice.id.desc())
    )
    if search:
        query = query.where(Notice.title.icontains(search, autoescape=True))
    for row in conn.execute(query.limit(limit).offset(offset)).mappings():
        ended = row["until_on"] is not None and on > row["until_on"]
        yield {**row, "open": row["closed_at"] is None and not ended}


def _permits(conn: Connection, on: date, search: str, limit: int, offset: int, *more: Any) -> Iterator[dict[str, Any]]:
    query = (
        select(
            Permit.__table__,
            Enterprise.name.label("enterprise"),
            Enterprise.credit_code,
            Zone.name_zh.label("zone"),
            Body.name_zh.label("body"),
        )
        .join(Enterprise, Enterprise.id == Permit.enterprise_id)
        .outerjoin(Zone, Zone.code == Enterprise.zone_code)
        .join(Body, Body.id == Permit.body_id)
        .where(Permit.decided_on <= on, *more)
        .order_by(Permit.decided_on.desc(), Permit.id.desc())
    )
    if search:
        query = query.where(
            or_(Permit.number.icontains(search, autoescape=True), Enterprise.name.icontains(search, autoescape=True))
        )
    for row in conn.execute(query.limit(limit).offset(offset)).mappings():
        yield dict(row)


def _outlets(conn: Connection, on: date, search: str, limit: int, offset: int) -> Iterator[dict[str, Any]]:
    in_force = (Permit.kind == "permit", Permit.status == "valid")
    for held in _permits(conn, on, search, limit, offset, *in_force):
        yield from _limits_of(held)


def _limits_of(held: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One line for each limit of an outlet; an outlet without limits has one line of its own."""
    content = held["content"] or {}
    limits = [row for row in content.get("emissions") or content.get("limits") or [] if isinstance(row, dict)]
    for outlet in content.get("outlets") or []:
        if not isinstance(outlet, dict):
            continue
        position = parsed_position(str(outlet.get("position") or ""))
        about = {
            "permit_number": held["number"],
            "enterprise": held["enterprise"],
            "zone": held["zone"],
            "outlet": outlet.get("code"),
            "kind": outlet.get("kind"),
            "longitude": position[0] if position else None,
            "latitude": position[1] if position else None,
        }
        own = [row for row in limits if row.get("outlet") == outlet.get("code")]
        for row in own or [{}]:
            yield {
                **about,
                "factor": row.get("factor"),
                "concentration": row.get("concentration"),
                "amount_t": row.get("amount_t"),
                "standard": row.get("standard"),
            }


def _reductions(conn: Connection, on: date, search: str, limit: int, offset: int) -> Iterator[dict[str, Any]]:
    query = (
        select(
            ReductionProject.number,
            ReductionProject.name,
            ReductionProject.kind,
            ReductionProject.year,
            ReductionProject.decided_on,
            Zone.name_zh.label("zone"),
            ReductionAmount.factor,
            ReductionAmount.amount.label("amount_t"),
            ReductionAmount.used.label("used_t"),
        )
        .join(ReductionAmount, ReductionAmount.project_id == ReductionProject.id)
        .join(Zone, Zone.code == ReductionProject.zone_code)
        .where(ReductionProject.status == "entered", ReductionProject.decided_on <= on)
        .order_by(ReductionProject.decided_on.desc(), ReductionProject.number, ReductionAmount.factor)
    )
    if search:
        query = query.where(ReductionProject.name.icontains(search, autoescape=True))
    for row in conn.execute(query.limit(limit).offset(offset)).mappings():
        yield dict(row)


def _pilots(conn: Connection, on: date, search: str, limit: int, offset: int) -> Iterator[dict[str, Any]]:
    query = (
        select(
            Pilot.code,
            _zh(Pilot.title).label("title"),
            _en(Pilot.title).label("title_en"),
            _zh(Programme.title).label("programme"),
            _en(Programme.title).label("programme_en"),
            Pilot.city,
            _zh(Park.title).label("park"),
            Pilot.lead,
            Pilot.status,
            Pilot.source,
        )
        .join(Programme, Programme.code == Pilot.programme)
        .outerjoin(Park, Park.code == Pilot.park_code)
        .order_by(Pilot.code)
    )
    if search:
        query = query.where(
            or_(*[found.icontains(search, autoescape=True) for found in (_zh(Pilot.title), Pilot.city)])
        )
    for row in conn.execute(query.limit(limit).offset(offset)).mappings():
        yield dict(row)


def _parks(conn: Connection, on: date, search: str, limit: int, offset: int) -> Iterator[dict[str, Any]]:
    pilots = select(func.count()).where(Pilot.park_code == Park.code).scalar_subquery()
    query = select(
        Park.code,
        _zh(Park.title).label("title"),
        _en(Park.title).label("title_en"),
        Park.city,
        Park.area_km2,
        Park.longitude,
        Park.latitude,
        pilots.label("pilots"),
        Park.planning_eia["number"].astext.label("planning_eia"),
        Park.source,
    ).order_by(Park.code)
    if search:
        query = query.where(or_(*[found.icontains(search, autoescape=True) for found in (_zh(Park.title), Park.city)]))
    for row in conn.execute(query.limit(limit).offset(offset)).mappings():
        yield dict(row)


def park_places(conn: Connection) -> list[dict[str, Any]]:
    """Every park with its position, the names of its zones and how many pilots it has."""
    zones = (
        select(func.array_agg(Zone.name_zh))
        .where(Zone.code == func.any(Park.zone_codes))
        .correlate(Park)
        .scalar_subquery()
    )
    pilots = select(func.count()).where(Pilot.park_code == Park.code).scalar_subquery()
    query = select(
        Park.code, Park.title, Park.city, Park.longitude, Park.latitude, zones.label("zones"), pilots.label("pilots")
    ).order_by(Park.code)
    return [dict(row) for row in conn.execute(query.limit(MOST)).mappings()]


def _zh(title: Any) -> Any:
    return title["zh"].astext


def _en(title: Any) -> Any:
    return title["en"].astext


_SOURCES = {
    "notices": _notices,
    "permits": _permits,
    "outlets": _outlets,
    "reductions": _reductions,
    "pilots": _pilots,
    "parks": _parks,
}


def _clean(value: Any) -> Any:
    return masked(value) if isinstance(value, str) else value
