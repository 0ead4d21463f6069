"""The commands of `onewindow`. Data goes to stdout (JSON with --json), messages to stderr."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from registers import accounts, calendar_years
from registers.errors import DomainError
from registers.parties import User
from web import cli_backup, cli_keys, cli_models, cli_registers, server, views
from web.pages.firstrun import first_run_code
from web.server import Installation
from workflows import (
    calendaring,
    definitions,
    demo,
    demo_cases,
    demo_permits,
    demo_trying,
    demo_waste,
    events,
    export,
    housebook,
    install,
    lint,
    matters,
    modelfolder,
    recompute,
    scenarios,
    versionfiles,
    xmlsafe,
)
from workflows.models import Case

Running = Callable[[], AbstractContextManager[Installation]]
as_json = click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")


def build(running: Running) -> click.Group:
    """The command group; `running` yields the installation with its database up."""

    @click.group()
    def cli() -> None:
        """OneWindow 一窗: joint environmental permitting and pilot governance."""

    for make in (_server_commands, _setup_commands, _model_commands, _scenario_commands, _register_commands):
        make(cli, running)
    cli_models.add(cli, running, put)
    cli_registers.add(cli, running, put)
    cli_backup.add(cli, running, put)
    cli_keys.add(cli, running, put)
    return cli


def say(text: str) -> None:
    """A message for the person at the terminal."""
    click.echo(text, err=True)


def put(data: Any, as_json: bool, text: str) -> None:
    """The answer, as JSON or as text."""
    click.echo(json.dumps(views.plain(data), ensure_ascii=False, indent=1) if as_json else text)


def _server_commands(cli: click.Group, running: Running) -> None:
    @cli.command()
    @click.option("--host", default="127.0.0.1", show_default=True)
    @click.option("--port", default=8000, show_default=True, envvar="PORT")
    @click.option("--workers", default=1, show_default=True, help="Worker processes.")
    @click.option("--threads", default=8, show_default=True, help="Threads of each worker.")
    def serve(host: str, port: int, workers: int, threads: int) -> None:
        """Serve the pages and the API (deadlines are kept in the same processes)."""
        with running() as place:
            if "ONEWINDOW_BASE_URL" not in os.environ:
                place.base_url = f"http://localhost:{port}"
            rt = place.runtime()
            install.seed(rt)
            with rt.db.transaction() as conn:
                anybody = install.has_users(conn)
                trial = conn.scalar(select(User.login).where(User.login == "qiye"))
            say(f"OneWindow 一窗  {place.base_url}")
            if trial:
                say(f"演示账号 demo accounts (password {demo.PASSWORD}):")
                for login, name, role, _ in demo.PEOPLE:
                    say(f"  {login:<10} {name}  {role}")
            elif not anybody:
                code = first_run_code(rt.files_root.parent)
                say(f"尚无任何账号。请打开 {place.base_url}/first ，安装码：{code}（或运行 onewindow init）")
                say(
                    f"There is no account yet: open {place.base_url}/first with the code {code}, or run `onewindow init`."
                )
            server.serve(place, host=host, port=port, workers=workers, threads=threads)

    @cli.command()
    def worker() -> None:
        """Keep deadlines without serving pages; run as many as you like."""
        import signal

        from workflows.deadlines import Alarm

        with running() as place:
            alarm = Alarm(place.runtime())
            alarm.start()
            say("deadlines are being kept; stop with Ctrl-C")
            try:
                signal.pause()
            except KeyboardInterrupt:
                alarm.stop()


def _setup_commands(cli: click.Group, running: Running) -> None:
    @cli.command()
    @click.option("--login", prompt="登录名 login")
    @click.option("--name", prompt="姓名 name")
    @click.option("--password", default=None, help="Asked for when not given.")
    def init(login: str, name: str, password: str | None) -> None:
        """Create the first administrator of a new installation."""
        with running() as place:
            rt = place.runtime()
            install.seed(rt)
            with rt.db.transaction() as conn:
                if install.has_users(conn):
                    raise DomainError("initialised", "已有账号，不能再次初始化。", "There are accounts already.")
                secret = password or click.prompt("密码 password", hide_input=True, confirmation_prompt=True)
                install.first_administrator(conn, rt.time, login=login, name=name, password=secret)
            rt.vault.create()
        say(f"已创建安全管理员 {login}。Created the security administrator {login}.")

    @cli.command("demo")
    @click.option("--if-empty", is_flag=True, help="Do nothing when there are accounts.")
    def make_demo(if_empty: bool) -> None:
        """Make demonstration data and accounts (the only command that does)."""
        with running() as place:
            rt = place.runtime()
            install.seed(rt)
            with rt.db.transaction() as conn:
                if not demo.is_empty(conn):
                    if if_empty:
                        return
                    raise DomainError(
                        "not_empty",
                        "已有账号，未写入演示数据。",
                        "There are accounts already; nothing was made.",
                    )
                made = demo.load(conn, rt.time)
                demo_waste.operate(conn, rt.time)
                demo_trying.load(conn, rt.time)
                demo_permits.load(conn, rt.time)
            demo_cases.load(rt)
        say(f"已创建{len(made)}个演示账号，密码均为 {demo.PASSWORD}")
        say(f"Made {len(made)} demo accounts, all with the password {demo.PASSWORD}")

    @cli.group()
    def token() -> None:
        """API tokens."""

    @token.command("create")
    @click.argument("login")
    @click.option("--name", default="command line", show_default=True)
    @click.option("--days", default=90, show_default=True)
    @as_json
    def token_create(login: str, name: str, days: int, as_json: bool) -> None:
        """Make an API token for an account; it is shown only once."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                user_id = conn.scalar(select(User.id).where(User.login == login, User.active))
                if user_id is None:
                    raise DomainError("no_user", "没有这个账号。", "There is no such account.")
                made = accounts.create_token(conn, user_id, name, rt.time.now(), days)
        put({"token": made}, as_json, made)


