"""The application, its API, people at their browsers, and an operator that holds both papers."""

from __future__ import annotations

import pytest

from tests.clocks.conftest import api, app, at_page
from tests.conftest import World
from workflows import demo_waste

__all__ = ["api", "app", "at_page"]


@pytest.fixture(autouse=True)
def operating(world: World) -> None:
    """The operator of the demonstration holds its papers and has kept its ledger for a year."""
    with world.rt.db.transaction() as conn:
        demo_waste.operate(conn, world.time)
