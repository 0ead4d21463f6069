"""From a definition to a marshmallow schema, and from what was sent to clean values or a list of errors.

The server decides by itself which questions were visible: answers to hidden ones are dropped, unknown names
are errors, read-only answers come from the server's own context.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, ValidationError

from forms import conditions
from forms.definition import Field, FormDefinition
from forms.fields import Answer, Catalogues, parse_boolean
from forms.words import Words, message, unpack
from registers.errors import DomainError


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one answer; the path of a table cell is "outlets.3.flow", rows counted from 0."""

    path: str
    zh: str
    en: str


class FormErrors(DomainError):
    """Answers that cannot be accepted: all errors at once, in the order of the form."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(
            "form_invalid",
            f"有{len(errors)}处需要修改。",
            f"{len(errors)} answers need a correction.",
            pointer=errors[0].path if errors else None,
            errors=[{"path": one.path, "zh": one.zh, "en": one.en} for one in errors],
        )
        self.errors = errors


class _FormSchema(Schema):
    class Meta:
        unknown = RAISE


class Rows(Answer):
    """A table: each row is read with the columns that are visible in it."""

    def __init__(self, spec: Field, *, draft: bool, catalogues: Catalogues | None, outer: Mapping[str, Any]) -> None:
        super().__init__(spec, required=spec.required and not draft, given=catalogues)
        self.outer = outer
        self.draft = draft
        self.by_columns: dict[tuple[str, ...], Schema] = {}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            self.refuse("rows")
        lowest = max(self.spec.min_rows, 1 if self.required else 0)
        if not self.draft and len(value) < lowest:
            self.refuse("min_rows", min=lowest)
        if len(value) > self.spec.max_rows:
            self.refuse("max_rows", max=self.spec.max_rows)
        rows, errors = [], {}
        for index, row in enumerate(value):
            try:
                rows.append(self._row(row))
            except ValidationError as error:
                errors[index] = error.messages
        if errors:
            raise ValidationError(errors)
        return rows

    def _row(self, row: Any) -> Any:
        if not isinstance(row, dict):
            self.refuse("row")
        shown = visible_columns(self.spec, row, self.outer)
        hidden = {column.name for column in self.spec.columns} - {column.name for column in shown}
        key = tuple(column.name for column in shown)
        if key not in self.by_columns:
            self.by_columns[key] = _build(shown, row, draft=self.draft, catalogues=self.catalogues)
        return self.by_columns[key].load({name: value for name, value in row.items() if name not in hidden})


def schema(form: FormDefinition, values_hint: Mapping[str, Any] | None = None) -> Schema:
    """The schema of the questions that are visible with these answers."""
    values = _tidy(form.fields, values_hint or {})
    shown = visible(form, values)
    return _build([field for field in form.fields.values() if field.name in shown], values)


def validate(
    form: FormDefinition,
    raw: Any,
    *,
    sections: Collection[str] | None = None,
    draft: bool = False,
    context: Mapping[str, Any] | None = None,
    catalogues: Catalogues | None = None,
) -> dict[str, Any]:
    """Clean values of the visible questions (of these sections), or `FormErrors` with all that is wrong.

    `draft` lets answers be missing, not be wrong. `context` is the server's own data for prefilled
    questions; what is sent for a read-only one is never believed. `catalogues` maps a catalogue's name
    to its codes where they are not the built-in ones.
    """
    if not isinstance(raw, Mapping):
        raise FormErrors([FieldError("", **_both(message("form")))])
    values = _tidy(form.fields, raw)
    readonly = {name for name, field in form.fields.items() if field.readonly}
    own = prefill(form, context) if context is not None else {}
    values = {name: value for name, value in values.items() if name not in readonly}
    values |= {name: own[name] for name in readonly if name in own}
    shown = visible(form, values)
    places = {field.name: section.id for section in form.sections for field in section.fields}
    wanted = {name for name in shown if sections is None or places[name] in sections}
    built = _build(
        [field for name, field in form.fields.items() if name in wanted],
        values,
        draft=draft,
        catalogues=catalogues,
    )
    sent = {name: value for name, value in values.items() if name in wanted or name not in form.fields}
    try:
        loaded: dict[str, Any] = built.load(sent)
    except ValidationError as error:
        raise FormErrors(_in_order(form, _flatten(error.messages))) from None
    return {name: loaded[name] for name in form.fields if name in loaded}


def tidy(form: FormDefinition, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as `validate` reads them: without surrounding space, an empty box is no answer."""
    return _tidy(form.fields, raw)


def visible(form: FormDefinition, values: Mapping[str, Any]) -> set[str]:
    """The fields that are shown with these answers; an answer to a hidden question counts as none."""
    known: dict[str, bool] = {}
    of_field = {field.name: [s.condition, field.condition] for s in form.sections for field in s.fields}

    def shown(name: str) -> bool:
        if name not in known:
            known[name] = all(one is None or conditions.holds(one, lookup) for one in of_field[name])
        return known[name]

    def lookup(name: str) -> Any:
        return _asked(form.fields[name], values.get(name)) if shown(name) else None

    return {name for name in form.fields if shown(name)}


def visible_columns(table: Field, row: Mapping[str, Any], outer: Mapping[str, Any]) -> list[Field]:
    """The columns shown in one row: a condition looks at the row first, then at the form."""
    own = {column.name: column for column in table.columns}

    def lookup(name: str) -> Any:
        return _asked(own[name], row.get(name)) if name in own else outer.get(name)

    return [column for column in table.columns if not column.condition or conditions.holds(column.condition, lookup)]


