"""What the rules found, for the people who decide with it (办理参考).

Handlers leave their results in the variables of a case, decision tables in its record. Both are shown by
their shape, not by their name, so a new rule appears here by itself: `rules` and `lines` are sentences with
citations, `differences` compare EIA and permit line by line, `open_items` wait for a person to choose,
`items` are what has been asked for, `refused` what may not be asked for, `problems` what sends something back. A value is tied to its handler by
the outputs the handler declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from forms.definition import FormDefinition
from handlers import registry
from handlers.registry import HandlerInfo
from registers.amounts import trimmed
from web import words
from web.i18n import gettext, language, pick
from workflows.compiling import Compiled


@dataclass(frozen=True)
class Row:
    """One rule that fired: what it says, what follows, where the law says so."""

    text: str
    result: str = ""
    basis: str = ""


@dataclass(frozen=True)
class Difference:
    """One line in which EIA and permit do not agree."""

    place: str
    what: str
    eia: str
    permit: str
    mends: str


@dataclass(frozen=True)
class Choice:
    """An item of a catalogue that a person must weigh."""

    title: str
    texts: list[tuple[str, str]]
    sensitive: str


@dataclass(frozen=True)
class Finding:
    """The result of one handler or decision table."""

    title: str
    result: str
    basis: str = ""
    rows: list[Row] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    asked: list[Row] = field(default_factory=list)
    alert: bool = False


def of_case(compiled: Compiled, variables: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Everything the rules found so far."""
    events, form = list(history), _asked_in_parts(compiled)
    ran = {event["data"].get("handler") for event in events if event["kind"] == "handler"}
    known = [info for info in registry.info().values() if info.name in ran]
    found = [
        _of_handler(info, value, form)
        for value in variables.values()
        if isinstance(value, Mapping) and (info := _maker(value, known)) is not None
    ]
    return sorted([item for item in found if item is not None] + _decisions(compiled, events), key=_alerts_first)


def for_correction(found: Iterable[Finding]) -> list[Finding]:
    """The same for whoever must mend the application: what was asked for stands open at the top."""
    return sorted((replace(item, alert=item.alert or bool(item.asked)) for item in found), key=_alerts_first)


def _asked_in_parts(compiled: Compiled) -> FormDefinition | None:
    """The form whose sections a deficiency notice names: the one that some task asks for in parts."""
    parts = (key for key, element in compiled.model.elements.items() if "sections" in element.properties)
    return next((compiled.form_of(key) for key in parts), None)


def _alerts_first(finding: Finding) -> bool:
    return not finding.alert


def _maker(value: Mapping[str, Any], known: Iterable[HandlerInfo]) -> HandlerInfo | None:
    """The handler that made a value: of those that ran, the one with the fewest outputs that cover it."""
    fitting = [info for info in known if len(value) > 1 and set(value) <= info.outputs]
    return min(fitting, key=lambda info: len(info.outputs), default=None)


def _of_handler(info: HandlerInfo, value: Mapping[str, Any], form: FormDefinition | None) -> Finding | None:
    differences = [_difference(item) for item in value.get("differences") or []]
    choices = [_choice(item) for item in value.get("open_items") or []]
    refused = [_asked(item, form) for item in value.get("refused") or []]
    problems = [Row(_said(item, "")) for item in value.get("problems") or []]
    asked = refused or problems or [_asked(item, form) for item in value.get("items") or []]
    rows = [_row(item) for name in ("rules", "lines") for item in value.get(name) or []]
    result = _result(value, differences) or _common(rows)
    if not (rows or differences or choices or asked or result):
        return None
    return Finding(
        title=pick(info.title),
        result=result,
        basis=_said(value, "basis") or info.basis,
        rows=rows,
        differences=differences,
        choices=choices,
        asked=asked,
        alert=bool(differences or choices or refused or problems or value.get("plan_missing")),
    )


