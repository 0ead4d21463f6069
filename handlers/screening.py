"""Screening: of what class the EIA and the permit are, and by which rules.

The catalogues' own articles decide how items combine. EIA catalogue art. 4: of several categories the
highest counts; art. 5: what is not listed needs no EIA; sizes are the added ones; an item marked *
applies in industrial buildings only. Permit catalogue art. 5: several industries on a site make one
permit of the highest class; art. 6: boilers, kilns, surface and water treatment (items 109 to 112) count
for every industry; item 108 and art. 7 catch the industries that are not listed. Every rule that fired
is told with its citation, so an officer can check it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields

from handlers.fields import Facts, Rows
from handlers.registry import HandlerContext, handler
from registers import catalogues
from registers.catalogues import LEVEL_TITLES, LEVELS, Item
from registers.conditions import holds, number
from registers.laws import cite

_BY_HAND = "{} 不能按行业代码自动判定，请对照名录勾选"


@dataclass(frozen=True)
class Hit:
    """A rule that fired."""

    catalogue: str
    item_no: str
    level: str
    zh: str
    en: str
    basis: str

    def as_dict(self) -> dict[str, str]:
        """The hit with its citation written out, for the page and the record."""
        basis_zh, basis_en = cite(self.basis)
        level_zh, level_en = LEVEL_TITLES[self.catalogue][self.level]
        return {
            "catalogue": self.catalogue,
            "item_no": self.item_no,
            "level": self.level,
            "level_zh": level_zh,
            "level_en": level_en,
            "zh": self.zh,
            "en": self.en,
            "basis_zh": basis_zh,
            "basis_en": basis_en,
        }


@dataclass(frozen=True)
class Verdict:
    """The class by one catalogue: `level` None while a person still has to tick."""

    level: str | None
    hits: tuple[Hit, ...]
    open_items: tuple[Item, ...]


def eia_class(
    facts: Mapping[str, Any],
    codes: Sequence[str],
    items: Sequence[Item],
    ticks: Iterable[Mapping[str, Any]] = (),
) -> Verdict:
    """The EIA class of a project in one or more industries."""
    facts = with_derived(facts)
    hits = [_tick_hit("eia", tick) for tick in ticks if tick.get("catalogue") == "eia"]
    ticked = {hit.item_no for hit in hits}
    open_items: list[Item] = []
    if facts.get("other_categories") is True and not hits:
        # Roads, power lines, reservoirs and the like have no industry code: a person names the item.
        open_items.append(_unlisted("eia", ""))
    if facts.get("main_works") is False:
        # Note of the catalogue: an extension without the main works is classed by what the extension is.
        return _verdict("eia", hits, () if hits else tuple(_covering(items, codes)))
    for code in codes:
        covering = _covering(items, [code])
        if not covering:
            finer = _finer(items, code)
            if finer:
                open_items += [] if ticked & {item.item_no for item in finer} else finer
            elif catalogues.is_complete(items):
                hits.append(Hit("eia", "", "exempt", f"行业 {code} 未列入名录", f"{code} is not listed", "EIACAT:5"))
            elif not ticked:
                open_items.append(_unlisted("eia", code))
        for item in covering:
            if "industrial_building_only" in item.flags and facts.get("in_industrial_building") is False:
                hits.append(_hit(item, "exempt", "标*的类别仅指在工业建筑中的建设项目", "EIACAT:附注"))
            elif item.computable:
                hits += _item_hits(item, facts, code) or [_hit(item, "exempt", "未达到本条目所列情形", _place(item))]
            else:
                hits += _sensitive_hits(item, facts)
                if item.item_no not in ticked:
                    open_items.append(item)
    return _verdict("eia", hits, tuple(open_items))


def permit_class(
    facts: Mapping[str, Any],
    codes: Sequence[str],
    items: Sequence[Item],
    ticks: Iterable[Mapping[str, Any]] = (),
) -> Verdict:
    """The permit class of a site with one or more industries."""
    facts = with_derived(facts)
    hits = [_tick_hit("permit", tick) for tick in ticks if tick.get("catalogue") == "permit"]
    ticked = {hit.item_no for hit in hits}
    open_items: list[Item] = []
    common = [hit for item in items if "common_process" in item.flags for hit in _item_hits(item, facts, "")]
    listed = [item for item in items if not item.flags & {"common_process", "other_industries"}]
    catch_all = [item for item in items if "other_industries" in item.flags]
    only_catch_all = True
    for code in codes:
        covering = _covering(listed, [code])
        if not covering and (finer := _finer(listed, code)):
            open_items += [] if ticked & {item.item_no for item in finer} else finer
            only_catch_all = False
            continue
        if not covering:
            known = catalogues.is_complete(items) or any(item.covers(code) for item in catch_all)
            if not known and not ticked:
                open_items.append(_unlisted("permit", code))
            hits += [hit for item in catch_all for hit in _item_hits(item, facts, code)] if known else []
            continue
        only_catch_all = False
        for item in covering:
            if item.computable:
                hits += _item_hits(item, facts, code)
            elif item.item_no not in ticked:
                open_items.append(item)
    # Art. 6 counts key and simplified processes for listed industries; registration only reaches item 108.
    hits += [hit for hit in common if hit.level != "registration" or only_catch_all]
    return _verdict("permit", hits, tuple(open_items))


def with_derived(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The declared facts with those that follow from them."""
    known = dict(facts)
    low = number(known.get("low_voc_coating_added_t"))
    only_low = number(known.get("solvent_coating_added_t")) == 0 and not known.get("electroplating")
    known["low_voc_only"] = only_low and 0 < low < catalogues.threshold("eia", "low_voc_coating_free_below_t")
    known["surface_treatment"] = known.get("surface_treatment") is True or any(
        known.get(name) is True
        for name in ("electroplating", "pickling", "passivation", "polishing", "hot_dip", "quenching")
    )
    return known


