"""Backup and restore at the command line; a restore is rehearsed with one word more."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import click

from registers.errors import DomainError
from web.server import Installation
from workflows import backup, install

Running = Callable[[], AbstractContextManager[Installation]]
Put = Callable[[object, bool, str], None]


def add(cli: click.Group, running: Running, put: Put) -> None:
    """Add `backup` and `restore` to the command line."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")

    @cli.command("backup")
    @click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
    @as_json
    def make_backup(target: Path, as_json: bool) -> None:
        """Write database and files into one file while the program runs."""
        with running() as place:
            rt = place.runtime()
            made = backup.make(_superuser(place), rt.files_root, target, rt.time.now())
        put(made, as_json, f"{made['file']}: {made['bytes']} bytes, {made['rows']} rows, {made['files']} files")

    @cli.command("restore")
    @click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--rehearse", is_flag=True, help="Into a throwaway server: nothing of this installation changes.")
    @as_json
    def restore(archive: Path, rehearse: bool, as_json: bool) -> None:
        """Bring a backup back into an empty installation and check all of it; exit status 1 when anything is wrong."""
        with running() as place:
            rt = place.runtime()
            if rehearse:
                outcome = backup.rehearse(archive, rt.time, place.home)
            else:
                with rt.db.transaction() as conn:
                    if install.has_users(conn):
                        raise DomainError(
                            "not_empty",
                            "本安装已有账号。恢复只能进入空的安装；演练请加 --rehearse。",
                            "There are accounts here. A restore goes into an empty installation; add --rehearse to try it.",
                        )
                place.runtime().db.close()
                outcome = backup.restore(archive, place.own_server(), _superuser(place), place.home / "files")
        told = [f"{outcome.made_at}: {outcome.tables} tables, {outcome.rows} rows, {outcome.files} files"]
        put({"ok": not outcome.faults, **vars(outcome)}, as_json, "\n".join([*told, *(outcome.faults or ["ok"])]))
        if outcome.faults:
            raise click.exceptions.Exit(1)


def _superuser(place: Installation) -> str:
    """The superuser's address: of our own server, or of the house's by DATABASE_SUPERUSER_URL."""
    if place.given_url is None:
        return backup.superuser_of(place.own_server())
    given = os.environ.get("DATABASE_SUPERUSER_URL")
    if not given:
        raise DomainError(
            "superuser",
            "使用外部PostgreSQL时，请用DATABASE_SUPERUSER_URL给出能绕过行级安全的角色（备份须读到全部行）。",
            "With a PostgreSQL of the house, DATABASE_SUPERUSER_URL names a role that row-level security does not bind.",
        )
    return given