def _model_commands(cli: click.Group, running: Running) -> None:
    @cli.command("lint")
    @click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @as_json
    @click.option("--lang", type=click.Choice(["zh", "en"]), default="zh")
    def lint_files(files: tuple[Path, ...], as_json: bool, lang: str) -> None:
        """Check models; exit status 1 when there are errors.

        What a model calls may lie beside it: processes and decisions in the same folder are found there.
        """
        findings = _lint_with_neighbours(files)
        if as_json:
            put({"findings": [vars(finding) for finding in findings]}, True, "")
        else:
            for finding in findings:
                click.echo(f"{finding.severity}: {finding.message(lang)}")
        if any(finding.severity == "error" for finding in findings):
            raise click.exceptions.Exit(1)


def _lint_with_neighbours(files: tuple[Path, ...]) -> list[lint.Finding]:
    given = {path.name: path.read_bytes() for path in files}
    found = lint.check_upload(given, None)
    if not any(finding.code in ("unknown_called", "unknown_decision") for finding in found):
        return found
    beside = {
        path.name: path.read_bytes()
        for folder in {path.parent for path in files}
        for path in sorted(folder.iterdir())
        if path.suffix in (".bpmn", ".dmn")
    }
    first = next((name for name in given if name.endswith(".bpmn")), None)
    main = xmlsafe.parse(given[first]).find("{http://www.omg.org/spec/BPMN/20100524/MODEL}process") if first else None
    whole = lint.check_upload({**beside, **given}, None, process_id=None if main is None else main.get("id"))
    return [finding for finding in whole if finding.file is None or finding.file in given]


def _scenario_commands(cli: click.Group, running: Running) -> None:
    @cli.group("scenarios")
    def scenarios_group() -> None:
        """Scenarios of procedures."""

    @scenarios_group.command("run")
    @click.argument("version", required=False)
    @click.option(
        "--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Instead of a shipped one."
    )
    @as_json
    def scenarios_run(version: str | None, folder: Path | None, as_json: bool) -> None:
        """Play the scenarios of a procedure, or of all that are shipped; exit status 1 when one fails.

        VERSION is a shipped procedure, or a version of this installation: PROCEDURE@VERSION, PROCEDURE@draft (the newest
        draft), its identifier, or a procedure that is not shipped (its version in force).
        """
        folders = [folder] if folder else [path for path in install.shipped() if version in (None, path.name)]
        with running() as place:
            rt = place.runtime()
            install.seed_registers(rt)
            sets = [versionfiles.read_folder(path) for path in folders]
            if not sets and version is not None:
                with rt.db.transaction() as conn:
                    sets = [definitions.files_of(conn, modelfolder.find(conn, version, rt.time.today()))]
            reports = [scenarios.run_files(rt, contents) for contents in sets]
        results = [result for report in reports for result in report.results]
        flows = sum(len(report.flows) for report in reports)
        covered = sum(len(report.covered) for report in reports)
        text = [
            f"{'ok  ' if item.passed else 'FAIL'} {item.title['zh']}" + "".join(f"\n     {p}" for p in item.problems)
            for item in results
        ]
        text += [f"{report.procedure}: {len(report.covered)}/{len(report.flows)} flows" for report in reports]
        document = {
            "scenarios": [vars(result) for result in results],
            "coverage": round(covered / flows, 4) if flows else 1,
            "uncovered": sorted(flow for report in reports for flow in report.flows - report.covered),
        }
        put(document, as_json, "\n".join(text))
        if not all(result.passed for result in results):
            raise click.exceptions.Exit(1)


