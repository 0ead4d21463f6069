"""A form as JSON schema, for the API's description: what programs may send and will receive."""

from __future__ import annotations

from datetime import date
from typing import Any

from forms.definition import Field, FormDefinition
from forms.fields import _DEFAULT_LENGTH as DEFAULT_LENGTH


def json_schema(form: FormDefinition) -> dict[str, Any]:
    """An object schema; a question is required here only when it is always shown."""
    always = [
        field.name
        for section in form.sections
        for field in section.fields
        if field.required and not field.readonly and section.condition is None and field.condition is None
    ]
    return {
        "type": "object",
        "title": form.title.zh,
        "additionalProperties": False,
        "properties": {name: _property(field) for name, field in form.fields.items()},
        **({"required": always} if always else {}),
    }


def _property(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {"title": field.label.zh, "description": field.label.en, **_shape(field)}
    if field.unit:
        described["x-unit"] = field.unit.zh
    if field.citation:
        described["x-citation"] = field.citation.zh
    if field.readonly:
        described["readOnly"] = True
    return described


def _shape(field: Field) -> dict[str, Any]:
    match field.type:
        case "text" | "textarea" | "catalogue":
            longest = field.max_length or DEFAULT_LENGTH[field.type]
            return {"type": "string", "maxLength": longest, **_pattern(field)}
        case "credit_code":
            return {"type": "string", "pattern": "^[0-9A-HJ-NP-RTUW-Y]{18}$"}
        case "integer":
            return {"type": "integer", **_bounds(field)}
        case "decimal" | "tons" | "percent":
            decimals = r"(\.\d{1,10})?"
            return {"type": "string", "format": "decimal", "pattern": rf"^[+-]?\d{{1,15}}{decimals}$"}
        case "date":
            return {"type": "string", "format": "date", **_bounds(field)}
        case "boolean" | "declaration":
            return {"type": "boolean"}
        case "choice":
            return {"type": "string", "enum": [choice.value for choice in field.choices]}
        case "choices":
            one = {"type": "string", "enum": [choice.value for choice in field.choices]}
            return {"type": "array", "items": one}
        case "file":
            shape: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "uuid"}}
            return shape if field.multiple else {**shape, "maxItems": 1}
        case _:
            row = {
                "type": "object",
                "additionalProperties": False,
                "properties": {column.name: _property(column) for column in field.columns},
            }
            return {"type": "array", "items": row, "minItems": field.min_rows, "maxItems": field.max_rows}


def _pattern(field: Field) -> dict[str, str]:
    return {"pattern": f"^(?:{field.pattern})$"} if field.pattern else {}


def _bounds(field: Field) -> dict[str, Any]:
    if field.type == "date":
        given = {"x-minimum": field.min, "x-maximum": field.max}
        return {key: value.isoformat() for key, value in given.items() if isinstance(value, date)}
    given = {"minimum": field.min, "maximum": field.max}
    return {key: int(value) for key, value in given.items() if value is not None}  # type: ignore[arg-type]
