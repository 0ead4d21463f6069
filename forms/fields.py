"""The types of answers: each turns what a page or a program sent into one clean value, or says what is wrong.

Numbers become `Decimal` and never `float`; dates `date`; everything else text, lists and truth values, so an
answer survives the way through the engine unchanged. Marshmallow runs them; messages come from our catalogue.
"""

from __future__ import annotations

import functools
import re
import unicodedata
import uuid
from collections.abc import Callable, Container, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from marshmallow import ValidationError, fields

from forms.definition import Field
from forms.words import Words, message
from registers import catalogues
from registers.parties import credit_code_is_valid

Catalogues = Mapping[str, Container[str]]

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,10})?")
_INTEGER = re.compile(r"[+-]?\d{1,15}")
_TRUE = frozenset(["true", "on", "yes", "1"])
_FALSE = frozenset(["false", "off", "no", "0"])
_DEFAULT_LENGTH = {"text": 200, "textarea": 10_000, "catalogue": 64}
_REQUIRED = {
    **dict.fromkeys(["choice", "choices", "catalogue"], "required_choice"),
    **dict.fromkeys(["boolean"], "boolean"),
    **dict.fromkeys(["declaration"], "declaration"),
    **dict.fromkeys(["file"], "required_file"),
}


class Answer(fields.Field[Any]):
    """A marshmallow field that reads one answer as its definition says."""

    def __init__(self, spec: Field, *, required: bool, given: Catalogues | None = None) -> None:
        missing = message(_REQUIRED.get(spec.type, "required"), spec.label).replace("{", "{{").replace("}", "}}")
        super().__init__(required=required, error_messages={"required": missing, "null": missing})
        self.spec = spec
        self.catalogues = given

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        return READERS[self.spec.type](self, value)

    def refuse(self, key: str, **values: Any) -> NoReturn:
        raise ValidationError(message(key, self.spec.label, **values))


def parse_boolean(value: Any) -> bool | None:
    """True, False, or None when it is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    return None


def _text(answer: Answer, value: Any) -> str:
    spec = answer.spec
    if not isinstance(value, str):
        answer.refuse("text")
    text: str = value.replace("\r\n", "\n")
    allowed = "\n\t" if spec.type == "textarea" else ""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in text):
        answer.refuse("control")
    longest = spec.max_length or _DEFAULT_LENGTH.get(spec.type, 200)
    if len(text) > longest:
        answer.refuse("too_long", max=longest, count=len(text))
    if spec.pattern and not re.fullmatch(spec.pattern, text):
        hint = spec.pattern_hint
        answer.refuse("pattern", hint=Words(f"：{hint.zh}", f": {hint.en}") if hint else "")
    return text


def _integer(answer: Answer, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not _INTEGER.fullmatch(str(value)):
        answer.refuse("integer")
    _within(answer, Decimal(value))
    return int(value)


def _decimal(answer: Answer, value: Any) -> Decimal:
    # A float can only come from a JSON parser; its shortest notation is the number that was written.
    written = format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
    if isinstance(value, Decimal):
        written = format(value, "f") if value.is_finite() and abs(value.adjusted()) < 40 else ""
    if isinstance(value, bool) or not isinstance(value, (int, str, float, Decimal)):
        answer.refuse("number")
    if not _NUMBER.fullmatch(written):
        answer.refuse("number")
    places = answer.spec.places
    if places is not None and len(written.partition(".")[2].rstrip("0")) > places:
        answer.refuse("places", places=places)
    number = Decimal(written)
    _within(answer, number)
    return number


def _within(answer: Answer, number: Decimal) -> None:
    spec = answer.spec
    unit = Words(spec.unit.zh, " " + spec.unit.en) if spec.unit else ""
    if isinstance(spec.min, Decimal) and number < spec.min:
        answer.refuse("min", min=spec.min, unit=unit)
    if isinstance(spec.max, Decimal) and number > spec.max:
        answer.refuse("max", max=spec.max, unit=unit)


def _date(answer: Answer, value: Any) -> date:
    if type(value) is date:
        day = value
    elif isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            answer.refuse("date")
    else:
        answer.refuse("date")
    spec = answer.spec
    if isinstance(spec.min, date) and day < spec.min:
        answer.refuse("date_min", min=spec.min)
    if isinstance(spec.max, date) and day > spec.max:
        answer.refuse("date_max", max=spec.max)
    return day


def _boolean(answer: Answer, value: Any) -> bool:
    read = parse_boolean(value)
    if read is None:
        answer.refuse("boolean")
    return read


def _declaration(answer: Answer, value: Any) -> bool:
    read = parse_boolean(value)
    if read is None or (answer.required and not read):
        answer.refuse("declaration")
    return read


def _choice(answer: Answer, value: Any) -> str:
    if not isinstance(value, str) or value not in {choice.value for choice in answer.spec.choices}:
        answer.refuse("choice")
    return value


def _choices(answer: Answer, value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    chosen = [_choice(answer, one) for one in given]
    if answer.required and not chosen:
        answer.refuse("required_choice")
    return [choice.value for choice in answer.spec.choices if choice.value in chosen]


def _catalogue(answer: Answer, value: Any) -> str:
    code = _text(answer, value)
    name = answer.spec.catalogue
    known = (answer.catalogues or {}).get(name or "")
    if known is None and name and name not in catalogues.LIVE:
        known = _built_in(name)
    if known is not None and code not in known:
        answer.refuse("catalogue", value=code)
    return code


@functools.cache
def _built_in(catalogue: str) -> frozenset[str]:
    return frozenset(value for value, _ in catalogues.choices(catalogue))


def _file(answer: Answer, value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    try:
        files = [str(uuid.UUID(str(one))) for one in given]
    except ValueError:
        answer.refuse("file")
    if answer.required and not files:
        answer.refuse("required_file")
    if len(files) > 1 and not answer.spec.multiple:
        answer.refuse("one_file")
    return list(dict.fromkeys(files))


def _credit_code(answer: Answer, value: Any) -> str:
    code = value.upper() if isinstance(value, str) else ""
    if not credit_code_is_valid(code):
        answer.refuse("credit_code")
    return code


READERS: Mapping[str, Callable[[Answer, Any], Any]] = {
    "text": _text,
    "textarea": _text,
    "integer": _integer,
    "decimal": _decimal,
    "tons": _decimal,
    "percent": _decimal,
    "date": _date,
    "boolean": _boolean,
    "declaration": _declaration,
    "choice": _choice,
    "choices": _choices,
    "catalogue": _catalogue,
    "file": _file,
    "credit_code": _credit_code,
}
