"""Run scripts of skills: on the registry, or with --local on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json, Yes
from skillyard.sdk import run_files
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, SdkError, UsageError
from skillyard.sdk.project import find_project
from skillyard.sdk.resolving import parse_specs

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Files = Annotated[
    list[str] | None,
    Parameter(name="--file", negative="", help="Hand over a file or folder too, or `place=file` from elsewhere."),
]
Environment = Annotated[
    list[str] | None,
    Parameter(name="--env", negative="", help="NAME=value, or NAME for the value that it has here."),
]
Output = Annotated[Path | None, Parameter(name=["--output", "-o"], help="Save what it makes in this folder.")]
Force = Annotated[bool, Parameter(negative="", help="Replace files that are there.")]


def run(
    skill: str,
    script: str,
    /,
    *arguments: str,
    local: Annotated[bool, Parameter(negative="", help="In a sandbox on this machine, without the registry.")] = False,
    file: Files = None,
    env: Environment = None,
    stdin: Annotated[bool, Parameter(negative="", help="Hand over what comes in here.")] = False,
    seconds: Annotated[int | None, Parameter(help="End it after so many.")] = None,
    session: Annotated[str | None, Parameter(help="In the workspace of this session.")] = None,
    max_credits: Annotated[int | None, Parameter(help="Do not run it if it costs more; else you are asked.")] = None,
    detach: Annotated[bool, Parameter(negative="", help="Do not wait for its end.")] = False,
    output: Output = None,
    force: Force = False,
    accept_flagged: Annotated[bool, Parameter(negative="", help="Run what the scan flagged, with --local.")] = False,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Run a script of a skill: `run acme/pdf extract.py in.pdf -- --pages 2`. Exit code 1 unless it succeeds.

    Arguments that are files of this folder are handed over, and nothing else of it.
    """
    (spec,) = parse_specs([skill])
    files, environment = run_files.gather(arguments, file or ()), _read_environment(env or ())
    given = sys.stdin.buffer.read() if stdin else b""
    if files and not json:
        show.talk("[dim]hands over[/] {files}", files=run_files.sizes(files))
    if local:
        if session or detach:
            raise UsageError("--local has no sessions and does not detach.", code="usage", hint="Leave --local out.")
        from skillyard.cli.running_locally import run_here
        from skillyard.sdk.local_run import Wanted, at_most

        wanted = Wanted(
            name=spec.name, version=spec.wanted, script=script, arguments=arguments, files=files, stdin=given,
            environment=environment, limits=at_most(seconds),
        )  # fmt: skip
        connect = partial(_client, registry)
        return run_here(connect, wanted, output, force=force, accept_flagged=accept_flagged, yes=yes, json=json)
    with _client(registry) as client:
        start = partial(
            client.start_run, spec.name, script, arguments, version=spec.wanted, stdin=given, environment=environment,
            files=files, session_id=session, limits={"seconds": seconds} if seconds else None,
        )  # fmt: skip
        answer = start(max_credits=max_credits) if max_credits is not None else _start_if_agreed(start, skill, yes=yes)
        if answer is None:
            return None
        if detach:
            return show.data(answer) if json else show.line("{id}", id=answer["id"])
        answer = _follow(client, answer["id"], quiet=json)
        saved = _save(client, answer, output, force=force)
    return show_end(answer, saved, json=json)


def _start_if_agreed(start: Callable[..., dict[str, Any]], skill: str, *, yes: bool) -> dict[str, Any] | None:
    """Asks only for what costs something, as most runs do not."""
    try:
        return start(max_credits=0)
    except ApiError as error:
        if error.code != "run_costs_more":
            raise
        price = error.facts["price"]
    return start(max_credits=price) if show.ask(f"Run {skill} for {price} credits?", yes=yes) else None


def _follow(client: Client, run_id: str, *, quiet: bool) -> dict[str, Any]:
    """Shows its output as it comes. Whoever interrupts the command cancels the run."""
    try:
        return client.follow_run(run_id, (lambda _stream, _data: None) if quiet else pass_on)
    except KeyboardInterrupt:
        with suppress(SdkError):
            client.cancel_run(run_id)
        raise


def pass_on(stream: str, data: bytes) -> None:
    """To our own stdout or stderr: as it is, but for what would steer a terminal."""
    target = sys.stderr if stream == "stderr" else sys.stdout
    if target.isatty():
        text = data.decode("utf-8", "replace")
        data = "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text).encode()
    target.flush()
    target.buffer.write(data)
    target.buffer.flush()


def _save(client: Client, answer: dict[str, Any], folder: Path | None, *, force: bool) -> list[Path]:
    if folder is None:
        return []
    paths = [str(file["path"]) for file in answer["files"]]
    return run_files.save(folder, paths, lambda path: client.run_file(answer["id"], path), force=force)


def show_end(answer: dict[str, Any], saved: Sequence[Path], *, json: bool) -> None:
    """What came of it, on stderr; leaves with exit code 1 unless it succeeded."""
    if json:
        show.data(answer)
    else:
        took = f" after {answer['duration_ms'] / 1000:.1f} s" if answer["duration_ms"] is not None else ""
        why = f": {answer['why']}" if answer["why"] else ""
        show.talk("[dim]{id}[/] {status}{took}{why}", id=answer["id"], status=answer["status"], took=took, why=why)
        for what, tried in _refused(answer["observed"] or {}).items():
            show.talk("  [yellow]not declared[/] {what}: {tried}", what=what, tried=", ".join(tried[:10]))
        if answer.get("credits"):
            paid = "paid" if answer["is_charged"] else "not paid: its program did not come to an end"
            show.talk("  [dim]costs[/] {credits} credits, {paid}", credits=answer["credits"], paid=paid)
        for note in answer["notes"]:
            show.talk("  [yellow]left out[/] {note}", note=note)
        for path in saved:
            show.talk("  [dim]saved[/] {path}", path=path)
        if answer["files"] and not saved:
            names = ", ".join(f"{file['path']} ({file['size_bytes']} bytes)" for file in answer["files"][:10])
            show.talk("  [dim]made[/] {names} [dim](--output saves it)[/]", names=names)
    if answer["status"] != "succeeded":
        sys.exit(1)


def _refused(observed: dict[str, Any]) -> dict[str, list[str]]:
    """What it tried in vain, for whoever wonders why it failed."""
    words = {"hosts_refused": "host", "programs_refused": "program", "files_refused": "file", "other_refused": "call"}
    return {what: observed[name] for name, what in words.items() if observed.get(name)}


def _read_environment(stated: Sequence[str]) -> dict[str, str]:
    found = {}
    for entry in stated:
        name, equals, value = entry.partition("=")
        if not equals and name not in os.environ:
            raise UsageError(f"{name} has no value here.", code="no_value", hint=f"Write --env {name}=value.")
        found[name] = value if equals else os.environ[name]
    return found


def _client(registry: str | None) -> Client:
    return Client(registry, project_registry=find_project().read_manifest().registry)
