"""What is stored or sent says the same as the canonical text, whatever the fast writer cannot write itself."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.commands import to_json, to_wire

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None))
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.uuids()
    | st.binary(max_size=8)
    | st.sets(st.text(max_size=3), max_size=3)
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)


@given(VALUES)
def test_both_texts_read_back_alike(value: Any) -> None:
    assert json.loads(to_wire(value)) == json.loads(to_json(value))


def test_what_has_no_json_form_is_refused_by_both() -> None:
    for write in (to_json, to_wire):
        with pytest.raises(TypeError):
            write({"at": object()})


def test_identifiers_days_and_tons_are_text() -> None:
    given_ = {"id": uuid.UUID(int=1), "on": date(2026, 8, 15), "at": datetime(2026, 8, 15, 8, tzinfo=UTC)}
    assert json.loads(to_wire({**given_, "tons": Decimal("0.100000")})) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "on": "2026-08-15",
        "at": "2026-08-15T08:00:00+00:00",
        "tons": "0.100000",
    }
