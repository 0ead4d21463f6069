"""What a form is: sections of typed fields, read from JSON and checked before anybody fills it in.

A definition is immutable; its `sha256` is stored with each answer, so an answer can always be read with
the form it was given to. A mistake in a definition is a `DomainError` with the place as pointer.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from forms import conditions
from forms.conditions import Condition
from forms.words import Words
from registers.errors import DomainError, NotFound

FOLDER = Path(__file__).with_name("definitions")
TYPES = frozenset(
    [
        "text",
        "textarea",
        "integer",
        "decimal",
        "tons",
        "percent",
        "date",
        "boolean",
        "choice",
        "choices",
        "catalogue",
        "table",
        "file",
        "declaration",
        "credit_code",
    ]
)
NUMBERS = frozenset(["integer", "decimal", "tons", "percent"])
_ASKABLE = frozenset(["boolean", "choice", "choices", "catalogue", "declaration", "integer"])
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FORM_KEYS = {"id", "version", "title", "help", "sections"}
_SECTION_KEYS = {"id", "title", "help", "show_if", "fields"}
_FIELD_KEYS = {
    "name",
    "type",
    "label",
    "required",
    "help",
    "citation",
    "show_if",
    "unit",
    "places",
    "min",
    "max",
    "max_length",
    "pattern",
    "pattern_hint",
    "choices",
    "catalogue",
    "columns",
    "min_rows",
    "max_rows",
    "accept",
    "multiple",
    "prefill",
    "readonly",
    "signer",
}


@dataclass(frozen=True)
class Choice:
    value: str
    label: Words


@dataclass(frozen=True)
class Field:
    """One question, or one column of a table."""

    name: str
    type: str
    label: Words
    required: bool = False
    help: Words | None = None
    citation: Words | None = None
    show_if: Mapping[str, Any] | None = None
    condition: Condition | None = None
    unit: Words | None = None
    places: int | None = None
    min: Decimal | date | None = None
    max: Decimal | date | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_hint: Words | None = None
    choices: tuple[Choice, ...] = ()
    catalogue: str | None = None
    columns: tuple[Field, ...] = ()
    min_rows: int = 0
    max_rows: int = 500
    accept: tuple[str, ...] = ()
    multiple: bool = False
    prefill: str | None = None
    readonly: bool = False
    signer: str | None = None


@dataclass(frozen=True)
class Section:
    id: str
    title: Words
    fields: tuple[Field, ...]
    help: Words | None = None
    show_if: Mapping[str, Any] | None = None
    condition: Condition | None = None


@dataclass(frozen=True)
class FormDefinition:
    id: str
    version: int
    title: Words
    sections: tuple[Section, ...]
    sha256: str
    help: Words | None = None

    @functools.cached_property
    def fields(self) -> Mapping[str, Field]:
        """All top-level fields by name, in order."""
        return {field.name: field for section in self.sections for field in section.fields}

    def field(self, path: str) -> Field | None:
        """The field or column behind the path of an error, such as "outlets.3.flow"."""
        name, _, rest = path.partition(".")
        found = self.fields.get(name)
        column = rest.partition(".")[2]
        if found is not None and column:
            return next((one for one in found.columns if one.name == column), None)
        return found


def load(form_id: str) -> FormDefinition:
    """A form of the installation by its id."""
    if not _NAME.fullmatch(form_id) or not (FOLDER / f"{form_id}.json").is_file():
        raise NotFound(f"没有名为 {form_id} 的表单。", f"There is no form {form_id}.")
    return _load_file(FOLDER / f"{form_id}.json")


def load_all() -> dict[str, FormDefinition]:
    """Every form of the installation."""
    return {path.stem: _load_file(path) for path in sorted(FOLDER.glob("*.json"))}


def definition_bytes(form_id: str) -> bytes:
    """The file of a form as it is, to be kept with a published procedure."""
    load(form_id)
    return (FOLDER / f"{form_id}.json").read_bytes()


@functools.cache
def _load_file(path: Path) -> FormDefinition:
    form = parse(json.loads(path.read_text("utf-8"), parse_float=Decimal))
    if form.id != path.stem:
        raise _wrong("id", f"文件名应与 id 相同：{form.id}", f"the file must be named like the id: {form.id}")
    return form


def parse(given: Any) -> FormDefinition:
    """Check a definition and make it usable."""
    _keys(given, _FORM_KEYS, "")
    sections = tuple(
        _section(section, f"sections.{index}") for index, section in enumerate(_list(given, "sections", ""))
    )
    form_id, version = given.get("id"), given.get("version", 1)
    if not isinstance(form_id, str) or not _NAME.fullmatch(form_id):
        raise _wrong("id", "id 应为小写英文名称", "the id must be a lower-case name")
    if not isinstance(version, int):
        raise _wrong("version", "version 应为整数", "the version must be a whole number")
    text = json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()
    form = FormDefinition(
        form_id, version, _words(given, "title", ""), sections, digest, _optional_words(given, "help", "")
    )
    _check_names(form)
    _check_conditions(form)
    return form


def _section(given: Any, where: str) -> Section:
    _keys(given, _SECTION_KEYS, where)
    if not isinstance(given.get("id"), str) or not _NAME.fullmatch(given["id"]):
        raise _wrong(f"{where}.id", "id 应为小写英文名称", "the id must be a lower-case name")
    fields = _list(given, "fields", where)
    return Section(
        given["id"],
        _words(given, "title", where),
        tuple(_field(field, f"{where}.fields.{index}") for index, field in enumerate(fields)),
        _optional_words(given, "help", where),
        given.get("show_if"),
        _condition(given, where),
    )


def _field(given: Any, where: str, in_table: bool = False) -> Field:
    _keys(given, _FIELD_KEYS, where)
    name, kind = given.get("name"), given.get("type")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(f"{where}.name", "name 应为小写英文名称", "the name must be a lower-case name")
    if kind not in TYPES or (in_table and kind == "table"):
        raise _wrong(f"{where}.type", f"类型 {kind} 在此处不可用", f"the type {kind} cannot be used here")
    columns = tuple(
        _field(column, f"{where}.columns.{index}", in_table=True)
        for index, column in enumerate(_list(given, "columns", where) if kind == "table" else ())
    )
    lowest, highest = _bounds(given, kind, where)
    return Field(
        name=name,
        type=kind,
        label=_words(given, "label", where),
        required=bool(given.get("required", False)),
        help=_optional_words(given, "help", where),
        citation=_optional_words(given, "citation", where),
        show_if=given.get("show_if"),
        condition=_condition(given, where),
        unit=_optional_words(given, "unit", where),
        places={"tons": 6, "percent": 2}.get(kind, given.get("places")),
        min=lowest,
        max=highest,
        max_length=given.get("max_length"),
        pattern=_pattern(given, where),
        pattern_hint=_optional_words(given, "pattern_hint", where),
        choices=_choices(given, kind, where),
        catalogue=given.get("catalogue"),
        columns=columns,
        min_rows=given.get("min_rows", 0),
        max_rows=given.get("max_rows", 500),
        accept=tuple(str(one).lower().lstrip(".") for one in given.get("accept", ())),
        multiple=bool(given.get("multiple", False)),
        prefill=given.get("prefill"),
        readonly=bool(given.get("readonly", False)),
        signer=given.get("signer"),
    )


def _choices(given: Mapping[str, Any], kind: str, where: str) -> tuple[Choice, ...]:
    choices = tuple(
        Choice(str(choice["value"]), _words(choice, "label", f"{where}.choices.{index}"))
        for index, choice in enumerate(_list(given, "choices", where) if kind in ("choice", "choices") else ())
    )
    if len({choice.value for choice in choices}) != len(choices):
        raise _wrong(f"{where}.choices", "选项的值重复", "two choices have the same value")
    return choices


def _pattern(given: Mapping[str, Any], where: str) -> str | None:
    pattern: str | None = given.get("pattern")
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise _wrong(f"{where}.pattern", f"正则表达式有误：{error}", f"not a regular expression: {error}") from None
    return pattern


def _bounds(given: Mapping[str, Any], kind: str, where: str) -> tuple[Any, Any]:
    """The least and the greatest answer; tons are never below zero, a percentage lies between 0 and 100."""
    lowest: Any = _bound(given, "min", kind, where)
    highest: Any = _bound(given, "max", kind, where)
    if kind in ("tons", "percent") and lowest is None:
        lowest = Decimal(0)
    if kind == "percent" and highest is None:
        highest = Decimal(100)
    if lowest is not None and highest is not None and lowest > highest:
        raise _wrong(f"{where}.min", "最小值大于最大值", "min is greater than max")
    return lowest, highest


def _bound(given: Mapping[str, Any], key: str, kind: str, where: str) -> Decimal | date | None:
    value = given.get(key)
    if value is None:
        return None
    try:
        if kind == "date":
            return date.fromisoformat(value)
        if kind in NUMBERS:
            return Decimal(str(value))
    except (ValueError, TypeError, InvalidOperation):
        pass
    raise _wrong(f"{where}.{key}", f"{key} 对此类型无效", f"{key} does not fit this type")


def _check_names(form: FormDefinition) -> None:
    def once(names: Iterator[str], where: str) -> None:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise _wrong(where, f"名称 {name} 重复", f"the name {name} is used twice")
            seen.add(name)

    once((section.id for section in form.sections), "sections")
    once((field.name for section in form.sections for field in section.fields), "sections")
    for field in form.fields.values():
        once((column.name for column in field.columns), field.name)


def _check_conditions(form: FormDefinition) -> None:
    """Conditions ask fields that exist and have such answers, and do not wait for each other in a circle."""
    asks: dict[str, set[str]] = {}
    for section in form.sections:
        for field in section.fields:
            wanted = [section.condition, field.condition]
            asks[field.name] = {name for one in wanted if one for name in conditions.names(one)}
            for one in wanted:
                _check_asked(one, form.fields, field.name)
            for column in field.columns:
                own = {other.name: other for other in field.columns}
                _check_asked(column.condition, {**form.fields, **own}, f"{field.name}.{column.name}")
                if column.condition and column.name in conditions.names(column.condition):
                    raise _wrong(f"{field.name}.{column.name}.show_if", "条件指向自身", "it asks itself")
    settled: set[str] = set()
    while ready := {name for name in asks if name not in settled and asks[name] <= settled}:
        settled |= ready
    if circle := sorted(set(asks) - settled):
        raise _wrong(f"{circle[0]}.show_if", f"显示条件互相等待：{circle}", f"conditions wait for each other: {circle}")


def _check_asked(condition: Condition | None, scope: Mapping[str, Field], where: str) -> None:
    for name, values in conditions.compared(condition).items() if condition else ():
        field = scope.get(name)
        if field is None or field.type not in _ASKABLE:
            raise _wrong(
                f"{where}.show_if",
                f"条件引用的 {name} 不存在或不能作条件",
                f"{name} does not exist or cannot be asked",
            )
        known = {choice.value for choice in field.choices} or (
            {"true", "false"} if field.type in ("boolean", "declaration") else values
        )
        if not values <= known:
            odd = ", ".join(sorted(values - known))
            raise _wrong(f"{where}.show_if", f"{name} 没有答案 {odd}", f"{name} has no answer {odd}")


def _condition(given: Mapping[str, Any], where: str) -> Condition | None:
    show_if = given.get("show_if")
    return None if show_if is None else conditions.parse(show_if, f"{where}.show_if")


def _keys(given: Any, allowed: set[str], where: str) -> None:
    if not isinstance(given, dict):
        raise _wrong(where, "此处应为对象", "an object belongs here")
    for key in given.keys() - allowed:
        raise _wrong(f"{where}.{key}".lstrip("."), f"未知属性 {key}", f"unknown property {key}")


def _list(given: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = given.get(key)
    if not isinstance(value, list) or not value:
        raise _wrong(f"{where}.{key}".lstrip("."), f"{key} 应为非空列表", f"{key} must be a list that is not empty")
    return value


def _words(given: Mapping[str, Any], key: str, where: str) -> Words:
    found = _optional_words(given, key, where)
    if found is None:
        raise _wrong(f"{where}.{key}".lstrip("."), f"缺少 {key}", f"{key} is missing")
    return found


def _optional_words(given: Mapping[str, Any], key: str, where: str) -> Words | None:
    """A pair of languages; a plain string stands for both (units, numbers of articles)."""
    match given.get(key):
        case None:
            return None
        case str(text):
            return Words(text, text)
        case {"zh": str(zh), "en": str(en)}:
            return Words(zh, en)
    raise _wrong(f"{where}.{key}".lstrip("."), f"{key} 应有中文和英文", f"{key} needs both languages")


def _wrong(where: str, zh: str, en: str) -> DomainError:
    return DomainError(
        "form_definition", f"表单定义有误：{zh}。", f"The form definition is wrong: {en}.", pointer=where
    )
