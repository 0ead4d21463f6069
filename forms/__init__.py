"""Forms: what people fill in and what they receive.

`load` a definition, `validate` what was sent, `dump` it for storing. Definitions are data
(`definitions/*.json`); their types, rules and messages live here once and serve the page, the API and its
description alike. Letters: `forms.letters`.
"""

from forms.definition import Choice, Field, FormDefinition, Section, definition_bytes, load, load_all, parse
from forms.openapi import json_schema
from forms.schema import (
    FieldError,
    FormErrors,
    dump,
    field_names,
    from_page,
    prefill,
    schema,
    validate,
    visible,
    visible_columns,
)
from forms.words import Words

__all__ = [
    "Choice",
    "Field",
    "FieldError",
    "FormDefinition",
    "FormErrors",
    "Section",
    "Words",
    "definition_bytes",
    "dump",
    "field_names",
    "from_page",
    "json_schema",
    "load",
    "load_all",
    "parse",
    "prefill",
    "schema",
    "validate",
    "visible",
    "visible_columns",
]
