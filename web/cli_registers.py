"""Commands on the registers themselves: importing the official catalogues, checking that all of it agrees."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import click

from registers import catalogues
from web import views
from web.server import Installation
from workflows import install, selfcheck

Running = Callable[[], AbstractContextManager[Installation]]
Put = Callable[[object, bool, str], None]


def add(cli: click.Group, running: Running, put: Put) -> None:
    """Add `catalogues` and `registers` to the command line."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")

    @cli.group("catalogues")
    def catalogues_group() -> None:
        """The official catalogues behind screening."""

    @catalogues_group.command("import")
    @click.argument("kind", type=click.Choice(["eia", "permit"]))
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @as_json
    def catalogues_import(kind: str, file: Path, as_json: bool) -> None:
        """Import a complete official catalogue (CSV); screening then covers every item of it."""
        with running() as place:
            rt = place.runtime()
            install.seed_registers(rt)
            with rt.db.transaction() as conn:
                count = catalogues.import_csv(conn, kind, file.read_bytes())
                items = catalogues.load(conn, kind)
        by_rule = sum(item.computable for item in items)
        put(
            {"catalogue": kind, "items": count, "by_rule": by_rule, "by_hand": len(items) - by_rule},
            as_json,
            f"{kind}: {count} 条 items, {by_rule} 条自动判定 by rule, {len(items) - by_rule} 条对照勾选 ticked by hand",
        )

    @cli.group("registers")
    def registers_group() -> None:
        """The registers."""

    @registers_group.command("check")
    @as_json
    def registers_check(as_json: bool) -> None:
        """Check numbers, permits, decisions and files against each other; exit status 1 on a fault."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                report = selfcheck.check(conn, rt.files_root)
        text = "\n".join(
            [f"{fault.check}: {fault.about}：{fault.zh} {fault.en}" for fault in report.faults]
            or ["ok  " + "  ".join(f"{name} {count}" for name, count in sorted(report.counted.items()))]
        )
        document = {
            "ok": not report.faults,
            "counted": report.counted,
            "faults": [views.plain(vars(fault)) for fault in report.faults],
        }
        put(document, as_json, text)
        if report.faults:
            raise click.exceptions.Exit(1)