def _register_commands(cli: click.Group, running: Running) -> None:
    @cli.group("calendar")
    def calendar_group() -> None:
        """The working-day calendar."""

    @calendar_group.command("due")
    @click.option("--start", type=click.DateTime(["%Y-%m-%d"]), required=True)
    @click.option("--limit", type=click.IntRange(0, 5000), required=True)
    @click.option("--unit", type=click.Choice(["workday", "day", "month", "year"]), required=True)
    @click.option("--count-start/--no-count-start", default=False)
    @as_json
    def due(start: Any, limit: int, unit: Any, count_start: bool, as_json: bool) -> None:
        """The last day of a period."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                found = rt.reference.get(conn).calendar.due(start.date(), limit, unit, count_start)
        mark = "  暂定 provisional" if found.provisional else ""
        put({"due": found.date, "provisional": found.provisional}, as_json, f"{found.date}{mark}")

    @calendar_group.command("import")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--source", default="", help="Number of the State Council notice.")
    def calendar_import(file: Path, source: str) -> None:
        """Import a published year (JSON or CSV)."""
        year = calendar_years.parse(file.read_bytes(), source)
        with running() as place:
            rt = place.runtime()
            given = calendaring.as_arguments(year)
            calendaring.import_year(rt, accounts.SYSTEM, **{**given, "source": year.source or file.name})
            gone = recompute.work(rt)
        say(f"{year.year}: {len(year.days)} days; {gone} running cases counted anew")

    @cli.group("clock")
    def clock_group() -> None:
        """Statutory clocks."""

    @clock_group.command("show")
    @click.argument("number")
    @as_json
    def clock_show(number: str, as_json: bool) -> None:
        """The clocks of a case with their derivation."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                case_id = conn.scalar(select(Case.id).where(Case.number == number))
                if case_id is None:
                    raise DomainError("no_case", "没有这个案件编号。", "There is no case with this number.")
                found = [views.matter_document(item) for item in views.clocks(conn, rt, case_id)]
        lines = []
        for item in found:
            title = matters.MATTER_TITLES.get(item["kind"], (item["kind"], ""))[0]
            lines.append(f"{title}  {item['status']}")
            lines.extend(f"  {line['on']}  {line['zh']}" for line in item.get("clock", {}).get("derivation", []))
        put(found, as_json, "\n".join(lines))

    @cli.group("audit")
    def audit_group() -> None:
        """The record."""

    @audit_group.command("verify")
    @click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @as_json
    def audit_verify(file: Path | None, as_json: bool) -> None:
        """Walk every case's hash chain, or that of an exported case; exit status 1 when anything was altered."""
        if file is not None:
            faults = export.verify_file(file)
        else:
            with running() as place, place.runtime().db.transaction() as conn:
                faults = [*events.verify(conn), *housebook.verify(conn)]
        text = "\n".join(f"{fault.case_number} #{fault.seq} {fault.what}" for fault in faults) or "ok"
        put({"ok": not faults, "faults": [vars(fault) for fault in faults]}, as_json, text)
        if faults:
            raise click.exceptions.Exit(1)

    @cli.group("export")
    def export_group() -> None:
        """Data out of the program."""

    @export_group.command("case")
    @click.argument("number")
    @click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
    @as_json
    def export_case(number: str, target: Path, as_json: bool) -> None:
        """Write a whole case into one file that `audit verify FILE` can check anywhere."""
        with running() as place:
            rt = place.runtime()
            with rt.db.transaction() as conn:
                made = export.write_case(rt, conn, number, target)
        put(made, as_json, f"{made['entries']} entries, {made['bytes']} bytes -> {target}")
