"""OneWindow: the application factory, the command line, the wiring. Nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask

from registers.errors import DomainError
from web import cli, site
from web.server import Installation, installation
from workflows.deadlines import Alarm
from workflows.runtime import Runtime

__all__ = ["create_app", "main"]


def create_app(rt: Runtime | None = None, alarm: Alarm | None = None) -> Flask:
    """The web application over a runtime (that of the environment when none is given)."""
    return site.build(rt or installation().runtime(), alarm)


@contextmanager
def running() -> Iterator[Installation]:
    """The installation of this environment with its database running and its schema up to date."""
    place = installation()
    try:
        place.migrate()
        yield place
    finally:
        place.stop()


def main() -> None:
    """The command line `onewindow`: exit status 0 fine, 1 the answer is no, 2 bad usage."""
    try:
        # Without standalone mode click returns the status of an early exit instead of raising it.
        status = cli.build(running)(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(1)
    except DomainError as error:
        click.echo(f"{error.zh}\n{error.en}", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
