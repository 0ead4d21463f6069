"""How far a form has come, section by section: what is filled in, what is wrong, what cannot be answered yet and why.

Pure: the answers as typed go in, a `Part` for each section that concerns these answers comes out. The same words serve
the task list of a page, the line under a saved draft and the API.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from forms import conditions
from forms.definition import FormDefinition, Section
from forms.fields import Catalogues
from forms.schema import FieldError, FormErrors, tidy, validate, visible
from forms.words import Words

NOT_STARTED, STARTED, DONE, WRONG, BLOCKED = "not_started", "started", "done", "wrong", "blocked"
STATES = (NOT_STARTED, STARTED, DONE, WRONG, BLOCKED)


@dataclass(frozen=True)
class Part:
    """A section as it stands; `why` says what must come first when it cannot be started."""

    section: Section
    state: str
    answered: int
    asked: int
    wrong: tuple[FieldError, ...] = ()
    missing: tuple[FieldError, ...] = ()
    why: Words | None = None
    optional: bool = False
    closed: bool = False


def of(
    form: FormDefinition,
    raw: Mapping[str, Any],
    *,
    opened: Collection[str] | None = None,
    context: Mapping[str, Any] | None = None,
    catalogues: Catalogues | None = None,
) -> list[Part]:
    """The sections that concern these answers; those outside `opened` (when given) are settled and stay as they are."""
    values = tidy(form, raw)
    wrong = _errors(form, raw, True, context, catalogues)
    every = _errors(form, raw, False, context, catalogues)
    shown, parts = visible(form, values), []
    for section in form.sections:
        names = [field.name for field in section.fields if field.name in shown]
        if opened is not None and section.id not in opened:
            parts.append(Part(section, DONE, len(names), len(names), closed=True))
        elif names:
            parts.append(_part(section, names, values, wrong, every))
        elif (why := _waits_for(form, section, values)) is not None:
            parts.append(Part(section, BLOCKED, 0, 0, why=why))
    return [_after_the_others(part, parts) for part in parts]


def rows_of(form: FormDefinition, raw: Mapping[str, Any]) -> int:
    """How many rows the tables hold together."""
    tables = [raw.get(name) for name, field in form.fields.items() if field.type == "table"]
    return sum(len([row for row in rows if row]) for rows in tables if isinstance(rows, list))


def _part(
    section: Section,
    names: list[str],
    values: Mapping[str, Any],
    wrong: Mapping[str, list[FieldError]],
    every: Mapping[str, list[FieldError]],
) -> Part:
    bad = tuple(error for name in names for error in wrong.get(name, ()))
    known = {error.path for error in bad}
    missing = tuple(error for name in names for error in every.get(name, ()) if error.path not in known)
    answered = sum(values.get(name) not in (None, []) for name in names)
    state = WRONG if bad else NOT_STARTED if not answered else STARTED if missing else DONE
    optional = not missing and not answered
    return Part(section, state, answered, len(names), bad, missing, optional=optional)


def _after_the_others(part: Part, parts: list[Part]) -> Part:
    """Who declares that everything is true does so when everything is there."""
    declares = all(field.type == "declaration" for field in part.section.fields)
    others = [one for one in parts if one is not part and one.state != DONE and not one.optional]
    if not declares or part.state != NOT_STARTED or not others:
        return part
    first = others[0].section.title
    why = Words(f"先完成“{first.zh}”等其他部分", f"first complete the other parts, such as “{first.en}”")
    return Part(part.section, BLOCKED, 0, part.asked, missing=part.missing, why=why)


def _waits_for(form: FormDefinition, section: Section, values: Mapping[str, Any]) -> Words | None:
    """The question a hidden section hangs on, while it has no answer; None when the section does not apply."""
    asked = section.condition or next((field.condition for field in section.fields if field.condition), None)
    for name in sorted(conditions.names(asked)) if asked else ():
        if name not in values and name in form.fields:
            label = form.fields[name].label
            return Words(f"先回答“{label.zh}”", f"first answer “{label.en}”")
    return None


def _errors(
    form: FormDefinition,
    raw: Mapping[str, Any],
    draft: bool,
    context: Mapping[str, Any] | None,
    catalogues: Catalogues | None,
) -> dict[str, list[FieldError]]:
    found: dict[str, list[FieldError]] = {}
    try:
        validate(form, raw, draft=draft, context=context, catalogues=catalogues)
    except FormErrors as errors:
        for error in errors.errors:
            found.setdefault(error.path.split(".")[0], []).append(error)
    return found
