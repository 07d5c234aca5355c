"""`python -m skillyard.operate`: what the `skillyard` command calls for all that needs the server's own code.

The standard library reads the arguments, since a server is to start soon.
"""

from __future__ import annotations

import contextlib
import json
import sys
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillyard.infra.errors import SkillyardError
from skillyard.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

_FAILED, _USAGE, _LATER = 1, 2, 3


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    data_dir: Path | None = None,
    public_url: str | None = None,
    worker: bool = True,
    json: bool = False,
) -> None:
    """Keep a server running; prints its address and, while there is no account, a one-time sign-in link."""
    from skillyard.app import App
    from skillyard.domain.accounts.links import first_sign_in_link
    from skillyard.serve import serve as run

    def ready(app: App) -> None:
        _announce(app.settings.address, first_sign_in_link(app), as_json=json)

    run(_settings(host=host, port=port, data_dir=data_dir, public_url=public_url), ready=ready, with_worker=worker)


def worker(*, data_dir: Path | None = None) -> None:
    """Run jobs only, beside servers that share the database."""
    from skillyard.serve import work

    work(_settings(data_dir=data_dir))


def doctor(*, data_dir: Path | None = None, json: bool = False) -> None:
    """Check the instance: storage, schema, clock, archives, jobs."""
    from skillyard.operate.doctor import examine

    findings = examine(_settings(data_dir=data_dir))
    if json:
        _data({"findings": [asdict(finding) for finding in findings]})
    else:
        console = _console(stderr=False)
        for finding in findings:
            mark = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[red]error[/]"}[finding.state]
            print_line = f"{mark:>7}  {finding.check}: {finding.detail}"
            console.print(print_line, highlight=False)
            if finding.hint:
                console.print(f"         → {finding.hint}", highlight=False)
    if any(finding.state == "error" for finding in findings):
        sys.exit(_FAILED)


def backup(*, target: Path, data_dir: Path | None = None, json: bool = False) -> None:
    """Write a consistent copy of everything to one file, while the server runs."""
    from skillyard.app import build
    from skillyard.operate.backup import backup as make

    _report(asdict(make(build(_settings(data_dir=data_dir)), target)), "Backed up", as_json=json)


def restore(*, source: Path, data_dir: Path | None = None, json: bool = False) -> None:
    """Check a backup and fill this empty instance with it."""
    from skillyard.app import build
    from skillyard.operate.backup import restore as fill

    _report(asdict(fill(build(_settings(data_dir=data_dir)), source)), "Restored", as_json=json)


def sign_in_link(*, username: str | None = None, data_dir: Path | None = None, json: bool = False) -> None:
    """Print a one-time sign-in link: for an account, or without a name an invitation for a new one."""
    from skillyard.app import build
    from skillyard.domain.accounts.links import operator_sign_in_link

    url = operator_sign_in_link(build(_settings(data_dir=data_dir)), username)
    _data({"url": url}) if json else print(url)


def log_export(*, folder: Path, data_dir: Path | None = None, json: bool = False) -> None:
    """Write the public log as files for a static host; again into the same folder, only what is new."""
    from skillyard.app import build
    from skillyard.operate.log_export import export_log

    done = export_log(build(_settings(data_dir=data_dir)), folder)
    _data(asdict(done)) if json else print(f"{done.entries} entries in {folder}, {done.written} files written")


def reference(*, folder: Path) -> None:
    """Write the pages of docs/reference."""
    from skillyard.operate.reference import write_reference

    for path in write_reference(folder):
        print(path)


def _announce(address: str, link: str | None, *, as_json: bool) -> None:
    if as_json:
        _data({"address": address, "sign_in_link": link})
        return
    print(f"Skillyard is running at {address}", flush=True)
    if link:
        print(f"Sign in once, as its first administrator: {link}", flush=True)
    print("Stop it with Ctrl-C.", file=sys.stderr)


def _report(facts: dict[str, Any], done: str, *, as_json: bool) -> None:
    if as_json:
        return _data(facts)
    print(f"{done} {facts['rows']} rows and {facts['blobs']} blobs: {facts['path']} ({facts['size_bytes']} bytes)")
    return None


def _data(value: dict[str, Any]) -> None:
    print(json.dumps(value, indent=2), flush=True)


def _settings(**given: Any) -> Settings:
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="skillyard", description="Run a Skillyard server.", allow_abbrev=False)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., None], *, prints_data: bool = False) -> ArgumentParser:
        listed: dict[str, Any] = {} if run is reference else {"help": run.__doc__}
        verb = verbs.add_parser(name, description=run.__doc__, allow_abbrev=False, **listed)
        verb.set_defaults(run=run)
        if prints_data:
            verb.add_argument("--json", action="store_true", help="Print data as JSON.")
        if run is not reference:
            verb.add_argument("--data-dir", type=Path, help="Where the server keeps its data.")
        return verb

    server = add("serve", serve, prints_data=True)
    server.add_argument("--host", help="Address to listen on.")
    server.add_argument("--port", type=int, help="Port to listen on; 0 takes a free one.")
    server.add_argument("--public-url", help="Address under which clients reach the server.")
    server.add_argument("--worker", action=BooleanOptionalAction, default=True, help="Also run jobs in this process.")
    add("worker", worker)
    add("doctor", doctor, prints_data=True)
    add("backup", backup, prints_data=True).add_argument("target", type=Path)
    add("restore", restore, prints_data=True).add_argument("source", type=Path)
    add("sign-in-link", sign_in_link, prints_data=True).add_argument("username", nargs="?")
    add("log-export", log_export, prints_data=True).add_argument("folder", type=Path)
    add("reference", reference).add_argument("folder", type=Path)
    return parser


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr)


def main() -> None:
    """Run a command; refusals become one line, a hint, and an exit code."""
    try:
        with contextlib.suppress(KeyboardInterrupt):
            given = vars(_parser().parse_args())
            given.pop("run")(**given)
    except SkillyardError as error:
        _fail(error.message, error.advice, _FAILED)
    except ValueError as error:
        _fail(str(error), "Check the SKILLYARD_… settings; docs/reference/settings.md lists them.", _USAGE)
    except OSError as error:
        _fail(str(error), "Check that the path or port is free and allowed.", _FAILED)


def _fail(message: str, hint: str, code: int) -> None:
    talk = _console(stderr=True)
    talk.print(f"[red]error:[/] {message}", highlight=False)
    if hint:
        talk.print(f"  [dim]hint:[/] {hint}", highlight=False)
    sys.exit(code)


if __name__ == "__main__":
    main()
