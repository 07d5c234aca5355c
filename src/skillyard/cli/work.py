"""Work off invocations of what one offers, each with a program of one's own: input on stdin, output on stdout."""

from __future__ import annotations

import json as jsonlib
import shutil
import subprocess
import time
from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, NetworkError, SdkError, UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

LEASE_S = 120
_WAIT_S = 20
_AFTER_OUTAGE_S = 5.0
_GIVEN_UP = 10
_CONFLICT = 409


def work(
    offer: Annotated[str, Parameter(help="Name of the skill, or skl_….")],
    command: Annotated[list[str], Parameter(help="The program: -- python summarize.py", allow_leading_hyphen=True)],
    /,
    *,
    once: Annotated[bool, Parameter(negative="", help="End when nothing waits any more.")] = False,
    registry: Registry = None,
) -> None:
    """Work off what waits, one after the other: `skillyard work acme/pdf -- python summarize.py`.

    The program reads the input as JSON on stdin and writes the output as JSON to stdout. When it ends with another code
    than 0, the invocation fails; what it then wrote as `{"code", "message"}` is what the buyer reads.
    """
    if not command or shutil.which(command[0]) is None:
        said = f"There is no program {command[0]}." if command else "No program is named."
        raise UsageError(said, code="usage", hint="Write it behind --: -- python summarize.py")
    with Client(registry) as client:
        offer_id = client.offer(offer.removeprefix("@"))["id"]
        while True:
            waiting = _look(client, offer_id, wait_s=0 if once else _WAIT_S)
            for one in waiting:
                _work_off(client, one["id"], command)
            if once and not waiting:
                return


def _look(client: Client, offer_id: str, *, wait_s: int) -> list[dict[str, Any]]:
    """An outage does not end the work; it goes on when the registry is there again."""
    for _ in range(_GIVEN_UP):
        try:
            return client.pending_invocations(offer_id, wait_s=wait_s)
        except NetworkError as error:
            show.talk("[yellow]waiting:[/] {message}", message=error.message)
            time.sleep(_AFTER_OUTAGE_S)
    return client.pending_invocations(offer_id, wait_s=wait_s)


def _work_off(client: Client, invocation_id: str, command: list[str]) -> None:
    try:
        claimed = client.claim_invocation(invocation_id, lease_s=LEASE_S)
    except ApiError as error:
        if error.status != _CONFLICT:
            raise
        return  # somebody else was first, or its buyer took it back
    code, output = _run(client, invocation_id, command, jsonlib.dumps(claimed["input"]).encode())
    try:
        _settle(client, invocation_id, code, output)
    except ApiError as error:
        show.talk("[red]{id}:[/] {message}", id=invocation_id, message=error.message)
        show.faults(error.faults)
        if error.status != _CONFLICT:
            _fail(client, invocation_id, error)


def _run(client: Client, invocation_id: str, command: list[str], given: bytes) -> tuple[int, bytes]:
    """Its exit code, and what it wrote to stdout. The claim is kept for as long as it runs."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        written: bytes | None = given
        while True:
            try:
                output, _ = program.communicate(written, timeout=LEASE_S / 3)
            except subprocess.TimeoutExpired:
                written = None
                _keep(client, invocation_id, program)
            else:
                return program.returncode, output


def _keep(client: Client, invocation_id: str, program: subprocess.Popen[bytes]) -> None:
    """What is not ours any more need not be worked on."""
    try:
        client.renew_claim(invocation_id, lease_s=LEASE_S)
    except NetworkError as error:
        show.talk("[yellow]waiting:[/] {message}", message=error.message)
    except ApiError as error:
        show.talk("[red]{id}:[/] {message}", id=invocation_id, message=error.message)
        program.kill()


def _settle(client: Client, invocation_id: str, code: int, output: bytes) -> None:
    try:
        value = jsonlib.loads(output)
    except (ValueError, RecursionError):
        value = None
        if code == 0:
            code = 1
            show.talk("[red]{id}:[/] the program wrote no JSON", id=invocation_id)
    if code == 0:
        client.complete_invocation(invocation_id, value)
        show.line("{id} completed", id=invocation_id)
        return
    said = value if isinstance(value, dict) else {}
    why = said.get("code"), said.get("message")
    named = all(isinstance(one, str) for one in why)
    failure = (str(why[0]), str(why[1])) if named else ("work_failed", "The provider's program could not do it.")
    client.fail_invocation(invocation_id, *failure)
    show.line("{id} failed: {code}", id=invocation_id, code=failure[0])


def _fail(client: Client, invocation_id: str, error: SdkError) -> None:
    client.fail_invocation(
        invocation_id, "work_failed", f"The provider's program gave what is not taken: {error.code}."
    )
    show.line("{id} failed: work_failed", id=invocation_id)