def _result(value: Mapping[str, Any], differences: Sequence[Difference]) -> str:
    if "consistent" in value:
        return gettext("一致") if value["consistent"] else gettext("%(n)s处不一致") % {"n": len(differences)}
    if "eia" in value and "permit" in value and "determined" in value:
        levels = [
            gettext("环评：%(c)s") % {"c": words.klass_name(value["eia"])} if value["eia"] != "undetermined" else ""
        ]
        levels.append(
            gettext("排污许可：%(c)s") % {"c": words.klass_name(value["permit"])}
            if value["permit"] != "undetermined"
            else ""
        )
        return _joined(levels) or gettext("待核定")
    return _said(value, "") or _said(value, "reason")


def _common(rows: Sequence[Row]) -> str:
    """The conclusion that all lines share."""
    said = {row.result for row in rows}
    return said.pop() if len(said) == 1 else ""


def _decisions(compiled: Compiled, events: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """The last answer of each decision table whose answer is one sentence."""
    last = {event["data"]["decision"]: event["data"] for event in events if event["kind"] == "decision"}
    found = []
    for code, data in last.items():
        table = compiled.model.decisions.get(code)
        outputs = data.get("outputs")
        if table is None or not isinstance(outputs, Mapping):
            continue
        mode = outputs.get("mode")
        result = words.mode_name(mode) if mode else ""
        reason = str(outputs.get("reason") or "")
        found.append(
            Finding(
                title=table.name or code,
                result=_joined([result, reason]),
                basis=_joined(data.get("rules") or []),
            )
        )
    return found


def _row(item: Mapping[str, Any]) -> Row:
    name = _said(item, "name") or str(item.get("factor") or "")
    number = f"{item['added_t']} t/a" if item.get("added_t") not in (None, "") else ""
    text = " ".join(part for part in (name, _plain(number)) if part)
    level = _said(item, "level")
    said = _said(item, "")
    if item.get("working"):
        return Row(text, f"{item['working']}; {_plain(str(item['net_t']))} t/a", _said(item, "source"))
    if level:
        return Row(said, level, _said(item, "basis"))
    return Row(text or said, said if text else "", _said(item, "basis"))


def _difference(item: Mapping[str, Any]) -> Difference:
    place = " ".join(str(item[key]) for key in ("outlet", "factor") if item.get(key))
    said = _said(item, "").removeprefix(place).strip()
    # The numbers have columns of their own; the sentence before them says what is wrong.
    what = said.split("：", 1)[0] if language() == "zh" else said.split(": EIA", 1)[0]
    return Difference(
        place or gettext("全厂"),
        what,
        _number(item.get("eia")),
        _number(item.get("permit")),
        words.role_name(item.get("responsible")),
    )


def _choice(item: Mapping[str, Any]) -> Choice:
    number = str(item.get("item_no") or "")
    kind = gettext("环评名录") if item.get("catalogue") == "eia" else gettext("排污许可名录")
    # An industry without an item of its own comes with a sentence in Chinese instead of a title.
    title = str(item.get("title") or "") if number or language() == "zh" else gettext("不能自动判定，请对照名录勾选")
    place = gettext("第%(n)s项") % {"n": number} if number else ""
    return Choice(
        " ".join(part for part in (kind, place, title) if part),
        [(words.klass_name(level), str(text)) for level, text in (item.get("texts") or {}).items() if text],
        str(item.get("sensitive") or ""),
    )


def _asked(item: Mapping[str, Any], form: FormDefinition | None) -> Row:
    section = next((one for one in (form.sections if form else ()) if one.id == item.get("section")), None)
    return Row(str(item.get("item") or ""), pick(section.title) if section else str(item.get("section") or ""))


def _joined(parts: Iterable[str]) -> str:
    return ("；" if language() == "zh" else "; ").join(part for part in parts if part)


def _said(item: Mapping[str, Any], name: str) -> str:
    """The reader's language of `name_zh`/`name_en` (or of plain `zh`/`en` when there is no name)."""
    order = ("en", "zh") if language() == "en" else ("zh", "en")
    keys = [f"{name}_{code}" if name else code for code in order]
    return next((str(item[key]) for key in keys if item.get(key)), str(item.get(name) or "") if name else "")


def _number(value: Any) -> str:
    return "—" if value in (None, "") else _plain(str(value))


def _plain(text: str) -> str:
    """A number without the zeros of its storage."""
    head, _, unit = text.partition(" ")
    return f"{trimmed(head)} {unit}".strip()
