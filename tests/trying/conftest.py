"""The fixtures of the web tests, for trying and publishing as well."""

from tests.web.conftest import api, app

__all__ = ["api", "app"]