def prefill(form: FormDefinition, context: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that the server already knows, by each field's path into the context."""
    found = {}
    for name, field in form.fields.items():
        value: Any = context
        for step in field.prefill.split(".") if field.prefill else ["\0"]:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            found[name] = value
    return found


def dump(form: FormDefinition, values: Any) -> Any:
    """JSON-safe: Decimal as text, dates as ISO. Reading it again with `validate` gives the same values."""
    if isinstance(values, Mapping):
        return {name: dump(form, value) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [dump(form, value) for value in values]
    if isinstance(values, Decimal):
        return format(values, "f")
    return values.isoformat() if isinstance(values, date) else values


def from_page(form: FormDefinition, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The nested answers of a submitted page, whose inputs are named "field" or "table.row.column".

    Names that begin with "_" belong to the page (tokens, buttons). Row numbers may have gaps; blank rows at
    the end of a table are the page's invitation to add one, not an answer.
    """
    answers: dict[str, Any] = {}
    tables: dict[str, dict[int, dict[str, Any]]] = {}
    for name, value in pairs:
        top, *rest = name.split(".")
        field = form.fields.get(top)
        if name.startswith("_"):
            continue
        if field is not None and field.type == "table" and len(rest) == 2 and rest[0].isdecimal():
            row = tables.setdefault(top, {}).setdefault(int(rest[0]), {})
            column = next((one for one in field.columns if one.name == rest[1]), None)
            _put(row, column, rest[1], value)
        else:
            _put(answers, field, name, value)
    for name, rows in tables.items():
        ordered = [rows[index] for index in sorted(rows)]
        while ordered and not any(_not_blank(value) for value in ordered[-1].values()):
            ordered.pop()
        answers[name] = ordered
    return answers


def field_names(form: FormDefinition) -> frozenset[str]:
    """The names of all questions, for the linter of models."""
    return frozenset(form.fields)


def _put(answers: dict[str, Any], field: Field | None, name: str, value: str) -> None:
    if field is not None and field.type in ("choices", "file"):
        answers.setdefault(name, []).append(value)
    else:
        answers[name] = value


def _build(
    shown: Iterable[Field],
    values: Mapping[str, Any],
    *,
    draft: bool = False,
    catalogues: Catalogues | None = None,
) -> Schema:
    specs = tuple(shown)
    if catalogues is None and not any(spec.type == "table" for spec in specs):
        return _plain_schema(specs, draft)
    built: dict[str, Any] = {}
    for spec in specs:
        if spec.type == "table":
            built[spec.name] = Rows(spec, draft=draft, catalogues=catalogues, outer=values)
        else:
            built[spec.name] = Answer(spec, required=spec.required and not draft, given=catalogues)
    return _made(built)


_PLAIN: dict[tuple[tuple[int, ...], bool], tuple[tuple[Field, ...], Schema]] = {}


def _plain_schema(specs: tuple[Field, ...], draft: bool) -> Schema:
    """The schema of questions without tables does not depend on the answers and is made once."""
    key = (tuple(map(id, specs)), draft)
    if key not in _PLAIN:
        if len(_PLAIN) > 1000:
            _PLAIN.clear()
        # The fields are kept beside the schema, so that their identity cannot pass to others.
        fields = {spec.name: Answer(spec, required=spec.required and not draft, given=None) for spec in specs}
        _PLAIN[key] = (specs, _made(fields))
    return _PLAIN[key][1]


def _made(built: dict[str, Any]) -> Schema:
    made = _FormSchema.from_dict(built)()
    made.error_messages = {**made.error_messages, "unknown": message("unknown"), "type": message("form")}
    return made


def _asked(field: Field, value: Any) -> Any:
    """An answer as conditions see it, before it has been validated."""
    return parse_boolean(value) if field.type in ("boolean", "declaration") else value


def _tidy(fields: Mapping[str, Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Without surrounding space and without blanks: an empty box is no answer."""
    tidied = {}
    for name, value in raw.items():
        field = fields.get(str(name))
        if isinstance(value, str):
            value = value.strip()
        elif isinstance(value, list) and field is not None and field.type == "table":
            columns = {column.name: column for column in field.columns}
            value = [_tidy(columns, row) if isinstance(row, Mapping) else row for row in value]
        elif isinstance(value, list) and field is not None:
            value = [one for one in value if _not_blank(one)] or None
        if _not_blank(value):
            tidied[str(name)] = value
    return tidied


def _not_blank(value: Any) -> bool:
    return value is not None and value != "" and value != [""] and not (isinstance(value, str) and not value.strip())


def _flatten(messages: Any, path: str = "") -> list[FieldError]:
    if isinstance(messages, dict):
        found = []
        for key, inner in messages.items():
            here = path if key == "_schema" else f"{path}.{key}".lstrip(".")
            found += _flatten(inner, here)
        return found
    return [FieldError(path, **_both(text)) for text in messages]


def _both(packed: str) -> dict[str, str]:
    words: Words = unpack(packed)
    return {"zh": words.zh, "en": words.en}


def _in_order(form: FormDefinition, errors: list[FieldError]) -> list[FieldError]:
    order = {name: index for index, name in enumerate(form.fields)}
    return sorted(errors, key=lambda error: order.get(error.path.split(".")[0], len(order)))
