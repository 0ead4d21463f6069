"""The key that seals secrets in the database: which keys there are, a new one in its place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import click

from registers import factors
from web.server import Installation

Running = Callable[[], AbstractContextManager[Installation]]
Put = Callable[[object, bool, str], None]
KEPT = 2  # the newest key and the one before it: another node may have read the file just before it changed


def add(cli: click.Group, running: Running, put: Put) -> None:
    """Add `keys` to the command line."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")

    @cli.group("keys")
    def keys_group() -> None:
        """The key file that seals second factors."""

    @keys_group.command("show")
    @as_json
    def show(as_json: bool) -> None:
        """Where the key file is, the ids of its keys, and whether all that is sealed can be opened; exit status 1 if not."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                lost = factors.unreadable(conn, rt.vault)
        found = {"file": str(rt.vault.path), "keys": rt.vault.names(), "unreadable": lost}
        told = f"{rt.vault.path}: {', '.join(rt.vault.names()) or '-'}; {lost} second factors cannot be opened"
        put(found, as_json, told)
        if lost:
            raise click.exceptions.Exit(1)

    @keys_group.command("rotate")
    @as_json
    def rotate(as_json: bool) -> None:
        """Make a new key and seal everything with it; the key before it stays in the file until the next time."""
        with running() as place:
            rt = place.runtime()
            rt.vault.create()
            name = rt.vault.add_key()
            with rt.db.transaction() as conn:
                changed = factors.seal_again(conn, rt.vault)
            rt.vault.keep_newest(KEPT)
        put({"key": name, "sealed": changed}, as_json, f"{name}: {changed} second factors sealed anew")
