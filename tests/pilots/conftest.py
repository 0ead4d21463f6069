"""The application, its API, and people at their browsers."""

from __future__ import annotations

from tests.clocks.conftest import api, app, at_page

__all__ = ["api", "app", "at_page"]