def industry_codes(facts: Mapping[str, Any]) -> list[str]:
    """All industry codes of a screening form: the main one first."""
    rows = facts.get("other_industries") or []
    others = [row["code"] if isinstance(row, Mapping) else row for row in rows]
    return [str(code) for code in dict.fromkeys([facts.get("industry"), *others]) if code]


class _ClassifyInputs(Schema):
    facts = Facts(required=True)
    ticks = Rows()
    eia_table = Rows()
    permit_table = Rows()


class _ClassifyOutputs(Schema):
    eia = fields.String(required=True)
    permit = fields.String(required=True)
    eia_zh = fields.String()
    permit_zh = fields.String()
    reason = fields.String()
    determined = fields.Boolean(required=True)
    eia_needed = fields.Boolean(required=True)
    permit_needed = fields.Boolean(required=True)
    group2 = fields.String()
    group3 = fields.String()
    rules = Rows()
    open_items = Rows()
    bodies = fields.Dict()
    eia_limit = fields.String()
    permit_limit = fields.String()
    eia_notice_limit = fields.String()


@handler(
    "screening.classify",
    title={"zh": "环评与排污许可分类", "en": "Classes of the EIA and the permit"},
    basis="《建设项目环境影响评价分类管理名录》第4、5条；《固定污染源排污许可分类管理名录》第5、6、7条",
    inputs=_ClassifyInputs,
    outputs=_ClassifyOutputs,
)
def classify(inputs: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Both classes of a project with every rule that fired; what the decision tables found is added."""
    facts = inputs["facts"]
    ticks = [*inputs["ticks"], *(facts.get("catalogue_ticks") or [])]
    codes = industry_codes(facts)
    eia = eia_class(facts, codes, catalogues.load(ctx.conn, "eia"), ticks)
    permit = permit_class(facts, codes, catalogues.load(ctx.conn, "permit"), ticks)
    eia = _with_table(eia, "eia", inputs["eia_table"])
    permit = _with_table(permit, "permit", inputs["permit_table"])
    return summary(eia, permit, codes)


def summary(eia: Verdict, permit: Verdict, codes: Sequence[str]) -> dict[str, Any]:
    """What models and pages need of two verdicts."""
    eia_level, permit_level = eia.level or "undetermined", permit.level or "undetermined"
    eia_needed, permit_needed = eia_level in ("report", "form"), permit_level in ("key", "simplified")
    main = codes[0] if codes else ""
    return {
        "eia": eia_level,
        "permit": permit_level,
        "eia_zh": _title("eia", eia_level),
        "permit_zh": _title("permit", permit_level),
        "reason": f"环评：{_title('eia', eia_level)}；排污许可：{_title('permit', permit_level)}",
        "determined": eia.level is not None and permit.level is not None,
        "eia_needed": eia_needed,
        "permit_needed": permit_needed,
        "group2": main[:2],
        "group3": main[:3],
        "rules": [hit.as_dict() for hit in (*eia.hits, *permit.hits)],
        "open_items": [_open(item) for item in (*eia.open_items, *permit.open_items)],
        "bodies": {
            **({"eia": None} if eia_needed else {}),
            **({"permit": None} if permit_needed else {}),
        },
        "eia_limit": f"eia.{eia_level}.decide" if eia_needed else "",
        "permit_limit": f"permit.{permit_level}.decide" if permit_needed else "",
        "eia_notice_limit": f"eia.{eia_level}.acceptance_notice" if eia_needed else "",
    }


def _with_table(verdict: Verdict, catalogue: str, rows: Sequence[Mapping[str, Any]]) -> Verdict:
    law = "EIACAT" if catalogue == "eia" else "PERMITCAT"
    known = {(hit.item_no, hit.level) for hit in verdict.hits}
    more = tuple(
        Hit(catalogue, str(row.get("item", "")), row["level"], str(row.get("rule", "")), "decision table", law)
        for row in rows
        if row.get("level") in LEVELS[catalogue] and (str(row.get("item", "")), row["level"]) not in known
    )
    return _verdict(catalogue, [*verdict.hits, *more], verdict.open_items)


def _verdict(catalogue: str, hits: Sequence[Hit], open_items: tuple[Item, ...]) -> Verdict:
    order = LEVELS[catalogue]
    ranked = sorted(dict.fromkeys(hits), key=lambda hit: order.index(hit.level))
    best = ranked[0].level if ranked else None
    if open_items and best != order[0]:
        best = None
    elif best is None:
        best = order[-1]
    return Verdict(best, tuple(ranked), () if best is not None else open_items)


def _item_hits(item: Item, facts: Mapping[str, Any], code: str) -> list[Hit]:
    """The rules of the strictest level of an item that is met."""
    for level in LEVELS[item.catalogue]:
        fired = [rule for rule in item.rules.get(level, ()) if holds(rule.when, facts, code)]
        if fired:
            return [_hit(item, level, rule.zh, _place(item)) for rule in fired]
    return []


def _sensitive_hits(item: Item, facts: Mapping[str, Any]) -> list[Hit]:
    # "涉及环境敏感区的" means the areas that the item's own column defines; the form shows that definition.
    if facts.get("sensitive_area") is not True or not item.sensitive:
        return []
    return [
        _hit(item, level, "涉及本条目所列环境敏感区", _place(item))
        for level, text in item.texts.items()
        if any(part.strip("。 ") in ("涉及环境敏感区的", "涉及环境敏感区") for part in text.split("；"))
    ][:1]


def _hit(item: Item, level: str, zh: str, basis: str) -> Hit:
    title_en = LEVEL_TITLES[item.catalogue][level][1]
    return Hit(item.catalogue, item.item_no, level, zh, f"Item {item.item_no}: {title_en}", basis)


def _tick_hit(catalogue: str, tick: Mapping[str, Any]) -> Hit:
    law = "EIACAT" if catalogue == "eia" else "PERMITCAT"
    number_ = str(tick.get("item_no") or "")
    place = f"{law}:#{number_}" if number_ else law
    return Hit(catalogue, number_, tick["level"], "对照名录勾选", "ticked against the catalogue", place)


def _place(item: Item) -> str:
    return f"{'EIACAT' if item.catalogue == 'eia' else 'PERMITCAT'}:#{item.item_no}"


def _covering(items: Iterable[Item], codes: Sequence[str]) -> list[Item]:
    return [item for item in items if any(item.covers(code) for code in codes)]


def _finer(items: Iterable[Item], code: str) -> list[Item]:
    """Items for parts of a group: with a code of three digits a person has to say which part it is."""
    return [item for item in items if any(prefix.startswith(code) for prefix in item.codes)]


def _unlisted(catalogue: str, code: str) -> Item:
    return Item(catalogue, catalogues.EDITIONS[catalogue], "", _BY_HAND.format(code), (code,))


def _open(item: Item) -> dict[str, Any]:
    return {
        "catalogue": item.catalogue,
        "item_no": item.item_no,
        "title": item.title,
        "texts": dict(item.texts),
        "sensitive": item.sensitive,
    }


def _title(catalogue: str, level: str) -> str:
    return LEVEL_TITLES[catalogue][level][0] if level in LEVEL_TITLES[catalogue] else "待核定"
