"""A person at the page of a signature."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Person
from tests.signing import PASSWORD

FINGERPRINT = re.compile("^[0-9a-f]{64}$")


def signs(person: Person) -> bool:
    """Whether the page asks for a signature."""
    return person.page.url.endswith("/sign")


def sign(person: Person, password: str = PASSWORD) -> None:
    """Prove who one is, and hand the task in."""
    expect(person.page.locator("form.stack .hash")).to_have_text(FINGERPRINT)
    person.page.locator('[name="signature.password"]').fill(password)
    with person.page.expect_navigation():
        person.page.locator("form.stack button.button").click()
    person.ready()
